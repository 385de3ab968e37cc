"""Compares two traces: iterations, alignment, rows, ledger."""

from __future__ import annotations

import numpy as np

from tracediff import units
from tracediff.analysis.accounts import Account, keep_accounts, mean_ns
from tracediff.analysis.alignment import align
from tracediff.analysis.comparability import compare_workloads
from tracediff.analysis.families import Families
from tracediff.analysis.ledger import make_ledger, make_rows
from tracediff.analysis.merged_tree import first_nodes, merge_trees
from tracediff.analysis.rows import Assignment, RowKeys, assign_rows
from tracediff.analysis.side import NO_OWNER, TracedSide, prepare_side
from tracediff.errors import TraceFormatError
from tracediff.model.diff import Diff, OperatorPair, OperatorTime, Row, Side, ThreadLedger, Total
from tracediff.model.trace import IntArray, Trace


def diff_traces(base: Trace, candidate: Trace, families: Families) -> Diff:
    """Compares one capture a side.

    Raises:
        TraceFormatError: a trace holds no operators.
    """
    # Shapes tell rows apart only where both sides have them.
    with_shapes = bool(base.shapes and candidate.shapes)
    sides = (prepare_side(base, families, with_shapes), prepare_side(candidate, families, with_shapes))
    for side in sides:
        if not side.tree.is_operator.any():
            raise TraceFormatError("holds no operators (cpu_op). Profile with ProfilerActivity.CPU", side.tree.trace.path)
    alignment = align(*sides, families)
    keys = RowKeys()
    assignments = assign_rows(*sides, alignment, keys)
    iterations = (len(sides[0].iterations.kept), len(sides[1].iterations.kept))

    main = [_calls_of_iterations(side) for side in sides]
    accounts = [_accounts(*of_side, keys, families) for of_side in zip(sides, assignments, main, (0, 1), strict=True)]
    nodes = first_nodes(sides, assignments, alignment)
    numbered = make_rows(keys.keys, keys.structural, accounts[0], accounts[1], iterations, nodes)
    rows = tuple(row for _, row in numbered)

    spans = [sum(iteration.time_ns for iteration in side.iterations.kept) for side in sides]
    total = Total(mean_ns(spans[0], iterations[0]), mean_ns(spans[1], iterations[1]))
    gaps = [span - sum(account.time_ns for account in of_side.values()) for span, of_side in zip(spans, accounts, strict=True)]
    return Diff(
        base=_side(sides[0], total.base_ns),
        candidate=_side(sides[1], total.candidate_ns),
        comparable=compare_workloads(rows),
        total=total,
        rows=rows,
        ledger=make_ledger(rows, total, (mean_ns(gaps[0], iterations[0]), mean_ns(gaps[1], iterations[1]))),
        operators=_operator_pairs(sides),
        call_tree=merge_trees(sides, assignments, alignment, [number for number, _ in numbered]),
        other_threads=_other_threads(sides, assignments, keys, families, iterations),
        warnings=(*_warnings("base", sides[0]), *_warnings("candidate", sides[1])),
    )


def _accounts(
    side: TracedSide, assignment: Assignment, calls: IntArray, which: int, keys: RowKeys, families: Families
) -> dict[int, Account]:
    shapes = {number: key[1 + which] for number, key in enumerate(keys.keys)}
    return keep_accounts(side, calls, assignment.row, assignment.weight, shapes, families)


def _calls_of_iterations(side: TracedSide) -> IntArray:
    return np.concatenate([np.arange(iteration.first, iteration.last) for iteration in side.iterations.kept])


def _calls_beside(side: TracedSide) -> IntArray:
    """Calls on other threads that begin while a kept iteration runs."""
    tree = side.tree
    other = np.flatnonzero(tree.thread != side.iterations.thread)
    inside = np.zeros(len(other), dtype=np.bool_)
    for iteration in side.iterations.kept:
        inside |= (tree.start_ns[other] >= iteration.start_ns) & (tree.start_ns[other] < iteration.end_ns)
    return other[inside]


