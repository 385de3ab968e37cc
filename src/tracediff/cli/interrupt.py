"""Ends a command soon after Ctrl-C, also while numpy sorts millions and Python hears nothing."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Generator
from typing import NoReturn

from tracediff.cli.exit_codes import ExitCode
from tracediff.cli.progress import ERASE, is_watched
from tracediff.files import abandon_parts

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_GRACE_SECONDS = 0.2


@contextlib.contextmanager
def interruptible() -> Generator[None]:
    """Where a signal that ends the command has not ended this block a moment later, it ends the process.

    For blocks that own nothing but files from `tracediff.files` and processes that notice when they are alone.
    """
    if threading.current_thread() is not threading.main_thread():
        # Signals are none of its business.
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    left = threading.Event()
    threading.Thread(target=_watch, args=(reading, left), name="tracediff-interrupt", daemon=True).start()
    before = signal.set_wakeup_fd(writing)
    try:
        yield
    finally:
        left.set()
        signal.set_wakeup_fd(before)
        os.close(writing)


def _watch(reading: int, left: threading.Event) -> None:
    with os.fdopen(reading, "rb", buffering=0) as signals:
        while number := signals.read(1):
            if number[0] in _SIGNALS and not left.wait(_GRACE_SECONDS):
                end()


def end() -> NoReturn:
    """Says so and ends the process at once: to free what was read, piece by piece, can take seconds."""
    abandon_parts()
    # Another thread may hold the lock of sys.stderr.
    os.write(sys.stderr.fileno(), f"{ERASE if is_watched() else ''}tracediff: interrupted\n".encode())
    os._exit(ExitCode.INTERRUPTED)
