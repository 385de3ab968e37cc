"""Nests intervals: whole columns at once where none overlap in part, one by one where some do."""

from __future__ import annotations

import msgspec
import numpy as np

from tracediff.analysis.grouping import narrow
from tracediff.model.trace import IntArray

NO_PARENT = -1


class Nesting(msgspec.Struct, frozen=True, eq=False):
    """Who lies inside of whom; every column has shape (n,).

    Attributes:
        parent: index of the innermost interval around, or NO_PARENT.
        end: one past the last descendant: those of i are i + 1 to end[i] - 1.
        depth: how many intervals lie around.
        self_ns: time inside no child; never negative, and sums to the time that the roots cover.
        torch_self_ns: total less the totals of the children; negative where those overlap.
        clipped: how many overlap an earlier sibling and count only from its end on.
    """

    parent: IntArray
    end: IntArray
    depth: IntArray
    self_ns: IntArray
    torch_self_ns: IntArray
    clipped: int


def nest(thread: IntArray, start: IntArray, end: IntArray, slack_ns: int = 0) -> Nesting:
    """Nests intervals that are sorted by (thread, start, -end).

    An interval is the child of the innermost open one that it ends inside of; an empty one holds nothing. Where
    rounding or clocks make two siblings overlap, the later one counts from the end of the earlier one on, so that no
    nanosecond is counted twice and no self time is negative.

    Args:
        thread: of each interval; those of different threads do not nest.
        start: when each begins, in nanoseconds.
        end: when it ends, not before that.
        slack_ns: how far a child may stick out of its parent, up to whose end it then counts.
    """
    subtree_end = _subtree_ends(thread, start, end)
    depth = _depths(subtree_end)
    parent = _parents(subtree_end, depth)
    torch_self_ns = _without_children(end - start, parent)
    sticks_out = np.flatnonzero((parent != NO_PARENT) & (end > end[parent]))
    if not len(sticks_out):
        return Nesting(parent, subtree_end, depth, torch_self_ns, torch_self_ns, clipped=0)
    counted_from, counted_to = _untangle(_blocks(depth, sticks_out), start, end, slack_ns, parent, subtree_end)
    return Nesting(
        parent=parent,
        end=subtree_end,
        depth=_depths(subtree_end),
        self_ns=_without_children(counted_to - counted_from, parent),
        torch_self_ns=_without_children(end - start, parent),
        clipped=int(np.count_nonzero(counted_from > start)),
    )


def enclosing(chosen: IntArray, subtree_end: IntArray) -> IntArray:
    """How many of the chosen intervals each one lies below.

    Args:
        chosen: their indices, each once.
        subtree_end: one past the last descendant, of all.
    """
    steps = np.zeros(len(subtree_end) + 1, dtype=np.int32)
    steps[chosen + 1] = 1
    # Of the same type as the steps: a conversion of every value takes thirty times as long.
    np.subtract.at(steps, subtree_end[chosen], np.int32(1))
    return np.cumsum(steps[:-1], dtype=np.int32)


def innermost_around(
    intervals: tuple[IntArray, IntArray, IntArray, IntArray], thread: IntArray, start: IntArray, reach: IntArray
) -> IntArray:
    """The innermost interval that each of m others begins in and that reaches as far as asked, or NO_PARENT.

    Args:
        intervals: thread, start, end and parent of each, sorted by (thread, start, -end); one that is never meant
            ends before all.
        thread: of what begins, shape (m,).
        start: when it begins.
        reach: until when an interval must last to be around it.
    """
    of_thread, starts, ends, parent = intervals
    around = np.full(len(start), NO_PARENT, dtype=np.int64)
    for one in np.flatnonzero(np.bincount(thread)).tolist():
        asked = np.flatnonzero(thread == one)
        first, last = np.searchsorted(of_thread, [one, one + 1])
        begun = np.searchsorted(starts[first:last], start[asked], side="right")
        around[asked] = np.where(begun > 0, first + begun - 1, NO_PARENT)
    searching = np.flatnonzero(around != NO_PARENT)
    while len(searching):
        searching = searching[ends[around[searching]] < reach[searching]]
        around[searching] = parent[around[searching]]
        searching = searching[around[searching] != NO_PARENT]
    return around


