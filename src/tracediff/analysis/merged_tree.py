"""Lays both sides' typical iteration out as one tree, with times that are means over all iterations like it."""

from __future__ import annotations

import numpy as np

from tracediff.analysis.alignment import MISSING, Alignment
from tracediff.analysis.grouping import group
from tracediff.analysis.rows import Assignment, rows_of_calls
from tracediff.analysis.side import NO_OWNER, TracedSide
from tracediff.model.merged_tree import MergedTree
from tracediff.model.trace import IntArray


def first_nodes(
    sides: tuple[TracedSide, TracedSide], assignments: tuple[Assignment, Assignment], alignment: Alignment
) -> dict[int, int]:
    """The first node of each row, by row number."""
    nodes: dict[int, int] = {}
    for side, assignment, calls in zip(sides, assignments, alignment.calls, strict=True):
        owners = np.flatnonzero((calls != MISSING) & (side.owner[calls] == calls))
        found = group(assignment.row[calls[owners]])
        for row, node in zip(found.codes.tolist(), owners[found.first].tolist(), strict=True):
            nodes[row] = min(node, nodes.get(row, node))
    return nodes


def merge_trees(
    sides: tuple[TracedSide, TracedSide],
    assignments: tuple[Assignment, Assignment],
    alignment: Alignment,
    place_of_row: IntArray,
) -> MergedTree:
    """Builds the columns of the merged tree.

    Args:
        sides: base and candidate.
        assignments: their rows.
        alignment: how their calls belong together.
        place_of_row: where the diff lists each row, by number.
    """
    count = len(alignment.depth)
    names: dict[str, int] = {}
    shapes: dict[str, int] = {}
    row = np.full(count, -1, dtype=np.int64)
    columns: list[list[IntArray]] = []
    for side, assignment, calls in zip(sides, assignments, alignment.calls, strict=True):
        here = np.flatnonzero(calls != MISSING)
        there = calls[here]
        name_of_kind = [names.setdefault(kind.name, len(names)) for kind in side.kinds.all]
        shape_of_kind = [-1 if k.shape is None else shapes.setdefault(k.shape, len(shapes)) for k in side.kinds.all]
        kind = side.kind[there]
        columns.append(
            [
                _spread(np.array(name_of_kind, dtype=np.int64)[kind], here, count, MISSING),
                _spread(np.array(shape_of_kind, dtype=np.int64)[kind], here, count, MISSING),
                _spread(_mean(side, side.tree.total_ns, there), here, count, 0),
                _spread(_mean(side, side.tree.self_ns, there), here, count, 0),
            ]
        )
        owned = side.owner[there] != NO_OWNER
        row[here[owned]] = place_of_row[rows_of_calls(side, assignment, there[owned])]
    base, candidate = columns
    return MergedTree(
        names=tuple(names),
        shapes=tuple(shapes),
        depth=alignment.depth,
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
