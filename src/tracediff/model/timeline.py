"""Iterations of both sides call by call, as views draw and export them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from tracediff.model.trace import IntArray, Thread


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


class Timeline(msgspec.Struct, frozen=True, eq=False):
    """An iteration of each side, with what their columns point into."""

    names: tuple[str, ...]
    shapes: tuple[str, ...]
    families: tuple[str, ...]
    base: IterationCalls
    candidate: IterationCalls


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
