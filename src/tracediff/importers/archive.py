"""Traces in a .zip or a .tar, packed in whatever way, read as they stand in it: nothing is unpacked to disk."""

from __future__ import annotations

import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from functools import partial
from pathlib import PurePosixPath
from tarfile import (
    EOFHeaderError,  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType] - no stub has it
    HeaderError,
    ReadError,
)
from typing import IO, TypeAlias, cast

from tracediff.errors import TraceFormatError
from tracediff.importers.members import Member, member_name
from tracediff.importers.source import BLOCK_BYTES, ChecksumError, LostError, Readable, Source

_PIECE_BYTES = 16 * 1024
"""How much of a member is read at once, since an error throws that away."""

_ENCRYPTED = 1
_NO_END = "not a zip file"

# What `zipfile` and the modules below it raise on bytes that are not what they should be.
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError, lzma.LZMAError)


class ZipArchive:
    """A zip archive; its end says what is in it.

    Attributes:
        name: of its source.
        members: the files in it, by name. Nothing is ever written under these, so they may be any.
        doubts: what is wrong with all of it, as of `Flaws`.

    Args:
        source: what it is in.

    Raises:
        TraceFormatError: it cannot be read.
    """

    def __init__(self, source: Source) -> None:
        self.name = source.name
        # Each of its members has a checksum of its own.
        self.doubts: Sequence[str] = ()
        self._source = source
        with self._opened() as archive:
            self._entries = {
                str(PurePosixPath(entry.filename)): entry for entry in archive.infolist() if _is_plain(entry)
            }
        self.members = {name: Member(entry.file_size, entry.CRC) for name, entry in self._entries.items()}

    def sources(self, names: Collection[str]) -> Iterator[Source]:
        """The members of these names, in the archive's order; each must be read before the next.

        Raises:
            TraceFormatError: the archive cannot be read.
        """
        wanted = frozenset(names)
        with self._opened() as archive:
            for name, entry in self._entries.items():
                if name in wanted:
                    shown = member_name(self.name, name)
                    yield Source(shown, partial(_open_entry, archive, entry, shown), entry.file_size, is_stream=True)

    @contextmanager
    def _opened(self) -> Generator[zipfile.ZipFile]:
        with self._source.file() as file:
            if not file.seekable():
                raise TraceFormatError("is an archive on a server that sends only whole files. Download it", self.name)
            try:
                archive = zipfile.ZipFile(file)
            except _ZIP_ERRORS as error:
                # `zipfile` says that it is none.
                is_cut = _NO_END in str(error)
                what = "that is cut short: the list of what is in it, its end, is missing" if is_cut else f"({error})"
                raise TraceFormatError(f"is a damaged zip archive {what}. Copy it again", self.name) from None
            yield archive


def _is_plain(entry: zipfile.ZipInfo) -> bool:
    """Whether it is a file; a link holds the name of another as its content."""
    return not entry.is_dir() and not stat.S_ISLNK(entry.external_attr >> 16)


def _open_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Readable:
    if entry.flag_bits & _ENCRYPTED:
        raise TraceFormatError("is encrypted. Unpack it first", name)
    try:
        return _Checked(_Member(archive.open(_unchecked(entry)), _ZIP_ERRORS), entry.CRC)
    except _ZIP_ERRORS as error:
        raise TraceFormatError(f"cannot be unpacked ({error}). Copy the archive again", name) from None