def _other_threads(
    sides: tuple[TracedSide, TracedSide],
    assignments: tuple[Assignment, Assignment],
    keys: RowKeys,
    families: Families,
    iterations: tuple[int, int],
) -> ThreadLedger | None:
    beside = [_calls_beside(side) for side in sides]
    if not any(np.any(side.owner[calls] != NO_OWNER) for side, calls in zip(sides, beside, strict=True)):
        return None
    accounts = [_accounts(*of_side, keys, families) for of_side in zip(sides, assignments, beside, (0, 1), strict=True)]
    rows: list[Row] = [row for _, row in make_rows(keys.keys, (), accounts[0], accounts[1], iterations, {})]
    return ThreadLedger(
        base_ns=sum(row.base.time_ns for row in rows if row.base),
        candidate_ns=sum(row.candidate.time_ns for row in rows if row.candidate),
        rows=tuple(rows),
    )


def _operator_pairs(sides: tuple[TracedSide, TracedSide]) -> tuple[OperatorPair, ...]:
    tables = [_operators(side) for side in sides]
    pairs = [OperatorPair(name, tables[0].get(name), tables[1].get(name)) for name in {**tables[0], **tables[1]}]
    return tuple(sorted(pairs, key=lambda pair: (-abs(_self_ns(pair.candidate) - _self_ns(pair.base)), pair.name)))


def _self_ns(operator: OperatorTime | None) -> int:
    return operator.self_ns if operator else 0


def _operators(side: TracedSide) -> dict[str, OperatorTime]:
    tree, iterations = side.tree, len(side.iterations.kept)
    calls = np.concatenate((_calls_of_iterations(side), _calls_beside(side)))
    calls = calls[tree.is_operator[calls]]
    names, inverse = np.unique(tree.name[calls], return_inverse=True)
    sums = np.zeros((3, len(names)), dtype=np.int64)
    for position, column in enumerate((np.ones_like(calls), tree.self_ns[calls], tree.total_ns[calls])):
        np.add.at(sums[position], inverse, column)
    return {
        (name := tree.trace.names[number]): OperatorTime(
            name,
            int(sums[0, at]) / iterations,
            mean_ns(int(sums[1, at]), iterations),
            mean_ns(int(sums[2, at]), iterations),
        )
        for at, number in enumerate(names.tolist())
    }


def _side(side: TracedSide, iteration_ns: int) -> Side:
    trace, iterations = side.tree.trace, side.iterations
    return Side(
        path=trace.path,
        run=trace.run,
        captures=1,
        iterations=len(iterations.kept),
        cold_iterations=tuple(iteration.label for iteration in iterations.cold),
        marker=iterations.marker,
        iteration_ns=iteration_ns,
    )


def _warnings(which: str, side: TracedSide) -> list[str]:
    """What one must know about a side before believing its numbers."""
    trace, iterations = side.tree.trace, side.iterations
    found = list(trace.warnings)
    if trace.run.emulated:
        found.append("emulated: structure and kernels are real, times are not")
    if iterations.marker is None:
        found.append("no iterations are marked: the whole trace counts as one")
    if iterations.cold:
        labels = ", ".join(f"{iteration.label} ({units.duration(iteration.time_ns)})" for iteration in iterations.cold)
        found.append(f"cold, set aside: {labels}")
    if len(iterations.kept) == 1:
        found.append("one iteration: nothing tells a cold start or noise from a change")
    if iterations.outside_ns:
        found.append(f"operators outside of the iterations took {units.duration(iterations.outside_ns)}: left out")
    unlike = len(iterations.kept) - len(side.typical())
    if unlike:
        found.append(
            f"{units.count(unlike, 'iteration')} of {len(iterations.kept)} ran other calls than the rest: "
            "all are in the rows, the call tree shows the rest"
        )
    if side.tree.clipped:
        found.append(f"{units.count(side.tree.clipped, 'call')} overlap an earlier one: counted from its end on")
    if trace.resolution_ns > 1:
        found.append("the trace counts whole microseconds: times are exact to 1 us a call")
    if not trace.shapes:
        found.append("no input shapes were recorded: rows are families only")
    if trace.read.events_dropped:
        found.append(f"{units.count(trace.read.events_dropped, 'entry')} of traceEvents could not be read")
    return [f"{which}: {text}" for text in found]
