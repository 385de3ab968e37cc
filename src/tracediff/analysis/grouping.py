"""Groups rows by an integer code: `np.unique` without the 8 ms that its first call spends on importing numpy.ma."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tracediff.model.trace import IntArray


class Groups(NamedTuple):
    """Attributes: codes, first: each distinct code, rising, and its first place; inverse: each row's group."""

    codes: IntArray
    first: IntArray
    inverse: IntArray

    def sums(self, column: IntArray) -> IntArray:
        """The column added up by group, in integers."""
        result = np.zeros(len(self.codes), dtype=np.int64)
        np.add.at(result, self.inverse, column)
        return result

    def counts(self) -> IntArray:
        """How many rows each group has."""
        return np.bincount(self.inverse, minlength=len(self.codes))

    def in_order_of_first(self) -> list[int]:
        """The groups, in the order in which their codes first occur."""
        order: list[int] = np.argsort(self.first).tolist()
        return order


def group(codes: IntArray) -> Groups:
    """Finds the distinct codes, shape (g,), of an array of shape (n,)."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    starts = np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(ordered)]
    inverse = np.empty(len(codes), dtype=np.int64)
    inverse[order] = np.cumsum(starts) - 1
    return Groups(ordered[starts], order[starts], inverse)
