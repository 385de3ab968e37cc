"""Iterations of both sides call by call, as views draw and export them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from tracediff.model.trace import IntArray, Thread


class Call(NamedTuple):
    """One of the calls of an iteration, in the columns' words."""

    start_ns: int
    dur_ns: int
    self_ns: int
    depth: int
    thread: int
    name: int
    shape: int
    family: int
    row: int
    node: int


class IterationCalls(msgspec.Struct, frozen=True, eq=False):
    """The calls that began in one iteration, in preorder, thread by thread; every column has shape (n,).

    Calls of one thread lie inside of one another or apart: where recorded times overlap, the later call is cut as its
    self time is, so that nothing is drawn or counted twice.

    Attributes:
        label: how the trace names the iteration; empty where a side has none.
        capture: which of the side's captures it is of.
        is_cold: whether it was set aside; then its time is in no row.
        time_ns: its duration.
        threads: what `thread` points into; the first runs the iterations.
        start_ns: since the start of the iteration.
        dur_ns: never negative.
        self_ns: time inside no child.
        depth: 0 for calls directly in the iteration, and for the outermost ones on other threads.
        thread: index into `threads`.
        name, shape: index into the timeline's `names`, `shapes`; -1 for a shape that is unknown.
        family: index into the timeline's `families` of the one that the self time belongs to; -1 for annotations
            outside of operators.
        row: index into `Diff.rows` of the row that the self time went to; -1 for annotations outside of operators and
            on other threads.
        node: index into `Diff.call_tree`, the same for calls that match; -1 on other threads and in an iteration of
            another structure than most.
    """

    label: str
    capture: int
    is_cold: bool
    time_ns: int
    threads: tuple[Thread, ...]
    start_ns: IntArray
    dur_ns: IntArray
    self_ns: IntArray
    depth: IntArray
    thread: IntArray
    name: IntArray
    shape: IntArray
    family: IntArray
    row: IntArray
    node: IntArray

    def __len__(self) -> int:
        return len(self.start_ns)

    @property
    def used_threads(self) -> list[int]:
        """Those of its `threads` that anything ran on; the first always."""
        return sorted({0, *self.thread.tolist()})

    def __iter__(self) -> Iterator[Call]:
        return map(Call._make, zip(*(getattr(self, field).tolist() for field in Call._fields), strict=True))

    def total_ns(self, call: int) -> int:
        """Time of a call with what it called."""
        return int(self.dur_ns[call])


class Stacks(IterationCalls, frozen=True, eq=False):
    """Calls of one name below the same callers, added up and laid out from the left as if they ran one after the other.

    Attributes:
        dur_ns: what the self times add up to; of means that is a rounding away from `mean_ns`.
        mean_ns: the time with what they called, as the call tree has it, shape (n,).
        calls: how many calls each is, shape (n,).
        iterations: what the times are means of, and how many were kept in all.
    """

    mean_ns: IntArray
    calls: IntArray
    iterations: tuple[int, int]

    def total_ns(self, call: int) -> int:
        return int(self.mean_ns[call])


class Timeline(msgspec.Struct, frozen=True, eq=False):
    """An iteration of each side, or its stacks, with what their columns point into."""

    names: tuple[str, ...]
    shapes: tuple[str, ...]
    families: tuple[str, ...]
    base: IterationCalls
    candidate: IterationCalls

    def calls_of(self, node: int) -> tuple[int | None, int | None]:
        """Base's call and candidate's call of a node; None where a side has none."""
        places = [np.flatnonzero(side.node == node) for side in (self.base, self.candidate)]
        base, candidate = (int(found[0]) if node >= 0 and len(found) else None for found in places)
        return base, candidate

    def delta_ns(self, node: int) -> int | None:
        """Candidate's time of a node less the base's; None where a side has no such call."""
        base, candidate = self.calls_of(node)
        if base is None or candidate is None:
            return None
        return self.candidate.total_ns(candidate) - self.base.total_ns(base)


class Timelines(Protocol):
    """Lays iterations out when a view asks for them; a report in text never does."""

    def typical(self) -> Timeline:
        """Of each side the iteration nearest the median time, among those of the structure that most have."""
        ...

    def pairs(self) -> Iterator[Timeline]:
        """All of them side by side, the n-th with the n-th: cold ones, then those that results are made from.

        The side that has fewer has empty ones in the end.
        """
        ...
