"""`tracediff` and `tracediff tui`: what they show where there is a terminal, and what they say where there is none."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import pytest

from tracediff import tui
from tracediff.cli import main
from tracediff.tui.exporting import Exporter

from builders import SAMPLES


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Pretends that there is a terminal; returns what the TUI is asked to show on it."""
    calls: list[dict[str, Any]] = []

    def run_tui(
        base: str | None = None,
        candidate: str | None = None,
        options: object = None,
        folder: str = ".",
        *,
        exporters: list[Exporter],
        ascii_only: bool | None,
    ) -> int:
        assert {one.suffix for one in exporters} == {".csv", ".md", ".json", ".html"}
        asked = {"ascii_only": ascii_only} if ascii_only else {}
        calls.append({"base": base, "candidate": candidate, "folder": folder, **asked})
        return 0

    monkeypatch.setattr(tui, "run_tui", run_tui)
    monkeypatch.setenv("TERM", "xterm")
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(sys, stream, Terminal())
    return calls


@pytest.mark.parametrize("command", ["tui", "diff"])
def test_ascii_is_asked_for(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    shown = on_a_terminal(monkeypatch)

    assert main([command, "--ascii", "a.json", "b.json"]) == 0
    assert shown == [{"base": "a.json", "candidate": "b.json", "folder": ".", "ascii_only": True}]


@pytest.mark.parametrize(
    ("arguments", "base", "candidate", "folder"),
    [
        ([], None, None, "."),
        (["tui"], None, None, "."),
        (["tui", "."], None, None, "."),
        (["tui", "acl.json"], "acl.json", None, "."),
        (["tui", str(SAMPLES / "acl.json")], str(SAMPLES / "acl.json"), None, str(SAMPLES)),
        (["tui", (SAMPLES / "acl.json").as_uri()], str(SAMPLES / "acl.json"), None, str(SAMPLES)),
        (["tui", "a.json", "b.json"], "a.json", "b.json", "."),
    ],
)
def test_what_is_shown(
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    base: str | None,
    candidate: str | None,
    folder: str,
) -> None:
    monkeypatch.chdir(SAMPLES)
    shown = on_a_terminal(monkeypatch)

    assert main(arguments) == 0
    assert shown == [{"base": base, "candidate": candidate, "folder": folder}]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["tui", "missing.json"], 3, "missing.json: no such file. Check the path"),
        (
            ["tui", "https://example.org/t.json"],
            2,
            "https://example.org/t.json: is nothing that can be looked around in",
        ),
        (["tui", "-"], 2, "a pipe gives them once"),
        (["tui", ".", "--kernel-log", "x.log"], 2, "--kernel-log is of captures that are named. Name both"),
    ],
)
def test_what_cannot_be_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, error: str
) -> None:
    shown = on_a_terminal(monkeypatch)

    assert main(arguments) == code
    assert error in capsys.readouterr().err
    assert shown == []


def test_without_a_terminal_it_is_help(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([]) == 2
    assert capsys.readouterr().out.startswith("usage: tracediff")
    assert main(["tui", str(tmp_path)]) == 2
    assert "needs a terminal" in capsys.readouterr().err
