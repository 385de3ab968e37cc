"""Makes one call tree of the captures of a side, so that everything after it need not know how many there are."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import TypeVar

import numpy as np
from msgspec import structs

from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.iterations import Iteration, Iterations
from tracediff.analysis.nesting import NO_PARENT
from tracediff.model.run import Peak, Run
from tracediff.model.trace import ABSENT, Events, IntArray, ReadReport, Trace

T = TypeVar("T")

_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?")
_ITERATING = 0
"""The thread that runs the iterations, in the pooled tree."""


def pool(trees: Sequence[CallTree], found: Sequence[Iterations], path: str, label: str) -> tuple[CallTree, Iterations]:
    """Concatenates the call trees of repeated captures, which then follow one another in time.

    Args:
        trees: one a capture.
        found: their iterations.
        path: what the user named.
        label: what to call the side.

    Returns:
        The tree, in which thread 0 is the one that runs the iterations in each capture, and all iterations.
    """
    if len(trees) == 1:
        run = structs.replace(trees[0].trace.run, label=label)
        trace = structs.replace(trees[0].trace, path=path, run=run)
        return structs.replace(trees[0], trace=trace), found[0]
    trace, shifts = _pool_traces(trees, found, path, label)
    calls, events = _offsets(map(len, trees)), _offsets(len(tree.trace.events) for tree in trees)
    start = trace.events.start_ns
    tree = CallTree(
        trace=trace,
        event=(event := _joined(trees, "event", events)),
        name=trace.events.name[event],
        shapes=trace.events.shapes[event],
        thread=trace.events.thread[event],
        parent=np.concatenate(
            [
                np.where(tree.parent == NO_PARENT, NO_PARENT, tree.parent + offset)
                for tree, offset in zip(trees, calls, strict=True)
            ]
        ),
        end=_joined(trees, "end", calls),
        depth=_joined(trees, "depth"),
        start_ns=start[event],
        total_ns=_joined(trees, "total_ns"),
        self_ns=_joined(trees, "self_ns"),
        torch_self_ns=_joined(trees, "torch_self_ns"),
        is_operator=np.concatenate([tree.is_operator for tree in trees]),
        clipped=sum(tree.clipped for tree in trees),
        duplicates=sum(tree.duplicates for tree in trees),
    )

    def moved(of_captures: Iterable[Sequence[Iteration]]) -> tuple[Iteration, ...]:
        return tuple(
            _moved(iteration, capture, calls[capture], shifts[capture])
            for capture, of_capture in enumerate(of_captures)
            for iteration in of_capture
        )

    iterations = Iterations(
        marker=common(one.marker for one in found),
        thread=_ITERATING,
        kept=moved(one.kept for one in found),
        cold=moved(one.cold for one in found),
        empty=tuple(label for one in found for label in one.empty),
        cut=tuple(label for one in found for label in one.cut),
        outside_ns=sum(one.outside_ns for one in found),
    )
    return tree, iterations


def common(values: Iterable[T]) -> T | None:
    """The value, where all are the same."""
    first, *rest = values
    return first if all(value == first for value in rest) else None


def _moved(iteration: Iteration, capture: int, calls: int, shift: int) -> Iteration:
    return structs.replace(
        iteration,
        capture=capture,
        first=iteration.first + calls,
        last=iteration.last + calls,
        start_ns=iteration.start_ns + shift,
        end_ns=iteration.end_ns + shift,
    )


def _pool_traces(
    trees: Sequence[CallTree], found: Sequence[Iterations], path: str, label: str
) -> tuple[Trace, Sequence[int]]:
    """All events as one trace with joint tables, and by how much the times of each capture moved."""
    traces = [tree.trace for tree in trees]
    shifts: list[int] = []
    # By the calls: device events that lost their times begin at 0.
    now = int(trees[0].start_ns.min())
    for tree in trees:
        shifts.append(now - int(tree.start_ns.min()))
        now = int((tree.start_ns + tree.total_ns).max()) + shifts[-1] + 1
    names, name = _interned([trace.names for trace in traces], [trace.events.name for trace in traces])
    categories, category = _interned(
        [trace.categories for trace in traces], [trace.events.category for trace in traces]
    )
    shapes, shape = _interned([trace.shapes for trace in traces], [trace.events.shapes for trace in traces])
    values, value = _interned([trace.values for trace in traces], [trace.events.values for trace in traces])
    modules, module = _interned([trace.modules for trace in traces], [trace.events.module for trace in traces])
    iterating = traces[0].threads[found[0].thread]
    # A thread is one of its process, whatever its number.
    threads, thread = _interned(
        [
            [(_ITERATING, iterating) if at == one.thread else (capture + 1, thread) for at, thread in enumerate(table)]
            for capture, (one, table) in enumerate(zip(found, (trace.threads for trace in traces), strict=True))
        ],
        [trace.events.thread for trace in traces],
        first=[(_ITERATING, iterating)],
    )
    same = ("dur_ns", "external_id", "correlation")
    events = Events(
        name=name,
        category=category,
        thread=thread,
        start_ns=np.concatenate([trace.events.start_ns + shift for trace, shift in zip(traces, shifts, strict=True)]),
        shapes=shape,
        values=value,
        module=module,
        **{column: np.concatenate([getattr(trace.events, column) for trace in traces]) for column in same},
    )
    return (
        Trace(
            path=path,
            run=_pool_runs([trace.run for trace in traces], label),
            events=events,
            names=names,
            categories=categories,
            threads=tuple(thread for _, thread in threads),
            shapes=shapes,
            values=values,
            modules=modules,
            event_count=sum(trace.event_count for trace in traces),
            resolution_ns=max(trace.resolution_ns for trace in traces),
            read=_pool_reads([trace.read for trace in traces]),
            warnings=_pool_warnings([trace.warnings for trace in traces]),
        ),
        shifts,
    )


def _interned(
    tables: Sequence[Sequence[T]], columns: Sequence[IntArray], first: Sequence[T] = ()
) -> tuple[tuple[T, ...], IntArray]:
    """One table of all captures' entries, and the columns that point into it."""
    numbers = {entry: number for number, entry in enumerate(first)}
    parts: list[IntArray] = []
    for table, column in zip(tables, columns, strict=True):
        landing = [numbers.setdefault(entry, len(numbers)) for entry in table]
        # ABSENT, which is -1, finds itself at the end.
        parts.append(np.array([*landing, ABSENT], dtype=np.int64)[column])
    return tuple(numbers), np.concatenate(parts)


