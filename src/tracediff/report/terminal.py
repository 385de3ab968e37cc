"""The comparison for a terminal or a pipe, and the operator table as torch prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tracediff import phrases, units
from tracediff.model.diff import Diff, Row
from tracediff.model.noise import Noise
from tracediff.model.trace import Summary
from tracediff.report.base import ReportOptions
from tracediff.report.noise_text import NOISE_TITLES, noise_cells, noise_heading

HOLDS_WARNINGS = True

_DEFAULT_LIMIT = 30
_PIPE_WIDTH = 160
_LEAST_WIDTH = 72
_NARROW = 110
_DEVICE_COLUMN = 25
_MOST_NAME = 30


def render_summary(summary: Summary, options: ReportOptions) -> str:
    """What `key_averages().table(sort_by="cpu_time_total")` prints; below it the kernels where they were asked for."""
    from tracediff.report.torch_table import torch_table

    text = torch_table(summary, options.limit)
    return text if summary.kernel_coverage is None else f"{text}\n{_kernels(summary, options)}"


def render_diff(diff: Diff, options: ReportOptions) -> str:
    """One sentence, the ledger, why, the rows, what did not match, the doubts."""
    return _printed(_parts(diff, options, _width(options)), options)


def _width(options: ReportOptions) -> int:
    return max(options.width or _PIPE_WIDTH, _LEAST_WIDTH)


def _printed(parts: Iterable[RenderableType], options: ReportOptions) -> str:
    out = StringIO()
    console = Console(
        file=out,
        width=_width(options),
        force_terminal=options.color,
        no_color=not options.color,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for part in parts:
        console.print(part)
    # rich pads cells up to the table's width; nobody wants trailing blanks in a pipe.
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def render_noise(noise: Noise, options: ReportOptions) -> str:
    """A table a label."""
    return _printed(_noise_parts(noise, options), options)


def _noise_parts(noise: Noise, options: ReportOptions) -> Iterator[RenderableType]:
    for label in noise.labels:
        table = _table(noise_heading(label))
        for at, title in enumerate(NOISE_TITLES):
            table.add_column(title, justify="right" if at else "left", no_wrap=True)
        for one in label.families[: options.limit or None]:
            table.add_row(*map(Text, noise_cells(one)))
        yield table
        yield Text()
        for warning in label.warnings:
            yield _marked("!", warning, style="yellow")


def _parts(diff: Diff, options: ReportOptions, width: int) -> Iterator[RenderableType]:
    yield Text(phrases.headline(diff), style="bold")
    yield from (Text(line, style="bold") for line in phrases.beside_headline(diff))
    yield Text(f"base       {phrases.name(diff.base)}: {phrases.side_facts(diff.base)}")
    yield Text(f"candidate  {phrases.name(diff.candidate)}: {phrases.side_facts(diff.candidate)}")
    yield Text(f"comparable {phrases.comparable(diff)}")
    if diff.numerics:
        yield Text(f"outputs    {phrases.numerics(diff)}")
    yield Text()
    yield _ledger(diff, narrow=width < _NARROW)
    yield Text()
    if diff.explanations:
        yield Text("Why", style="bold")
        yield from (_marked("-", one.text) for one in diff.explanations)
        yield Text()
    rows, more = phrases.limited(phrases.matched(diff), options.limit, _DEFAULT_LIMIT)
    if rows:
        yield _rows(diff, rows, "Rows: what both sides did", width)
        yield Text(f"{more}\n" if more else "")
    rows, more = phrases.limited(phrases.unmatched(diff), options.limit, _DEFAULT_LIMIT)
    if rows:
        yield _rows(diff, rows, "Not matched: on one side only", width)
        yield Text(f"{more}\n" if more else "")
    if diff.other_threads:
        yield Text(f"{phrases.other_threads(diff.other_threads)}\n")
    for warning in diff.warnings:
        yield _marked("!", warning, style="yellow")


def _marked(mark: str, sentence: str, style: str = "") -> Table:
    """A sentence whose lines all stand right of its mark."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(mark, Text(units.printable(sentence)), style=style)
    return grid


