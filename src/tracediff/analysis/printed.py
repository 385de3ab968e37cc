"""Compares operator tables that have no timeline: the families' known wrappers stand for the hierarchy."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from tracediff import units
from tracediff.analysis.accounts import Account, RowKey, mean_ns
from tracediff.analysis.call_tree import build_call_tree
from tracediff.analysis.comparability import compare_workloads
from tracediff.analysis.families import Families
from tracediff.analysis.iterations import MARKERS, label_of
from tracediff.analysis.ledger import make_ledger, make_rows
from tracediff.analysis.operators import operator_table, pair_operators
from tracediff.analysis.rows import RowKeys
from tracediff.analysis.side import rank_of, shape_text
from tracediff.analysis.warnings import ONE_ITERATION, of_both
from tracediff.model.diff import Diff, OperatorTime, Side, Total
from tracediff.model.trace import Operator, PrintedTable, Trace

_MOST_LISTED = 5
_OPERATORS_WITHOUT_NAMESPACE = re.compile(r"Backward\d*$|cpp_fused_|triton_")

K = TypeVar("K")


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
        comparable=compare_workloads(
            rows,
            families,
            marked=None not in (sides[0].marker, sides[1].marker),
            whole=not any(map(_is_cut_off, (base, candidate))),
        ),
        total=total,
        rows=rows,
        ledger=make_ledger(rows, total, gaps),
        operators=pair_operators(*map(_operators, sides)),
        warnings=tuple(warnings),
    )


def iterations_of(table: PrintedTable) -> tuple[str | None, int]:
    """The label whose calls are the iterations, and how many: a known marker, else one that holds most of the time."""
    annotations = [operator for operator in table.operators if _is_annotation(operator)]
    steps = [operator for operator in annotations if _marker_of(operator)]
    covering = [operator for operator in annotations if 2 * operator.total_ns >= table.self_total_ns]
    if steps:
        return _marker_of(steps[0]), sum(operator.calls for operator in steps)
    marker = max(covering, key=lambda operator: operator.total_ns, default=None)
    return (marker.name, max(1, marker.calls)) if marker else (None, 1)


def _marker_of(operator: Operator) -> str | None:
    # torch prints all steps as one: ProfilerStep*.
    label = label_of(operator.name.replace("*", "#0"))
    return label if label in MARKERS else None


def _is_annotation(operator: Operator) -> bool:
    """Whether the row is a user's label: a table does not tell, but operators have namespaces, or known forms."""
    if operator.is_annotation is not None:
        return operator.is_annotation
    if _marker_of(operator):
        return True
    return "::" not in operator.name and not _OPERATORS_WITHOUT_NAMESPACE.search(operator.name)


def _sort_out(table: PrintedTable, families: Families, by_shape: bool) -> _TabledSide:
    marker, iterations = iterations_of(table)
    operators = [operator for operator in table.operators if not _is_annotation(operator)]
    placed: list[_Placed] = []
    unplaced: list[Operator] = []
    # The last digit of both times may have been rounded.
    tolerance_ns = 2 * table.resolution_ns
    # Outer operators first: wrappers in the families' order, then the others, those with more time first.
    for operator in sorted(operators, key=lambda operator: (_position(operator.name, families), -operator.total_ns)):
        shapes = operator.input_shapes or ()
        family = families.family(operator.name, rank_of(shapes) if by_shape else None)
        if family in families.helpers:
            unplaced.append(operator)
            continue
        one = _Placed(
            operator=operator,
            family=family,
            key=_key(family or operator.name, shape_text(shapes) if by_shape else None),
            is_wrapper=families.is_wrapper(operator.name),
            room_ns=operator.total_ns - operator.self_ns,
            outermost_ns=operator.total_ns,
        )
        if family is None:
            # As in a trace: an operator without a family owns its own time, what it calls has rows of its own.
            one.outermost_ns, one.room_ns = operator.self_ns, 0
        else:
            _nest(one, [other for other in placed if other.family == family], tolerance_ns)
        placed.append(one)
    # Only what its own family leaves over can lie in another one.
    for one in placed:
        containers = families.containers(one.family or "")
        if one.outermost_ns and containers:
            _nest(one, [other for other in placed if other.family in containers], tolerance_ns)
    return _TabledSide(
        table=table,
        accounts=_accounts(placed),
        unplaced=unplaced,
        gaps_ns=sum(operator.self_ns for operator in table.operators if _is_annotation(operator)),
        marker=marker,
        iterations=iterations,
    )


