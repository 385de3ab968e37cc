"""Undoes gzip and zstd, whatever the file is called, and gives what there is of a stream that is damaged."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from zlib_ng import zlib_ng

from tracediff.errors import TraceFormatError

if TYPE_CHECKING:
    from backports import zstd

_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = (b"\x2a\x4d\x18", range(0x50, 0x60))
_MAGIC_BYTES = 4
_MOST_LEVELS = 3

_GZIP_WINDOW = 31
_GZIP_ERROR = cast("type[Exception]", zlib_ng.error)  # in its stub the class is an instance
_OUT_BYTES = 256 * 1024
_PIECE_BYTES = 4 * 1024
"""How much of a zstd stream is undone at once: what an error throws away with it."""

# A stream whose place junk in front of it hides; of gzip as much as four bytes can tell.
_BURIED = re.compile(rb"\x1f\x8b\x08[\x00-\x1f]|" + re.escape(_ZSTD_MAGIC))

# What zlib-ng says, like zlib, of a stream whose end does not fit its content, and how much of that end is to come.
_WRONG_END = {"incorrect data check": 4, "incorrect length check": 0}


class _Inflating(Protocol):
    """A gzip stream being undone, which zlib-ng's stub knows in part only."""

    eof: bool
    unused_data: bytes
    unconsumed_tail: bytes

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...
    def flush(self) -> bytes: ...
    def copy(self) -> _Inflating: ...


class Flaws:
    """What was wrong with the bytes, as far as they have been read.

    Attributes:
        cut_short: something of the content is missing.
        wrong_checksums: streams whose content is not what was packed.
        doubts: what is wrong, as what is said of a file: "ends in the middle of its gzip stream".
    """

    def __init__(self) -> None:
        self.cut_short = False
        self.wrong_checksums = 0
        self.doubts: list[str] = []

    def cut(self, doubt: str) -> None:
        """Content is missing from here on."""
        self.cut_short = True
        if doubt not in self.doubts:
            self.doubts.append(doubt)

    def mismatch(self, doubt: str) -> None:
        """Content is not what was packed."""
        self.wrong_checksums += 1
        self.doubts.append(doubt)


_Stream: TypeAlias = Callable[[bytes, Iterator[bytes], Flaws], Generator[bytes, None, bytes]]
"""Undoes one stream that begins with the given bytes and goes on in the blocks; returns what stands behind it."""


def unpacked(blocks: Iterable[bytes], name: str, flaws: Flaws) -> Iterator[bytes]:
    """Yields the content of blocks that may be compressed, also more than once, as by a server that does that again.

    Args:
        blocks: of a file; none of them is empty.
        name: of the file, for the error.
        flaws: told what is wrong with the streams.

    Raises:
        TraceFormatError: it is zstd, and nothing here can read that; or it is compressed too often.
    """
    for _ in range(_MOST_LEVELS + 1):
        content = iter(blocks)
        first = _filled(b"", content)
        blocks = chain((first,), content)
        if _stream_of(first, name) is None:
            return filter(None, blocks)
        blocks = filter(None, decompressed(blocks, name, flaws))
    raise TraceFormatError(f"is compressed more than {_MOST_LEVELS} times over. Decompress it first", name)


def decompressed(blocks: Iterable[bytes], name: str, flaws: Flaws) -> Iterator[bytes]:
    """Yields the content of blocks that may be compressed, in one stream or several in a row.

    Args:
        blocks: of a file; none of them is empty.
        name: of the file, for the error.
        flaws: told what is wrong with the streams.

    Raises:
        TraceFormatError: it is zstd, and nothing here can read that.
    """
    rest = iter(blocks)
    data = _filled(b"", rest)
    undo = _stream_of(data, name)
    if undo is None:
        if data:
            yield data
        yield from rest
        return
    while undo:
        data = yield from undo(data, rest, flaws)
        # Padding with NUL bytes between and after streams is legal.
        while not (data := data.lstrip(b"\0")) and (block := next(rest, b"")):
            data = block
        data = _filled(data, rest)
        if not data:
            return
        undo = _stream_of(data, name)
    if _is_buried_in(chain((data,), rest)):
        flaws.cut("has bytes between its compressed streams that belong to none: what follows is missing")
    else:
        flaws.doubts.append("has bytes behind its compressed stream that belong to none: left out")


