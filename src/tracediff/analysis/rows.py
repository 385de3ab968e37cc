"""Decides which calls of both sides share a row, from their family, shape and place in the call tree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec
import numpy as np

from tracediff.analysis.accounts import RowKey
from tracediff.analysis.alignment import MISSING, Alignment
from tracediff.analysis.side import NO_OWNER, TracedSide
from tracediff.model.trace import IntArray


class Assignment(msgspec.Struct, frozen=True, eq=False):
    """Rows of one side's calls; entries of calls that own nothing mean nothing.

    Attributes:
        row: index into the keys, shape (n,).
        weight: calls that each counts for, shape (n,).
    """

    row: IntArray
    weight: IntArray


class RowKeys:
    """Numbers the rows of a comparison."""

    def __init__(self) -> None:
        self._numbers: dict[RowKey, int] = {}
        self.structural: set[int] = set()

    def number(self, key: RowKey) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    @property
    def keys(self) -> Sequence[RowKey]:
        return tuple(self._numbers)


def places_of_rows(order: Sequence[int], count: int) -> IntArray:
    """Where each row is in the order in which a diff lists them, by number; -1 where it does not."""
    places = np.full(count, -1, dtype=np.int64)
    places[list(order)] = np.arange(len(order))
    return places


def rows_of_calls(side: TracedSide, assignment: Assignment, calls: IntArray) -> IntArray:
    """The number of the row that each call's self time belongs to; -1 for annotations outside of operators."""
    owner = side.owner[calls]
    return np.where(owner == NO_OWNER, -1, assignment.row[owner])


def assign_rows(
    base: TracedSide, candidate: TracedSide, alignment: Alignment, keys: RowKeys
) -> tuple[Assignment, Assignment]:
    """Calls of the same family and shape share a row wherever they are; beyond that their place decides.

    A matched pair of different shapes gets a row that joins both; calls that a fused call replaced go to its row.
    """
    sides = (base, candidate)
    moved: tuple[dict[int, tuple[int, int]], dict[int, tuple[int, int]]] = ({}, {})
    reshaped = _reshaped(base, candidate, alignment)
    found = set(reshaped.values())
    for (base_call, candidate_call), key in reshaped.items():
        # Two shapes that changed places are no change of shape: each keeps its own row.
        swapped = RowKey(key.group, key.candidate_shape, key.base_shape)
        if swapped == key or swapped not in found:
            number = keys.number(key)
            keys.structural.add(number)
            moved[0][base_call] = moved[1][candidate_call] = number, 1
    for fusion in alignment.fusions:
        this, other = (0, 1) if fusion.on_base else (1, 0)
        kind = sides[this].kind_of(fusion.fused)
        own = keys.number(RowKey(kind.group, kind.shape, kind.shape))
        number, _ = moved[this].setdefault(fusion.fused, (own, 1))
        keys.structural.add(number)
        for position, call in enumerate(fusion.replaced):
            moved[other][call] = number, int(position == 0 and fusion.partner == MISSING)
    return _assign(base, moved[0], keys), _assign(candidate, moved[1], keys)


def _reshaped(base: TracedSide, candidate: TracedSide, alignment: Alignment) -> dict[tuple[int, int], RowKey]:
    """Matched pairs of calls that own time and differ in shape or family."""
    numbers: dict[tuple[str, str | None], int] = {}
    row_of_kind = [numbers.setdefault((kind.group, kind.shape), len(numbers)) for kind in base.kinds.all]
    rows = np.array(row_of_kind, dtype=np.int64)
    calls, others = alignment.calls
    matched = (calls != MISSING) & (others != MISSING)
    owners = matched & (base.owner[calls] == calls) & (candidate.owner[others] == others)
    unlike = np.flatnonzero(owners & (rows[base.kind[calls]] != rows[candidate.kind[others]]))
    reshaped: dict[tuple[int, int], RowKey] = {}
    for call, other in zip(calls[unlike].tolist(), others[unlike].tolist(), strict=True):
        kind, other_kind = base.kind_of(call), candidate.kind_of(other)
        # Families that are akin share the row of the one that comes first, whichever side it is on.
        reshaped[call, other] = RowKey(min(kind.group, other_kind.group), kind.shape, other_kind.shape)
    return reshaped


def _assign(side: TracedSide, moved: dict[int, tuple[int, int]], keys: RowKeys) -> Assignment:
    by_kind = [keys.number(RowKey(kind.group, kind.shape, kind.shape)) for kind in side.kinds.all]
    row = np.array(by_kind, dtype=np.int64)[side.kind]
    weight = np.ones(len(side.tree), dtype=np.int64)
    typical = side.typical
    if not moved:
        return Assignment(row, weight)
    calls = np.array(list(moved), dtype=np.int64)
    numbers, counted = np.array(list(moved.values()), dtype=np.int64).T
    for iteration in typical:
        places = calls - typical[0].first + iteration.first
        row[places], weight[places] = numbers, counted
    known = {iteration.first for iteration in typical}
    unlike = [iteration for iteration in side.iterations.kept if iteration.first not in known]
    if not unlike:
        return Assignment(row, weight)
    # Iterations of another structure have no such places: there a kind follows where all of it went elsewhere.
    rows_of_kind: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for call in range(typical[0].first, typical[0].last):
        if side.owner[call] == call:
            rows_of_kind[int(side.kind[call])].add((int(row[call]), int(weight[call])))
    for iteration in unlike:
        for call in range(iteration.first, iteration.last):
            found = rows_of_kind.get(int(side.kind[call]), set())
            if side.owner[call] == call and len(found) == 1:
                ((row[call], weight[call]),) = found
    return Assignment(row, weight)
