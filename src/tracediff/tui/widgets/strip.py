"""Lays the times of a distribution out in character cells: as dots, a box with whiskers, a two-sided histogram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

from tracediff.model.distribution import Distribution, Sample

_DOT_ROWS, _DOT_COLUMNS = 4, 2
_BRAILLE_BLANK = 0x2800
_BRAILLE_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_LOWEST, _WHISKER, _BOX, _MEDIAN, _HIGHEST = "├─▒┃┤"
_FULL, _RIGHT_HALF, _LEFT_HALF = "█▐▌"


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
        low, high = self.low_ns, self.high_ns
        if high <= low:
            return (slots - 1) // 2
        part = log(ns / low) / log(high / low) if self.is_logarithmic else (ns - low) / (high - low)
        return round(part * (slots - 1))


def dots(sample: Sample, scale: Scale, width: int) -> list[str]:
    """A dot for each time: with several captures a row of dots each, with one in heaps where times are alike."""
    slots = width * _DOT_COLUMNS
    filled = [_filled(capture, scale, slots) for capture in sample.captures_ns]
    rows = [[count > 0 for count in capture] for capture in filled] if len(filled) > 1 else _heaps(filled[0])
    return [_braille(rows[first : first + _DOT_ROWS]) for first in range(0, len(rows), _DOT_ROWS)]


def box(sample: Sample, scale: Scale, width: int) -> str:
    """Lowest to highest time, the middle half of them as a box, and their median."""
    lower, median, upper = (scale.slot(ns, width) for ns in sample.quartiles_ns)
    first, last = scale.slot(sample.lowest_ns, width), scale.slot(sample.highest_ns, width)
    cells = [" "] * width
    cells[first : last + 1] = _WHISKER * (last + 1 - first)
    cells[first], cells[last] = _LOWEST, _HIGHEST
    cells[lower : upper + 1] = _BOX * (upper + 1 - lower)
    cells[median] = _MEDIAN
    return "".join(cells)


def histogram(distribution: Distribution, room: int) -> Iterator[tuple[str, str]]:
    """A bar to the left for the base and one to the right for the candidate, a pair for each bin.

    The longest of a side fills its room: sides may have other numbers of iterations.
    """
    bins = len(distribution.edges_ns) - 1
    base, candidate = (_halves(sample, bins, room) for sample in (distribution.base, distribution.candidate))
    for left, right in zip(base, candidate, strict=True):
        yield (
            (_RIGHT_HALF * (left % 2) + _FULL * (left // 2)).rjust(room),
            (_FULL * (right // 2) + _LEFT_HALF * (right % 2)).ljust(room),
        )


def _halves(sample: Sample | None, bins: int, room: int) -> list[int]:
    """Lengths of bars in half cells; a single time among thousands is still to be seen."""
    counts = sample.counts if sample else (0,) * bins
    longest = max(counts)
    return [max(1, round(2 * room * count / longest)) if count else 0 for count in counts]


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
