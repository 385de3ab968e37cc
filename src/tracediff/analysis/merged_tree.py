"""Lays both sides' typical iteration out as one tree, with times that are means over all iterations like it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracediff.analysis.alignment import MISSING, Alignment
from tracediff.analysis.rows import Assignment
from tracediff.analysis.side import NO_OWNER, TracedSide
from tracediff.model.merged_tree import MergedTree
from tracediff.model.trace import IntArray


def first_nodes(
    sides: tuple[TracedSide, TracedSide], assignments: tuple[Assignment, Assignment], alignment: Alignment
) -> dict[int, int]:
    """The first node of each row, by row number."""
    nodes: dict[int, int] = {}
    for node, (_, *pair) in enumerate(alignment.steps):
        for side, assignment, call in zip(sides, assignments, pair, strict=True):
            if call != MISSING and side.owner[call] == call:
                nodes.setdefault(int(assignment.row[call]), node)
    return nodes


def merge_trees(
    sides: tuple[TracedSide, TracedSide],
    assignments: tuple[Assignment, Assignment],
    alignment: Alignment,
    row_order: Sequence[int],
) -> MergedTree:
    """Builds the columns of the merged tree.

    Args:
        sides: base and candidate.
        assignments: their rows.
        alignment: how their calls belong together.
        row_order: the row numbers in the order in which the diff lists them.
    """
    steps = np.array(alignment.steps, dtype=np.int64).reshape(-1, 3)
    names: dict[str, int] = {}
    shapes: dict[str, int] = {}
    position = np.full(max(row_order, default=-1) + 2, -1, dtype=np.int64)
    position[list(row_order)] = np.arange(len(row_order))
    row = np.full(len(steps), -1, dtype=np.int64)
    columns: list[list[IntArray]] = []
    for side, assignment, calls in zip(sides, assignments, (steps[:, 1], steps[:, 2]), strict=True):
        here = np.flatnonzero(calls != MISSING)
        there = calls[here]
        name_of_kind = [names.setdefault(kind.name, len(names)) for kind in side.kinds.all]
        shape_of_kind = [-1 if k.shape is None else shapes.setdefault(k.shape, len(shapes)) for k in side.kinds.all]
        kind = side.kind[there]
        columns.append(
            [
                _spread(np.array(name_of_kind, dtype=np.int64)[kind], here, len(steps), MISSING),
                _spread(np.array(shape_of_kind, dtype=np.int64)[kind], here, len(steps), MISSING),
                _spread(_mean(side, side.tree.total_ns, there), here, len(steps), 0),
                _spread(_mean(side, side.tree.self_ns, there), here, len(steps), 0),
            ]
        )
        owner = side.owner[there]
        owned = owner != NO_OWNER
        row[here[owned]] = position[assignment.row[owner[owned]]]
    base, candidate = columns
    return MergedTree(
        names=tuple(names),
        shapes=tuple(shapes),
        depth=steps[:, 0],
        base_name=base[0],
        candidate_name=candidate[0],
        base_shape=base[1],
        candidate_shape=candidate[1],
        base_ns=base[2],
        candidate_ns=candidate[2],
        base_self_ns=base[3],
        candidate_self_ns=candidate[3],
        row=row,
        base_iterations=(len(sides[0].typical), len(sides[0].iterations.kept)),
        candidate_iterations=(len(sides[1].typical), len(sides[1].iterations.kept)),
    )


def _spread(values: IntArray, places: IntArray, size: int, default: int) -> IntArray:
    column = np.full(size, default, dtype=np.int64)
    column[places] = values
    return column


def _mean(side: TracedSide, column: IntArray, calls: IntArray) -> IntArray:
    """The column's mean over the typical iterations, at the places of the given calls of the first of them."""
    typical = side.typical
    if not typical or not len(calls):
        return np.zeros(len(calls), dtype=np.int64)
    sums = sum((column[calls - typical[0].first + iteration.first] for iteration in typical), np.zeros_like(calls))
    return np.rint(sums / len(typical)).astype(np.int64)
