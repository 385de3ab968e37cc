"""What the user's file says holds, and what is wrong in it is said without keeping the rest from holding."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.theme import BUILTIN_THEMES
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from tracediff.tui import keymap
from tracediff.tui.actions import ACTIONS, HEARD_TOGETHER, Scope
from tracediff.tui.screens.help import HelpScreen
from tracediff.tui.settings import Settings, read_settings
from tui.driver import messages, on_screen, opened

REPOSITORY = Path(__file__).parents[2]
THEMES, TABS = ("nord", "textual-dark"), ("ledger", "operators")


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "tui.toml"
    monkeypatch.setenv("TRACEDIFF_CONFIG", str(path))
    return path


def read(config: Path, text: str) -> Settings:
    config.write_text(text)
    return read_settings(THEMES, TABS)


def test_all_that_can_be_set(config: Path) -> None:
    settings = read(
        config,
        """
        theme = "nord"
        ascii = true
        [keys]
        row.open = "o"
        "sort.menu" = ["f3", "?"]
        "app.help" = "f1"
        [compare]
        tab = "operators"
        """,
    )

    assert settings == Settings(
        str(config),
        {"row.open": "o", "sort.menu": "f3,question_mark", "app.help": "f1"},
        theme="nord",
        ascii=True,
        tab="operators",
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("theme = 3", "theme: 3 is no theme: Theme in the palette lists them"),
        ('theme = "nrod"', "theme: 'nrod' is no theme"),
        ('ascii = "yes"', "ascii: 'yes' is neither true nor false"),
        ('compare.tab = "x"', "compare.tab: 'x' is none of ledger, operators"),
        ("compare = 1", "compare: is a table"),
        ("compare.tap = 1", "compare.tap: no such setting"),
        ("keys = 1", "keys: is a table"),
        ("[key]", "key: no such setting"),
        ('keys.rows.open = "o"', "keys.rows.open: there is no action 'rows.open'"),
        ("keys.row.open = 1", "keys.row.open: 1 is no key"),
        ("keys.row.open = []", "keys.row.open: [] is no key"),
        ('keys.row.open = ""', "keys.row.open: an empty key"),
        ('keys.row.open = "ctlr+o"', "keys.row.open: no key 'ctlr+o'"),
        ('keys.row.open = "enterr"', "keys.row.open: no key 'enterr'"),
        ('keys.row.open = "u"', "keys.row.open: u is Unchanged (rows.unchanged) there already"),
        ('keys.sides.swap = "s"', "keys.sides.swap: s is Sort (sort.menu) there already"),
        ('keys.app.interrupt = "c"', "keys.app.interrupt: c is typed into the filter"),
        ('keys.filter.done = "x"', "keys.filter.done: x is typed into the filter"),
        ("[keys]\n\nx = = 1", "is no TOML: Invalid value (at line 3"),
    ],
)
def test_what_is_wrong_is_named_and_left_out(config: Path, text: str, problem: str) -> None:
    settings = read(config, text)

    (said,) = settings.problems
    assert said.startswith(problem)
    assert settings == Settings(str(config), problems=settings.problems)


def test_the_documented_example_holds(config: Path) -> None:
    page = (REPOSITORY / "docs/keys.md").read_text("utf-8")
    example = page.partition("```toml\n")[2].partition("```")[0]
    config.write_text(example)

    settings = read_settings(BUILTIN_THEMES, TABS)

    assert settings.problems == ()
    assert settings.keys == {"row.open": "enter,o", "view.export": "f2"}


def test_files_that_cannot_be_read(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings(THEMES, TABS).problems == ("no such file, named by TRACEDIFF_CONFIG",)
    config.write_bytes(b"\xff\xfe")
    assert read_settings(THEMES, TABS).problems[0].startswith("is no TOML")
    config.unlink()
    config.mkdir()
    assert read_settings(THEMES, TABS).problems == ("cannot be read: Is a directory",)
    monkeypatch.delenv("TRACEDIFF_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    assert read_settings(THEMES, TABS) == Settings(str(config / "tracediff/tui.toml"))


def test_two_actions_may_change_their_keys() -> None:
    wanted = {"sort.menu": "u", "rows.unchanged": "s"}

    assert keymap.check(wanted) == (wanted, [])


def test_what_falls_back_on_its_key_takes_it_from_another() -> None:
    kept, problems = keymap.check({"sort.menu": "u", "rows.unchanged": "no such key"})

    assert kept == {}
    assert len(problems) == 2


def test_actions_as_they_are_have_different_keys_wherever_they_are_heard() -> None:
    assert keymap.check({action.id: action.keys for action in ACTIONS})[1] == []
    assert set().union(*HEARD_TOGETHER) == set(Scope)


async def test_footer_help_and_palette_show_the_users_keys(config: Path) -> None:
    config.write_text('[keys]\nsides.swap = "ctrl+w"\nfigures.share = "f9"\n')
    async with opened() as pilot:
        footer = {str(key.description): key.key_display for key in pilot.app.screen.query_one(Footer).query(FooterKey)}
        assert footer["Swap"] == "Ctrl+W"
        assert footer["Share"] == "F9"
        titles = {command.title for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert {"Swap (Ctrl+W)", "Share (F9)", "Export (Ctrl+E)", "Copy line (y)", "Theme"} <= titles
        await pilot.press("percent_sign")
        assert "% of each side's iteration" not in on_screen(pilot)
        await pilot.press("f9")
        assert "% of each side's iteration" in on_screen(pilot)
        await pilot.press("?")
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("/", *"share")
        await pilot.pause()
        shown = on_screen(pilot)
        assert "F9" in shown
        assert "Swap" not in shown
        assert str(config) in shown


async def test_settings_that_hold_and_a_message_about_the_others(config: Path) -> None:
    config.write_text('theme = "nord"\nascii = 1\n[compare]\ntab = "calls"\n')
    async with opened(tab="calls") as pilot:
        assert pilot.app.theme == "nord"
        (message,) = messages(pilot)
        assert message == f"{config} ascii: 1 is neither true nor false"


async def test_the_first_tab_is_the_users(config: Path) -> None:
    config.write_text('compare.tab = "calls"\n')
    async with opened(tab=None) as pilot:
        assert pilot.app.focused
        assert pilot.app.focused.id == "call-tree"
