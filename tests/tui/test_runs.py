"""The captures below a folder: every key of the screen, the way to a comparison and back, and what goes wrong."""

from __future__ import annotations

import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Footer, Input
from textual.widgets._footer import FooterKey

from tracediff import units
from tracediff.compare import captures_below
from tracediff.tui import loading, run_tui
from tracediff.tui.app import TracediffApp
from tracediff.tui.marks import Marks
from tracediff.tui.screens.compare import CompareScreen
from tracediff.tui.screens.help import HelpScreen
from tracediff.tui.screens.loading import LoadingScreen
from tracediff.tui.screens.runs import RunsScreen
from tracediff.tui.widgets.captures_table import CapturesTable
from tui.driver import GTSRB, SAMPLES, WIDE, compared, listed, rendered, until
from tui.test_comparison import cells, text_of

from simulation import Simulation


@asynccontextmanager
async def choosing(
    folder: Path = SAMPLES, base: str | None = None, size: tuple[int, int] = WIDE
) -> AsyncIterator[Pilot[int]]:
    app = TracediffApp(base, folder=str(folder))
    app.animation_level = "none"
    async with app.run_test(size=size, notifications=True) as pilot:
        await listed(pilot)
        yield pilot


async def press(pilot: Pilot[int], *keys: str) -> None:
    await pilot.press(*keys)
    await pilot.pause()


def table_of(pilot: Pilot[int]) -> CapturesTable:
    return pilot.app.screen.query_one(CapturesTable)


def marks(pilot: Pilot[int]) -> dict[str, str]:
    """Letters of the lines that have one, by what the line is called."""
    lines = (cell.split() for cell in cells(table_of(pilot), "name"))
    return {line[1]: line[0] for line in lines if line[0] in ("B", "C") and len(line) == 2}


def said(pilot: Pilot[int]) -> list[str]:
    return [notification.message for notification in pilot.app._notifications]


async def go_to(pilot: Pilot[int], name: str) -> None:
    table = table_of(pilot)
    table.cursor = [cell.split()[-1] for cell in cells(table, "name")].index(name)
    await pilot.pause()


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    for name in ("acl.json", "openblas.json", "bert-acl.json.gz"):
        shutil.copy(SAMPLES / name, tmp_path)
    return tmp_path


async def test_lines_stand_under_their_workload_and_say_what_is_recorded() -> None:
    async with choosing(size=(200, 60)) as pilot:
        table = table_of(pilot)
        names = [cell.strip() for cell in cells(table, "name")]
        assert names == [
            "bert",
            "bert-acl",
            "bert-openblas",
            "gtsrb",
            "acl",
            "openblas",
            "resnet50",
            "resnet50-acl",
            "resnet50-openblas",
            "unknown workload",
            "arm-tutorial-acl",
            "arm-tutorial-openblas",
        ]
        line = [cells(table, column.key)[names.index("acl")] for column, _ in table._columns_shown]
        assert line[1:5] == ["acl", "2.3.0", "1", "-"]
        # Of none of them a latency is recorded.
        keys = [column.key for column, _ in table._columns_shown]
        assert keys == ["name", "backend", "torch", "captures", "iterations", "date", "size", "notes"]
        assert line[-2:] == ["0.2 MB", "emulated"]
        assert cells(table, "notes")[-1] == "printed table"
        assert text_of(pilot, "#status") == "8 lines, by capture ▲"


async def test_latency_and_captures_are_those_of_the_listing(tmp_path: Path) -> None:
    Simulation().write(tmp_path / "acl", 3, backend="acl")
    async with choosing(tmp_path) as pilot:
        (side,) = captures_below(tmp_path).sides
        assert side.latency_ns
        assert cells(table_of(pilot), "latency")[1] == units.duration(side.latency_ns)
        assert cells(table_of(pilot), "captures")[1] == "3"


async def test_the_cursor_passes_over_headings() -> None:
    async with choosing() as pilot:
        table = table_of(pilot)
        assert table.cursor == 1
        await press(pilot, "j", "j")
        assert table.cursor == 4
        await press(pilot, "k")
        assert table.cursor == 2
        await press(pilot, "G", "g")
        assert table.cursor == 1
        await press(pilot, "up", "pagedown", "pageup")
        assert table.cursor == 1
        await pilot.click(table, offset=(4, 1))
        await pilot.pause()
        assert table.item_under_cursor() is not None


async def test_space_marks_the_base_then_the_candidate_then_moves_or_unmarks() -> None:
    async with choosing() as pilot:
        await press(pilot, "space")
        assert marks(pilot) == {"bert-acl": "B"}
        assert "base bert-acl" in text_of(pilot, "#marks")
        await press(pilot, "j", "space")
        assert marks(pilot) == {"bert-acl": "B", "bert-openblas": "C"}
        await press(pilot, "j", "space")
        assert marks(pilot) == {"bert-acl": "B", "acl": "C"}
        assert "different workloads" in text_of(pilot, "#marks")
        await press(pilot, "x")
        assert marks(pilot) == {"bert-acl": "C", "acl": "B"}
        await press(pilot, "space")
        assert marks(pilot) == {"bert-acl": "C"}
        await press(pilot, "G", "space")
        assert marks(pilot) == {"bert-acl": "C", "arm-tutorial-openblas": "B"}


