"""Compares two files beside the event loop, so that the first paint waits for nothing and quitting neither."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from tracediff.tui.messages import DiffReady, LoadFailed, ReadProgress

if TYPE_CHECKING:
    from tracediff.compare import CompareOptions


class _CancelledError(Exception):
    """Nobody waits for the result any more."""


class Loading:
    """One comparison under way.

    A daemon thread and not a Textual worker: those run in the event loop's executor, which the interpreter waits for
    when it exits, and analysis of a large trace cannot be interrupted.

    Args:
        listener: gets `ReadProgress`, then one `DiffReady` or `LoadFailed`.
        base, candidate: the inputs.
        options: how to compare.
    """

    def __init__(self, listener: MessagePump, base: str, candidate: str, options: CompareOptions | None) -> None:
        self._listener = listener
        self._inputs = (base, candidate)
        self._options = options
        self._cancelled = threading.Event()

    def start(self) -> None:
        """Begins, and returns at once."""
        threading.Thread(target=self._run, name="tracediff-loading", daemon=True).start()

    def cancel(self) -> None:
        """Makes the thread end at the next block, and say nothing more."""
        self._cancelled.set()

    def _run(self) -> None:
        from tracediff.compare import compare

        try:
            diff = compare(*self._inputs, self._options, self._progress)
        except _CancelledError:
            return
        except BaseException as error:  # An exception of a thread reaches nobody: the app raises it where it was run.
            self._post(LoadFailed(error))
        else:
            self._post(DiffReady(diff))

    def _progress(self, done: int, total: int) -> None:
        if self._cancelled.is_set():
            raise _CancelledError
        self._post(ReadProgress(done, total))

    def _post(self, message: Message) -> None:
        if not self._cancelled.is_set():
            self._listener.post_message(message)