def _position(operator: str, families: Families) -> int:
    position = families.wrapper_position(operator)
    return 10**6 if position is None else position


def _key(group: str, shape: str | None) -> RowKey:
    return RowKey(group, shape, shape)


class _Placed(msgspec.Struct):
    """An operator in the hierarchy that is assumed.

    Attributes:
        key: the row that its outermost part belongs to.
        room_ns: time of its children that is not yet found.
        outermost_ns: the part of its time that lies in no operator of the rows.
        parent: the operator that holds most of the rest.
    """

    operator: Operator
    family: str | None
    key: RowKey
    is_wrapper: bool
    room_ns: int
    outermost_ns: int
    parent: _Placed | None = None
    is_leaf: bool = True


def _nest(one: _Placed, outer: Sequence[_Placed], tolerance_ns: int) -> None:
    """Puts an operator into others as far as they have room; what does not fit stays outermost.

    The one with the least room that holds all of it is taken, else several: so no nanosecond is counted twice.
    """
    fitting = [other for other in outer if one.outermost_ns <= other.room_ns + tolerance_ns]
    smallest = min(fitting, key=lambda other: other.room_ns, default=None)
    for other in [smallest] if smallest else sorted(outer, key=lambda other: -other.room_ns):
        inside = one.outermost_ns if smallest else min(one.outermost_ns, other.room_ns)
        if inside <= 0:
            break
        one.outermost_ns -= inside
        other.room_ns -= inside
        other.is_leaf = False
        if not one.outermost_ns or other.family == one.family:
            one.parent = one.parent or other


def _accounts(placed: Sequence[_Placed]) -> dict[RowKey, Account]:
    accounts: dict[RowKey, Account] = {}
    for one in placed:
        operator = one.operator
        root = one
        while root.parent is not None:
            root = root.parent
        account = accounts.setdefault(root.key, Account(root.key.base_shape))
        _add(account.operators, operator.name, operator.calls, operator.self_ns, operator.total_ns)
        if one.outermost_ns > 0 or one.parent is None:
            outermost = accounts.setdefault(one.key, Account(one.key.base_shape))
            outermost.calls += (
                round(operator.calls * one.outermost_ns / operator.total_ns) if one.parent else operator.calls
            )
            outermost.time_ns += one.outermost_ns
            outermost.outermost.setdefault(operator.name)
        if one.is_wrapper and not one.is_leaf:
            account.dispatch_ns += operator.self_ns
        if one.is_leaf:
            chain = _chain(one)
            _add(
                account.chains, tuple(link.operator.name for link in chain), operator.calls, chain[0].operator.total_ns
            )
    return accounts


def _add(sums: dict[K, list[int]], key: K, *values: int) -> None:
    sums[key] = [old + value for old, value in zip(sums.get(key, [0] * len(values)), values, strict=True)]


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
    if not _is_cut_off(other.table):
        return
    unprinted_ns = other.table.unprinted_ns
    for key in [key for key in side.accounts if key not in other.accounts]:
        account = side.accounts.pop(key)
        yield (
            f"{', '.join(account.outermost)} ({units.duration(account.time_ns)}) is printed in {name} only; the other "
            f"table leaves {units.duration(unprinted_ns)} of operators out: no row, its difference is in the remainder"
        )


def _is_cut_off(table: PrintedTable) -> bool:
    """Whether operators are missing, by more than the rounding of the printed ones explains."""
    return table.unprinted_ns > len(table.operators) * table.resolution_ns


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
        if not _is_annotation(operator):
            row = sums.setdefault(operator.name, [0, 0, 0])
            for at, value in enumerate((operator.calls, operator.self_ns, operator.total_ns)):
                row[at] += value
    return {
        name: OperatorTime(
            name, calls / side.iterations, mean_ns(own, side.iterations), mean_ns(whole, side.iterations)
        )
        for name, (calls, own, whole) in sums.items()
    }
