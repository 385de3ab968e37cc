"""Lays the iterations of both sides out call by call, once somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import zip_longest
from statistics import median

import numpy as np

from tracediff.analysis.alignment import MISSING, Alignment
from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.iterations import Iteration, calls_beside
from tracediff.analysis.nesting import NO_PARENT, enclosing
from tracediff.analysis.rows import Assignment, RowKeys, rows_of_calls
from tracediff.analysis.side import TracedSide
from tracediff.model.timeline import IterationCalls, Timeline, Timelines
from tracediff.model.trace import IntArray


class TracedTimelines(Timelines):
    """What two compared sides did in their iterations; computes nothing before it is asked.

    Args:
        sides: base and candidate.
        assignments: their rows.
        alignment: how the calls of their typical iterations belong together.
        keys: the rows.
        place_of_row: where the diff lists each row, by number.
    """

    def __init__(
        self,
        sides: tuple[TracedSide, TracedSide],
        assignments: tuple[Assignment, Assignment],
        alignment: Alignment,
        keys: RowKeys,
        place_of_row: IntArray,
    ) -> None:
        self._sides = sides
        self._assignments = assignments
        self._alignment = alignment
        self._keys = keys
        self._place_of_row = place_of_row

    def typical(self) -> Timeline:
        base, candidate = map(_nearest_median, self._sides)
        return self._timeline(base, candidate)

    def pairs(self) -> Iterator[Timeline]:
        (base_cold, base_kept), (candidate_cold, candidate_kept) = map(_places, self._sides)
        for pair in (*zip_longest(base_cold, candidate_cold), *zip_longest(base_kept, candidate_kept)):
            yield self._timeline(*pair)

    def _timeline(self, base: int | None, candidate: int | None) -> Timeline:
        sides = self._laid_out
        return Timeline(*self._tables, sides[0].calls_of(base), sides[1].calls_of(candidate))

    @cached_property
    def _tables(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """All names, shapes and families, each once."""
        kinds = self._sides[0].kinds.all
        return (
            tuple(dict.fromkeys(kind.name for kind in kinds)),
            tuple(dict.fromkeys(kind.shape for kind in kinds if kind.shape is not None)),
            tuple(dict.fromkeys(key.group for key in self._keys.keys)),
        )

    @cached_property
    def _laid_out(self) -> tuple[_LaidOut, _LaidOut]:
        names, shapes, families = ({text: at for at, text in enumerate(table)} for table in self._tables)
        kinds = self._sides[0].kinds.all
        name_of_kind = np.array([names[kind.name] for kind in kinds])
        shape_of_kind = np.array([MISSING if kind.shape is None else shapes[kind.shape] for kind in kinds])
        family_of_row = np.array([families[key.group] for key in self._keys.keys])
        laid_out: list[_LaidOut] = []
        for side, assignment, nodes in zip(self._sides, self._assignments, self._alignment.calls, strict=True):
            row = rows_of_calls(side, assignment, np.arange(len(side.tree)))
            owned = row != MISSING
            columns = {
                "name": name_of_kind[side.kind],
                "shape": shape_of_kind[side.kind],
                "family": np.where(owned, family_of_row[row], MISSING),
                "row": np.where(owned, self._place_of_row[row], MISSING),
            }
            laid_out.append(_LaidOut(side, columns, nodes))
        return laid_out[0], laid_out[1]


def _places(side: TracedSide) -> tuple[range, range]:
    """Those of the cold iterations and of the kept ones, one after the other."""
    cold, kept = len(side.iterations.cold), len(side.iterations.kept)
    return range(cold), range(cold, cold + kept)


def _nearest_median(side: TracedSide) -> int:
    cold, kept = side.iterations.cold, side.iterations.kept
    middle = median(iteration.time_ns for iteration in kept)
    return len(cold) + kept.index(min(side.typical, key=lambda iteration: abs(iteration.time_ns - middle)))


class _LaidOut:
    """One side.

    Args:
        side: what it did.
        columns: name, shape, family and row of each call of its tree.
        calls_of_nodes: the call of each node of the merged tree.
    """

    def __init__(self, side: TracedSide, columns: Mapping[str, IntArray], calls_of_nodes: IntArray) -> None:
        tree, iterations = side.tree, side.iterations
        self._side = side
        self._start, dur = _as_counted(tree)
        threads = [iterations.thread, *sorted({*tree.thread.tolist()} - {iterations.thread})]
        self._threads = tuple(tree.trace.threads[number] for number in threads)
        thread = np.zeros(max(threads) + 1, dtype=np.int64)
        thread[threads] = np.arange(len(threads))
        self._columns = {**columns, "dur_ns": dur, "self_ns": tree.self_ns, "thread": thread[tree.thread]}
        self._nodes = _nodes_of_calls(side, calls_of_nodes)
        self._all = (*iterations.cold, *iterations.kept)
        self._beside, self._running = calls_beside(tree, iterations.thread, self._all)

    def calls_of(self, place: int | None) -> IterationCalls:
        """The calls of an iteration by its place among cold and kept ones; none where there is no such iteration."""
        if place is None:
            return self._laid(Iteration("", 0, 0, 0, 0, 0, 0), np.arange(0))
        return self._laid(self._all[place], self._beside[self._running == place])

    def _laid(self, iteration: Iteration, beside: IntArray) -> IterationCalls:
        tree = self._side.tree
        on_thread = np.arange(iteration.first, iteration.last)
        calls = np.concatenate((on_thread, beside))
        # The marker is the call before the first.
        origin = self._start[iteration.first - 1] if iteration.depth else iteration.start_ns
        is_cold = iteration in self._side.iterations.cold
        columns = {name: column[calls] for name, column in self._columns.items()}
        columns["row"][0 if is_cold else len(on_thread) :] = MISSING
        node = np.full(len(calls), MISSING, dtype=np.int64)
        if len(calls) and self._side.is_typical(iteration):
            node[: len(on_thread)] = self._nodes
        return IterationCalls(
            label=iteration.label,
            capture=iteration.capture,
            is_cold=is_cold,
            time_ns=iteration.time_ns,
            threads=self._threads,
            start_ns=self._start[calls] - origin,
            depth=np.concatenate((_depth(tree, on_thread), _depth(tree, beside))),
            node=node,
            **columns,
        )


def _as_counted(tree: CallTree) -> tuple[IntArray, IntArray]:
    """From when on and for how long each call counts, without what overlaps.

    For as long as the self times in it add up to, up to where it or a call around it ends.
    """
    sums = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(tree.self_ns)))
    dur = sums[tree.end] - sums[:-1]
    end = tree.start_ns + tree.total_ns
    inner = np.flatnonzero(tree.parent != NO_PARENT)
    around = tree.parent[inner]
    while np.any(sticks_out := end[inner] > end[around]):
        end[inner[sticks_out]] = end[around[sticks_out]]
    start = end - dur
    # Of a call that another one covers whole nothing is left, wherever it was: its place is in the one around it.
    while np.any(sticks_out := start[inner] < start[around]):
        start[inner[sticks_out]] = start[around[sticks_out]]
    return start, dur


def _nodes_of_calls(side: TracedSide, calls_of_nodes: IntArray) -> IntArray:
    """The node of each call of a typical iteration."""
    first, *_ = side.typical
    nodes = np.full(first.last - first.first, MISSING, dtype=np.int64)
    here = np.flatnonzero(calls_of_nodes != MISSING)
    nodes[calls_of_nodes[here] - first.first] = here
    return nodes


def _depth(tree: CallTree, calls: IntArray) -> IntArray:
    """How many of these calls each of them lies below."""
    return enclosing(np.arange(len(calls)), np.searchsorted(calls, tree.end[calls]))
