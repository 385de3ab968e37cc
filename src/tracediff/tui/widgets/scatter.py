"""The distribution of a row's times as text: a strip for each side on one scale, and in wide places a histogram."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from tracediff import phrases, units
from tracediff.model.distribution import Distribution
from tracediff.tui.palette import Palette
from tracediff.tui.widgets.flow import clauses, flow
from tracediff.tui.widgets.strip import Scale, box, dots, histogram

_HISTOGRAM_FROM = 70
_MOST_STRIP = 100
_MOST_BAR = 30
_FEWEST_IN_HISTOGRAM = 8
_CENTRE = "│"


def scatter(distribution: Distribution, width: int, palette: Palette) -> Iterator[RenderableType]:
    """Strips and numbers of both sides.

    Args:
        distribution: of the row.
        width: cells that there are.
        palette: the styles.
    """
    yield Text("time in each iteration", palette.strong)
    sides = [("base", distribution.base), ("candidate", distribution.candidate)]
    samples = [sample for _, sample in sides if sample]
    room, scale = min(width, _MOST_STRIP), Scale.of(distribution)
    drawn = max(sample.iterations for sample in samples) > 1
    for name, sample in sides:
        if sample is None:
            continue
        yield flow([Text(name, palette.strong), *map(Text, clauses(phrases.sample(sample)))], room, " ")
        if drawn:
            yield Text("\n").join(Text(line) for line in dots(sample, scale, room))
            yield Text(box(sample, scale, room), palette.muted)
    if drawn:
        yield _axis(scale, room, palette)
        if any(len(sample.captures_ns) > 1 for sample in samples):
            yield Text("a row of dots is a capture", palette.muted)
        if width >= _HISTOGRAM_FROM and max(sample.iterations for sample in samples) >= _FEWEST_IN_HISTOGRAM:
            yield Text()
            yield _two_sided(distribution, width, palette)


def _axis(scale: Scale, room: int, palette: Palette) -> Text:
    low, high = units.duration(scale.low_ns), units.duration(scale.high_ns)
    middle = "log scale" if scale.is_logarithmic else ""
    if low == high:
        return Text(low.center(room), palette.muted)
    return Text(low + middle.center(room - len(low) - len(high)) + high, palette.muted)


def _two_sided(distribution: Distribution, width: int, palette: Palette) -> Table:
    """Longest times last; the longest bar of each side fills its room."""
    edges = [units.duration(ns) for ns in distribution.edges_ns]
    room = min(_MOST_BAR, (width - 2 * max(map(len, edges)) - 20) // 2)
    table = Table.grid(padding=(0, 1))
    for justify in ("right", "right", "left", "right"):
        table.add_column(justify=justify, no_wrap=True)
    both = (distribution.base, distribution.candidate)
    counts = zip(*(sample.counts if sample else (0,) * (len(edges) - 1) for sample in both), strict=True)
    table.add_row("", "", Text(f"{'base':>{room}}{_CENTRE}candidate", palette.strong))
    for low, (left, right), numbers in zip(edges, histogram(distribution, room), counts, strict=False):
        of_base, of_candidate = (Text(f"{count:,}" if count else "", palette.muted) for count in numbers)
        table.add_row(Text(f"from {low}", palette.muted), of_base, Text(left + _CENTRE + right), of_candidate)
    return table
