"""The calls of one side as boxes in rows, and which cells they fill, without any drawing."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tracediff.model.timeline import IterationCalls
from tracediff.model.trace import BoolArray, IntArray
from tracediff.tui.viewport import Viewport


class Piece(NamedTuple):
    """What fills some cells of a row.

    Attributes:
        first, last: the cells, the last one excluded.
        call: the call there; the longest of several that share a cell.
        covered: the part of the cell that calls fill, where each of them is shorter than a cell; None: one call.
    """

    first: int
    last: int
    call: int
    covered: float | None


class Boxes:
    """Where the calls of an iteration are drawn: a row for each depth, the lanes of other threads below.

    Args:
        calls: in preorder, thread by thread.

    Attributes:
        row: of each call, shape (n,).
        rows: how many there are, captions included.
        captions: rows that name the thread below them, as index into the calls' threads.
    """

    def __init__(self, calls: IterationCalls) -> None:
        self.calls = calls
        self.captions: dict[int, int] = {}
        self.row = calls.depth.copy()
        self.rows = 0
        for thread in np.unique(calls.thread).tolist():
            if thread:
                self.captions[self.rows] = thread
                self.rows += 1
            of_thread = calls.thread == thread
            self.row[of_thread] += self.rows
            self.rows += 1 + int(calls.depth[of_thread].max())
        # Calls of a row are apart and, in preorder, one after the other.
        self._order = np.argsort(self.row, kind="stable")
        self._first = np.searchsorted(self.row[self._order], np.arange(self.rows + 1))
        self._start = calls.start_ns[self._order]
        self._end = self._start + calls.dur_ns[self._order]

    def span(self, call: int) -> tuple[int, int]:
        """(start, end) of a call in nanoseconds."""
        start = int(self.calls.start_ns[call])
        return start, start + int(self.calls.dur_ns[call])

    def neighbour(self, call: int, step: int) -> int:
        """The call so many further on in the row, or the last one there."""
        of_row = self._of_row(int(self.row[call]))
        place = int(np.searchsorted(of_row, call)) + step
        return int(of_row[min(max(0, place), len(of_row) - 1)])

    def caller(self, call: int) -> int:
        """The call above; the call itself where it is an outermost one."""
        if not self.calls.depth[call]:
            return call
        above = self._of_row(int(self.row[call]) - 1)
        return int(above[np.searchsorted(above, call) - 1])

    def callee(self, call: int) -> int:
        """The first call that it called; the call itself where it called none."""
        below = call + 1
        return below if below < len(self.calls) and self.row[below] == self.row[call] + 1 else call

    def nearest(self, row: int, ns: float) -> int | None:
        """The call of a row at a time, or the one before it, or after it where there is none; None for a caption."""
        low, high = self._first[row], self._first[row + 1]
        if low == high:
            return None
        place = int(np.searchsorted(self._start[low:high], ns, side="right")) - 1
        return int(self._order[low + max(0, place)])

    def pieces(self, row: int, view: Viewport, width: int, preferred: BoolArray | None = None) -> list[Piece]:
        """What fills the cells of a row, from left to right; cells that nothing fills are left out.

        A call that is as wide as a cell has the cells whose middle it covers. Shorter ones share the cell that their
        own middle is in, unless a wider one has it.

        Args:
            row: one without a caption.
            view: the part on show.
            width: in cells.
            preferred: calls that stand for a shared cell before longer ones do, shape (n,).
        """
        low, high = self._first[row], self._first[row + 1]
        first_seen = low + np.searchsorted(self._end[low:high], view.start_ns)
        past_seen = low + np.searchsorted(self._start[low:high], view.end_ns)
        seen = slice(int(first_seen), max(int(first_seen), int(past_seen)))
        calls = self._order[seen]
        left = (self._start[seen] - view.start_ns) * (width / view.span_ns)
        right = (self._end[seen] - view.start_ns) * (width / view.span_ns)
        size = right - left
        wide = np.flatnonzero(size >= 1)
        edges = (np.clip(np.ceil(edge[wide] - 0.5), 0, width).astype(np.int64).tolist() for edge in (left, right))
        boxes = [
            Piece(first, last, call, None)
            for first, last, call in zip(*edges, calls[wide].tolist(), strict=True)
            if first < last
        ]
        free = np.ones(width + 1, dtype=np.bool_)
        free[width] = False
        for box in boxes:
            free[box.first : box.last] = False
        cell = np.clip(np.floor((left + right) / 2), -1, width).astype(np.int64)
        # -1 is the last one, which is never free.
        small = np.flatnonzero((size < 1) & free[cell])
        shared = _shared_cells(cell[small], size[small], calls[small], preferred)
        return sorted(boxes + shared)

    def cell_of(self, call: int, view: Viewport, width: int) -> int:
        """The cell in which the middle of a call is, or would be."""
        start, end = self.span(call)
        return int(np.floor(view.cell_at((start + end) / 2, width)))

    def _of_row(self, row: int) -> IntArray:
        return self._order[self._first[row] : self._first[row + 1]]


def _shared_cells(cell: IntArray, size: np.ndarray, calls: IntArray, preferred: BoolArray | None) -> list[Piece]:
    if not len(cell):
        return []
    groups = np.flatnonzero(np.diff(cell, prepend=-1))
    covered = np.minimum(1.0, np.add.reduceat(size, groups))
    # Sizes are below 1, so that preferred calls come first.
    rank = size if preferred is None else size + preferred[calls]
    highest = np.repeat(np.maximum.reduceat(rank, groups), np.diff(groups, append=len(cell)))
    hits = np.flatnonzero(rank == highest)
    standing = hits[np.searchsorted(hits, groups)]
    return [
        Piece(place, place + 1, call, part)
        for place, call, part in zip(cell[groups].tolist(), calls[standing].tolist(), covered.tolist(), strict=True)
    ]
