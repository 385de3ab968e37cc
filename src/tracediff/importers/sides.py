"""Reads two large sides at the same time: the candidate in a process of its own."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Self, cast

from tracediff.errors import TraceFormatError
from tracediff.importers import stored
from tracediff.importers.cache import is_cached
from tracediff.importers.captures import TWO_PROCESSES_BYTES, load_all, load_found
from tracediff.importers.finding import Found, json_bytes
from tracediff.importers.source import Progress
from tracediff.model.trace import Captures

# Finds the same modules as here, whatever it was that made them importable.
_CODE = "import sys; sys.path[:] = {path!r}; from tracediff.importers import sides; sides.read_for(*sys.argv[1:])"
_BYTES = struct.Struct("<q")
_POLL_SECONDS = 0.05
_GRACE_SECONDS = 2


def load_large(
    base: Found, candidate: Found, name: str | Path, progress: Progress | None = None, cache: bool = True
) -> tuple[Captures, Captures]:
    """Reads two sides as `load_all` does, in two processes where there is work for both.

    Args:
        base: a side.
        candidate: a side that another process can find too.
        name: what that was found by.
        progress: told how far reading has come, over both.
        cache: as of `load`.

    Raises:
        TraceFormatError: a side cannot be read.
    """
    if _processors() > 1 and min(_bytes_to_parse(side, cache) for side in (base, candidate)) >= TWO_PROCESSES_BYTES:
        try:
            reader = _SecondReader(name, cache)
        except OSError:
            # No more processes, or nowhere to put what it would read.
            pass
        else:
            with reader:
                return _load_with(reader, base, candidate, progress, cache)
    first, second = load_found((base, candidate), progress, cache)
    return first, second


def _load_with(
    reader: _SecondReader, base: Found, candidate: Found, progress: Progress | None, cache: bool
) -> tuple[Captures, Captures]:
    def report(here: int, there: int) -> None:
        if progress:
            progress(here + there, base.size + candidate.size)

    first = next(load_found((base,), lambda done, _: report(done, reader.bytes_done()), cache))
    second = reader.captures(lambda: report(base.size, reader.bytes_done()))
    if second is None:
        # Where the other process failed and the file is to blame, it shows here.
        second = next(load_found((candidate,), lambda done, _: report(base.size, done), cache))
    return first, second


def read_for(path: str, result: str, done: str, cache: str, parent: str) -> None:
    """Reads a side in the second process.

    Args:
        path: the side.
        result: number of the open file that gets the captures, or the message and path of the error.
        done: number of the open file that gets the bytes read so far.
        cache: what `load_all` is told of it, if anything.
        parent: whom this is for: without it there is nothing to do.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            # What is half written has to go first.
            signal.signal(number, signal.default_int_handler)

    def report(read: int, _: int) -> None:
        if os.getppid() != int(parent):
            raise KeyboardInterrupt
        os.pwrite(int(done), _BYTES.pack(read), 0)

    try:
        outcome = load_all(path, report, bool(cache))
    except TraceFormatError as error:
        outcome = (error.message, error.path)
    with os.fdopen(int(result), "wb") as file:
        stored.write(outcome, file)


class _SecondReader:
    """The process that reads a side, seen from the first one; leaving its `with` ends it.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, path: str | Path, cache: bool) -> None:
        # Nameless files: nothing is left of them, however the two processes end.
        self._result = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        self._done = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
        files = (self._result.fileno(), self._done.fileno())
        self._process = subprocess.Popen(  # noqa: S603
            [
                sys.executable,
                "-c",
                _CODE.format(path=sys.path),
                os.fspath(path),
                *map(str, files),
                "cache" if cache else "",
                str(os.getpid()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=files,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        with self._result, self._done, self._process:
            if self._process.poll() is None:
                self._process.terminate()
                try:
                    self._process.wait(_GRACE_SECONDS)
                except subprocess.TimeoutExpired:
                    self._process.kill()

    def bytes_done(self) -> int:
        """How much of the side's files it has read."""
        content = os.pread(self._done.fileno(), _BYTES.size, 0)
        return int(_BYTES.unpack(content)[0]) if content else 0

    def captures(self, meanwhile: Callable[[], None]) -> Captures | None:
        """Waits for what it reads.

        Args:
            meanwhile: called again and again.

        Returns:
            The side; None where the process failed for a reason of its own.

        Raises:
            TraceFormatError: the side cannot be read.
        """
        while self._process.poll() is None:
            meanwhile()
            try:
                self._process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        # It may have ended before anyone looked.
        meanwhile()
        try:
            self._result.seek(0)
            outcome = stored.read(self._result)
        except (OSError, stored.DamagedError):
            return None
        if isinstance(outcome, Captures):
            return outcome
        raise TraceFormatError(*cast("tuple[str, str]", outcome))


def _bytes_to_parse(side: Found, cache: bool) -> int:
    """About how much JSON of the side the cache does not have."""
    return side.json_bytes - sum(
        json_bytes(file.name, file.stat().st_size) for file in side.files if cache and is_cached(file)
    )


def _processors() -> int:
    # macOS does not tell which processors are ours.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
