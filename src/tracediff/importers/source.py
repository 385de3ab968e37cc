"""The bytes of one capture, wherever they come from, in blocks: so that no importer holds a whole file."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from io import BytesIO, FileIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias, cast

from tracediff.errors import TraceFormatError
from tracediff.importers.compression import Flaws, unpacked
from tracediff.importers.encoding import as_utf8

Progress: TypeAlias = Callable[[int, int], None]
"""Called with (bytes of the file consumed, bytes of the file or 0 while nobody knows) after each block."""

LARGE_BYTES = 20_000_000
"""From here on a file is worth keeping as it was read."""

BLOCK_BYTES = 256 * 1024
SNIFF_BYTES = 64 * 1024
"""How much of a file's beginning an importer may look at to recognise it."""

STANDARD_INPUT = "-"
"""What a user names it."""

_MOST_BLOCKS_BEHIND = 16


class LostError(Exception):
    """Bytes of a file are lost: the reason, as `Flaws` takes it."""


class ChecksumError(Exception):
    """All of a file has been read, and it is not what was packed: the reason, as `Flaws` takes it."""


class Readable(Protocol):
    """A file, as far as a source needs one."""

    def read(self, size: int, /) -> bytes:
        """At most that many bytes; none at the end.

        Raises:
            LostError: what follows is lost.
            ChecksumError: all has been read, and something of it is wrong.
            OSError: it cannot be read.
            TraceFormatError: the same, where more is known.
        """
        ...

    def close(self) -> None:
        """Ends reading."""
        ...


class Source:
    """What can be read once, from its beginning to its end.

    Attributes:
        name: what the user named, as text that can be written anywhere.
        size: bytes as they are stored, compressed or not; None while nobody knows.
        consumed: bytes of these that were read.
        flaws: what was wrong with those.
        path: where it is on this machine; None where it is no file of its own.
        status: of the file that was opened, whatever stands under its path by now; None before that.
        is_stream: it cannot be opened a second time.

    Args:
        name, size, path, is_stream: as above.
        opened: opens it, or raises what reading it does.
    """

    def __init__(
        self,
        name: str,
        opened: Callable[[], Readable],
        size: int | None = None,
        *,
        path: Path | None = None,
        is_stream: bool = False,
    ) -> None:
        self.name = name
        self.size = size
        self.path = path
        self.status: os.stat_result | None = None
        self.is_stream = is_stream
        self.consumed = 0
        self.flaws = Flaws()
        self._opened = opened
        self._progress: Progress | None = None
        self._ahead: list[bytes] = []
        self._content = self._read()

    def head(self) -> bytes:
        """The first SNIFF_BYTES of the content, which stay to be read.

        Raises:
            TraceFormatError: it cannot be read.
        """
        have = sum(map(len, self._ahead))
        while have < SNIFF_BYTES and (block := next(self._content, b"")):
            self._ahead.append(block)
            have += len(block)
        return b"".join(self._ahead)[:SNIFF_BYTES]

    def blocks(self, progress: Progress | None = None) -> Iterator[bytes]:
        """Yields the content, decompressed; what is missing at its end is told by `flaws` afterwards.

        Raises:
            TraceFormatError: it cannot be read.
        """
        self._progress = progress
        while self._ahead:
            yield self._ahead.pop(0)
        yield from self._content

    def finish(self) -> None:
        """Reads what may be left behind the trace, which can hold a checksum; much more than that is nobody's."""
        for _ in islice(self._content, _MOST_BLOCKS_BEHIND):
            pass
        if self._progress:
            whole = self.size or self.consumed
            self._progress(whole, whole)

    def file(self) -> BinaryIO:
        """Opens it once more, for what reads here and there in it.

        Raises:
            TraceFormatError: it is a pipe, or in an archive itself.
        """
        if self.is_stream:
            raise TraceFormatError("is an archive within a pipe or an archive. Make it a file first", self.name)
        # Members of archives and pipes are less than a file, and were refused above.
        return cast("BinaryIO", self._opened())

    def again(self) -> Source:
        """The same from its beginning, as a source with flaws of its own: whoever reads it has to tell them.

        Raises:
            TraceFormatError: it is a pipe, or in an archive itself.
        """
        return Source(self.name, self.file, self.size)

    def _read(self) -> Iterator[bytes]:
        try:
            with closing(self._opened()) as file:
                if isinstance(file, FileIO):
                    self.status = os.fstat(file.fileno())
                content = unpacked(self._stored(file), self.name, self.flaws)
                yield from filter(None, as_utf8(content, self.flaws))
        except OSError as error:
            raise TraceFormatError(
                f"cannot be read ({error.strerror or error}). Check its permissions", self.name
            ) from None

    def _stored(self, file: Readable) -> Iterator[bytes]:
        while True:
            try:
                block = file.read(BLOCK_BYTES)
            except LostError as error:
                self.flaws.cut(str(error))
                return
            except ChecksumError as error:
                self.flaws.mismatch(str(error))
                return
            if not block:
                return
            self.consumed += len(block)
            yield block
            if self._progress:
                self._progress(self.consumed, self.size or 0)


def check_readable(path: Path) -> None:
    """Refuses what cannot be a trace before anything is opened.

    Raises:
        TraceFormatError: there is no such file, or it is a directory, a device, or empty.
    """
    status = status_of(path)
    if stat.S_ISDIR(status.st_mode):
        raise TraceFormatError("is a directory. Name a trace file in it", str(path))
    if not stat.S_ISREG(status.st_mode):
        raise TraceFormatError("is not a regular file. Save it to a file first", str(path))
    if status.st_size == 0:
        raise TraceFormatError("is empty. The capture may have been killed: make it again", str(path))


def is_folder(path: Path) -> bool:
    """Whether it is one, as far as this user may know: to open it says what else is wrong."""
    try:
        return path.is_dir()
    except OSError:
        return False


def status_of(path: Path) -> os.stat_result:
    """What the system knows about a path.

    Raises:
        TraceFormatError: there is no such file, or nobody may know.
    """
    try:
        return path.stat()
    except FileNotFoundError:
        raise TraceFormatError("no such file. Check the path", str(path)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise TraceFormatError(f"cannot be read ({reason}). Check its permissions", str(path)) from None


def file_source(path: Path) -> Source:
    """A regular file on this disk.

    Raises:
        TraceFormatError: it is none, or empty.
    """
    check_readable(path)
    return Source(text_of(path), partial(path.open, "rb", buffering=0), path.stat().st_size, path=path)


def bytes_source(content: bytes, name: str) -> Source:
    """What is held in memory, under the name of the file that it was in."""
    return Source(name, partial(BytesIO, content), len(content))


def read_blocks(path: Path) -> Iterator[bytes]:
    """Yields a file's content, decompressed, for those who have no use for a part of it.

    Raises:
        TraceFormatError: the file cannot be read, or it is damaged or cut short.
    """
    source = file_source(path)
    yield from source.blocks()
    if source.flaws.doubts:
        raise TraceFormatError(f"{source.flaws.doubts[0]}. Copy or capture it again", source.name)


def text_of(name: Path | str) -> str:
    """The path as text that can be written anywhere, also where its bytes are no UTF-8."""
    return str(name).encode("utf-8", "backslashreplace").decode("utf-8")
