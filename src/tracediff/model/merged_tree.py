"""The call trees of both sides as one, which views fold, draw and export."""

from __future__ import annotations

import msgspec

from tracediff.model.trace import IntArray


class MergedTree(msgspec.Struct, frozen=True, eq=False):
    """Both sides' typical iteration as one tree, in preorder; every column has shape (n,).

    Attributes:
        depth: 0 for calls directly in the iteration.
        base_name, candidate_name: index into `names`, -1 where that side has no such call.
        base_ns, candidate_ns: mean time of the call with its children.
        base_self_ns, candidate_self_ns: mean time without them.
        base_shape, candidate_shape: index into `shapes`, -1 where unknown.
        row: index of the row that the call's time went to; -1 for annotations.
        base_iterations, candidate_iterations: (with this structure, kept in all).
    """

    names: tuple[str, ...]
    shapes: tuple[str, ...]
    depth: IntArray
    base_name: IntArray
    candidate_name: IntArray
    base_ns: IntArray
    candidate_ns: IntArray
    base_self_ns: IntArray
    candidate_self_ns: IntArray
    base_shape: IntArray
    candidate_shape: IntArray
    row: IntArray
    base_iterations: tuple[int, int]
    candidate_iterations: tuple[int, int]

    def __len__(self) -> int:
        return len(self.depth)

    @property
    def delta_ns(self) -> IntArray:
        """Candidate's time of each call less the base's, shape (n,)."""
        return self.candidate_ns - self.base_ns

    @property
    def self_delta_ns(self) -> IntArray:
        """The same without what each call called, shape (n,)."""
        return self.candidate_self_ns - self.base_self_ns

    def end(self, node: int) -> int:
        """One past the last descendant of `node`."""
        deeper = self.depth[node + 1 :] > self.depth[node]
        return node + 1 + (int(deeper.argmin()) if not deeper.all() else len(deeper))