async def test_enter_compares_the_marked_and_escape_comes_back() -> None:
    async with choosing() as pilot:
        await go_to(pilot, "openblas")
        await press(pilot, "space", "k", "space", "g", "enter")
        await compared(pilot)
        assert "openblas" in str(pilot.app.screen.query_one("#base-card")._border_title)
        assert "acl" in str(pilot.app.screen.query_one("#candidate-card")._border_title)
        await press(pilot, "/", "x", "escape")
        assert isinstance(pilot.app.screen, CompareScreen)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, RunsScreen)
        assert marks(pilot) == {"openblas": "B", "acl": "C"}
        assert pilot.app.focused is table_of(pilot)
        await press(pilot, "x", "enter")
        await compared(pilot)
        assert "acl" in str(pilot.app.screen.query_one("#base-card")._border_title)


async def test_enter_compares_the_base_with_the_line_under_the_cursor() -> None:
    async with choosing() as pilot:
        await press(pilot, "enter")
        assert said(pilot) == ["mark the base with space first"]
        await go_to(pilot, "acl")
        await press(pilot, "space", "enter")
        assert said(pilot)[1:] == ["go to what to compare it with, and press enter there"]
        await press(pilot, "j", "enter")
        await compared(pilot)
        assert "openblas" in str(pilot.app.screen.query_one("#candidate-card")._border_title)


async def test_a_click_on_the_line_with_the_cursor_is_enter() -> None:
    async with choosing() as pilot:
        await press(pilot, "space")
        await pilot.click(table_of(pilot), offset=(4, 3))
        await pilot.pause()
        assert isinstance(pilot.app.screen, RunsScreen)
        await pilot.click(table_of(pilot), offset=(4, 3))
        await compared(pilot)
        assert "bert-openblas" in str(pilot.app.screen.query_one("#candidate-card")._border_title)


async def test_filter_narrows_and_clears() -> None:
    async with choosing() as pilot:
        await press(pilot, "/", *"Resnet50 openblas")
        assert [side.name for side in table_of(pilot).shown] == ["resnet50-openblas"]
        assert text_of(pilot, "#status").startswith("1 of 8 lines")
        await press(pilot, "enter")
        assert pilot.app.focused is table_of(pilot)
        await press(pilot, "space")
        assert marks(pilot) == {"resnet50-openblas": "B"}
        await press(pilot, "escape")
        assert len(table_of(pilot).shown) == 8
        await press(pilot, "/", *"x r?q")
        assert pilot.app.screen.query_one(Input).value == "x r?q"
        assert table_of(pilot).shown == []
        await press(pilot, "escape")
        assert marks(pilot) == {"resnet50-openblas": "B"}


async def test_sorting_keeps_the_groups() -> None:
    async with choosing(size=(200, 60)) as pilot:
        table = table_of(pilot)
        await press(pilot, "I")
        assert [side.name for side in table.shown][:4] == ["bert-openblas", "bert-acl", "openblas", "acl"]
        await press(pilot, ">", ">")
        assert table.sort_key == "torch"
        await press(pilot, "s", "G", "k", "enter")
        assert table.sort_key == "size"
        sizes = [side.size for side in table.shown if side.workload == "gtsrb"]
        assert sizes == sorted(sizes, reverse=True)
        await press(pilot, "<")
        assert table.sort_key == "date"


async def test_reload_finds_what_is_new_and_keeps_marks_and_cursor(copies: Path) -> None:
    async with choosing(copies) as pilot:
        table = table_of(pilot)
        await go_to(pilot, "acl")
        await press(pilot, "space", "j", "space")
        shutil.copy(copies / "acl.json", copies / "aaa.json")
        (copies / "bert-acl.json.gz").unlink()
        await press(pilot, "r")
        await listed(pilot)
        assert [side.name for side in table.shown] == ["aaa", "acl", "openblas"]
        assert marks(pilot) == {"acl": "B", "openblas": "C"}
        under_cursor = table.item_under_cursor()
        assert under_cursor
        assert under_cursor.name == "openblas"
        (copies / "acl.json").unlink()
        await press(pilot, "r")
        await listed(pilot)
        assert marks(pilot) == {"openblas": "C"}


async def test_facts_follow_the_cursor() -> None:
    async with choosing() as pilot:
        assert "bert-acl.json.gz" in rendered(pilot, "#capture-facts Static")
        await go_to(pilot, "arm-tutorial-acl")
        assert "Nothing is recorded of the process" in rendered(pilot, "#capture-facts Static")


