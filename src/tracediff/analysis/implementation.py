"""Names the operators that did the work of a call, apart from those that only handed it on."""

from __future__ import annotations

import msgspec

from tracediff.analysis.families import Families
from tracediff.analysis.side import TracedSide
from tracediff.model.diff import RowSide


class Chain(msgspec.Struct, frozen=True):
    """How one call was done.

    Attributes:
        names: the working operators, outermost first; the innermost wrapper where there is nothing below it.
        wrappers: offsets from the call, in preorder, of the wrappers on the way to them.
    """

    names: tuple[str, ...]
    wrappers: tuple[int, ...]


def chain_below(side: TracedSide, call: int, families: Families) -> Chain:
    """Follows a call down to the operator that does the work.

    From an operator the way leads to its first child of the same family; from a wrapper also to its first child of
    any family that is not a helper (views, copies, allocations).
    """
    path = [call]
    while (below := _next(side, path[-1], families)) is not None:
        path.append(below)
    wrappers = [step for step in path[:-1] if families.is_wrapper(side.kind_of(step).name)]
    working = [step for step in path if step not in wrappers]
    return Chain(
        names=tuple(side.kind_of(step).name for step in working),
        wrappers=tuple(step - call for step in wrappers),
    )


def _next(side: TracedSide, call: int, families: Families) -> int | None:
    kind = side.kind_of(call)
    if kind.family is None:
        return None
    fallback = None
    child, end = call + 1, int(side.tree.end[call])
    while child < end:
        family = side.kind_of(child).family
        if family == kind.family:
            return child
        if fallback is None and family is not None and family not in families.helpers:
            fallback = child
        child = int(side.tree.end[child])
    return fallback if families.is_wrapper(kind.name) else None


def working_self_ns(side: RowSide) -> int:
    """Self CPU of the operators that did the work of a row: those at the ends of its implementations."""
    working = {way.chain[-1] for way in side.implementations}
    return sum(operator.self_ns for operator in side.operators if operator.name in working)
