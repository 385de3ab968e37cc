"""Any calls in any view: what is drawn never overlaps, lies where the time is and is as long as it takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tracediff.model.timeline import IterationCalls
from tracediff.model.trace import Thread
from tracediff.tui.boxes import Boxes
from tracediff.tui.viewport import Viewport

Node = tuple[int, int, list["Node"]]
"""(gap before, own time, children)."""
times = st.integers(0, 12)
trees: st.SearchStrategy[list[Node]] = st.recursive(
    st.lists(st.tuples(times, times, st.just([])), max_size=4),
    lambda children: st.lists(st.tuples(times, times, children), max_size=5),
    max_leaves=40,
)


def calls_of(lanes: Sequence[list[Node]]) -> IterationCalls:
    """The calls of several threads."""
    laid: list[tuple[int, int, int, int]] = []

    def lay(nodes: list[Node], now: int, depth: int, thread: int) -> int:
        for gap, own, children in nodes:
            place, start = len(laid), now + gap
            laid.append((start, 0, depth, thread))
            now = lay(children, start + own // 2, depth + 1, thread) + own - own // 2
            laid[place] = (start, now - start, depth, thread)
        return now

    ends = [lay(nodes, 0, 0, thread) for thread, nodes in enumerate(lanes)]
    start, dur, depth, thread = np.array(laid, dtype=np.int64).reshape(-1, 4).T
    none = np.full(len(laid), -1, dtype=np.int64)
    return IterationCalls(
        label="step", capture=0, is_cold=False, time_ns=max(ends[0], 1),
        threads=tuple(Thread("1", str(number)) for number in range(len(lanes))),
        start_ns=start, dur_ns=dur, self_ns=dur, depth=depth, thread=thread,
        name=none + 1, shape=none, family=none, row=none, node=none,
    )  # fmt: skip


@given(st.lists(trees, min_size=1, max_size=3), st.floats(0, 1), st.floats(0, 1), st.integers(1, 90))
def test_pieces_of_every_row(lanes: list[list[Node]], from_part: float, span_part: float, width: int) -> None:
    calls = calls_of(lanes)
    boxes = Boxes(calls)
    whole = calls.time_ns
    view = Viewport(whole, from_part * (1 - span_part) * whole, max(1.0, span_part * whole))
    drawn = 0
    for row in range(boxes.rows):
        pieces = boxes.pieces(row, view, width)
        assert row not in boxes.captions or not pieces
        taken = [cell for piece in pieces for cell in range(piece.first, piece.last)]
        assert taken == sorted(set(taken))
        assert all(0 <= cell < width for cell in taken)
        of_row = np.flatnonzero(boxes.row == row).tolist()
        boxed = {piece.call: range(piece.first, piece.last) for piece in pieces if piece.covered is None}
        shared = {piece.first: piece for piece in pieces if piece.covered is not None}
        covered = dict.fromkeys(shared, 0.0)
        for call in of_row:
            left, right = (view.cell_at(ns, width) for ns in boxes.span(call))
            cells = boxed.get(call, range(0))
            if right - left >= 1:
                on_show = min(right, width) - max(left, 0)
                assert abs(len(cells) - max(0.0, on_show)) <= 1
                assert all(left <= cell + 0.5 < right for cell in cells)
            else:
                assert not cells
                cell = boxes.cell_of(call, view, width)
                if cell in shared:
                    covered[cell] += right - left
                elif 0 <= cell < width and boxes.span(call)[0] < view.end_ns and boxes.span(call)[1] >= view.start_ns:
                    assert any(cell in taken for taken in boxed.values())
        for cell, piece in shared.items():
            assert piece.call in of_row
            assert abs((piece.covered or 0) - min(1.0, covered[cell])) < 1e-6
        drawn += len(pieces)
    assert drawn <= width * boxes.rows


@given(st.lists(trees, min_size=1, max_size=3))
def test_ways_between_calls(lanes: list[list[Node]]) -> None:
    calls = calls_of(lanes)
    boxes = Boxes(calls)
    for call in range(len(calls)):
        caller, callee = boxes.caller(call), boxes.callee(call)
        start, end = boxes.span(call)
        if calls.depth[call]:
            assert calls.depth[caller] == calls.depth[call] - 1
            assert calls.thread[caller] == calls.thread[call]
            assert boxes.span(caller)[0] <= start <= end <= boxes.span(caller)[1]
        else:
            assert caller == call
        has_callee = call + 1 < len(calls) and calls.depth[call + 1] > calls.depth[call]
        same_thread = has_callee and calls.thread[call + 1] == calls.thread[call]
        assert callee == (call + 1 if same_thread else call)
        following = boxes.neighbour(call, 1)
        assert boxes.row[following] == boxes.row[call]
        assert following == call or boxes.neighbour(following, -1) == call
        found = boxes.nearest(int(boxes.row[call]), start)
        assert found is not None
        assert calls.start_ns[found] == start


@given(
    st.integers(1, 10**13), st.lists(st.tuples(st.sampled_from("zpfs"), st.floats(-3, 3), st.floats(0, 1)), max_size=9)
)
def test_views_stay_inside(whole: int, steps: list[tuple[str, float, float]]) -> None:
    view = Viewport.whole(whole)
    for kind, amount, part in steps:
        at = part * whole
        if kind == "z":
            before = view.cell_at(at, 100)
            zoomed = view.zoomed(2.0**amount, at)
            if view.start_ns <= at <= view.end_ns and zoomed.start_ns > 0 and zoomed.end_ns < whole:
                assert abs(zoomed.cell_at(at, 100) - before) < 0.1
            view = zoomed
        elif kind == "p":
            view = view.panned(amount)
        elif kind == "f":
            view = view.fitted(at / 2, at)
        else:
            view = view.showing(at, at)
            assert -1e-3 <= view.cell_at(at, 100) <= 100 + 1e-3
        assert view.start_ns >= 0
        assert view.end_ns <= whole * (1 + 1e-9)
        assert view.span_ns >= min(whole, 100) * (1 - 1e-9)
