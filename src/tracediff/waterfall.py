"""How a ledger becomes floating bars that lead from base to candidate, in percent of whatever they are drawn in."""

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
