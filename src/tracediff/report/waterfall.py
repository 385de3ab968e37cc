"""Where bars and whiskers begin and how long they are, in percent of their column."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import msgspec

from tracediff import units
from tracediff.model.diff import LedgerTerm, Total

_TRUNCATE_ABOVE = 0.8
"""Where all sums are above this part of the largest, an axis from zero would hide what they differ by."""
_ROOM = 0.35
"""Length of the totals on an axis that does not begin at zero, as a part of what the terms span."""


class Bar(msgspec.Struct, frozen=True):
    """From where to where.

    Attributes:
        start, width: percent.
        end: where the sum stands after this bar, percent; the next one begins there.
    """

    start: float
    width: float
    end: float


class Waterfall(msgspec.Struct, frozen=True):
    """From the base's total, term by term, to the candidate's.

    Attributes:
        begins, ends: what the left and the right edge stand for.
        is_truncated: whether the left edge is not zero.
    """

    base: Bar
    terms: tuple[Bar, ...]
    candidate: Bar
    begins: str
    ends: str
    is_truncated: bool


def waterfall(terms: Sequence[LedgerTerm], total: Total) -> Waterfall:
    """Lays out a ledger, whose terms add up to the total."""
    sums = list(accumulate((term.delta_ns for term in terms), initial=total.base_ns))
    low, high = min(sums), max(sums)
    is_truncated = high > low > _TRUNCATE_ABOVE * high
    origin = max(0, round(low - _ROOM * (high - low))) if is_truncated else min(0, low)
    is_truncated = is_truncated and origin > 0

    def at(ns: int) -> float:
        return round(100 * (ns - origin) / (high - origin), 2) if high > origin else 0.0

    def bar(before: int, after: int) -> Bar:
        ends = at(before), at(after)
        return Bar(min(ends), round(abs(ends[1] - ends[0]), 2), ends[1])

    return Waterfall(
        bar(origin, sums[0]),
        tuple(bar(*pair) for pair in pairwise(sums)),
        bar(origin, sums[-1]),
        units.duration(origin),
        units.duration(high),
        is_truncated,
    )


def difference_bar(delta_ns: int, largest_ns: int) -> Bar:
    """Left of a line in the middle for less, right of it for more; the largest difference fills its half."""
    half = round(50 * min(1.0, abs(delta_ns) / largest_ns), 2) if largest_ns else 0.0
    return Bar(50 - half, half, 50 - half) if delta_ns < 0 else Bar(50, half, 50 + half)


class Whisker(msgspec.Struct, frozen=True):
    """An interval around its estimate, beside no difference; places in percent."""

    low: float
    estimate: float
    high: float
    none: float


def whisker(interval: tuple[float, float], estimate: float) -> Whisker:
    """Lays out an interval of ratios with a margin on both sides."""
    least, most = min(1.0, interval[0]), max(1.0, interval[1])
    margin = 0.08 * (most - least)
    span = most - least + 2 * margin or 1.0
    return Whisker(*(round(100 * (at - least + margin) / span, 2) for at in (interval[0], estimate, interval[1], 1.0)))


def length(ns: int, largest_ns: int) -> float:
    """Percent of the largest."""
    return round(100 * ns / largest_ns, 2) if largest_ns else 0.0
