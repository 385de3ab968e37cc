"""Compares operator tables that have no timeline: the families' known wrappers stand for the hierarchy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from tracediff import units
from tracediff.analysis.accounts import Account, RowKey, mean_ns
from tracediff.analysis.call_tree import build_call_tree
from tracediff.analysis.comparability import compare_workloads
from tracediff.analysis.families import Families
from tracediff.analysis.ledger import make_ledger, make_rows
from tracediff.analysis.operators import operator_table, pair_operators
from tracediff.analysis.rows import RowKeys
from tracediff.analysis.side import shape_text
from tracediff.analysis.warnings import ONE_ITERATION, of_both
from tracediff.model.diff import Diff, OperatorTime, Side, Total
from tracediff.model.trace import Operator, PrintedTable, Trace

_MOST_LISTED = 5
_STEP_NAMES = ("ProfilerStep*", "tracediff::iteration")


class _TabledSide(msgspec.Struct, frozen=True):
    """One table, sorted into what can be told apart.

    Attributes:
        accounts: outermost operators by (family, shape), with what their known wrappers hold.
        unplaced: views, copies and allocations, which may lie inside of any other operator.
        gaps_ns: self time of the annotations.
        marker: the annotation that stands for an iteration.
        iterations: how often that was called.
    """

    table: PrintedTable
    accounts: dict[RowKey, Account]
    unplaced: list[Operator]
    gaps_ns: int
    marker: str | None
    iterations: int


def table_of(trace: Trace) -> PrintedTable:
    """The table that torch would have printed for a trace, all of its rows."""
    operators = operator_table(build_call_tree(trace))
    return PrintedTable(
        path=trace.path,
        run=trace.run,
        operators=operators,
        self_total_ns=sum(operator.self_ns for operator in operators),
        has_shapes=False,
        resolution_ns=trace.resolution_ns,
        read=trace.read,
        warnings=trace.warnings,
    )


def diff_tables(base: PrintedTable, candidate: PrintedTable, families: Families) -> Diff:
    """Compares what two tables let one compare, and says what they do not."""
    by_shape = base.has_shapes and candidate.has_shapes
    sides = (_sort_out(base, families, by_shape), _sort_out(candidate, families, by_shape))
    warnings = of_both(*map(_doubts, sides))
    for name, side, other in (("base", *sides), ("candidate", *sides[::-1])):
        warnings.extend(_take_unprinted(name, side, other))
    keys = RowKeys()
    accounts = [{keys.number(key): account for key, account in side.accounts.items()} for side in sides]
    iterations = (sides[0].iterations, sides[1].iterations)
    rows = tuple(row for _, row in make_rows(keys.keys, (), accounts[0], accounts[1], iterations, {}))
    total = Total(
        base_ns=mean_ns(base.self_total_ns, iterations[0]),
        candidate_ns=mean_ns(candidate.self_total_ns, iterations[1]),
    )
    gaps = (mean_ns(sides[0].gaps_ns, iterations[0]), mean_ns(sides[1].gaps_ns, iterations[1]))
    return Diff(
        base=_side(sides[0], total.base_ns),
        candidate=_side(sides[1], total.candidate_ns),
        comparable=compare_workloads(rows, families.defining),
        total=total,
        rows=rows,
        ledger=make_ledger(rows, total, gaps),
        operators=pair_operators(*map(_operators, sides)),
        warnings=tuple(warnings),
    )


def find_marker(table: PrintedTable) -> Operator | None:
    """The annotation whose calls are the iterations: `ProfilerStep*`, else one that most of the time lies in."""
    annotations = _annotations(table)
    steps = [operator for operator in annotations if operator.name in _STEP_NAMES]
    covering = [operator for operator in annotations if 2 * operator.total_ns >= table.self_total_ns]
    return max(steps or covering, key=lambda operator: operator.total_ns, default=None)


def _annotations(table: PrintedTable) -> list[Operator]:
    return [operator for operator in table.operators if "::" not in operator.name]


def _sort_out(table: PrintedTable, families: Families, by_shape: bool) -> _TabledSide:
    marker = find_marker(table)
    operators = [operator for operator in table.operators if "::" in operator.name]
    placed: list[_Placed] = []
    unplaced: list[Operator] = []
    # Outer operators first: more time, and where rounding makes times equal, wrappers in the families' order.
    for operator in sorted(operators, key=lambda operator: (-operator.total_ns, _position(operator.name, families))):
        shapes = operator.input_shapes or ()
        first = shapes[0] if shapes else ()
        family = families.family(operator.name, len(first) if isinstance(first, tuple) and first else None)
        if family in families.helpers:
            unplaced.append(operator)
            continue
        group = family or operator.name
        parent = _parent(operator, group, placed, families, 2 * table.resolution_ns)
        if parent is not None:
            parent.room_ns -= operator.total_ns
            parent.is_leaf = False
        key = parent.key if parent else _key(group, shape_text(shapes) if by_shape else None)
        room_ns = operator.total_ns - operator.self_ns
        placed.append(_Placed(operator, group, key, parent, families.is_wrapper(operator.name), room_ns))
    return _TabledSide(
        table=table,
        accounts=_accounts(placed),
        unplaced=unplaced,
        gaps_ns=sum(operator.self_ns for operator in _annotations(table)),
        marker=marker.name if marker else None,
        iterations=max(1, marker.calls) if marker else 1,
    )


def _position(operator: str, families: Families) -> int:
    position = families.wrapper_position(operator)
    return 10**6 if position is None else position


def _key(group: str, shape: str | None) -> RowKey:
    return RowKey(group, shape, shape)


class _Placed(msgspec.Struct):
    """An operator in the hierarchy that is assumed; `room_ns`: time of its children that is not yet found."""

    operator: Operator
    group: str
    key: RowKey
    parent: _Placed | None
    is_wrapper: bool
    room_ns: int
    is_leaf: bool = True


def _parent(
    operator: Operator, group: str, placed: Sequence[_Placed], families: Families, tolerance_ns: int
) -> _Placed | None:
    """The operator with the least room that this one fits into: of its family, or a wrapper that may contain that."""
    containers = families.containers(group)
    fitting = [
        outer
        for outer in placed
        if (outer.group == group or (outer.is_wrapper and outer.group in containers))
        and operator.total_ns <= outer.room_ns + tolerance_ns
    ]
    return min(fitting, key=lambda outer: outer.room_ns, default=None)


def _accounts(placed: Sequence[_Placed]) -> dict[RowKey, Account]:
    accounts: dict[RowKey, Account] = {}
    for one in placed:
        operator = one.operator
        account = accounts.setdefault(one.key, Account(one.key.base_shape))
        account.operators[operator.name] = [operator.calls, operator.self_ns, operator.total_ns]
        if one.parent is None:
            account.calls += operator.calls
            account.time_ns += operator.total_ns
            account.outermost.setdefault(operator.name)
        if one.is_wrapper and not one.is_leaf:
            account.dispatch_ns += operator.self_ns
        if one.is_leaf:
            chain = _chain(one)
            account.chains[tuple(link.operator.name for link in chain)] = [operator.calls, chain[0].operator.total_ns]
    return accounts


def _chain(leaf: _Placed) -> list[_Placed]:
    """The working operators from the outermost to the leaf; the leaf alone where all are wrappers."""
    chain: list[_Placed] = []
    link: _Placed | None = leaf
    while link is not None:
        if not link.is_wrapper:
            chain.insert(0, link)
        link = link.parent
    return chain or [leaf]


def _take_unprinted(name: str, side: _TabledSide, other: _TabledSide) -> Iterator[str]:
    """Takes out what only this table prints while the other one is cut off: it may have run there unprinted."""
    unprinted_ns = other.table.unprinted_ns
    if unprinted_ns <= len(other.table.operators) * other.table.resolution_ns:
        return
    for key in [key for key in side.accounts if key not in other.accounts]:
        account = side.accounts.pop(key)
        yield (
            f"{', '.join(account.outermost)} ({units.duration(account.time_ns)}) is printed in {name} only; the other "
            f"table leaves {units.duration(unprinted_ns)} of operators out: no row, its difference is in the remainder"
        )


def _doubts(side: _TabledSide) -> Iterator[str]:
    table = side.table
    yield from table.warnings
    yield (
        "operators by name only, without timeline or call tree: what lies inside what is assumed from the families' "
        "known wrappers"
    )
    if side.unplaced:
        listed = side.unplaced[:_MOST_LISTED]
        names = ", ".join(f"{operator.name} ({units.duration(operator.total_ns)})" for operator in listed)
        more = f" and {len(side.unplaced) - len(listed)} more" if len(side.unplaced) > len(listed) else ""
        yield f"may lie inside other operators, so no rows of their own: {names}{more}"
    if table.unprinted_ns:
        yield f"{units.duration(table.unprinted_ns)} of self time is in operators that the table does not print"
    if side.marker is None:
        yield "no iterations are marked: the whole table counts as one"
    if side.iterations == 1:
        yield ONE_ITERATION
    if table.resolution_ns > 1:
        yield f"times are printed to {units.duration(table.resolution_ns)} at best"


def _side(side: _TabledSide, iteration_ns: int) -> Side:
    return Side(
        path=side.table.path,
        run=side.table.run,
        captures=1,
        iterations=side.iterations,
        cold_iterations=(),
        marker=side.marker,
        iteration_ns=iteration_ns,
    )


def _operators(side: _TabledSide) -> dict[str, OperatorTime]:
    """By name, over all shapes, without annotations."""
    sums: dict[str, list[int]] = {}
    for operator in side.table.operators:
        if "::" in operator.name:
            row = sums.setdefault(operator.name, [0, 0, 0])
            for at, value in enumerate((operator.calls, operator.self_ns, operator.total_ns)):
                row[at] += value
    return {
        name: OperatorTime(
            name, calls / side.iterations, mean_ns(own, side.iterations), mean_ns(whole, side.iterations)
        )
        for name, (calls, own, whole) in sums.items()
    }
