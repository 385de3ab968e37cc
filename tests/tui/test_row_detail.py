"""A row's detail says what the Diff holds, on a screen of its own and beside the tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs
from rich.console import Console, Group
from textual.pilot import Pilot

from tracediff import phrases, units
from tracediff.compare import compare
from tracediff.model.diff import Diff, Row
from tracediff.model.run import Peak
from tracediff.model.sites import Site
from tracediff.tui.figures import Figures
from tracediff.tui.screens.compare import CompareScreen
from tracediff.tui.screens.detail import DetailScreen
from tracediff.tui.widgets.call_tree import CallTreeView
from tracediff.tui.widgets.row_detail import RowDetail, RowText
from tracediff.tui.widgets.row_panel import RowPanel
from tui.driver import NARROW, PRINTED, WIDE, opened, until

from simulation import Simulation

WIDTHS = [36, 66, 110]


def text_of(row: Row, diff: Diff, width: int) -> str:
    # Wider than asked for, so that a line that is too long is seen.
    console = Console(width=width + 40, color_system=None)
    with console.capture() as capture:
        console.print(Group(*RowText(row, Figures(diff), width).parts()))
    return capture.get()


@pytest.mark.parametrize("width", WIDTHS)
def test_numbers_are_those_of_the_diff(gtsrb: Diff, width: int) -> None:
    for row in gtsrb.rows:
        text = text_of(row, gtsrb, width)
        assert f"calls effect {units.difference(row.calls_effect_ns)}" in text
        assert f"cost effect {units.difference(row.cost_effect_ns)}" in text
        assert f"{phrases.time(row.base)} -> {phrases.time(row.candidate)}" in text
        assert f"change: {phrases.change(row)}" in text
        for side in (row.base, row.candidate):
            assert side
            for way in side.implementations:
                assert units.chain(way.chain) in text
                assert units.duration(way.time_ns) in text
                assert units.duration(way.call_ns) in text
            for kernel in side.kernels:
                assert phrases.kernel_name(kernel) in text
                assert not kernel.time_ns or units.duration(kernel.time_ns) in text
            for operator in side.operators:
                assert operator.name in text
                assert units.duration(operator.self_ns) in text
            assert phrases.kernel_notes(side.kernels) in text
        assert max(len(line.rstrip()) for line in text.splitlines()) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_what_one_side_has_is_marked_and_the_rest_is_in_one_line(gtsrb: Diff, width: int) -> None:
    text = text_of(gtsrb.rows[0], gtsrb, width)
    assert "< thnn_conv2d > _slow_conv2d_forward" in text
    assert "> mkldnn_convolution" in text
    assert text.count("  aten::convolution\n") + text.count("  aten::convolution ") == 1
    assert "> aten::as_strided_" in text


def test_sites_largest_first_and_bounded(gtsrb: Diff) -> None:
    sites = tuple(Site(f"Net.layer{number}", 1, 9_000 - number, 2, 4_000) for number in range(30))
    row = structs.replace(gtsrb.rows[0], sites=(*sites[:2], Site(None, 0, 0, 3, 5_555), *sites[2:]))
    lines = text_of(row, gtsrb, 110).splitlines()
    first = next(number for number, line in enumerate(lines) if "Net.layer0" in line)
    assert lines[first].split() == ["Net.layer0", "1", "9.000", "us", "2", "4.000", "us"]
    assert lines[first + 2].split() == [">", "outside", "of", "all", "modules", "-", "-", "3", "5.555", "us"]
    assert lines[first + 12].strip() == "and 19 more"


def test_rates_as_parts_of_the_peak(gtsrb: Diff) -> None:
    row = gtsrb.rows[0]
    assert row.base
    assert row.base.gflops_per_s
    peak = Peak(gflops_per_s=row.base.gflops_per_s * 4, gbytes_per_s=None)
    text = text_of(structs.replace(row, base=structs.replace(row.base, peak=peak)), gtsrb, 66)
    assert next(line.split() for line in text.splitlines() if "of peak" in line) == [
        "GFLOP/s",
        "of",
        "peak",
        "25.0",
        "%",
        "-",
    ]


def test_a_row_of_one_side_and_shapes_that_differ(gtsrb: Diff) -> None:
    row = gtsrb.rows[0]
    assert row.candidate
    alone = text_of(structs.replace(row, base=None, change="only candidate", match="none"), gtsrb, 66)
    assert f"- -> {units.duration(row.candidate.time_ns)}" in alone
    assert "base median" not in alone
    assert "candidate median" in alone
    other = structs.replace(row, candidate=structs.replace(row.candidate, shape="[9,9]"))
    assert f"{row.shape} -> [9,9]" in text_of(other, gtsrb, 110)


def test_repeated_captures_have_verdict_rows_of_dots_and_a_histogram(tmp_path: Path) -> None:
    simulation = Simulation(1, effects={"linear": 1.5})
    sides = (simulation.write(tmp_path / "base", 7), simulation.write(tmp_path / "other", 7, candidate=True))
    diff = compare(*map(str, sides))
    row = next(row for row in diff.rows if row.family == "linear")
    narrow, wide = (text_of(row, diff, width) for width in (60, 110))
    for text in (narrow, wide):
        assert phrases.certainty(row) in " ".join(text.split())
        assert "a row of dots is a capture" in text
        assert text.count("┃") == 2
    assert "from " in wide
    assert "from " not in narrow
    assert f"{diff.base.iterations} iterations of 7 captures" in wide


def test_printed_tables_say_that_there_is_no_distribution(printed: Diff) -> None:
    assert "No distribution" in text_of(printed.rows[0], printed, 66)


def panel(pilot: Pilot[int]) -> RowPanel:
    return pilot.app.screen.query_one(RowPanel)


async def test_panel_follows_the_cursor(gtsrb: Diff) -> None:
    async with opened(size=(120, 36)) as pilot:
        assert panel(pilot).display
        assert panel(pilot).row == gtsrb.rows[0]
        await pilot.press("j", "j", "j")
        await until(pilot, lambda: panel(pilot).row == gtsrb.rows[3])
        await pilot.press("3")
        await until(pilot, lambda: panel(pilot).row is None)
        await pilot.press("j")
        assert gtsrb.call_tree
        row = gtsrb.rows[gtsrb.call_tree.row[1]]
        await until(pilot, lambda: panel(pilot).row == row)
        await pilot.press("1")
        await until(pilot, lambda: not panel(pilot).display)


async def test_panel_is_shown_hidden_and_remembered(gtsrb: Diff) -> None:
    async with opened(size=(120, 36)) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: not panel(pilot).display)
        await pilot.press("3", "x")
        await until(pilot, lambda: pilot.app.screen.diff.total.delta_ns == -gtsrb.total.delta_ns)
        assert not panel(pilot).display
        await pilot.press("d")
        await until(pilot, lambda: panel(pilot).display)


async def test_panel_has_the_keys_of_a_text_and_opens_its_row(gtsrb: Diff) -> None:
    async with opened(size=(120, 36)) as pilot:
        await pilot.press("j")
        await until(pilot, lambda: panel(pilot).row == gtsrb.rows[1])
        await pilot.press("tab", "G")
        await pilot.pause()
        assert pilot.app.focused is panel(pilot)
        assert panel(pilot).scroll_offset.y == panel(pilot).max_scroll_y > 0
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DetailScreen))
        assert pilot.app.screen.row == gtsrb.rows[1]
        await pilot.press("escape")
        await pilot.pause()
        await pilot.press("d")
        await pilot.pause()
        assert pilot.app.focused
        assert pilot.app.focused.id == "rows-table"


@pytest.mark.parametrize(
    ("size", "place"), [(NARROW, None), ((119, 35), None), ((80, 36), "below"), ((120, 24), "beside"), (WIDE, "beside")]
)
async def test_panel_stands_where_there_is_room(size: tuple[int, int], place: str | None) -> None:
    async with opened(size=size) as pilot:
        body, shown = pilot.app.screen.query_one("#body").region, panel(pilot).region
        assert panel(pilot).display == (place is not None)
        if place == "below":
            assert (shown.x, shown.bottom, shown.width) == (body.x, body.bottom, body.width)
        elif place == "beside":
            assert (shown.right, shown.y, shown.height) == (body.right, body.y, body.height)


@pytest.mark.parametrize("size", [NARROW, (120, 36), (200, 60)])
async def test_detail_has_the_row_and_its_first_call(gtsrb: Diff, size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DetailScreen))
        row, screen = gtsrb.rows[0], pilot.app.screen
        assert screen.query_one(RowDetail).row == row
        assert pilot.app.focused is screen.query_one(RowDetail)
        calls = screen.query_one(CallTreeView)
        assert calls.outline
        names = [calls.name_of(node) for node in calls.outline.visible]
        assert names[0] == "conv2d"
        assert "thnn_conv2d | mkldnn_convolution" in names
        assert calls.outline.visible == list(range(row.node, gtsrb.call_tree.end(row.node) if gtsrb.call_tree else 0))
        await pilot.press("%", "escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, CompareScreen)


async def test_a_line_that_is_no_row_leaves_the_panel_empty() -> None:
    async with opened(PRINTED, size=(120, 36)) as pilot:
        assert panel(pilot).row is not None
        await pilot.press("b", "G", "enter")
        await pilot.pause()
        await until(pilot, lambda: panel(pilot).row is None)
