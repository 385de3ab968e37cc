"""All that is known about one row: a text that the detail screen and the panel beside the tables show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text
from textual import events

from tracediff import phrases, units
from tracediff.analysis.samples import distribution_of
from tracediff.model.diff import Implementation, OperatorTime, Row, RowSide
from tracediff.model.kernels import Kernel
from tracediff.tui.figures import MISSING, Figures
from tracediff.tui.widgets.flow import clauses, flow
from tracediff.tui.widgets.prose import Prose
from tracediff.tui.widgets.scatter import scatter
from tracediff.tui.widgets.side_by_side import Entry, fits, matched, side_by_side

_MOST_SITES = 12
_NO_ROW = "No row here: the panel shows what stands behind a line that is one."


class RowDetail(Prose):
    """A row: what both sides took for it, how, how that scatters, where in the model, and with which kernels."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.row: Row | None = None
        self._figures: Figures | None = None

    def show(self, row: Row | None, figures: Figures) -> None:
        """Shows a row, or the same with other figures; None where there is none."""
        if row is not self.row:
            self.scroll_home(animate=False)
        self.row, self._figures = row, figures
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        width = self.scrollable_content_region.width
        if self._figures is None or not self.display or width <= 0:
            # Coming on show is a resize too.
            return
        if self.row is None:
            self.fill(Text(_NO_ROW, self._figures.palette.muted))
        else:
            self.fill(*RowText(self.row, self._figures, width).parts())


