"""The comparisons that the tests of the TUI look at."""

from __future__ import annotations

import os

import pytest

from tracediff.compare import compare
from tracediff.model.diff import Diff
from tui.driver import GTSRB, PRINTED


@pytest.fixture(autouse=True)
def same_terminal_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """What whoever runs the tests has set must not change what they see."""
    monkeypatch.setenv("TRACEDIFF_CONFIG", os.devnull)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(scope="session")
def gtsrb() -> Diff:
    return compare(*GTSRB)


@pytest.fixture(scope="session")
def printed() -> Diff:
    return compare(*PRINTED)
