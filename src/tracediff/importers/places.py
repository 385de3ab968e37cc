"""From what a user names to a source: a file, standard input, a pipe, a URL."""

from __future__ import annotations

import os
import re
import select
import stat
import sys
from functools import partial
from pathlib import Path
from typing import BinaryIO

from tracediff.errors import TraceFormatError
from tracediff.importers.source import STANDARD_INPUT, Source, file_source, status_of, text_of

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FILE_URL = "file://"
_OPEN_FILES = ("/dev/", "/proc/")
_WRITER_WAIT_S = 2


def source_of(name: str | Path) -> Source:
    """What a name stands for; nothing is opened yet.

    Raises:
        TraceFormatError: it cannot be read.
    """
    if name == STANDARD_INPUT:
        return _standard_input()
    if is_url(name):
        # Few name one, and what reads it takes longer to load than most traces.
        from tracediff.importers.remote import remote_source

        return remote_source(str(name))
    path = Path(name)
    if stat.S_ISFIFO(status_of(path).st_mode):
        return Source(text_of(path), partial(_open_pipe, path), is_stream=True)
    source = file_source(path)
    # What one process has open is nothing to another, or something else.
    source.is_stream = str(path).startswith(_OPEN_FILES)
    return source


def is_url(name: str | Path) -> bool:
    """Whether it is no path on this machine."""
    return bool(_URL.match(str(name)))


def is_stream(name: str | Path) -> bool:
    """Whether it can be read only once: standard input, or a pipe like the shell's `<(zcat trace.json.gz)`."""
    try:
        return name == STANDARD_INPUT or (not is_url(name) and Path(name).is_fifo())
    except OSError:
        # Nobody may look: to open it says so.
        return False


def local(name: str | Path) -> str | Path:
    """The path that a `file://` URL stands for; any other name as it is.

    Raises:
        TraceFormatError: it is a file of another machine.
    """
    if not str(name).startswith(_FILE_URL):
        return name
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    parts = urlsplit(str(name))
    if parts.netloc not in ("", "localhost") or not parts.path:
        raise TraceFormatError("names no file of this machine. Write file:///and/the/path", text_of(name))
    return Path(url2pathname(parts.path))


def _standard_input() -> Source:
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] - so it is where the caller closed it (<&-)
        raise TraceFormatError("standard input is closed. Pipe a trace into it", STANDARD_INPUT)
    status = os.fstat(0)
    size = status.st_size if stat.S_ISREG(status.st_mode) else None
    return Source(STANDARD_INPUT, partial(open, 0, "rb", buffering=0, closefd=False), size, is_stream=True)


def _open_pipe(path: Path) -> BinaryIO:
    """Opens a pipe that has a writer, however slow; to wait for one is what `open` does, for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        ready = select.poll()
        ready.register(descriptor, select.POLLIN)
        if not ready.poll(_WRITER_WAIT_S * 1000) and not _has_writer(descriptor):
            raise TraceFormatError("is a pipe that nobody writes to. Start its writer first", text_of(path))
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "rb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise


def _has_writer(descriptor: int) -> bool:
    """Whether an idle pipe is at least open for writing: one without a writer is at its end."""
    try:
        return bool(os.read(descriptor, 1))
    except BlockingIOError:
        return True
