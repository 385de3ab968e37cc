"""Where bars and whiskers of tables begin and how long they are, in percent of their column."""

from __future__ import annotations

import msgspec

from tracediff.waterfall import Bar


def difference_bar(delta_ns: int, largest_ns: int) -> Bar:
    """Left of a line in the middle for less, right of it for more; the largest difference fills its half."""
    half = round(50 * min(1.0, abs(delta_ns) / largest_ns), 2) if largest_ns else 0.0
    return Bar(50 - half, half, 50 - half) if delta_ns < 0 else Bar(50, half, 50 + half)


class Whisker(msgspec.Struct, frozen=True):
    """An interval around its estimate, beside no difference; places in percent of an axis of ratios and its ends."""

    low: float
    estimate: float
    high: float
    none: float
    begins: float
    ends: float


def whisker(interval: tuple[float, float], estimate: float) -> Whisker:
    """Lays out an interval of ratios with a margin on both sides."""
    least, most = min(1.0, interval[0]), max(1.0, interval[1])
    margin = 0.08 * (most - least) or 0.5
    begins, ends = least - margin, most + margin
    low, middle, high, none = (
        round(100 * (at - begins) / (ends - begins), 2) for at in (interval[0], estimate, interval[1], 1.0)
    )
    return Whisker(low, middle, high, none, begins, ends)


def length(ns: int, largest_ns: int) -> float:
    """Percent of the largest."""
    return round(100 * ns / largest_ns, 2) if largest_ns else 0.0
