"""Reads files beside the event loop, so that the first paint waits for nothing and quitting neither."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from tracediff.tui.messages import DiffReady, ListingReady, LoadFailed, ReadProgress

if TYPE_CHECKING:
    from tracediff.compare import CompareOptions
    from tracediff.importers.source import Progress


_TELL_EVERY_S = 0.05
"""Nobody sees more, and every time takes the interpreter away from the reading."""


class _CancelledError(Exception):
    """Nobody waits for the result any more."""


class Loading:
    """One piece of work under way.

    A daemon thread and not a Textual worker: those run in the event loop's executor, which the interpreter waits for
    when it exits, and analysis of a large trace cannot be interrupted.

    Args:
        listener: gets `ReadProgress`, then what the work made, or `LoadFailed`.
        work: takes where to tell its progress, and makes the message.
    """

    def __init__(self, listener: MessagePump, work: Callable[[Progress], Message]) -> None:
        self._listener = listener
        self._work = work
        self._cancelled = threading.Event()
        self._told = 0.0

    def start(self) -> None:
        """Begins, and returns at once."""
        threading.Thread(target=self._run, name="tracediff-loading", daemon=True).start()

    def cancel(self) -> None:
        """Makes the thread end at the next block, and say nothing more."""
        self._cancelled.set()

    def _run(self) -> None:
        try:
            made = self._work(self._progress)
        except _CancelledError:
            return
        except BaseException as error:  # An exception of a thread reaches nobody: the app raises it where it was run.
            self._post(LoadFailed(error))
        else:
            self._post(made)

    def _progress(self, done: int, total: int) -> None:
        if self._cancelled.is_set():
            raise _CancelledError
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY_S or done == total:
            self._told = now
            self._post(ReadProgress(done, total))

    def _post(self, message: Message) -> None:
        if not self._cancelled.is_set():
            self._listener.post_message(message)


def comparing(listener: MessagePump, base: str, candidate: str, options: CompareOptions | None) -> Loading:
    """Compares two inputs; makes `DiffReady`."""
    return Loading(listener, partial(_compared, base, candidate, options))


def looking(listener: MessagePump, folder: str) -> Loading:
    """Looks for the captures below a folder; makes `ListingReady`."""
    return Loading(listener, partial(_listed, folder))


def _compared(base: str, candidate: str, options: CompareOptions | None, progress: Progress) -> Message:
    # What compares takes as long to import as Textual, which is on screen by then; so does what shows it.
    import_module("tracediff.tui.screens.compare")
    from tracediff.compare import compare

    return DiffReady(compare(base, candidate, options, progress))


def _listed(folder: str, progress: Progress) -> Message:
    from tracediff.compare import captures_below

    return ListingReady(captures_below(folder, progress))