async def test_a_folder_without_captures_says_how_to_get_some(copies: Path) -> None:
    empty = copies / "empty"
    empty.mkdir()
    async with choosing(empty) as pilot:
        for part in (f"No captures below {empty}", "tracediff capture --backend", "tracediff tui sample_traces"):
            assert part in text_of(pilot, "#no-captures")
        assert not table_of(pilot).display
        await press(pilot, "space", "enter", "x", "?")
        assert isinstance(pilot.app.screen, HelpScreen)
        await press(pilot, "escape")
        shutil.copy(copies / "acl.json", empty)
        await press(pilot, "r")
        await listed(pilot)
        assert not pilot.app.screen.query_one("#no-captures").display
        await press(pilot, "space")
        assert marks(pilot) == {"acl": "B"}


async def test_what_cannot_be_read_is_shown_and_not_marked(copies: Path) -> None:
    (copies / "[red]empty.json").touch()
    async with choosing(copies) as pilot:
        await press(pilot, "G")
        assert cells(table_of(pilot), "name")[-2:] == ["cannot be read", "  [red]empty"]
        await press(pilot, "space")
        assert marks(pilot) == {}
        assert "is empty" in said(pilot)[0]
        await press(pilot, "g", "space", "G", "enter")
        assert isinstance(pilot.app.screen, RunsScreen)


async def test_a_comparison_that_fails_comes_back_with_the_reason(copies: Path) -> None:
    async with choosing(copies) as pilot:
        await press(pilot, "space", "j")
        (copies / "bert-acl.json.gz").write_text("not any more")
        await press(pilot, "enter")
        await until(pilot, lambda: bool(said(pilot)))
        assert isinstance(pilot.app.screen, RunsScreen)
        assert "is neither a Kineto trace" in said(pilot)[0]
        assert marks(pilot) == {"bert-acl": "B"}


async def test_escape_while_reading_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, cancelled = threading.Event(), threading.Event()

    def read(base: str, candidate: str, options: object, progress: loading.Progress) -> None:
        reading.set()
        try:
            while True:
                progress(1, 2)
                cancelled.wait(0.005)
        finally:
            cancelled.set()

    monkeypatch.setattr(loading, "_compared", read)
    async with choosing() as pilot:
        await press(pilot, "space", "j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LoadingScreen) and reading.is_set())
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, RunsScreen)
        assert cancelled.wait(2)


@pytest.mark.parametrize(("key", "code"), [("q", 0), ("ctrl+q", 0), ("ctrl+c", 130)])
async def test_leaving(key: str, code: int) -> None:
    async with choosing() as pilot:
        await pilot.press(key)
        await pilot.pause()
    assert pilot.app.return_value == code


async def test_the_file_that_was_named_is_the_base(tmp_path: Path) -> None:
    async with choosing(base=GTSRB[1]) as pilot:
        assert marks(pilot) == {"acl": "B"}
        under_cursor = table_of(pilot).item_under_cursor()
        assert under_cursor
        assert under_cursor.name == "openblas"
    folder = Simulation().write(tmp_path / "acl", 2)
    link = tmp_path / "acl.json"
    link.symlink_to(sorted(folder.iterdir())[0])
    async with choosing(tmp_path, base=str(link)) as pilot:
        assert marks(pilot) == {"acl": "B"}
    async with choosing(base=str(tmp_path / "elsewhere.zip")) as pilot:
        assert "elsewhere.zip" in text_of(pilot, "#marks")


async def test_a_folder_that_vanishes_is_said(copies: Path) -> None:
    async with choosing(copies) as pilot:
        shutil.rmtree(copies)
        await press(pilot, "r")
        await listed(pilot)
        assert "cannot be read" in text_of(pilot, "#no-captures")


def test_a_defect_ends_the_app_and_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(loading, "_listed", fail)
    monkeypatch.setattr(TracediffApp, "run", lambda app: App.run(app, headless=True))
    with pytest.raises(ZeroDivisionError):
        run_tui(folder=str(SAMPLES))


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 36), (200, 60)])
async def test_everything_fits_the_screen(copies: Path, size: tuple[int, int]) -> None:
    (copies / "settings.json").write_text("{}")
    async with choosing(copies, size=size) as pilot:
        assert table_of(pilot).max_scroll_x == 0
        assert table_of(pilot).size.height >= 6
        footer = pilot.app.screen.query_one(Footer)
        assert len(footer.query(FooterKey)) <= 8
        assert footer.max_scroll_x == 0 or size[0] < 80
        assert "settings.json" in text_of(pilot, "#left-out")


def test_marks() -> None:
    none = Marks()
    base = none.toggled("a")
    assert base == Marks("a")
    assert base.toggled("b").toggled("c") == Marks("a", "c")
    assert base.toggled("b").toggled("a").toggled("c") == Marks("c", "b")
    assert base.pair(None) is base.pair("a") is none.pair("a") is None
    assert base.pair("b") == ("a", "b")
    assert base.swapped().pair("b") == ("b", "a")
    assert base.toggled("b").pair("c") == ("a", "b")
    assert base.toggled("b").without({"a"}) == Marks(None, "b")
