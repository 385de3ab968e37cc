from __future__ import annotations

import os
import signal
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from tracediff.compare import compare
from tracediff.model.diff import Diff

from builders import Call, TraceBuilder

# A shell starts what it puts into the background deaf to Ctrl-C, and nohup to a closed terminal: so would be all that
# the tests start and interrupt.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, handler)


# The same examples for everyone: whoever wants to find new ones has the time.
settings.register_profile("same", derandomize=True)
if not os.environ.get("TRACEDIFF_SLOW_TESTS"):
    settings.load_profile("same")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a trace of the given calls and returns its path; no two begin at the same time."""
    starts = count(1_000_000)

    def write(name: str, *calls: Call, gap: int = 0, **keys: object) -> Path:
        return TraceBuilder(gap, next(starts)).add(*calls).write(tmp_path / f"{name}.json", **keys)

    return write


@pytest.fixture
def diff_of(write: Callable[..., Path]) -> Callable[[list[Call], list[Call]], Diff]:
    """Compares two lists of calls, by way of files."""

    def diff_of(base: list[Call], candidate: list[Call]) -> Diff:
        return compare(write("base", *base), write("candidate", *candidate))

    return diff_of