def _kernels(summary: Summary, options: ReportOptions) -> str:
    from tracediff.report.kernel_table import LEFT, TITLES, kernel_cells, kernel_sentences

    table = _table("Kernels: what the libraries ran, by their own logs")
    for number, title in enumerate(TITLES):
        table.add_column(title, overflow="fold", justify="left" if number < LEFT else "right", no_wrap=number >= LEFT)
    for cells in kernel_cells(summary, options.limit):
        table.add_row(*map(Text, cells))
    return _printed([*([table] if summary.kernels else []), *map(Text, kernel_sentences(summary))], options)


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0), header_style="dim"
    )


def _ledger(diff: Diff, narrow: bool) -> Table:
    table = _table("Ledger: the terms add up to the difference exactly")
    table.add_column("Term")
    for title in ("Base", "Candidate", "Difference", "Share"):
        table.add_column(title, justify="right", no_wrap=True)
    judged = phrases.has_certainty(diff)
    certainty = phrases.verdict if narrow else phrases.certainty
    if diff.device:
        table.add_column("Device", justify="right", no_wrap=True)
    if judged:
        table.add_column("Verdict", no_wrap=True)
    for term in diff.ledger:
        table.add_row(
            Text(phrases.term_name(term)),
            units.duration(term.base_ns),
            units.duration(term.candidate_ns),
            _difference(term.delta_ns),
            phrases.share(term.delta_ns, diff),
            *([phrases.device_times(term.base_device_ns, term.candidate_device_ns)] if diff.device else []),
            *([certainty(term)] if judged else []),
        )
    total = diff.total
    table.add_row(
        Text("total", style="bold"),
        units.duration(total.base_ns),
        units.duration(total.candidate_ns),
        _difference(total.delta_ns),
        units.percent(1) if total.delta_ns else "-",
        *([phrases.device_times(diff.device.base.total_ns, diff.device.candidate.total_ns)] if diff.device else []),
        *([certainty(total)] if judged else []),
    )
    return table


def _rows(diff: Diff, rows: Sequence[Row], title: str, width: int) -> Table:
    table = _table(title)
    table.expand = True
    on_device = diff.device is not None
    narrow = width < _NARROW + on_device * _DEVICE_COLUMN
    if narrow:
        table.add_column("Family, shape, implementation", overflow="fold", ratio=1)
    else:
        table.add_column("Family", overflow="fold", max_width=_MOST_NAME)
        table.add_column("Shape", overflow="fold", ratio=2)
        table.add_column("Implementation: base -> candidate", overflow="fold", ratio=3)
    for heading in (
        "Calls",
        "Base",
        "Candidate",
        "Difference",
        *(() if narrow else ("Share", *["Device"] * on_device)),
    ):
        table.add_column(heading, justify="right", no_wrap=True)
    judged = phrases.has_certainty(diff)
    if not narrow:
        table.add_column("Change", no_wrap=True)
        if judged:
            table.add_column("Verdict", no_wrap=True)
    for row in rows:
        about = [units.short_name(row.family), phrases.shapes(row), phrases.implementations(row)]
        ran = phrases.kernels(row)
        device = f"device: {phrases.row_device_times(row)}" if on_device and narrow else ""
        about[-1] = "\n".join(filter(None, (about[-1], ran and f"kernels: {ran}", device)))
        numbers: list[RenderableType] = [
            phrases.calls(row),
            phrases.time(row.base),
            phrases.time(row.candidate),
            _difference(row.delta_ns),
        ]
        if narrow:
            below = "\n".join(filter(None, (about[2], phrases.certainty(row))))
            table.add_row(Group(Text(f"{about[0]} {about[1]}"), Padding(Text(below), (0, 0, 0, 2))), *numbers)
        else:
            last = [phrases.share(row.delta_ns, diff), *([phrases.row_device_times(row)] * on_device)]
            last += [phrases.change(row), *([phrases.certainty(row)] * judged)]
            table.add_row(*map(Text, about), *numbers, *last)
    return table


def _difference(ns: int) -> Text:
    return Text(units.difference(ns), style="red" if ns > 0 else "green" if ns < 0 else "")