def _offsets(lengths: Iterable[int]) -> list[int]:
    return [0, *np.cumsum(list(lengths)).tolist()][:-1]


def _joined(trees: Sequence[CallTree], column: str, offsets: Sequence[int] | None = None) -> IntArray:
    columns = list(map(attrgetter(column), trees))
    return np.concatenate([one + offset for one, offset in zip(columns, offsets or [0] * len(trees), strict=True)])


def _pool_runs(runs: Sequence[Run], label: str) -> Run:
    """What all captures have in common; the output is that of the first."""
    return Run(
        label=label,
        backend=common(run.backend for run in runs),
        torch_version=common(run.torch_version for run in runs),
        engine=common(run.engine for run in runs),
        workload=common(run.workload for run in runs),
        settings=_shared([run.settings for run in runs]),
        environment=_shared([run.environment for run in runs]),
        profiler=_shared([run.profiler for run in runs]),
        checks=_shared([run.checks for run in runs]),
        output=runs[0].output,
        emulated=any(run.emulated for run in runs),
        latency_ns=tuple(ns for run in runs for ns in run.latency_ns),
        source=common(run.source for run in runs),
        blas=common(run.blas for run in runs),
        peak=Peak(
            _best(run.peak.gflops_per_s for run in runs),
            _best(run.peak.gbytes_per_s for run in runs),
        ),
    )


def _best(measured: Iterable[float | None]) -> float | None:
    return max((rate for rate in measured if rate is not None), default=None)


def _shared(mappings: Sequence[Mapping[str, T]]) -> dict[str, T]:
    """The entries that are the same in all of them."""
    first, *rest = mappings
    return {key: value for key, value in first.items() if all(key in one and one[key] == value for one in rest)}


def _pool_reads(reads: Sequence[ReadReport]) -> ReadReport:
    repairs: Counter[str] = Counter()
    for read in reads:
        repairs.update(read.repairs)
    return ReadReport(
        bytes=sum(read.bytes for read in reads),
        events_read=sum(read.events_read for read in reads),
        events_dropped=sum(read.events_dropped for read in reads),
        repairs=dict(repairs),
        truncated=any(read.truncated for read in reads),
    )


def _pool_warnings(warnings: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Each doubt once, with the number of captures that have it where not all do.

    Doubts that differ in their numbers alone are one, with the range of their last number.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for of_capture in warnings:
        for kind, doubt in {_NUMBER.sub("#", doubt): doubt for doubt in of_capture}.items():
            alike[kind].append(doubt)
    return tuple(_pooled(doubts, len(warnings)) for doubts in alike.values())


def _pooled(doubts: Sequence[str], captures: int) -> str:
    part = "" if len(doubts) == captures else f"{len(doubts)} of {captures} captures: "
    first = doubts[0]
    if len(set(doubts)) == 1:
        return part + first
    numbers = sorted((_NUMBER.findall(doubt)[-1] for doubt in doubts), key=float)
    start, end = [match.span() for match in _NUMBER.finditer(first)][-1]
    return f"{part}{first[:start]}{numbers[0]} to {numbers[-1]}{first[end:]}"
