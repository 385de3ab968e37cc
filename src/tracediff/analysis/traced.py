"""Compares two traces: iterations, alignment, rows, ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from tracediff.analysis.accounts import Account, keep_accounts, mean_ns
from tracediff.analysis.alignment import align
from tracediff.analysis.comparability import compare_workloads, modules_of
from tracediff.analysis.device_totals import device_time_of_iterations
from tracediff.analysis.families import Families
from tracediff.analysis.grouping import group
from tracediff.analysis.iterations import calls_beside
from tracediff.analysis.latency import latency_ns
from tracediff.analysis.ledger import make_ledger, make_rows
from tracediff.analysis.merged_tree import first_nodes, merge_trees
from tracediff.analysis.operators import pair_operators
from tracediff.analysis.rows import Assignment, RowKeys, assign_rows, places_of_rows
from tracediff.analysis.settings import ranks_of
from tracediff.analysis.side import NO_OWNER, TracedSide, prepare_sides
from tracediff.analysis.timeline import TracedTimelines
from tracediff.analysis.warnings import doubts, doubts_about_difference, of_both
from tracediff.model.device import DeviceDifference
from tracediff.model.diff import Diff, Latency, OperatorTime, Row, Side, ThreadLedger, Total
from tracediff.model.kernels import Kernel, KernelCoverage, RowKernels
from tracediff.model.trace import Captures, IntArray


def diff_traces(base: Captures, candidate: Captures, families: Families) -> Diff:
    """Compares the captures of two sides.

    Raises:
        TraceFormatError: a trace holds no operators.
    """
    sides = prepare_sides(base, candidate, families)
    alignment = align(*sides, families)
    keys = RowKeys()
    assignments = assign_rows(*sides, alignment, keys)
    iterations = (len(sides[0].iterations.kept), len(sides[1].iterations.kept))

    main = [_calls_of_iterations(side) for side in sides]
    beside = [_calls_beside(side) for side in sides]
    kernels = [
        _kernels(side, assignment, calls, others, families)
        for side, assignment, calls, others in zip(sides, assignments, main, beside, strict=True)
    ]
    accounts = [
        _accounts(*of_side, keys, families)
        for of_side in zip(sides, assignments, main, (kernel.rows for kernel in kernels), (0, 1), strict=True)
    ]
    nodes = first_nodes(sides, assignments, alignment)
    numbered = make_rows(keys.keys, keys.structural, accounts[0], accounts[1], iterations, nodes)
    rows = tuple(row for _, row in numbered)
    place_of_row = places_of_rows([number for number, _ in numbered], len(keys.keys))

    spans = [sum(iteration.time_ns for iteration in side.iterations.kept) for side in sides]
    total = Total(
        mean_ns(spans[0], iterations[0]),
        mean_ns(spans[1], iterations[1]),
        typical_ns=(_typical_ns(sides[0]), _typical_ns(sides[1])),
    )
    gaps = [
        span - sum(account.time_ns for account in of_side.values())
        for span, of_side in zip(spans, accounts, strict=True)
    ]
    described = (
        _side(sides[0], total.base_ns, kernels[0].coverage),
        _side(sides[1], total.candidate_ns, kernels[1].coverage),
    )
    return Diff(
        base=described[0],
        candidate=described[1],
        comparable=compare_workloads(
            rows,
            families,
            marked=None not in (described[0].marker, described[1].marker),
            modules=(modules_of(base.traces[0]), modules_of(candidate.traces[0])),
        ),
        total=total,
        rows=rows,
        ledger=make_ledger(rows, total, (mean_ns(gaps[0], iterations[0]), mean_ns(gaps[1], iterations[1]))),
        operators=pair_operators(*map(_operators, sides)),
        call_tree=merge_trees(sides, assignments, alignment, place_of_row),
        other_threads=_other_threads(sides, assignments, beside, kernels, keys, families, iterations),
        warnings=(
            *of_both(*map(doubts, sides)),
            *of_both(kernels[0].doubts, kernels[1].doubts),
            *doubts_about_difference(described, total, rows),
        ),
        latency=_latency(*sides),
        device=_device(sides, [np.concatenate(both) for both in zip(main, beside, strict=True)]),
        timelines=TracedTimelines(sides, assignments, alignment, keys, place_of_row),
    )


def _device(sides: tuple[TracedSide, TracedSide], calls: Sequence[IntArray]) -> DeviceDifference | None:
    if all(side.device is None for side in sides):
        return None
    return DeviceDifference(*(device_time_of_iterations(*of_side) for of_side in zip(sides, calls, strict=True)))


def _typical_ns(side: TracedSide) -> int:
    return round(median(iteration.time_ns for iteration in side.iterations.kept))


def _latency(base: TracedSide, candidate: TracedSide) -> Latency | None:
    """None where a capture did not record it."""
    base_ns, candidate_ns = latency_ns(base.runs), latency_ns(candidate.runs)
    return None if base_ns is None or candidate_ns is None else Latency(base_ns, candidate_ns)


def _accounts(
    side: TracedSide,
    assignment: Assignment,
    calls: IntArray,
    kernels: Mapping[int, tuple[Kernel, ...]],
    which: int,
    keys: RowKeys,
    families: Families,
) -> dict[int, Account]:
    shapes = {number: key[1 + which] for number, key in enumerate(keys.keys)}
    accounts = keep_accounts(side, calls, assignment.row, assignment.weight, shapes, families)
    for number, account in accounts.items():
        account.kernels = kernels.get(number, ())
        account.peak = side.tree.trace.run.peak
    return accounts


def _kernels(
    side: TracedSide, assignment: Assignment, calls: IntArray, beside: IntArray, families: Families
) -> RowKernels:
    if not side.logged:
        return RowKernels()
    # Most traces carry no log, and need not wait for what joins them.
    from tracediff.analysis.kernel_rows import kernels_by_row

    return kernels_by_row(side, assignment.row, calls, beside, families)


def _calls_of_iterations(side: TracedSide) -> IntArray:
    return np.concatenate([np.arange(iteration.first, iteration.last) for iteration in side.iterations.kept])


def _calls_beside(side: TracedSide) -> IntArray:
    return calls_beside(side.tree, side.iterations.thread, side.iterations.kept)[0]


def _other_threads(
    sides: tuple[TracedSide, TracedSide],
    assignments: tuple[Assignment, Assignment],
    beside: Sequence[IntArray],
    kernels: Sequence[RowKernels],
    keys: RowKeys,
    families: Families,
    iterations: tuple[int, int],
) -> ThreadLedger | None:
    if not any(np.any(side.owner[calls] != NO_OWNER) for side, calls in zip(sides, beside, strict=True)):
        return None
    accounts = [
        _accounts(*of_side, keys, families)
        for of_side in zip(sides, assignments, beside, (kernel.beside for kernel in kernels), (0, 1), strict=True)
    ]
    rows: list[Row] = [row for _, row in make_rows(keys.keys, (), accounts[0], accounts[1], iterations, {})]
    return ThreadLedger(
        base_ns=sum(row.base.time_ns for row in rows if row.base),
        candidate_ns=sum(row.candidate.time_ns for row in rows if row.candidate),
        rows=tuple(rows),
    )


def _operators(side: TracedSide) -> dict[str, OperatorTime]:
    tree, iterations = side.tree, len(side.iterations.kept)
    calls = np.concatenate((_calls_of_iterations(side), _calls_beside(side)))
    calls = calls[tree.is_operator[calls]]
    found = group(tree.name[calls])
    counts, self_ns, total_ns = found.counts(), found.sums(tree.self_ns[calls]), found.sums(tree.total_ns[calls])
    device = (side.device.self_ns, side.device.total_ns) if side.device else ()
    on_device = [found.sums(column[calls]) for column in device]
    names = tree.trace.names
    numbers: list[int] = found.codes.tolist()
    return {
        names[number]: OperatorTime(
            names[number],
            int(counts[at]) / iterations,
            mean_ns(int(self_ns[at]), iterations),
            mean_ns(int(total_ns[at]), iterations),
            *(mean_ns(int(sums[at]), iterations) for sums in on_device),
        )
        for at, number in enumerate(numbers)
    }


def _side(side: TracedSide, iteration_ns: int, kernel_coverage: KernelCoverage | None) -> Side:
    trace, iterations = side.tree.trace, side.iterations
    return Side(
        path=trace.path,
        run=trace.run,
        captures=len(side.runs),
        iterations=len(iterations.kept),
        cold_iterations=tuple(iteration.label for iteration in iterations.cold),
        marker=iterations.marker,
        iteration_ns=iteration_ns,
        samples_ns=tuple(iteration.time_ns for iteration in iterations.kept),
        kernel_coverage=kernel_coverage,
        runs=side.runs,
        kept=tuple(Counter(iteration.capture for iteration in iterations.kept).values()),
        ranks=ranks_of(side.runs),
    )
