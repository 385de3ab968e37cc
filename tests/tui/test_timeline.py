"""The timeline: every key and the mouse move where they say, and only what is on screen is drawn."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Static

from tracediff import units
from tracediff.model.diff import Diff
from tracediff.model.timeline import IterationCalls, Stacks, Timeline
from tracediff.tui.palette import Palette
from tracediff.tui.screens.detail import DetailScreen
from tracediff.tui.track import tracks
from tracediff.tui.viewport import Viewport
from tracediff.tui.widgets.icicle import HATCH
from tracediff.tui.widgets.icicle_pair import IciclePair
from tui.driver import NARROW, PRINTED, WIDE, new_app, opened, until

from builders import Call, TraceBuilder, annotation


@asynccontextmanager
async def timeline(
    inputs: tuple[str, str] | None = None, size: tuple[int, int] = WIDE
) -> AsyncIterator[tuple[Pilot[int], IciclePair]]:
    async with opened(*([inputs] if inputs else []), size=size, tab="timeline") as pilot:
        pair = pilot.app.screen.query_one(IciclePair)
        if inputs != PRINTED:
            await until(pilot, lambda: bool(pair.tracks))
        yield pilot, pair


async def press(pilot: Pilot[int], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


def selected(pair: IciclePair) -> str:
    assert pair.track is not None
    assert pair.call is not None
    return f"{'base' if pair.side == 0 else 'candidate'} {pair.track.name(pair.call)}"


def lines(pair: IciclePair, side: int) -> list[str]:
    icicle = pair.icicles[side]
    return [icicle.render_line(y).text for y in range(icicle.size.height)]


def text_of(pilot: Pilot[int], selector: str) -> str:
    return str(pilot.app.screen.query_one(selector, Static).render())


async def test_both_sides_on_one_scale(gtsrb: Diff) -> None:
    assert gtsrb.timeline is not None
    base_ns, candidate_ns = gtsrb.timeline.base.time_ns, gtsrb.timeline.candidate.time_ns
    async with timeline() as (_, pair):
        base, candidate = lines(pair, 0), lines(pair, 1)
        cells = pair.icicle.cells
        assert base[0].rstrip().endswith("┤")
        assert candidate[0].index("┤") == round(cells * candidate_ns / base_ns)
        assert all(line[candidate[0].index("┤")] == "┤" for line in candidate[1:])
        assert units.duration(base_ns) in base[0]
        assert "▶model_inference 160.056 ms" in base[1]
        assert "▏conv2d 104.574 ms" in base[2]
        assert f"▏< _slow_conv2d_forward 100.200 ms {3 * HATCH}" in base[6]


async def test_matched_calls_share_their_colour(gtsrb: Diff) -> None:
    assert gtsrb.timeline is not None
    base, candidate = tracks(gtsrb.timeline, gtsrb)
    both, at_base, at_candidate = np.intersect1d(base.calls.node, candidate.calls.node, return_indices=True)
    assert len(both) > 40
    assert base.colour[at_base].tolist() == candidate.colour[at_candidate].tolist()
    assert not base.unmatched[at_base].any()
    assert base.unmatched.sum() == len(base.calls) - len(both)
    names = {base.name(call) for call in np.flatnonzero(base.unmatched).tolist()}
    assert "_slow_conv2d_forward" in names


async def test_arrows_follow_calls() -> None:
    async with timeline() as (pilot, pair):
        assert pilot.app.focused is pair.icicle
        assert selected(pair) == "base model_inference"
        for keys, name in (
            (["down"], "conv2d"),
            (["right"], "relu"),
            (["left"], "conv2d"),
            (["j", "j"], "_convolution"),
            (["up"], "convolution"),
            (["k", "end"], "linear"),
            (["home"], "conv2d"),
            (["left"], "conv2d"),
            (["G"], "linear"),
            (["g", "up", "up"], "model_inference"),
        ):
            await press(pilot, *keys)
            assert selected(pair) == f"base {name}", keys


async def test_facts_of_the_call_and_its_match(gtsrb: Diff) -> None:
    shown = gtsrb.timeline
    assert shown is not None
    async with timeline() as (pilot, pair):
        await press(pilot, "down")
        facts = text_of(pilot, "#call-facts")
        base, candidate = shown.calls_of(int(shown.base.node[1]))
        assert base == 1
        assert candidate is not None
        for part in (
            "conv2d  family conv2d  [1,3,32,32] [32,3,5,5] [32]",
            f"base {units.duration(int(shown.base.dur_ns[1]))}",
            f"candidate {units.duration(int(shown.candidate.dur_ns[candidate]))}",
            units.difference(int(shown.candidate.dur_ns[candidate] - shown.base.dur_ns[1])),
            f"self {units.duration(int(shown.base.self_ns[1]))}",
            f"at {units.duration(int(shown.base.start_ns[1]))}",
        ):
            assert part in facts
        await press(pilot, *["down"] * 3, "right", "down")
        assert selected(pair) == "base _slow_conv2d_forward"
        assert "< no such call in candidate" in text_of(pilot, "#call-facts")
        await press(pilot, "up", "%")
        assert selected(pair) == "base thnn_conv2d"
        call = pair.call
        assert call is not None
        assert units.percent(shown.base.total_ns(call) / gtsrb.total.base_ns) in text_of(pilot, "#call-facts")
        assert "candidate mkldnn_convolution" in text_of(pilot, "#call-facts")


async def test_tab_goes_to_the_matched_call_and_back() -> None:
    async with timeline() as (pilot, pair):
        await press(pilot, *["down"] * 4, "right")
        assert selected(pair) == "base thnn_conv2d"
        await press(pilot, "m")
        assert selected(pair) == "candidate mkldnn_convolution"
        assert pilot.app.focused is pair.icicles[1]
        await press(pilot, "m")
        assert selected(pair) == "base thnn_conv2d"
        await press(pilot, "down", "m")
        assert pair.side == 1
        assert any("no call of the other side" in one.message for one in pilot.app._notifications)


async def test_zoom_and_pan(gtsrb: Diff) -> None:
    assert gtsrb.timeline is not None
    whole = gtsrb.timeline.base.time_ns
    async with timeline() as (pilot, pair):
        await press(pilot, "down", "right", "right")
        track, call = pair.track, pair.call
        assert track is not None
        assert call is not None
        start, end = track.boxes.span(call)
        before = pair.view.cell_at((start + end) / 2, 100)
        await press(pilot, "+", "=")
        assert pair.view.span_ns == pytest.approx(whole / 1.5**2)
        assert pair.view.cell_at((start + end) / 2, 100) == pytest.approx(before)
        assert f"{units.duration(round(pair.view.span_ns))} of {units.duration(whole)} on show" in text_of(
            pilot, "#status"
        )
        await press(pilot, "-")
        assert pair.view.span_ns == pytest.approx(whole / 1.5)
        left = pair.view.start_ns
        await press(pilot, "l")
        assert pair.view.start_ns == pytest.approx(left + pair.view.span_ns / 4)
        await press(pilot, "shift+left")
        assert pair.view.start_ns == pytest.approx(left)
        await press(pilot, "shift+right", "h")
        assert pair.view.start_ns == pytest.approx(left)
        await press(pilot, "space")
        assert pair.view.start_ns < start < end < pair.view.end_ns
        assert end - start > pair.view.span_ns / 2
        await press(pilot, "right", "right")
        assert pair.call is not None
        moved = track.boxes.span(pair.call)[0]
        assert pair.view.start_ns <= moved <= pair.view.end_ns
        await press(pilot, "0")
        assert pair.view == Viewport.whole(whole)


async def test_enter_opens_the_row(gtsrb: Diff) -> None:
    assert gtsrb.timeline is not None
    async with timeline() as (pilot, _):
        await press(pilot, "enter")
        assert any("annotation" in one.message for one in pilot.app._notifications)
        await press(pilot, "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DetailScreen))
        screen = pilot.app.screen
        assert isinstance(screen, DetailScreen)
        row = gtsrb.rows[gtsrb.timeline.base.row[1]]
        assert (screen.row.family, screen.row.shape) == (row.family, row.shape)


async def test_mouse() -> None:
    async with timeline() as (pilot, pair):
        base, candidate = pair.icicles
        second = lines(pair, 1)[2].index("▏conv2d", 10)
        await pilot.click(candidate, offset=(second + 4, 2))
        await pilot.pause()
        assert selected(pair) == "candidate conv2d"
        assert pilot.app.focused is candidate
        assert base.cursor is not None
        assert pair.track is not None
        assert pair.call is not None
        start, end = pair.track.boxes.span(pair.call)
        at = pair.view.ns_at(second + 4.5, candidate.cells)
        for name, keys, factor in (("up", {}, 1.25), ("down", {}, 1 / 1.25)):
            span = pair.view.span_ns
            await turn_wheel(pilot, pair, name, second + 4, **keys)
            assert pair.view.span_ns == pytest.approx(min(span / factor, pair.view.whole_ns))
            assert pair.view.cell_at(at, candidate.cells) == pytest.approx(second + 4.5)
        await turn_wheel(pilot, pair, "up", second + 4)
        left = pair.view.start_ns
        await turn_wheel(pilot, pair, "down", second, shift=True)
        assert pair.view.start_ns == pytest.approx(left + pair.view.span_ns / 10)
        await turn_wheel(pilot, pair, "up", second, control=True)
        assert pair.view.start_ns == pytest.approx(left)
        await press(pilot, "0")
        await pilot.double_click(candidate, offset=(second + 4, 2))
        await pilot.pause()
        assert pair.view.start_ns < start < end < pair.view.end_ns
        assert end - start > pair.view.span_ns / 2


async def turn_wheel(
    pilot: Pilot[int], pair: IciclePair, direction: str, x: int, *, shift: bool = False, control: bool = False
) -> None:
    kind = events.MouseScrollUp if direction == "up" else events.MouseScrollDown
    await pilot._post_mouse_events([kind], pair.icicles[1], offset=(x, 2), shift=shift, control=control)
    await pilot.pause()


async def test_flame_adds_stacks_up_and_each_view_is_kept(gtsrb: Diff) -> None:
    assert gtsrb.timeline is not None
    async with timeline() as (pilot, pair):
        await press(pilot, "down", "right", "+")
        view, name = pair.view, selected(pair)
        await press(pilot, "f", "down")
        assert isinstance(pair.tracks[0].calls, Stacks)
        assert selected(pair) == "base conv2d"
        assert "2 calls" in text_of(pilot, "#call-facts")
        assert "flame: 29 | 29 stacks" in text_of(pilot, "#status")
        assert "▶conv2d 130.690 ms" in lines(pair, 0)[2]
        await press(pilot, "enter")
        assert any("several rows" in one.message for one in pilot.app._notifications)
        await press(pilot, "f")
        assert (pair.view, selected(pair)) == (view, name)


async def test_filter_lights_calls_and_n_goes_through_them() -> None:
    async with timeline() as (pilot, pair):
        await press(pilot, "/", *"family:pooling", "enter")
        assert pilot.app.focused is pair.icicle
        assert "8 found (*)" in text_of(pilot, "#status")
        found = []
        for key in ("n", "n", "N"):
            await press(pilot, key)
            found.append((selected(pair), pair.call))
        assert [name for name, _ in found] == ["base max_pool2d", "base max_pool2d_with_indices", "base max_pool2d"]
        assert found[0] == found[2]
        await press(pilot, "space")
        assert "*max_pool2d" in lines(pair, 0)[2]
        await press(pilot, "escape", "0")
        assert "*" not in "".join(lines(pair, 0))


async def test_position_survives_other_figures_another_theme_and_swapping() -> None:
    async with timeline() as (pilot, pair):
        await press(pilot, "down", "right", "right", "+", "+", "l")
        before = pair.view, selected(pair)
        await press(pilot, "%")
        assert (pair.view, selected(pair)) == before
        pilot.app.theme = "textual-light"
        await pilot.pause()
        assert (pair.view, selected(pair)) == before
        assert pair.track is not None
        heading = pair.tracks[0].heading
        await press(pilot, "x")
        await until(pilot, lambda: pair.tracks[0].heading != heading)
        assert "acl" in pair.tracks[0].heading
        assert pair.view == before[0]


async def test_swapping_keeps_the_stack_that_is_selected() -> None:
    async with timeline() as (pilot, pair):
        await press(pilot, "f", "down", "down", "down", "down", "right")
        assert pair.track
        assert pair.call is not None
        stack, heading = pair.track.stack(pair.call), pair.tracks[0].heading
        await press(pilot, "x")
        await until(pilot, lambda: pair.tracks[0].heading != heading)
        assert pair.track.stack(pair.call) == stack


async def test_printed_tables_say_why_there_is_none() -> None:
    async with timeline(PRINTED, size=NARROW) as (pilot, pair):
        assert not pair.display
        assert "No timeline: one side is a printed table" in text_of(pilot, "#no-timeline")
        await press(pilot, "f", "[", "]")
        assert text_of(pilot, "#status") == ""


async def test_other_threads_have_lanes_and_empty_iterations_are_shown(tmp_path: Path) -> None:
    busy = TraceBuilder().add(annotation("ProfilerStep#0", Call("aten::relu", 20), own=5))
    beside = TraceBuilder(now=1_000_004, tid=7).add(Call("aten::add", 3, (Call("aten::copy_", 4),)))
    busy.events += beside.events
    idle = TraceBuilder().add(annotation("ProfilerStep#0", own=30)).add(Call("aten::relu", 5))
    files = busy.write(tmp_path / "busy.json"), idle.write(tmp_path / "idle.json")
    async with timeline((str(files[0]), str(files[1])), size=NARROW) as (pilot, pair):
        assert [line.split()[0] for line in lines(pair, 0)[1:5]] == ["▶<", "thread", "▏add", "▏copy_"]
        await press(pilot, "m", "down")
        assert selected(pair) == "base relu"
        await pilot.click(pair.icicles[0], offset=(18, 3))
        await pilot.pause()
        assert selected(pair) == "base add"
        await press(pilot, "down", "enter")
        assert selected(pair) == "base copy_"
        assert any("another thread" in one.message for one in pilot.app._notifications)


async def test_names_are_no_markup_and_no_control_characters(tmp_path: Path) -> None:
    files = []
    for side in "ab":
        events = [
            {"ph": "X", "cat": "cpu_op", "name": name, "pid": 1, "tid": 1, "ts": at, "dur": 40}
            for name, at in (("[red]x[/]\x1b[2J\n", 0), ("卷积", 50))
        ]
        files.append(tmp_path / f"{side}.json")
        files[-1].write_text(json.dumps({"schemaVersion": 1, "traceEvents": events}))
    async with timeline((str(files[0]), str(files[1])), size=NARROW) as (_, pair):
        line = pair.icicles[0].render_line(1)
        assert "[red]x[/]\\x1b[2J\\n" in line.text
        assert "卷积" in line.text
        assert line.cell_length == pair.icicles[0].size.width


async def test_narrow_and_wide_screens_draw_the_whole() -> None:
    for size in ((60, 20), NARROW, (120, 36), (250, 80)):
        async with timeline(size=size) as (_, pair):
            for icicle in pair.icicles:
                assert icicle.size.height >= 2
                assert all(icicle.render_line(y).cell_length == size[0] for y in range(icicle.size.height))


async def test_every_theme_has_colours_for_boxes() -> None:
    app = new_app(PRINTED)
    async with app.run_test():
        for theme in app.available_themes:
            app.theme = theme
            palette = Palette.of(app.theme_variables)
            assert len({fill.bgcolor for fill in palette.fills}) == len(palette.fills) >= 6
            assert palette.fill(-1) == palette.plain_fill
            assert palette.fill(len(palette.fills)) == palette.fills[0]


class PairApp(App[None]):
    def compose(self) -> ComposeResult:
        yield IciclePair("icicles")


def many_calls(count: int) -> IterationCalls:
    """Five levels with a fifth of the calls each, all of one length."""
    rows = count // 5
    depth = np.tile(np.arange(5), rows)
    none = np.full(count, -1, dtype=np.int64)
    start = np.repeat(np.arange(rows) * 10, 5)
    return IterationCalls(
        label="step", capture=0, is_cold=False, time_ns=rows * 10, threads=(), start_ns=start, dur_ns=none + 10,
        self_ns=none + 1, depth=depth, thread=none + 1, name=none + 1, shape=none, family=none, row=none,
        node=np.arange(count),
    )  # fmt: skip


async def test_a_hundred_thousand_calls_take_no_more_segments_than_cells(gtsrb: Diff) -> None:
    calls = many_calls(100_000)
    app = PairApp()
    async with app.run_test(size=WIDE) as pilot:
        pair = app.query_one(IciclePair)
        pair.fill(tracks(Timeline(("aten::op",), (), (), calls, calls), gtsrb), Palette())
        await pilot.pause()
        for zoom in range(30):
            for icicle in pair.icicles:
                for y in range(icicle.size.height):
                    assert len(list(icicle.render_line(y))) <= 2 * WIDE[0]
            pair.action_zoom(1 if zoom < 25 else -10)
        assert pair.view.is_whole
        pieces = pair.icicle.pieces(1)
        assert len(pieces) == pair.icicle.cells
        assert all(piece.covered == pytest.approx(0.9, abs=0.01) for piece in pieces)
