"""Nothing waits for a file: neither the first paint nor leaving; and an input that cannot be read ends the app."""

from __future__ import annotations

import importlib
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partialmethod
from pathlib import Path

import pytest
from textual.app import App
from textual.widgets import ProgressBar, Static

from tracediff.compare import CompareOptions
from tracediff.errors import TraceFormatError, UsageError
from tracediff.model.diff import Diff
from tracediff.tui import run_tui
from tracediff.tui.app import TracediffApp
from tracediff.tui.messages import DiffReady
from tracediff.tui.panes import LedgerPane
from tracediff.tui.screens.compare import CompareScreen
from tracediff.tui.screens.help import HelpScreen
from tracediff.tui.screens.loading import LoadingScreen
from tui.driver import GTSRB, messages, new_app, opened, until

compare_module = importlib.import_module("tracediff.compare")


@pytest.fixture
def slow_reader(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A comparison that reads for ever, a block every few milliseconds; the event is set when it stops."""
    stopped = threading.Event()

    def read(base: str, candidate: str, options: object, progress: Callable[[int, int], None]) -> Diff:
        try:
            while True:
                progress(30_000_000, 100_000_000)
                threading.Event().wait(0.005)
        finally:
            stopped.set()

    monkeypatch.setattr(compare_module, "compare", read)
    return stopped


@pytest.mark.parametrize(("key", "code"), [("q", 0), ("ctrl+q", 0), ("ctrl+c", 130)])
async def test_leaving_while_loading(slow_reader: threading.Event, key: str, code: int) -> None:
    app = new_app(GTSRB)
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, LoadingScreen) and app.screen.is_mounted)
        bar = app.screen.query_one(ProgressBar)
        await until(pilot, lambda: bar.percentage == pytest.approx(0.3))
        assert str(app.screen.query_one("#stage", Static).content) == "reading 30 MB of 100 MB"
        await pilot.press(key)
    assert app.return_value == code
    assert slow_reader.wait(2)


async def test_help_opened_while_loading_gives_way_to_the_comparison(gtsrb: Diff, slow_reader: threading.Event) -> None:
    app = new_app(GTSRB)
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, LoadingScreen) and app.screen.is_mounted)
        await pilot.press("?")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        app.post_message(DiffReady(gtsrb))
        await until(pilot, lambda: isinstance(app.screen, CompareScreen))
        assert not any(isinstance(screen, LoadingScreen | HelpScreen) for screen in app.screen_stack)


async def test_ctrl_c_leaves_from_everywhere() -> None:
    for keys in ([], ["/", "a"], ["s"], ["enter"], ["?"]):
        async with opened() as pilot:
            await pilot.press(*keys, "ctrl+c")
            await pilot.pause()
        assert pilot.app.return_value == 130, keys


async def test_q_leaves() -> None:
    for keys in ([], ["s"], ["enter"], ["?"], ["3"]):
        async with opened() as pilot:
            await pilot.press(*keys, "q")
            await pilot.pause()
        assert pilot.app.return_value == 0, keys


@pytest.fixture
def headless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TracediffApp, "run", partialmethod(App.run, headless=True))


@pytest.mark.usefixtures("headless")
def test_an_unreadable_input_ends_the_app_and_is_raised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TraceFormatError, match="no such file"):
        run_tui(GTSRB[0], str(tmp_path / "missing.json"))
    damaged = tmp_path / "damaged.json"
    damaged.write_text("this is no trace")
    with pytest.raises(TraceFormatError, match="neither"):
        run_tui(str(damaged), GTSRB[1])
    with pytest.raises(UsageError):
        run_tui(*GTSRB, CompareOptions(families=tmp_path / "missing.toml"))
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("headless")
def test_a_defect_of_the_screen_is_raised_and_prints_no_page(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(LedgerPane, "fill", fail)
    with pytest.raises(ZeroDivisionError):
        run_tui(*GTSRB)
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("headless")
def test_a_defect_is_raised_too_and_does_not_leave_the_app_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> Diff:
        raise ZeroDivisionError

    monkeypatch.setattr(compare_module, "compare", fail)
    with pytest.raises(ZeroDivisionError):
        run_tui(*GTSRB)


@pytest.mark.parametrize("key", ["x", "r"])
async def test_an_input_that_vanished_leaves_the_comparison_on_screen(tmp_path: Path, key: str) -> None:
    copy = tmp_path / "trace.json"
    copy.write_bytes(Path(GTSRB[0]).read_bytes())
    async with opened((str(copy), GTSRB[1])) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, CompareScreen)
        before = screen.diff
        copy.unlink()
        await pilot.press(key)
        await until(pilot, lambda: bool(messages(pilot)))
        assert "no such file" in messages(pilot)[0]
        assert screen.diff is before
        assert str(screen.query_one("#status", Static).content).startswith("12 rows")
        # The next attempt is of the same two, the same way round.
        copy.write_bytes(Path(GTSRB[0]).read_bytes())
        await pilot.press("r")
        await until(pilot, lambda: screen.diff is not before)
        assert screen.diff.base.run.label == before.base.run.label


def test_importing_the_package_does_not_import_textual() -> None:
    code = "import sys, tracediff.tui; sys.exit('textual' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
