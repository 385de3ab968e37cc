"""Brings the kernels of a log to the rows of a comparison, from the kernel pass by each call's place in the tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from tracediff import units
from tracediff.analysis.alignment import MISSING, align
from tracediff.analysis.families import Families
from tracediff.analysis.kernel_join import Joined, join_log
from tracediff.analysis.kernels import NOT_OF_THIS_TRACE, kernels_of, log_doubts
from tracediff.analysis.side import TracedSide, prepare_pass
from tracediff.model.kernels import LogLine, RowKernels
from tracediff.model.trace import IntArray


def kernels_by_row(
    side: TracedSide, row: IntArray, calls: IntArray, beside: IntArray, families: Families
) -> RowKernels:
    """Joins a side's log and adds its lines up by row.

    Args:
        side: whose log.
        row: row number of each owner, shape (n,).
        calls: the calls of the kept iterations.
        beside: calls that ran beside them on other threads.
        families: for the place of the kernel pass's calls in an iteration.
    """
    trace = side.tree.trace
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
    steps = align(beneath, side, families).steps
    same = {call: other for _, call, other in steps if MISSING not in (call, other)}
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