def _is_buried_in(blocks: Iterable[bytes]) -> bool:
    """Whether another stream begins somewhere in the blocks."""
    before = b""
    for block in blocks:
        if _BURIED.search(before + block):
            return True
        before = (before + block)[1 - _MAGIC_BYTES :]
    return False


def _filled(data: bytes, blocks: Iterator[bytes]) -> bytes:
    """The data with as many blocks as it takes to see how a stream begins."""
    while len(data) < _MAGIC_BYTES and (block := next(blocks, b"")):
        data += block
    return data


def _stream_of(data: bytes, name: str) -> _Stream | None:
    if data.startswith(_GZIP_MAGIC):
        return _gunzip
    suffix, firsts = _ZSTD_SKIPPABLE
    if data.startswith(_ZSTD_MAGIC) or (data[1:_MAGIC_BYTES] == suffix and data[0] in firsts):
        return _unzstd(name)
    return None


def _gunzip(data: bytes, blocks: Iterator[bytes], flaws: Flaws) -> Generator[bytes, None, bytes]:
    """One member of a gzip file."""
    stream = cast("_Inflating", cast("Any", zlib_ng).decompressobj(_GZIP_WINDOW))
    while data:
        # An error throws away all that its call has undone: a copy can do that again, up to the error.
        before, given, rest = stream.copy(), 0, data
        try:
            while rest and not stream.eof:
                piece = stream.decompress(rest, _OUT_BYTES)
                given += len(piece)
                yield piece
                rest = stream.unconsumed_tail
        except _GZIP_ERROR as error:
            behind = yield from _again(before, data, given)
            missing = next((size for what, size in _WRONG_END.items() if what in str(error)), None)
            if missing is None:
                flaws.cut(f"is damaged gzip ({error}): what follows is missing")
                return b""
            flaws.mismatch("has a wrong gzip checksum: what it holds may be wrong")
            return _filled(behind, blocks)[missing:]
        if stream.eof:
            return stream.unused_data
        data = next(blocks, b"")
    yield stream.flush()
    if not stream.eof:
        flaws.cut("ends in the middle of its gzip stream: what follows is missing")
    return b""


def _again(stream: _Inflating, data: bytes, given: int) -> Generator[bytes, None, bytes]:
    """What `data` holds before the byte that is wrong, but for the `given` bytes of it; returns what is behind that."""
    for at in range(len(data)):
        try:
            piece = stream.decompress(data[at : at + 1])
        except _GZIP_ERROR:
            return data[at + 1 :]
        yield piece[given:]
        given = max(0, given - len(piece))
    return b""


def _unzstd(name: str) -> _Stream:
    # Most traces are no zstd, and need not wait for what reads it.
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise TraceFormatError(
            "is compressed with zstd, which needs backports-zstd. pip install backports-zstd", name
        ) from None

    def undo(data: bytes, blocks: Iterator[bytes], flaws: Flaws) -> Generator[bytes, None, bytes]:
        stream = zstd.ZstdDecompressor()
        while data:
            for at in range(0, len(data), _PIECE_BYTES):
                try:
                    yield from _pieces(stream, data[at : at + _PIECE_BYTES])
                except zstd.ZstdError as error:
                    flaws.cut(f"is damaged zstd ({error}): what follows is missing")
                    return b""
                if stream.eof:
                    return stream.unused_data + data[at + _PIECE_BYTES :]
            data = next(blocks, b"")
        flaws.cut("ends in the middle of its zstd stream: what follows is missing")
        return b""

    return undo


def _pieces(stream: zstd.ZstdDecompressor, data: bytes) -> Iterator[bytes]:
    yield stream.decompress(data, _OUT_BYTES)
    while not (stream.needs_input or stream.eof):
        yield stream.decompress(b"", _OUT_BYTES)
