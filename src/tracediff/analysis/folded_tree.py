"""Adds calls of the same name below the same caller together: the merged tree as a flame graph has it."""

from __future__ import annotations

import msgspec
import numpy as np

from tracediff.model.merged_tree import MergedTree
from tracediff.model.trace import IntArray


class FoldedTree(msgspec.Struct, frozen=True, eq=False):
    """Calls that share their names and their callers' names, as one.

    Attributes:
        tree: their times are sums; shapes and rows are -1 where those differ.
        first: the first call of each in the tree that was folded, shape (n,).
        base_calls, candidate_calls: how many calls each is, shape (n,).
    """

    tree: MergedTree
    first: IntArray
    base_calls: IntArray
    candidate_calls: IntArray


def fold(tree: MergedTree) -> FoldedTree:
    """The tree with as many nodes as there are different stacks, in order of first appearance below each caller."""
    place, order, depth = _places(tree)
    # Preorder of the folded nodes: the place of each in it, and for each call its folded node.
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    of_call = position[place] if len(order) else place
    first = np.full(len(order), len(tree), dtype=np.int64)
    np.minimum.at(first, of_call, np.arange(len(tree)))

    def added(column: IntArray) -> IntArray:
        sums = np.zeros(len(order), dtype=np.int64)
        np.add.at(sums, of_call, column)
        return sums

    def shared(column: IntArray) -> IntArray:
        values = column[first]
        values[of_call[column != values[of_call]]] = -1
        return values

    return FoldedTree(
        msgspec.structs.replace(
            tree,
            depth=depth[order],
            base_name=tree.base_name[first],
            candidate_name=tree.candidate_name[first],
            base_ns=added(tree.base_ns),
            candidate_ns=added(tree.candidate_ns),
            base_self_ns=added(tree.base_self_ns),
            candidate_self_ns=added(tree.candidate_self_ns),
            base_shape=shared(tree.base_shape),
            candidate_shape=shared(tree.candidate_shape),
            row=shared(tree.row),
        ),
        first=first,
        base_calls=added((tree.base_name >= 0).astype(np.int64)),
        candidate_calls=added((tree.candidate_name >= 0).astype(np.int64)),
    )


def _places(tree: MergedTree) -> tuple[IntArray, IntArray, IntArray]:
    """(the folded node of each call, the folded nodes in preorder, their depths), numbered as they first appear."""
    names = list(zip(tree.base_name.tolist(), tree.candidate_name.tolist(), strict=True))
    nodes: dict[tuple[int, int, int], int] = {}
    children: list[list[int]] = []
    depths: list[int] = []
    place: list[int] = []
    roots: list[int] = []
    path: list[int] = []
    for depth, (base, candidate) in zip(tree.depth.tolist(), names, strict=True):
        del path[depth:]
        caller = path[-1] if path else -1
        node = nodes.setdefault((caller, base, candidate), len(nodes))
        if node == len(depths):
            depths.append(depth)
            children.append([])
            (children[caller] if path else roots).append(node)
        place.append(node)
        path.append(node)
    order: list[int] = []
    waiting = roots[::-1]
    while waiting:
        node = waiting.pop()
        order.append(node)
        waiting += children[node][::-1]
    columns = [np.array(values, dtype=np.int64) for values in (place, order, depths)]
    return columns[0], columns[1], columns[2]
