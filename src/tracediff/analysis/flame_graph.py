"""Lays the stacks of both sides out as if each ran once: what took longest first, with the same order on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tracediff.analysis.folded_tree import fold
from tracediff.model.diff import Row
from tracediff.model.merged_tree import MergedTree
from tracediff.model.timeline import Stacks, Timeline
from tracediff.model.trace import IntArray


def flame_graph(tree: MergedTree, rows: Sequence[Row], families: Sequence[str]) -> Timeline:
    """Both sides as stacks, which are nodes of the folded tree.

    Args:
        tree: the calls of both sides.
        rows: what its rows point into.
        families: those of the timeline, so that both count them the same way; further ones are added.
    """
    folded = fold(tree)
    stacks = folded.tree
    places = {family: place for place, family in enumerate(families)}
    family_of_row = np.array([*(places.setdefault(row.family, len(places)) for row in rows), -1], dtype=np.int64)
    # Shapes of a family have rows of their own, but calls of one stack have one family.
    family = family_of_row[tree.row[folded.first]]
    order, ends = _largest_first(stacks.depth, stacks.base_ns + stacks.candidate_ns)
    columns = (
        (stacks.base_name, stacks.base_ns, stacks.base_self_ns, stacks.base_shape, folded.base_calls),
        (
            stacks.candidate_name,
            stacks.candidate_ns,
            stacks.candidate_self_ns,
            stacks.candidate_shape,
            folded.candidate_calls,
        ),
    )
    iterations = (tree.base_iterations, tree.candidate_iterations)
    sides: list[Stacks] = []
    for (name, total_ns, self_ns, shape, calls), of in zip(columns, iterations, strict=True):
        there = order[name[order] >= 0]
        # Means of self times add up exactly where means of totals are off by a rounding.
        sums = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(self_ns[order])))
        width = np.empty(len(order), dtype=np.int64)
        width[order] = sums[ends] - sums[:-1]
        start = np.empty(len(order), dtype=np.int64)
        start[order] = _starts(stacks.depth[order].tolist(), width[order].tolist())
        sides.append(
            Stacks(
                label="",
                capture=0,
                is_cold=False,
                time_ns=int(self_ns.sum()),
                threads=(),
                start_ns=start[there],
                dur_ns=width[there],
                self_ns=self_ns[there],
                depth=stacks.depth[there],
                thread=np.zeros(len(there), dtype=np.int64),
                name=name[there],
                shape=shape[there],
                family=family[there],
                row=stacks.row[there],
                node=there,
                mean_ns=total_ns[there],
                calls=calls[there],
                iterations=of,
            )
        )
    return Timeline(stacks.names, stacks.shapes, tuple(places), sides[0], sides[1])


def _largest_first(depth: IntArray, weight: IntArray) -> tuple[IntArray, IntArray]:
    """(the nodes of a tree in another preorder, heavy children first; one past the last descendant, in that order)."""
    children: list[list[int]] = [[] for _ in depth]
    roots: list[int] = []
    path: list[int] = []
    for node, level in enumerate(depth.tolist()):
        del path[level:]
        (children[path[-1]] if path else roots).append(node)
        path.append(node)
    size = [1] * len(children)
    for node in reversed(range(len(children))):
        size[node] += sum(size[child] for child in children[node])
    weights: list[int] = weight.tolist()
    order: list[int] = []
    waiting = sorted(roots, key=lambda node: -weights[node])[::-1]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += sorted(children[node], key=lambda node: -weights[node])[::-1]
    places = np.array(order, dtype=np.int64)
    return places, np.arange(len(places)) + np.array(size, dtype=np.int64)[places]


def _starts(depth: list[int], width: list[int]) -> list[int]:
    """Where each node of a preorder begins: after its sisters, the first one with its caller."""
    free = [0]
    starts: list[int] = []
    for level, ns in zip(depth, width, strict=True):
        del free[level + 1 :]
        start = free[level]
        starts.append(start)
        free[level] = start + ns
        free.append(start)
    return starts
