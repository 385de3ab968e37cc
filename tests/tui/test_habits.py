"""What one expects of any such program: copy, export, reload, zoom, themes, terminals of all kinds."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import pytest
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import BUILTIN_THEMES
from textual.widgets import Input, Static

from tracediff.cli.exporters import exporters
from tracediff.model.diff import Diff
from tracediff.tui.app import TracediffApp
from tracediff.tui.glyphs import is_utf8
from tracediff.tui.palette import CONTRAST, Palette, contrast
from tracediff.tui.screens.compare import CompareScreen
from tracediff.tui.screens.detail import DetailScreen
from tracediff.tui.screens.export import ExportDialog
from tracediff.tui.screens.help import HelpScreen
from tracediff.tui.widgets.call_tree import CallTreeView
from tracediff.tui.widgets.tables import RowsTable
from tui.driver import GTSRB, NARROW, RESNET, messages, on_screen, opened, until


def clipboard(pilot: Pilot[int]) -> list[list[str]]:
    return [line.split("\t") for line in pilot.app.clipboard.splitlines()]


async def test_copying_the_line_and_all_lines(gtsrb: Diff) -> None:
    async with opened() as pilot:
        await pilot.press("j", "y")
        (line,) = clipboard(pilot)
        assert line[:2] == [f"conv2d {gtsrb.rows[1].shape}", "1"]
        assert line[4:9] == ["27.651 ms", "17.332 ms", "-10.319 ms", "0.63x", "12.7 %"]
        assert "thnn_conv2d > _slow_conv2d_forward -> mkldnn_convolution" in line
        assert messages(pilot)[0].startswith("Copied conv2d")
        await pilot.press("/", *"pooling", "enter", "Y")
        titles, *lines = clipboard(pilot)
        assert titles[0] == "family, shape"
        assert [line[0].split()[0] for line in lines] == ["pooling", "pooling"]
        assert messages(pilot)[-1] == "Copied 2 lines"
        await pilot.press("escape", "3", "j", "y")
        assert clipboard(pilot) == [["  conv2d", "27.651 ms", "17.332 ms", "-10.319 ms"]]
        await pilot.press("1", "tab", "y")
        ((text, rows),) = clipboard(pilot)
        assert (text, int(rows)) == (gtsrb.explanations[0].text, len(gtsrb.explanations[0].rows))
        await pilot.press("Y")
        assert len(clipboard(pilot)) == 1 + len(gtsrb.explanations)
        for keys in (("6", "y"), ("5", "y")):
            await pilot.press(*keys)
            assert messages(pilot)[-1] == "no line under the cursor"
        await pilot.press("6")
        await pilot.press("Y")
        assert ["differs", "backend", "openblas", "acl"] in clipboard(pilot)
        assert ["Inputs", f"base: {gtsrb.base.path}", "", ""] in clipboard(pilot)


async def export(pilot: Pilot[int], place: int, path: Path | str) -> None:
    await pilot.press("ctrl+e")
    await until(pilot, lambda: isinstance(pilot.app.screen, ExportDialog))
    await pilot.press(*["j"] * place, "enter")
    pilot.app.screen.query_one(Input).value = str(path)
    await pilot.pause()
    await pilot.press("enter")
    await pilot.pause()


async def test_exports_hold_what_is_shown(gtsrb: Diff, tmp_path: Path) -> None:
    async with opened(exporters=exporters()) as pilot:
        await pilot.press("/", *"family:conv2d", "enter", "I")
        for place, name in enumerate(("a.csv", "a.md", "a.json", "a.html", "a.svg")):
            await export(pilot, place, tmp_path / name)
            assert isinstance(pilot.app.screen, CompareScreen)
            assert messages(pilot)[-1] == f"Written {tmp_path / name}"
    shown = [row for row in gtsrb.rows if row.family == "conv2d"][::-1]
    with (tmp_path / "a.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [int(line["difference_ns"]) for line in lines] == [row.delta_ns for row in shown]
    assert [int(line["base_ns"]) for line in lines] == [row.base.time_ns for row in shown if row.base]
    markdown = (tmp_path / "a.md").read_text().splitlines()
    titles = markdown[0].split(" | ")
    assert [line.split(" | ")[titles.index("base")] for line in markdown[2:]] == ["27.651 ms", "103.039 ms"]
    assert len(json.loads((tmp_path / "a.json").read_text())["rows"]) == len(gtsrb.rows)
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
    picture = (tmp_path / "a.svg").read_text()
    assert "conv2d" in picture
    assert "Export" not in picture


TABLES = {
    "ledger": ["1"],
    "rows": ["2"],
    "families": ["2", "i"],
    "operators": ["2", "b", "G", "enter"],
    "calls": ["3"],
    "kernels": ["4"],
    "environment": ["6"],
}


@pytest.mark.parametrize("keys", TABLES.values(), ids=TABLES)
async def test_every_table_can_be_copied_and_exported_as_numbers(gtsrb: Diff, tmp_path: Path, keys: list[str]) -> None:
    async with opened(size=NARROW, exporters=exporters()) as pilot:
        await pilot.press(*keys)
        await pilot.pause(0.1)
        await pilot.press("Y")
        titles, *copied = clipboard(pilot)
        assert all(titles)
        assert all(len(line) == len(titles) and any(map(str.strip, line)) for line in copied)
        if keys != TABLES["environment"]:
            await pilot.press("y")
            assert clipboard(pilot) == copied[:1]
        await pilot.press("%")
        await export(pilot, 0, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(copied)
    for line in lines:
        for title, cell in line.items():
            if title.endswith(("_ns", "rows")):
                assert not cell or int(cell) is not None
            elif title.endswith(("_calls", "share", "ratio")):
                assert not cell or float(cell) is not None
            else:
                assert not re.fullmatch(r"[-+]?[\d.,]+ ?(%|x|[mu]?s)", cell), title
    if keys == TABLES["ledger"]:
        assert sum(int(line["difference_ns"]) for line in lines[1:-1]) == gtsrb.total.delta_ns
        assert [line["base_ns"] for line in (lines[0], lines[-1])] == [str(gtsrb.total.base_ns)] * 2
        assert lines[-1]["candidate_ns"] == str(gtsrb.total.candidate_ns)


async def test_a_name_is_proposed_and_follows_the_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(exporters=exporters()) as pilot:
        await pilot.press("ctrl+e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ExportDialog))
        name = pilot.app.screen.query_one(Input)
        assert name.value == "openblas-vs-acl.csv"
        await pilot.press("j", "tab", *"-2", "tab", "j")
        assert name.value == "openblas-vs-acl-2.json"
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, CompareScreen)
        assert [file.name for file in tmp_path.iterdir()] == ["openblas-vs-acl-2.json"]
        await pilot.press("ctrl+e", "escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, CompareScreen)


async def test_no_file_is_replaced_without_a_question(tmp_path: Path) -> None:
    there = tmp_path / "there.csv"
    there.write_text("mine")
    async with opened(exporters=exporters()) as pilot:
        await export(pilot, 0, there)
        advice = pilot.app.screen.query_one("#advice", Static)
        assert str(advice.content).startswith("there.csv exists")
        assert there.read_text() == "mine"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, CompareScreen)
        assert there.read_text() != "mine"
        await export(pilot, 0, tmp_path / "nowhere/a.csv")
        advice = pilot.app.screen.query_one("#advice", Static)
        assert str(advice.content).endswith("cannot be written: No such file or directory")
        pilot.app.screen.query_one(Input).value = str(tmp_path)
        await pilot.press("enter")
        await pilot.pause()
        assert "is no file" in str(advice.content)


async def test_reload_keeps_tab_filter_order_and_cursor(tmp_path: Path) -> None:
    base, candidate = tmp_path / "base.json", tmp_path / "candidate.json"
    shutil.copy(GTSRB[0], base)
    shutil.copy(GTSRB[1], candidate)
    async with opened((str(base), str(candidate))) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, CompareScreen)
        before = screen.diff
        table = screen.query_one("#rows-table", RowsTable)
        await pilot.press("/", *"activation", "enter", "I", "j")
        await pilot.pause()
        row, names = table.item_under_cursor(), [(one.family, one.shape) for one in table.shown]
        assert row
        shutil.copy(GTSRB[0], candidate)
        await pilot.press("r")
        await until(pilot, lambda: screen.diff is not before)
        assert pilot.app.focused is table
        assert {(one.family, one.shape) for one in table.shown} == set(names)
        assert not any(one.delta_ns for one in table.shown)
        assert table.sort_ascending
        under_cursor = table.item_under_cursor()
        assert under_cursor is not row
        assert under_cursor
        assert (under_cursor.family, under_cursor.shape) == (row.family, row.shape)


async def test_swap_and_reload_keep_the_call_tree_open() -> None:
    async with opened(RESNET, tab="calls") as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, CompareScreen)
        view = screen.query_one(CallTreeView)
        await pilot.press("e")
        await pilot.pause()
        assert view.outline
        assert view.node is not None
        name = view.name_of(view.node)
        lines, before = len(view.outline.visible), screen.diff
        await pilot.press("x")
        await until(pilot, lambda: screen.diff is not before)
        assert len(view.outline.visible) == lines
        assert set(view.name_of(view.node).split(" | ")) == set(name.split(" | "))


async def test_zoom_gives_the_screen_to_the_tab_and_back() -> None:
    async with opened(size=NARROW) as pilot:
        table = pilot.app.screen.query_one("#rows-table", RowsTable)
        before = table.size.height
        await pilot.press("z")
        await pilot.pause()
        assert table.size.height == NARROW[1] - 1
        assert "zoomed, z ends that" in on_screen(pilot)
        await pilot.press("z")
        await pilot.pause()
        assert table.size.height == before


async def test_ascii_draws_nothing_else() -> None:
    async with opened(RESNET, NARROW, exporters=exporters(), ascii_only=True) as pilot:
        for keys in ("1", "2", "I", "3", "e", "4", "?", "escape", "2", "s", "escape", "enter", "escape", "ctrl+e"):
            await pilot.press(keys)
            await pilot.pause(0.05)
            shown = on_screen(pilot)
            assert shown.isascii(), keys
        assert "+- Export -" in shown


@pytest.mark.parametrize(
    ("environment", "can"),
    [
        ({"LANG": "de_DE.UTF-8"}, True),
        ({"LANG": "C.utf8"}, True),
        ({"LANG": "C"}, False),
        ({}, False),
        # What Python makes of the locale C for itself.
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False),
        ({"LANG": "C", "LC_CTYPE": "UTF-8"}, True),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, False),
    ],
)
def test_who_can_see_more_than_ascii(environment: dict[str, str], can: bool) -> None:
    assert is_utf8(environment) is can


@pytest.mark.parametrize("theme", [name for name in BUILTIN_THEMES if not name.startswith("ansi")])
def test_differences_and_cursor_can_be_read_in_every_theme(theme: str) -> None:
    app = TracediffApp(*GTSRB)
    app.theme = theme
    tokens = app.get_css_variables()
    background, palette = Color.parse(tokens["background"]), Palette.of(tokens)
    for style in (palette.more, palette.less, palette.warning, palette.muted):
        assert style.color
        assert contrast(Color.from_rich_color(style.color), background) >= CONTRAST
    for cursor in ("block-cursor", "block-cursor-blurred"):
        beneath = Color.parse(tokens[f"{cursor}-background"])
        beneath = background.blend(beneath, beneath.a, 1.0)
        assert contrast(Color.parse(tokens[f"{cursor}-foreground"]), beneath) >= CONTRAST


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
async def test_no_color_is_no_colour(monkeypatch: pytest.MonkeyPatch, theme: str) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(size=NARROW) as pilot:
        pilot.app.theme = theme
        await pilot.pause(0.1)
        styles = [
            style
            for strip in pilot.app.screen._compositor.render_strips()
            for _, style, _ in strip
            if style is not None
        ]
        colors = {color for style in styles for color in (style.color, style.bgcolor) if color is not None}
        assert colors
        for color in colors:
            assert color.is_default or color.triplet
            if color.triplet:
                assert len(set(color.triplet)) == 1, color
        # The cursor is to be seen without.
        assert len(colors) > 2 or any(style.reverse for style in styles)


async def test_few_colours_are_the_terminals_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("COLORTERM", raising=False)
    async with opened() as pilot:
        assert pilot.app.theme == "ansi-dark"


async def test_a_row_on_a_screen_of_its_own_takes_another_theme_over() -> None:
    async with opened() as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DetailScreen))
        pilot.app.theme = "textual-light"
        await pilot.pause(0.1)
        palette = Palette.of(pilot.app.theme_variables)
        tree = pilot.app.screen.query_one(CallTreeView)
        assert tree.outline
        assert palette.less in {span.style for span in tree.line_text(tree.outline.visible[0]).spans}


async def test_a_theme_is_kept_while_the_app_runs() -> None:
    async with opened() as pilot:
        pilot.app.theme = "textual-light"
        screen = pilot.app.screen
        assert isinstance(screen, CompareScreen)
        before = screen.diff
        await pilot.press("r")
        await until(pilot, lambda: screen.diff is not before)
        assert pilot.app.theme == "textual-light"
        assert screen.figures.palette == Palette.of(pilot.app.theme_variables)


async def test_help_says_where_settings_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TRACEDIFF_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    async with opened() as pilot:
        await pilot.press("?")
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        assert str(tmp_path / "tracediff/tui.toml") in on_screen(pilot)


async def test_a_tab_fills_when_it_is_shown() -> None:
    async with opened(tab="operators") as pilot:
        view = pilot.app.screen.query_one(CallTreeView)
        assert view.outline is None
        await pilot.press("3")
        await pilot.pause()
        assert view.outline
