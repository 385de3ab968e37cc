"""The call trees of a page as columns of JSON, as many calls as it may hold, with the text of each number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from tracediff import units
from tracediff.analysis.folded_tree import fold
from tracediff.model.diff import Diff
from tracediff.model.merged_tree import MergedTree
from tracediff.model.trace import IntArray

MOST_CALLS = 2_500
"""Of each of the two trees; a thousand are about 0.1 MB."""

BOTH, ONLY_BASE, ONLY_CANDIDATE = 0, 1, 2


class Texts:
    """Every text of the page once: labels by number, times and differences by their nanoseconds.

    The page computes and formats nothing, so that it cannot say another number than the other views.
    """

    def __init__(self) -> None:
        self._labels: dict[str, int] = {}
        self._durations: dict[int, str] = {}
        self._differences: dict[int, str] = {}

    def label(self, text: str) -> int:
        return self._labels.setdefault(units.printable(text), len(self._labels))

    def durations(self, column: Sequence[int]) -> Sequence[int]:
        self._durations |= {ns: units.duration(ns) for ns in column}
        return column

    def differences(self, column: Sequence[int]) -> Sequence[int]:
        self._differences |= {ns: units.difference(ns) for ns in column}
        return column

    def document(self) -> dict[str, Any]:
        return {"labels": list(self._labels), "durations": self._durations, "differences": self._differences}


class _Shown(msgspec.Struct, frozen=True):
    """The calls of a tree that a page holds, in preorder; how many that each called directly it does not, by place."""

    nodes: IntArray
    left_out: Mapping[int, int]


class PageTrees:
    """Both trees of a Diff: each call in its order, and calls of the same name added up.

    Args:
        diff: with a call tree.
        shown_rows: rows that the page has; links lead to no others.

    Attributes:
        document: what the page's scripts read.
        left_out: calls that are too many for the page.
        calls: of the whole tree.
    """

    def __init__(self, diff: Diff, tree: MergedTree, shown_rows: int) -> None:
        self._texts = Texts()
        self._shown_rows = shown_rows
        each = _longest(tree)
        folded = fold(tree)
        pairs = zip(folded.base_calls.tolist(), folded.candidate_calls.tolist(), strict=True)
        calls = [units.change_of_ways(f"{base:,}", f"{candidate:,}") for base, candidate in pairs]
        total = diff.total
        self._texts.durations((total.base_ns, total.candidate_ns))
        self._texts.differences((total.delta_ns,))
        self.document = {
            "total": {"base": total.base_ns, "candidate": total.candidate_ns, "delta": total.delta_ns},
            "each": self._columns(tree, each),
            "folded": self._columns(folded.tree, _longest(folded.tree), calls),
            "texts": self._texts.document(),
        }
        self.calls = len(tree)
        self.left_out = len(tree) - len(each.nodes)
        self._places = {node: place for place, node in enumerate(each.nodes.tolist())}

    def place(self, node: int) -> int | None:
        """Where a call of the whole tree is in the page; None where it was left out."""
        return self._places.get(node)

    def _columns(self, tree: MergedTree, shown: _Shown, calls: Sequence[str] = ()) -> dict[str, Any]:
        texts, kept = self._texts, shown.nodes
        names = [units.short_name(name) for name in tree.names]

        def paired(of_base: IntArray, of_candidate: IntArray, among: Sequence[str]) -> list[int]:
            """The label of both sides' values; -1 where neither has one."""
            columns: tuple[list[int], list[int]] = of_base[kept].tolist(), of_candidate[kept].tolist()
            return [
                texts.label(_both(*("" if one < 0 else among[one] for one in pair))) if max(pair) >= 0 else -1
                for pair in zip(*columns, strict=True)
            ]

        sides = np.where(
            tree.candidate_name[kept] < 0, ONLY_BASE, np.where(tree.base_name[kept] < 0, ONLY_CANDIDATE, BOTH)
        )
        rows = tree.row[kept]
        return {
            "depth": tree.depth[kept].tolist(),
            "label": paired(tree.base_name, tree.candidate_name, names),
            "shape": paired(tree.base_shape, tree.candidate_shape, tree.shapes),
            "side": sides.tolist(),
            "base_ns": texts.durations(tree.base_ns[kept].tolist()),
            "candidate_ns": texts.durations(tree.candidate_ns[kept].tolist()),
            "delta": texts.differences(tree.delta_ns[kept].tolist()),
            "own": texts.differences(tree.self_delta_ns[kept].tolist()),
            "row": np.where(rows < self._shown_rows, rows, -1).tolist(),
            "left_out": shown.left_out,
            "calls": [texts.label(calls[int(node)]) for node in kept] if calls else [],
        }


def _both(base: str, candidate: str) -> str:
    return f"{base} -> {candidate}" if base and candidate and base != candidate else base or candidate


def _longest(tree: MergedTree) -> _Shown:
    """As many calls as a page may hold; a call is no longer than its caller, so the longest come with theirs."""
    parents = _parents(tree.depth.tolist())
    longest = np.maximum(tree.base_ns, tree.candidate_ns)
    chosen = np.zeros(len(tree), dtype=np.bool_)
    chosen[np.argsort(-longest, kind="stable")[:MOST_CALLS]] = True
    # Times of damaged traces need not nest: what lost its caller is left out with it.
    for node in np.flatnonzero(chosen).tolist():
        chosen[node] = parents[node] < 0 or chosen[parents[node]]
    places = np.cumsum(chosen) - 1
    callers = (parents[node] for node in np.flatnonzero(~chosen).tolist())
    left_out = Counter(-1 if caller < 0 else int(places[caller]) for caller in callers if caller < 0 or chosen[caller])
    return _Shown(np.flatnonzero(chosen), left_out)


def _parents(depths: Sequence[int]) -> list[int]:
    path: list[int] = []
    parents: list[int] = []
    for node, depth in enumerate(depths):
        del path[depth:]
        parents.append(path[-1] if path else -1)
        path.append(node)
    return parents
