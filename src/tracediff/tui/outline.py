"""Which lines of a merged call tree are on show: folding, filtering and the hot path, without any drawing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator

import numpy as np

from tracediff.model.merged_tree import MergedTree
from tracediff.model.trace import BoolArray, IntArray

EXPAND_LIMIT = 20_000
"""`expand_all` opens no more nodes than this at once."""


class Outline:
    """A merged tree, or a subtree of it, with nodes folded in and out.

    Args:
        tree: both sides' calls.
        root: show only this call and what is below it; None: everything.

    Attributes:
        visible: nodes on show, in preorder.
    """

    def __init__(self, tree: MergedTree, root: int | None = None) -> None:
        self.tree = tree
        self._delta = tree.delta_ns
        self.start = 0 if root is None else root
        self.stop = len(tree) if root is None else tree.end(root)
        self._expanded: set[int] = set()
        self._ends, self._parents = _family_ties(tree.depth)
        self._kept: list[int] | None = None
        self._hits: list[int] = []
        self._kept_callers: set[int] = set()
        self.visible: list[int] = []
        self._refresh()

    def depth(self, node: int) -> int:
        """Levels below the outline's own roots."""
        return int(self.tree.depth[node] - self.tree.depth[self.start])

    def has_children(self, node: int) -> bool:
        return self._ends[node] > node + 1

    def is_expanded(self, node: int) -> bool:
        return node in (self._expanded if self._kept is None else self._kept_callers)

    def parent(self, node: int) -> int | None:
        """The caller, where the outline shows it."""
        return self._parents[node] if node > self.start and self._parents[node] >= self.start else None

    def children(self, node: int) -> list[int]:
        """What the call called directly."""
        found: list[int] = []
        child = node + 1
        while child < self._ends[node]:
            found.append(child)
            child = self._ends[child]
        return found

    def roots(self) -> list[int]:
        """The outermost calls."""
        found: list[int] = []
        node = self.start
        while node < self.stop:
            found.append(node)
            node = self._ends[node]
        return found

    def delta(self, node: int) -> int:
        """Candidate's time less the base's, children included."""
        return int(self._delta[node])

    def expand(self, *nodes: int) -> None:
        """Shows what some calls called."""
        self._expanded.update(node for node in nodes if self.has_children(node))
        self._refresh()

    def collapse(self, node: int) -> None:
        """Hides it."""
        self._expanded.discard(node)
        self._refresh()

    def expand_all(self, node: int) -> bool:
        """Shows everything below a call; False where that is too much and part of it stays folded."""
        end = min(self._ends[node], node + EXPAND_LIMIT)
        self.expand(*range(node, end))
        return end == self._ends[node]

    def hot_path(self, node: int) -> int:
        """Expands the child with the largest |difference|, its child and so on; returns the last.

        It ends where a call's own difference is larger than that of each of its children. From the first line of all it
        begins with the root that has the largest.
        """
        if node == self.start:
            node = self._largest(self.roots())
        own = self.tree.self_delta_ns
        while self.has_children(node):
            largest = self._largest(self.children(node))
            if abs(int(own[node])) > abs(self.delta(largest)):
                break
            self._expanded.add(node)
            node = largest
        self._refresh()
        return node

    def _largest(self, nodes: list[int]) -> int:
        return max(nodes, key=lambda node: abs(self.delta(node)))

    def keep(self, found: BoolArray | None) -> None:
        """Shows only the calls that a filter found, with their callers; None ends that."""
        self._hits = []
        self._kept = None
        if found is not None:
            self._hits = (np.flatnonzero(found[self.start : self.stop]) + self.start).tolist()
            kept: set[int] = set()
            for hit in self._hits:
                node: int | None = hit
                while node is not None and node not in kept:
                    kept.add(node)
                    node = self.parent(node)
            self._kept = sorted(kept)
            self._kept_callers = {caller for node in kept if (caller := self.parent(node)) is not None}
        self._refresh()

    def is_hit(self, node: int) -> bool:
        """Whether the filter found the call itself, not one below it."""
        place = bisect_left(self._hits, node)
        return place < len(self._hits) and self._hits[place] == node

    def hit_beside(self, node: int | None, step: int) -> int | None:
        """The next call that the filter found after another, or the last one before it where `step` is negative."""
        if not self._hits:
            return None
        at = self.start if node is None else node
        place = bisect_right(self._hits, at) if step > 0 else bisect_left(self._hits, at) - 1
        return self._hits[place % len(self._hits)]

    def take_over(self, other: Outline, node: int | None) -> int | None:
        """Expands what is expanded in the outline of another tree, as far as the same calls are here.

        Calls are the same where their callers are, they have the same names, whichever side has which, and as many
        calls of these names come before them.

        Args:
            other: the outline that was shown before.
            node: a call in it.

        Returns:
            The same call here.
        """
        callers: set[int] = set()
        caller = None if node is None else other.parent(node)
        while caller is not None:
            callers.add(caller)
            caller = other.parent(caller)
        here: dict[int, int] = {}
        levels = [(other.roots(), self.roots())]
        while levels:
            theirs, ours = levels.pop()
            places = dict(zip(self._identities(ours), ours, strict=True))
            for identity, their in zip(other._identities(theirs), theirs, strict=True):
                own = places.get(identity)
                if own is None:
                    continue
                here[their] = own
                if their in other._expanded and self.has_children(own):
                    self._expanded.add(own)
                if their in other._expanded or their in callers:
                    levels.append((other.children(their), self.children(own)))
        self._refresh()
        return None if node is None else here.get(node)

    def _identities(self, siblings: list[int]) -> Iterator[tuple[frozenset[str], int]]:
        before: Counter[frozenset[str]] = Counter()
        for node in siblings:
            sides = (int(self.tree.base_name[node]), int(self.tree.candidate_name[node]))
            names = frozenset(self.tree.names[name] for name in sides if name >= 0)
            yield names, before[names]
            before[names] += 1

    def reveal(self, node: int) -> int:
        """The line of a node, or of the nearest caller on show."""
        lines = {visible: line for line, visible in enumerate(self.visible)}
        place: int | None = node
        while place is not None:
            if place in lines:
                return lines[place]
            place = self.parent(place)
        return 0

    def _refresh(self) -> None:
        if self._kept is not None:
            self.visible = self._kept
            return
        visible: list[int] = []
        node = self.start
        while node < self.stop:
            visible.append(node)
            node = node + 1 if node in self._expanded else self._ends[node]
        self.visible = visible


def _family_ties(depth: IntArray) -> tuple[list[int], list[int]]:
    """One past the last descendant of every node, and its parent, -1 for roots, from the depths in preorder."""
    depths: list[int] = depth.tolist()
    ends = [len(depths)] * len(depths)
    parents = [-1] * len(depths)
    open_nodes: list[int] = []
    for node, level in enumerate(depths):
        while open_nodes and depths[open_nodes[-1]] >= level:
            ends[open_nodes.pop()] = node
        if open_nodes:
            parents[node] = open_nodes[-1]
        open_nodes.append(node)
    return ends, parents
