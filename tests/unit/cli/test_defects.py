"""A defect is said in one line too, and has an exit code that means nothing else."""

from __future__ import annotations

import pytest

from tracediff.cli import main, show
from tracediff.cli.exit_codes import ExitCode


def fail(*_: object) -> int:
    raise KeyError("two\nlines")


def test_a_defect_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(show, "run", fail)

    assert main(["show", "trace.json"]) == ExitCode.DEFECT

    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "tracediff: error: a defect of tracediff: KeyError: 'two\\nlines' (test_defects.py:12). "
        "Report what tracediff --debug ... prints\n"
    )


def test_debug_shows_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "run", fail)

    with pytest.raises(KeyError):
        main(["--debug", "show", "trace.json"])
