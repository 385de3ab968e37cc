"""Nesting of any intervals at all, against sets of nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracediff.analysis.nesting import NO_PARENT, nest

Interval = tuple[int, int, int]
"""(thread, start, end)."""

intervals = st.lists(
    st.builds(
        lambda thread, start, length: (thread, start, start + length),
        st.integers(0, 1),
        st.integers(0, 24),
        st.one_of(st.integers(0, 8), st.integers(0, 40)),
    ),
    max_size=14,
).map(lambda found: sorted(found, key=lambda one: (one[0], one[1], -one[2])))


@dataclass
class Reference:
    """What one interval should get."""

    parent: int
    depth: int
    limit: int
    counted: set[int]


def reference(sorted_intervals: list[Interval], slack: int) -> list[Reference]:
    """An interval stays open until a later one of its thread starts at its end or sticks out of it.

    It counts what it shares with its parent, less what earlier siblings have.
    """
    found: list[Reference] = []
    for index, (thread, start, end) in enumerate(sorted_intervals):
        parent = NO_PARENT
        for other in range(index):
            later = sorted_intervals[other + 1 : index + 1]
            limit = found[other].limit
            if all(t == sorted_intervals[other][0] and s < limit and e <= limit + slack for t, s, e in later):
                parent = other
        counted = set(range(start, end))
        if parent != NO_PARENT:
            counted &= found[parent].counted
        for other, earlier in enumerate(found):
            if earlier.parent == parent and sorted_intervals[other][0] == thread:
                counted -= earlier.counted
        above = found[parent] if parent != NO_PARENT else None
        found.append(
            Reference(parent, above.depth + 1 if above else 0, min(end, above.limit) if above else end, counted)
        )
    return found


@given(intervals, st.integers(0, 3))
def test_any_intervals(sorted_intervals: list[Interval], slack: int) -> None:
    thread, start, end = np.array(sorted_intervals, dtype=np.int64).reshape(-1, 3).T
    nested = nest(thread, start, end, slack)
    expected = reference(sorted_intervals, slack)
    children = [[other for other, one in enumerate(expected) if one.parent == at] for at in range(len(expected))]

    assert nested.parent.tolist() == [one.parent for one in expected]
    assert nested.depth.tolist() == [one.depth for one in expected]
    assert nested.self_ns.tolist() == [
        len(one.counted) - sum(len(expected[child].counted) for child in below)
        for one, below in zip(expected, children, strict=True)
    ]
    assert nested.torch_self_ns.tolist() == [
        (end - start)[at] - (end - start)[below].sum() for at, below in enumerate(children)
    ]
    assert nested.clipped == sum(
        min(one.counted, default=one.limit) > begin
        for one, (_, begin, _) in zip(expected, sorted_intervals, strict=True)
    )
    count = len(expected)
    assert nested.end.tolist() == [
        next((other for other in range(at + 1, count) if expected[other].parent < at), count) for at in range(count)
    ]


@given(intervals, st.integers(0, 3))
def test_no_time_is_lost_or_counted_twice(sorted_intervals: list[Interval], slack: int) -> None:
    thread, start, end = np.array(sorted_intervals, dtype=np.int64).reshape(-1, 3).T
    nested = nest(thread, start, end, slack)

    assert (nested.self_ns >= 0).all()
    roots = zip(*(column[nested.parent == NO_PARENT].tolist() for column in (thread, start, end)), strict=True)
    assert nested.self_ns.sum() == len({(on, ns) for on, begin, finish in roots for ns in range(begin, finish)})


def test_a_million_on_one_thread_of_which_two_overlap() -> None:
    level = np.arange(1_000_000) % 4
    start = np.arange(1_000_000) // 4 * 10 + level
    end = start + 10 - 2 * level
    end[0] += 5
    nested = nest(np.zeros(1_000_000, dtype=np.int64), start, end)

    assert (nested.depth == level).all()
    # The second stack counts from the end of the first on.
    assert nested.clipped == 4
    assert nested.self_ns.sum() == end.max()