def _unchecked(entry: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """The same without its checksum: where that is wrong, `zipfile` would keep the end of the content to itself."""
    unchecked = copy(entry)
    del unchecked.CRC
    return unchecked


class TarArchive:
    """A tar archive, compressed or not: read from the beginning to see what is in it, and once more to have it.

    Attributes:
        name, members, doubts: as of a zip archive.

    Args:
        source: what it is in.

    Raises:
        TraceFormatError: it cannot be read.
    """

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self._source = source
        self.doubts: Sequence[str] = ()
        self._wrong_checksums = 0
        self.members: dict[str, Member] = {}
        # Of a name that is there twice, unpacking leaves the later.
        self._places: dict[str, int] = {}
        for place, (_, entry) in enumerate(self._entries()):
            if entry.isreg():
                name = str(PurePosixPath(entry.name))
                self.members[name] = Member(entry.size)
                self._places[name] = place

    def sources(self, names: Collection[str]) -> Iterator[Source]:
        """The members of these names, in the archive's order; each must be read before the next.

        Raises:
            TraceFormatError: the archive cannot be read.
        """
        places = {self._places[name] for name in names}
        for place, (archive, entry) in enumerate(self._entries()):
            if place in places:
                shown = member_name(self.name, entry.name)
                source = Source(shown, partial(_open_member, archive, entry), entry.size, is_stream=True)
                # Nobody knows which of them it is that is wrong.
                source.flaws.wrong_checksums += self._wrong_checksums
                yield source

    def _entries(self) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        """All that is in it, in order; where it is damaged, what comes before."""
        content = self._source.again()
        damage: list[str] = []
        try:
            # A file of which only this is asked.
            file = cast("IO[bytes]", _Content(content.blocks()))
            with tarfile.open(fileobj=file, mode="r|", bufsize=BLOCK_BYTES, tarinfo=_Header) as archive:
                for entry in archive:
                    yield archive, entry
        except (tarfile.TarError, ValueError) as error:
            damage.append(f"is damaged or cut short ({error}): there may have been more")
        # Its list ends before the stream that it is compressed to, and the checksum of that.
        content.finish()
        self._wrong_checksums = content.flaws.wrong_checksums
        self.doubts = (*content.flaws.doubts, *damage)


Archive: TypeAlias = ZipArchive | TarArchive


class _Header(tarfile.TarInfo):
    """Of a member. Where `tarfile` takes a damaged one for the end of the archive, this says so."""

    @classmethod
    def fromtarfile(cls, tarfile: tarfile.TarFile) -> _Header:
        try:
            return super().fromtarfile(tarfile)
        except HeaderError as error:
            if isinstance(error, EOFHeaderError):
                raise
            raise ReadError(str(error)) from None


def _open_member(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> Readable:
    file = archive.extractfile(entry)
    if file is None:
        raise LostError("is no file in its archive")
    return _Member(file, (tarfile.TarError,))


class _Content:
    """What a tar is in, as the file that `tarfile` wants."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, size: int) -> bytes:
        """As many bytes as that, fewer only at the end."""
        parts = [self._rest]
        have = len(self._rest)
        while have < size and (block := next(self._blocks, b"")):
            parts.append(block)
            have += len(block)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]


class _Member:
    """A file in an archive whose errors are what a source understands.

    Args:
        file: of the archive's module.
        errors: what its `read` raises where bytes are lost.
    """

    def __init__(self, file: Readable, errors: tuple[type[Exception], ...]) -> None:
        self._file = file
        self._errors = errors

    def read(self, size: int) -> bytes:
        """At most that many bytes; none at the end.

        Raises:
            LostError: they are lost.
        """
        try:
            return self._file.read(min(size, _PIECE_BYTES))
        except self._errors as error:
            raise LostError(f"is damaged or cut short in its archive ({error}): what follows is missing") from None

    def close(self) -> None:
        """Closes it in the archive."""
        self._file.close()


class _Checked:
    """A file whose checksum is compared once it has all been read.

    Args:
        file: it.
        expected: its CRC-32.
    """

    def __init__(self, file: Readable, expected: int) -> None:
        self._file = file
        self._expected = expected
        self._checksum = 0

    def read(self, size: int) -> bytes:
        """At most that many bytes; none at the end.

        Raises:
            LostError: they are lost.
            ChecksumError: this is not what was packed.
        """
        content = self._file.read(size)
        self._checksum = zlib.crc32(content, self._checksum)
        if not content and self._checksum != self._expected:
            raise ChecksumError("has a wrong zip checksum: what it holds may be wrong")
        return content

    def close(self) -> None:
        """Closes it."""
        self._file.close()
