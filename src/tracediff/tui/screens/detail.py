"""One row: what both sides ran for it, next to each other."""

from __future__ import annotations

from dataclasses import replace

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer, Static

from tracediff import phrases, units
from tracediff.model.diff import Row, RowSide
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.figures import Figures
from tracediff.tui.messages import RowOpened
from tracediff.tui.widgets.call_tree import CallTreeView
from tracediff.tui.widgets.prose import Prose

_SIDE_BY_SIDE_FROM = 100


class DetailScreen(Screen[None], inherit_bindings=False):
    """Operators, implementations and the first call of a row.

    Args:
        row: the row.
        figures: how to write its numbers.
    """

    BINDINGS = bindings(Scope.BACK, Scope.FIGURES)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012

    def __init__(self, row: Row, figures: Figures) -> None:
        super().__init__()
        self.row = row
        self._figures = figures

    def compose(self) -> ComposeResult:
        yield Static(id="facts")
        yield Prose(id="sides")
        yield CallTreeView("row-calls")
        yield Static(id="no-calls", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        tree = self._figures.diff.call_tree
        calls = self.query_one(CallTreeView)
        calls.display = tree is not None and self.row.node >= 0
        reason = self.query_one("#no-calls", Static)
        reason.display = not calls.display
        if tree is None:
            reason.update("No call tree: one side is a printed table, which has no timeline.")
        elif self.row.node < 0:
            reason.update("No call tree: none of this row's calls is in the iterations that the tree shows.")
        self.query_one("#sides").border_title = Text("operators")
        count = self.row.base or self.row.candidate
        several = (
            "its one call an iteration"
            if count and phrases.calls(self.row) == "1"
            else f"first of {phrases.calls(self.row)} calls"
        )
        calls.border_title = Text(f"call tree of {several}")
        self._fill()

    def on_resize(self, event: events.Resize) -> None:
        self._fill()

    def _fill(self) -> None:
        row, figures = self.row, self._figures
        self.query_one("#facts", Static).update(self._facts())
        sides = [self._side(name, side) for name, side in (("base", row.base), ("candidate", row.candidate))]
        prose = self.query_one("#sides", Prose)
        if self.size.width >= _SIDE_BY_SIDE_FROM:
            grid = Table.grid(expand=True, padding=(0, 2))
            grid.add_column(ratio=1)
            grid.add_column(ratio=1)
            grid.add_row(*sides)
            prose.fill(grid)
        else:
            prose.fill(sides[0], Text(), sides[1])
        if figures.diff.call_tree is not None and row.node >= 0:
            self.query_one(CallTreeView).fill(figures.diff.call_tree, figures, row.node, unfolded=True)

    def _facts(self) -> Text:
        row, figures = self.row, self._figures
        base, candidate = (side.time_ns if side else None for side in (row.base, row.candidate))
        lines = [
            Text.assemble((row.family, figures.palette.strong), f" {phrases.shapes(row)}"),
            Text.assemble(
                f"{figures.base(base)} -> {figures.candidate(candidate)}  ",
                figures.difference(row.delta_ns),
                f"  {phrases.share(row.delta_ns, figures.diff)} of the total difference",
            ),
            Text.assemble(
                "calls effect ",
                figures.difference(row.calls_effect_ns),
                ", cost effect ",
                figures.difference(row.cost_effect_ns),
            ),
            Text(f"change: {phrases.change(row)}, match: {row.match}" + (f", {row.verdict}" if row.verdict else "")),
        ]
        return Text("\n").join(lines)

    def _side(self, name: str, side: RowSide | None) -> RenderableType:
        figures = self._figures
        label = (figures.diff.base if name == "base" else figures.diff.candidate).run.label
        write = figures.base if name == "base" else figures.candidate
        title = Text(f"{name}: {label}", figures.palette.strong)
        if side is None:
            return Group(title, Text(f"no such call in {name}", figures.palette.muted))
        times = Text(
            f"{write(side.time_ns)}, {units.number_of_calls(side.calls)}, dispatch {write(side.dispatch_ns)}",
        )
        rates = [
            units.rate(side.gflops_per_s, "GFLOP/s", side.flops_share),
            units.rate(side.gbytes_per_s, "GB/s", side.bytes_share),
        ]
        if any(rates):
            times.append(f"\n{', '.join(filter(None, rates))}")
        ways = Table(box=None, pad_edge=False, expand=True)
        ways.add_column("Implementation", ratio=1, overflow="fold")
        for heading in ("Calls", "Time"):
            ways.add_column(heading, justify="right", no_wrap=True)
        for way in side.implementations:
            ways.add_row(Text(units.chain(way.chain)), Text(units.calls(way.calls)), Text(write(way.time_ns)))
        operators = Table(box=None, pad_edge=False, expand=True)
        operators.add_column("Operator", ratio=1, overflow="fold")
        for heading in ("Calls", "Self CPU", "CPU total"):
            operators.add_column(heading, justify="right", no_wrap=True)
        for operator in side.operators:
            operators.add_row(
                Text(operator.name),
                Text(units.calls(operator.calls)),
                Text(write(operator.self_ns)),
                Text(write(operator.total_ns)),
            )
        if not side.kernels:
            return Group(title, times, ways, operators)
        kernels = Table(box=None, pad_edge=False, expand=True)
        kernels.add_column("Kernel", ratio=1, overflow="fold")
        for heading in ("Calls", "Time"):
            kernels.add_column(heading, justify="right", no_wrap=True)
        for kernel in side.kernels:
            # Not a share of the iteration: the library measured it in a pass of its own.
            time = units.duration(kernel.time_ns) if kernel.time_ns else "-"
            kernels.add_row(Text(phrases.kernel_name(kernel)), Text(units.calls(kernel.calls)), Text(time))
        notes = phrases.kernel_notes(side.kernels)
        return Group(title, times, ways, operators, kernels, *([Text(notes, figures.palette.muted)] if notes else []))

    @on(CallTreeView.Opened)
    def _open_other_row(self, event: CallTreeView.Opened) -> None:
        event.stop()
        rows = self._figures.diff.rows
        if event.row >= 0 and rows[event.row] is not self.row:
            self.post_message(RowOpened(rows[event.row]))

    def action_toggle_share(self) -> None:
        """Times as time or as share of the iteration."""
        self._figures = replace(self._figures, as_share=not self._figures.as_share)
        self._fill()
