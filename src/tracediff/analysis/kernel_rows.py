"""Brings the kernels of a log to the rows of a comparison, from the kernel pass by each call's place in the tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import numpy as np
from msgspec import structs
from msgspec.structs import astuple

from tracediff import units
from tracediff.analysis.alignment import MISSING, align
from tracediff.analysis.families import Families
from tracediff.analysis.kernel_join import Joined, join_log
from tracediff.analysis.kernels import NOT_OF_THIS_TRACE, kernels_of, log_doubts
from tracediff.analysis.side import TracedSide, prepare_pass
from tracediff.model.kernels import Kernel, KernelCoverage, LogLine, RowKernels
from tracediff.model.trace import IntArray, Trace


def kernels_by_row(
    side: TracedSide, row: IntArray, calls: IntArray, beside: IntArray, families: Families
) -> RowKernels:
    """Joins a side's logs and adds their lines up by row: of several captures the mean calls and the median time.

    Args:
        side: whose logs.
        row: row number of each owner, shape (n,).
        calls: the calls of the kept iterations.
        beside: calls that ran beside them on other threads.
        families: for the place of the kernel pass's calls in an iteration.
    """
    alone = len(side.runs) == 1
    # Of several captures only a kernel pass can be used: other logs are about the times of one of them.
    used = [trace for trace in side.logged if alone or trace.kernel_pass is not None]
    found = [_of_capture(trace, side, row, calls, beside, families) for trace in used]
    doubts = dict.fromkeys(doubt for of_capture in found for doubt in of_capture.doubts)
    if len(used) < len(side.runs):
        doubts[f"{len(used) or 'none'} of {len(side.runs)} captures can say which kernels ran"] = None
    if not found:
        return RowKernels(doubts=tuple(doubts))
    coverages = [of_capture.coverage for of_capture in found if of_capture.coverage]
    return RowKernels(
        rows=_typical([of_capture.rows for of_capture in found]),
        beside=_typical([of_capture.beside for of_capture in found]),
        coverage=KernelCoverage(*(sum(column) for column in zip(*map(astuple, coverages), strict=True))),
        doubts=tuple(doubts),
    )


def _typical(captures: Sequence[Mapping[int, tuple[Kernel, ...]]]) -> dict[int, tuple[Kernel, ...]]:
    """The kernels of each row over several passes."""
    if len(captures) == 1:
        return dict(captures[0])
    alike: dict[int, dict[tuple[str, str, str, str], list[Kernel]]] = defaultdict(lambda: defaultdict(list))
    for rows in captures:
        for number, kernels in rows.items():
            for one in kernels:
                alike[number][one.library, one.primitive, one.implementation, one.kind].append(one)
    typical: dict[int, tuple[Kernel, ...]] = {}
    for number, by_kernel in alike.items():
        kernels = [_typical_kernel(kernels, len(captures)) for kernels in by_kernel.values()]
        typical[number] = tuple(sorted(kernels, key=lambda one: (-one.time_ns, -one.calls, one.implementation)))
    return typical


def _typical_kernel(kernels: Sequence[Kernel], captures: int) -> Kernel:
    absent = captures - len(kernels)
    return structs.replace(
        kernels[0],
        calls=sum(one.calls for one in kernels) / captures,
        time_ns=round(median([*(one.time_ns for one in kernels), *([0] * absent)])),
        bf16_calls=sum(one.bf16_calls for one in kernels) / captures,
        bf16_allowed_calls=sum(one.bf16_allowed_calls for one in kernels) / captures,
    )


def _of_capture(
    trace: Trace, side: TracedSide, row: IntArray, calls: IntArray, beside: IntArray, families: Families
) -> RowKernels:
    log = trace.kernel_log
    if log is None:
        return RowKernels()
    doubts = list(log_doubts(trace, log))
    if trace.kernel_pass is None:
        joined = join_log(side.tree, log, trace.run.blas)
        places = joined.call
        iterations = len(side.iterations.kept)
    else:
        beneath = prepare_pass(trace.kernel_pass, side.kinds)
        joined = join_log(beneath.tree, log, trace.run.blas)
        places, by_kind = _carried_over(joined, beneath, side, row, families)
        iterations = max(1, len(beneath.iterations.kept))
        doubts.extend(_doubts_of_carrying(places, by_kind))
    if joined.coverage.lines and not joined.coverage.attributed:
        doubts.append(NOT_OF_THIS_TRACE.format(joined.coverage.lines))
    by_place = [
        {number: kernels_of(lines, iterations) for number, lines in _by_row(joined, places, side, row, wanted).items()}
        for wanted in (calls, beside)
    ]
    return RowKernels(by_place[0], by_place[1], joined.coverage, tuple(doubts))


def _by_row(
    joined: Joined, places: IntArray, side: TracedSide, row: IntArray, wanted: IntArray
) -> dict[int, list[LogLine]]:
    found: dict[int, list[LogLine]] = defaultdict(list)
    chosen = np.flatnonzero(np.isin(places, wanted))
    for at, number in zip(chosen.tolist(), row[side.owner[places[chosen]]].tolist(), strict=True):
        found[number].append(joined.lines[at])
    return found


def _carried_over(
    joined: Joined, beneath: TracedSide, side: TracedSide, row: IntArray, families: Families
) -> tuple[IntArray, int]:
    """(the call of a typical iteration for each line, MISSING if there is none; how many have it by name and shape).

    A call of the kernel pass is that of the timed iteration in the same place; where the two differ, any of its name
    and shape, if all of those share a row.
    """
    if not beneath.typical:
        return np.full(len(joined.call), MISSING, dtype=np.int64), 0
    calls, others = align(beneath, side, families).calls
    both = (calls != MISSING) & (others != MISSING)
    same: dict[int, int] = dict(zip(calls[both].tolist(), others[both].tolist(), strict=True))
    alike: dict[int, list[int]] = defaultdict(list)
    for call in range(side.typical[0].first, side.typical[0].last):
        alike[int(side.kind[call])].append(call)
    by_kind = 0
    places: list[int] = []
    for call in joined.call.tolist():
        kind = int(beneath.kind[call])
        place = same.get(call, MISSING)
        if place == MISSING or side.kind[place] != kind:
            others = alike[kind]
            one_row = len({int(row[side.owner[other]]) for other in others}) == 1
            place = others[0] if one_row else MISSING
            by_kind += one_row
        places.append(place)
    return np.array(places, dtype=np.int64), by_kind


def _doubts_of_carrying(places: IntArray, by_kind: int) -> Iterable[str]:
    if by_kind:
        yield f"the kernel pass ran other calls than the iterations: {units.count(by_kind, 'kernel')} by name and shape"
    lost = int((places == MISSING).sum())
    if lost:
        yield f"{units.count(lost, 'kernel')} of the kernel pass ran in calls that no iteration has: in no row"
