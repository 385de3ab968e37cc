"""A table of what both sides have, an entry a line, what only one has marked: the sections of a row's detail."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rich.text import Text

from tracediff.model.diff import Row, RowSide
from tracediff.tui.figures import MISSING
from tracediff.tui.palette import Palette
from tracediff.tui.widgets.call_tree import ONLY_BASE, ONLY_CANDIDATE

_SIDES = ("base", "candidate")
_INDENT = 2
_GAP = 2

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Entry:
    """A line.

    Attributes:
        name: what it is about.
        base, candidate: a side's figures, as many as there are headings; None for a side that has none of it.
    """

    name: str
    base: Sequence[str] | None
    candidate: Sequence[str] | None

    @property
    def mark(self) -> str:
        """`<` for the base's alone, `>` for the candidate's, a blank for what both have."""
        return ONLY_BASE if self.candidate is None else ONLY_CANDIDATE if self.base is None else " "


def matched(
    row: Row,
    items: Callable[[RowSide], Sequence[Item]],
    key: Callable[[Item], Hashable],
    name: Callable[[Item], str],
    figures: Callable[[Item, bool], Sequence[str]],
) -> list[Entry]:
    """Entries of what both sides have, in the order of the base, then what only the candidate has.

    Args:
        row: of which the sides are.
        items: what a side has.
        key: what makes two of them the same.
        name: what to call one.
        figures: its figures, and whether it is the base's.
    """
    of_base, of_candidate = (
        {key(item): item for item in (items(side) if side else ())} for side in (row.base, row.candidate)
    )
    return [
        Entry(
            name(of_base.get(one) or of_candidate[one]),
            figures(of_base[one], True) if one in of_base else None,
            figures(of_candidate[one], False) if one in of_candidate else None,
        )
        for one in {**of_base, **of_candidate}
    ]


def side_by_side(
    title: str,
    headings: Sequence[str],
    entries: Sequence[Entry],
    width: int,
    palette: Palette,
    most: int | None = None,
) -> Text:
    """The entries: the figures of each in a line if there is room, below its name if need be, else one below another.

    Args:
        title: what they are.
        headings: of a side's figures.
        entries: what to show.
        width: cells that there are.
        palette: the styles.
        most: entries to show; the rest is counted.
    """
    shown = entries[:most]
    if fits(headings, shown, width):
        lines = _in_lines(title, headings, shown, width, palette)
    else:
        lines = _stacked(title, headings, shown, width, palette)
    if more := len(entries) - len(shown):
        lines.append(Text(f"  and {more:,} more", palette.muted))
    return Text("\n").join(lines)


def fits(headings: Sequence[str], entries: Sequence[Entry], width: int) -> bool:
    """Whether all figures of an entry have room in one line."""
    return sum(_sizes(headings, entries)) + _INDENT <= width


def _in_lines(
    title: str, headings: Sequence[str], entries: Sequence[Entry], width: int, palette: Palette
) -> list[Text]:
    sizes = _sizes(headings, entries)
    longest = max((len(entry.name) for entry in entries), default=0)
    room = min(width - sum(sizes), max(longest, len(title)) + _INDENT)
    half = len(headings)
    sides = [Text(side, palette.muted) for side in _SIDES]
    lines = [_line(Text.assemble((title, palette.strong)), sides, [sum(sizes[:half]), sum(sizes[half:])], room)]
    if any(headings):
        lines.append(_line(Text(), [Text(heading, palette.muted) for heading in [*headings, *headings]], sizes, room))
    for entry in entries:
        figures = [Text(figure) for side in _both(entry, half) for figure in side]
        lines.append(_line(_name(entry, palette), figures, sizes, room))
    return lines


def _stacked(title: str, headings: Sequence[str], entries: Sequence[Entry], width: int, palette: Palette) -> list[Text]:
    half = len(headings)
    widest = max(_sizes(headings, entries))
    sizes, room = [widest, widest], width - 2 * widest
    lines = [_line(Text.assemble((title, palette.strong)), [Text(side, palette.muted) for side in _SIDES], sizes, room)]
    for entry in entries:
        lines.append(_name(entry, palette))
        for heading, *both in zip(headings, *_both(entry, half), strict=True):
            lines.append(
                _line(Text.assemble((f"    {heading}", palette.muted)), [Text(figure) for figure in both], sizes, room)
            )
    return lines


def _sizes(headings: Sequence[str], entries: Sequence[Entry]) -> list[int]:
    """Cells of each column, the gap before it included."""
    lines = [[figure for side in _both(entry, len(headings)) for figure in side] for entry in entries]
    columns = zip([*headings, *headings], *lines, strict=True)
    sizes = [max(map(len, column)) for column in columns]
    if len(headings) == 1:
        sizes = [max(size, len(side)) for size, side in zip(sizes, _SIDES, strict=True)]
    return [_GAP + size for size in sizes]


def _both(entry: Entry, figures: int) -> Sequence[Sequence[str]]:
    return [[MISSING] * figures if side is None else side for side in (entry.base, entry.candidate)]


def _name(entry: Entry, palette: Palette) -> Text:
    return Text.assemble((entry.mark, palette.strong), " ", entry.name)


def _line(name: Text, figures: Sequence[Text], sizes: Sequence[int], room: int) -> Text:
    """The figures at the right of their columns, below the name where that takes more than its room."""
    if name.cell_len > room:
        name.append("\n" + " " * room)
    else:
        name.pad_right(room - name.cell_len)
    for figure, size in zip(figures, sizes, strict=True):
        figure.pad_left(max(0, size - figure.cell_len))
        name.append_text(figure)
    return name