class RowText:
    """What is said about a row.

    Args:
        row: the row.
        figures: how to write its numbers.
        width: in cells.
    """

    def __init__(self, row: Row, figures: Figures, width: int) -> None:
        self._row = row
        self._figures = figures
        self._width = width
        self._palette = figures.palette

    def parts(self) -> list[RenderableType]:
        """From what one asks first to what one asks last."""
        found: list[RenderableType] = [self._facts()]
        for section in (
            self._sums,
            self._implementations,
            self._kernels,
            self._scatter,
            self._sites,
            self._operators,
        ):
            parts = list(section())
            found += [Text(), *parts] if parts else []
        return found

    def _facts(self) -> Text:
        row, figures, muted = self._row, self._figures, self._palette.muted
        base, candidate = (side.time_ns if side else None for side in (row.base, row.candidate))
        p_values = [
            f"{name} {units.p_value(p)}" for name, p in (("p", row.p), ("adjusted", row.p_adjusted)) if p is not None
        ]
        judged = flow([Text(part, self._palette.strong) for part in clauses(phrases.certainty(row))], self._width, " ")
        lines = [
            [Text(units.printable(row.family), self._palette.strong), Text(phrases.shapes(row))],
            [
                Text(f"{figures.base(base)} -> {figures.candidate(candidate)}"),
                figures.difference(row.delta_ns),
                Text("" if row.ratio is None else units.ratio(row.ratio)),
                Text(f"{phrases.share(row.delta_ns, figures.diff)} of the total difference"),
            ],
            [judged, Text(", ".join(p_values))],
            [
                Text.assemble("calls effect ", figures.difference(row.calls_effect_ns)),
                Text.assemble("cost effect ", figures.difference(row.cost_effect_ns)),
            ],
            [Text(f"change: {phrases.change(row)}", muted), Text(f"match: {row.match}", muted)],
        ]
        return Text("\n").join(filter(None, (flow(parts, self._width) for parts in lines)))

    def _write(self, ns: int, is_base: bool) -> str:
        return self._figures.base(ns) if is_base else self._figures.candidate(ns)

    def _table(
        self, title: str, headings: Sequence[str], entries: Sequence[Entry], most: int | None = None
    ) -> Iterator[RenderableType]:
        if entries:
            yield side_by_side(title, headings, entries, self._width, self._palette, most)

    def _sums(self) -> Iterator[RenderableType]:
        """How often it ran, and how fast."""
        sides = [
            None if side is None else self._sums_of(side, is_base)
            for side, is_base in ((self._row.base, True), (self._row.candidate, False))
        ]
        names = dict.fromkeys(name for side in sides if side for name in side)
        entries = [Entry(name, *([side.get(name, MISSING) if side else MISSING] for side in sides)) for name in names]
        yield from self._table("an iteration", [""], entries)

    def _sums_of(self, side: RowSide, is_base: bool) -> dict[str, str]:
        rates = {
            "GFLOP/s": (side.gflops_per_s, units.significant),
            "GFLOP/s of peak": (side.flops_share, units.percent),
            "GB/s": (side.gbytes_per_s, units.significant),
            "GB/s of peak": (side.bytes_share, units.percent),
        }
        sums = {"calls": units.calls(side.calls), "dispatch": self._write(side.dispatch_ns, is_base)}
        sums |= {"on devices": units.duration(side.device_ns)} if side.device_ns else {}
        return sums | {name: write(rate) for name, (rate, write) in rates.items() if rate is not None}

    def _implementations(self) -> Iterator[RenderableType]:
        def figures(way: Implementation, is_base: bool) -> list[str]:
            return [units.calls(way.calls), self._write(way.call_ns, is_base), self._write(way.time_ns, is_base)]

        entries = matched(
            self._row,
            lambda side: side.implementations,
            lambda way: way.chain,
            lambda way: units.chain(way.chain),
            figures,
        )
        yield from self._table("implementation", ["calls", "per call", "in all"], entries)

    def _scatter(self) -> Iterator[RenderableType]:
        distribution = distribution_of(self._row, self._figures.diff)
        if distribution is None:
            yield Text("No distribution: only sums of its times are known.", self._palette.muted)
        else:
            yield from scatter(distribution, self._width, self._palette)

    def _sites(self) -> Iterator[RenderableType]:
        def figures(calls: float, ns: int, is_base: bool) -> list[str] | None:
            return [units.calls(calls), self._write(ns, is_base)] if calls or ns else None

        entries = [
            Entry(
                phrases.module(site),
                figures(site.base_calls, site.base_ns, True),
                figures(site.candidate_calls, site.candidate_ns, False),
            )
            for site in self._row.sites
        ]
        yield from self._table("module", ["calls", "in all"], entries, _MOST_SITES)

    def _kernels(self) -> Iterator[RenderableType]:
        def figures(kernel: Kernel, is_base: bool) -> list[str]:
            # Not a share of the iteration: the library measured it in a pass of its own.
            return [units.calls(kernel.calls), units.duration(kernel.time_ns) if kernel.time_ns else MISSING]

        entries = matched(
            self._row,
            lambda side: side.kernels,
            lambda kernel: (kernel.library, kernel.primitive, kernel.implementation, kernel.kind),
            phrases.kernel_name,
            figures,
        )
        yield from self._table("kernel, library's clock", ["calls", "time"], entries)
        for name, side in (("base", self._row.base), ("candidate", self._row.candidate)):
            if side and (notes := phrases.kernel_notes(side.kernels)):
                yield Text(f"  {name}: {notes}", self._palette.muted)

    def _operators(self) -> Iterator[RenderableType]:
        def figures(operator: OperatorTime, is_base: bool) -> list[str]:
            times = (self._write(ns, is_base) for ns in (operator.self_ns, operator.total_ns))
            return [units.calls(operator.calls), *times]

        def entries(figures: Callable[[OperatorTime, bool], list[str]]) -> list[Entry]:
            return matched(
                self._row,
                lambda side: side.operators,
                lambda one: one.name,
                lambda one: units.printable(one.name),
                figures,
            )

        headings = ["calls", "Self CPU", "CPU total"]
        if fits(headings, entries(figures), self._width):
            yield from self._table("operator", headings, entries(figures))
        else:
            yield from self._table("operator", ["Self CPU"], entries(lambda one, is_base: figures(one, is_base)[1:2]))