def _subtree_ends(thread: IntArray, start: IntArray, end: IntArray) -> IntArray:
    """One past the last interval of the thread that starts before each one ends."""
    subtree_end = np.arange(1, len(start) + 1, dtype=np.int32)
    is_same = thread[1:] == thread[:-1]
    # Most hold nothing, and need no search; nor does a thread of such.
    holds = np.flatnonzero(is_same & (end[:-1] > start[1:]))
    bounds = np.concatenate(([0], 1 + np.flatnonzero(~is_same), [len(start)]))
    held = np.searchsorted(holds, bounds)
    for at in np.flatnonzero(np.diff(held)).tolist():
        low, high = bounds[at : at + 2]
        of_thread = holds[held[at] : held[at + 1]]
        subtree_end[of_thread] = low + np.searchsorted(start[low:high], end[of_thread])
    return subtree_end


def _depths(subtree_end: IntArray) -> IntArray:
    # Nothing lies below the rest, which are most.
    holds = np.flatnonzero(subtree_end > np.arange(1, len(subtree_end) + 1, dtype=np.int32))
    return enclosing(holds, subtree_end)


def _parents(subtree_end: IntArray, depth: IntArray) -> IntArray:
    """The parents, where no intervals overlap in part; the first interval that does sticks out of the one it gets here.

    In the order of depth siblings follow one another, and the first of them comes right after their parent.
    """
    below = np.argsort(narrow(depth), kind="stable")[np.count_nonzero(depth == 0) :]
    first = np.flatnonzero(subtree_end[below - 1] > below)
    parent = np.full(len(depth), NO_PARENT, dtype=np.int32)
    parent[below] = np.repeat(below[first] - 1, np.diff(first, append=len(below)))
    return parent


def _without_children(time_ns: IntArray, parent: IntArray) -> IntArray:
    # The slot behind the last interval is where NO_PARENT points.
    of_children = np.zeros(len(time_ns) + 1, dtype=np.int64)
    np.add.at(of_children, parent, time_ns)
    return time_ns - of_children[:-1]


def _blocks(depth: IntArray, members: IntArray) -> list[tuple[int, int]]:
    """The runs of intervals around the given ones, each from where none is open to where none is again."""
    starts = np.flatnonzero(depth == 0)
    bounds = np.append(starts, len(depth))
    numbers = np.searchsorted(starts, members, side="right")
    numbers = numbers[np.diff(numbers, prepend=0) > 0]
    return list(zip(bounds[numbers - 1].tolist(), bounds[numbers].tolist(), strict=True))


def _untangle(
    blocks: list[tuple[int, int]],
    start: IntArray,
    end: IntArray,
    slack_ns: int,
    parent: IntArray,
    subtree_end: IntArray,
) -> tuple[IntArray, IntArray]:
    """Nests blocks interval by interval, with a stack of the open ones.

    Args:
        blocks: from where to where.
        start: of all intervals.
        end: of all intervals.
        slack_ns: how far a child may stick out.
        parent: corrected in place.
        subtree_end: corrected in place.

    Returns:
        From when and to when each interval counts.
    """
    # The slot behind the last interval is where NO_PARENT points: the ground on which the roots stand.
    counted_from, counted_to = start.copy(), np.append(end, np.iinfo(np.int64).max)
    covered_to = np.zeros(len(start) + 1, dtype=np.int64)
    # Item by item, a buffer is read and written several times faster than its array.
    starts, ends, begins, finishes, reached = (
        column.data for column in (start, end, counted_from, counted_to, covered_to)
    )
    parents, subtree_ends = parent.data, subtree_end.data
    for low, high in blocks:
        reached[NO_PARENT] = starts[low]
        stack = [NO_PARENT]
        for index in range(low, high):
            begin, finish = starts[index], ends[index]
            while begin >= (limit := finishes[stack[-1]]) or finish > limit + slack_ns:
                subtree_ends[stack.pop()] = index
            around = parents[index] = stack[-1]
            finish = finishes[index] = min(finish, limit)
            if begin < (covered := reached[around]):
                begin = begins[index] = min(covered, finish)
            reached[index] = begin
            reached[around] = max(covered, finish)
            stack.append(index)
        for still_open in stack[1:]:
            subtree_ends[still_open] = high
    return counted_from, counted_to[:-1]
