"""The line on stderr that says how far reading has come: where somebody watches, and once it takes long."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Generator

from tracediff import units

ERASE = "\r\x1b[K"
"""Goes back to the beginning of the line and empties it."""

_PATIENCE_SECONDS = 0.5
_INTERVAL_SECONDS = 0.1
_LEAST_BAR, _MOST_BAR = 10, 40


@contextlib.contextmanager
def progress_line() -> Generator[Callable[[int, int], None] | None]:
    """Gives what readers report to, or None where nobody watches; in the end the line is gone."""
    if not is_watched():
        yield None
        return
    line = _Line()
    try:
        yield line.report
    finally:
        line.erase()


def is_watched() -> bool:
    """Whether stderr is a terminal on which a line can be written again."""
    return sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb"


class _Line:
    def __init__(self) -> None:
        self._due = time.monotonic() + _PATIENCE_SECONDS
        self._visible = False

    def report(self, done: int, total: int) -> None:
        now = time.monotonic()
        # What comes after the last byte takes its time too: the line must not stop short of it.
        if now >= self._due or (self._visible and done >= total > 0):
            self._due = now + _INTERVAL_SECONDS
            self._visible = True
            self._write(ERASE + line_of(done, total, os.get_terminal_size(sys.stderr.fileno()).columns))

    def erase(self) -> None:
        if self._visible:
            self._write(ERASE)

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def line_of(done: int, total: int, width: int) -> str:
    """`reading 310 MB of 2,000 MB [#####.....]`, in less than `width` columns."""
    text = units.reading(done, total)
    bar = min(_MOST_BAR, width - len(text) - 4)
    if bar >= _LEAST_BAR and done < total:
        filled = bar * done // total
        text += f" [{'#' * filled}{'.' * (bar - filled)}]"
    return text[: width - 1]
