"""Lays the times of a distribution out in character cells: as dots, a box with whiskers, a histogram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

from tracediff.model.distribution import Distribution, Sample


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What strips are drawn with.

    Attributes:
        is_braille: dots of braille, four rows and two columns a cell; else a character a cell.
        ends, whisker, box, median: of the box.
        bar, half_right, half_left: of the histogram; halves lie at that side of their cell, None: there are none.
        line: between the sides of the histogram.
    """

    is_braille: bool
    ends: tuple[str, str]
    whisker: str
    box: str
    median: str
    bar: str
    half_right: str
    half_left: str
    line: str


UNICODE = Glyphs(True, ("├", "┤"), "─", "▒", "┃", "█", "▐", "▌", "│")
ASCII = Glyphs(False, ("|", "|"), "-", "=", "#", "#", "", "", "|")

_DOT_ROWS, _DOT_COLUMNS = 4, 2
_BRAILLE_BLANK = 0x2800
_BRAILLE_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_FEW_DOTS, _MANY_DOTS = ".", ":"


@dataclass(frozen=True, slots=True)
class Scale:
    """Where times stand between the lowest and the highest of both sides.

    Args:
        low_ns, high_ns: what the first and the last slot stand for.
        is_logarithmic: equal steps are equal ratios.
    """

    low_ns: int
    high_ns: int
    is_logarithmic: bool = False

    @classmethod
    def of(cls, distribution: Distribution) -> Scale:
        return cls(distribution.edges_ns[0], distribution.edges_ns[-1], distribution.is_logarithmic)

    def slot(self, ns: int, slots: int) -> int:
        """The slot of a time, of so many; the middle one where all times are the same."""
        low, high, at = self.low_ns, self.high_ns, ns
        if high <= low:
            return (slots - 1) // 2
        part = log(at / low) / log(high / low) if self.is_logarithmic else (at - low) / (high - low)
        return round(part * (slots - 1))


def dots(sample: Sample, scale: Scale, width: int, glyphs: Glyphs = UNICODE) -> list[str]:
    """A dot for each time: with several captures a row of dots each, with one in heaps where times are alike."""
    if not glyphs.is_braille:
        return [_characters(_filled(capture, scale, width)) for capture in sample.captures_ns]
    slots = width * _DOT_COLUMNS
    filled = [_filled(capture, scale, slots) for capture in sample.captures_ns]
    rows = [[count > 0 for count in capture] for capture in filled] if len(filled) > 1 else _heaps(filled[0])
    return [_braille(rows[first : first + _DOT_ROWS]) for first in range(0, len(rows), _DOT_ROWS)]


def box(sample: Sample, scale: Scale, width: int, glyphs: Glyphs = UNICODE) -> str:
    """Lowest to highest time, the middle half of them as a box, and their median."""
    lower, median, upper = (scale.slot(ns, width) for ns in sample.quartiles_ns)
    first, last = scale.slot(sample.lowest_ns, width), scale.slot(sample.highest_ns, width)
    cells = [" "] * width
    cells[first : last + 1] = glyphs.whisker * (last + 1 - first)
    cells[first], cells[last] = glyphs.ends
    cells[lower : upper + 1] = glyphs.box * (upper + 1 - lower)
    cells[median] = glyphs.median
    return "".join(cells)


def histogram(distribution: Distribution, room: int, glyphs: Glyphs = UNICODE) -> Iterator[tuple[str, str]]:
    """A bar to the left for the base and one to the right for the candidate, a pair for each bin.

    The longest of a side fills its room: sides may have other numbers of iterations.
    """
    base, candidate = (
        _bars(sample, len(distribution.edges_ns) - 1, room, half)
        for sample, half in ((distribution.base, glyphs.half_right), (distribution.candidate, glyphs.half_left))
    )
    for (left, left_half), (right, right_half) in zip(base, candidate, strict=True):
        yield (left_half + glyphs.bar * left).rjust(room), (glyphs.bar * right + right_half).ljust(room)


def _bars(sample: Sample | None, bins: int, room: int, half: str) -> Iterator[tuple[int, str]]:
    counts = sample.counts if sample else (0,) * bins
    longest = max(counts, default=0)
    for count in counts:
        # A single time among thousands is still to be seen.
        halves = max(2 if not half else 1, round(2 * room * count / longest)) if count else 0
        yield halves // 2, half if halves % 2 else ""


def _filled(times: Sequence[int], scale: Scale, slots: int) -> list[int]:
    """How many of the times are in each slot."""
    filled = [0] * slots
    for ns in times:
        filled[scale.slot(ns, slots)] += 1
    return filled


def _heaps(filled: Sequence[int]) -> list[list[bool]]:
    """Rows of dots, the highest first: a dot a time, or the highest heap as high as there is room."""
    highest = max(filled)
    heights = [-(-count * min(highest, _DOT_ROWS) // highest) for count in filled]
    return [[height > row for height in heights] for row in reversed(range(_DOT_ROWS))]


def _braille(rows: Sequence[Sequence[bool]]) -> str:
    """Up to four rows of dots as one line."""
    cells = [_BRAILLE_BLANK] * (len(rows[0]) // _DOT_COLUMNS)
    for row, bits in zip(rows, _BRAILLE_DOTS, strict=False):
        for slot, is_set in enumerate(row):
            if is_set:
                cells[slot // _DOT_COLUMNS] |= bits[slot % _DOT_COLUMNS]
    return "".join(map(chr, cells))


def _characters(filled: Sequence[int]) -> str:
    return "".join(_MANY_DOTS if count > 1 else _FEW_DOTS if count else " " for count in filled)
