"""What a path stands for: one capture, or the repeated ones of a folder, a glob or an archive."""

from __future__ import annotations

import glob
import os
from collections.abc import Hashable, Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tracediff import units
from tracediff.errors import TraceFormatError
from tracediff.importers.base import ARCHIVE_SUFFIXES, KINDS, is_trace_name, label_of, some
from tracediff.importers.key_averages_table import KeyAveragesTableImporter
from tracediff.importers.places import is_stream, is_url, local, source_of
from tracediff.importers.source import STANDARD_INPUT, Source, file_source, is_folder, text_of

if TYPE_CHECKING:
    from tracediff.importers.archive import Archive

TABLE_SUFFIX = ".txt"
_COMPRESSED, _COMPRESSION = (".gz", ".zst"), 10
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", slice(257, 262)


class Found(NamedTuple):
    """What a path stands for.

    Attributes:
        path: as the user named it.
        sources: as many as `number`, one after another: each must be read before the next.
        number: at least one.
        size: bytes of all of them; 0 where nobody knows.
        json_bytes: about how much JSON that is.
        files: those of them that are files of this machine.
        is_set: they are the captures of a side, of which there happen to be so many.
        label: what a set is called; None where its path does not say that.
        tables: printed tables beside it, which are no part of it.
        is_stream: it cannot be found a second time.
        doubts: what is wrong with it beside what is with its captures.
    """

    path: str
    sources: Iterable[Source]
    number: int = 1
    size: int = 0
    json_bytes: int = 0
    files: Sequence[Path] = ()
    is_set: bool = True
    label: str | None = None
    tables: Sequence[Path] = ()
    is_stream: bool = False
    doubts: Sequence[str] = ()


def find_captures(name: str | Path) -> Found:
    """The captures that a path stands for, by name; a file that is there under several names only once.

    Raises:
        TraceFormatError: there is none, or the path is a folder of labels and not of captures.
    """
    name = local(name)
    files = _files(name)
    if files is None:
        return find_capture(name)
    folder = Path(name)
    of_folder = is_folder(folder)
    if not files:
        wrong = _nothing_in(folder) if of_folder else f"no trace {KINDS} matches. Check the pattern"
        raise TraceFormatError(wrong, text_of(folder))
    # What a killed capture leaves is no reason not to read the others.
    empty = [file for file in files if _is_empty(file)]
    sources = [source_of(file) for file in files if file not in empty] or [source_of(file) for file in files]
    return Found(
        path=text_of(folder),
        sources=sources,
        number=len(sources),
        size=sum(source.size or 0 for source in sources),
        json_bytes=sum(json_bytes(source.name, source.size or 0) for source in sources),
        files=[source.path for source in sources if source.path],
        label=folder.resolve().name if of_folder else None,
        tables=_tables(folder) if of_folder else (),
        doubts=[f"{units.count(len(empty), 'empty file')} left out: {some(map(text_of, empty))}"] if empty else (),
    )


def find_capture(name: str | Path) -> Found:
    """What a path stands for that is no folder and no pattern: a file, or the traces of an archive.

    Raises:
        TraceFormatError: it cannot be read, or holds no traces, or those of several labels.
    """
    outer, inner = _split(local(name))
    source = source_of(outer)
    archive = _archive_in(source)
    if archive is None:
        if inner is not None:
            raise TraceFormatError("is no archive (.zip, .tar, .tar.gz). Name the file alone", source.name)
        return Found(
            path=source.name,
            sources=[source],
            size=source.size or 0,
            json_bytes=json_bytes(source.name, source.size or 0),
            files=[source.path] if source.path else [],
            is_set=False,
            is_stream=source.is_stream,
        )
    # Most traces are in no archive, and need not wait for what reads one.
    from tracediff.importers.members import chosen, likely_copies_in, member_name

    names = chosen(archive.name, archive.members, inner)
    doubts = [f"the archive {doubt}" for doubt in archive.doubts]
    empty = [name for name in names if not archive.members[name].size]
    if 0 < len(empty) < len(names):
        names = [name for name in names if name not in empty]
        doubts.append(f"{units.count(len(empty), 'empty file')} left out: {some(empty)}")
    if copies := [name for name in likely_copies_in(archive.members) if fnmatchcase(name, inner or "*")]:
        shown = some(member_name(archive.name, name) for name in copies)
        doubts.append(f"left out, as large as a capture in the folder of that name: {shown}")
    return Found(
        path=archive.name if inner is None else member_name(archive.name, inner),
        sources=archive.sources(names),
        number=len(names),
        size=sum(archive.members[name].size for name in names),
        json_bytes=sum(json_bytes(name, archive.members[name].size) for name in names),
        is_set=inner not in names,
        label=None if glob.has_magic(inner or "") else label_of(inner or archive.name),
        doubts=doubts,
    )


def json_bytes(name: str, size: int) -> int:
    """About how much JSON is in a file."""
    return size * (_COMPRESSION if name.endswith(_COMPRESSED) else 1)


def files_of(name: str | Path) -> list[Path]:
    """The files of this machine that reading it opens, as far as there are any."""
    name = local(name)
    if name == STANDARD_INPUT:
        return [Path("/dev/stdin")]
    files = _files(name)
    if files is not None:
        return files
    return [] if is_url(name) else [Path(_split(name)[0])]


def sets_of_captures(name: str | Path) -> list[str | Path]:
    """The sets of repeated captures that a path stands for: one, or one a label of a folder of labels."""
    name = local(name)
    files = _files(name)
    if files is not None:
        return [*([] if files else label_folders(Path(name)))] or [name]
    outer, inner = _split(name)
    archive = None if inner or is_stream(outer) else _archive_in(source_of(outer))
    if archive is None:
        return [name]
    from tracediff.importers.members import choices_in, traces_in

    choices = choices_in(traces_in(archive.members))
    return [f"{outer}!{choice}" for choice in choices] if len(choices) > 1 else [name]


def label_folders(folder: Path) -> list[Path]:
    """The folders of captures in a folder: what `tracediff capture -o` leaves, one a label."""
    below = sorted(entry for entry in _entries(folder) if is_folder(entry) and not entry.name.startswith("."))
    return [entry for entry in below if any(map(_is_trace, _entries(entry)))]


def traces_of(folder: Path) -> list[Path]:
    """The traces that a folder stands for, by name.

    Raises:
        TraceFormatError: it cannot be read.
    """
    return _distinct(file for file in _entries(folder) if _is_trace(file) and not _stands_for_label(file))


def _files(name: str | Path) -> list[Path] | None:
    """The traces of a folder, or those that a pattern matches; None where the name is neither."""
    if is_url(name):
        return None
    folder = Path(name)
    if is_folder(folder):
        return traces_of(folder)
    if os.path.lexists(folder) or not glob.has_magic(str(name)) or _split(name)[1] is not None:
        return None
    return _distinct(Path(match) for match in glob.glob(str(name)) if _is_trace(Path(match)))  # noqa: PTH207


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise TraceFormatError(f"cannot be read ({error.strerror}). Check its permissions", text_of(folder)) from None


def _nothing_in(folder: Path) -> str:
    if labels := label_folders(folder):
        return f"holds folders of captures, one a label. Name one of them: {some(map(text_of, labels))}"
    if tables := _tables(folder):
        return f"is a directory of printed tables. Name one of them: {some(map(text_of, tables))}"
    return f"is a directory without traces {KINDS}. Name a trace file, or a folder of captures"


def _tables(folder: Path) -> list[Path]:
    """The printed tables in a folder; other texts are nobody's business."""
    texts = sorted(file for file in _entries(folder) if file.suffix == TABLE_SUFFIX and file.is_file())
    return [
        file for file in texts if file.stat().st_size and KeyAveragesTableImporter().sniff(file_source(file).head())
    ]


def _is_trace(path: Path) -> bool:
    return is_trace_name(path.name) and not is_folder(path)


def _stands_for_label(path: Path) -> bool:
    """Whether this is the link beside a label's folder: it is one of the captures in there."""
    return path.is_symlink() and is_folder(path.with_name(label_of(path)))


def _distinct(files: Iterable[Path]) -> list[Path]:
    """Sorted by name; a link of any kind to one of the others is no capture more."""
    real = {_identity(file): file for file in sorted(files, key=lambda file: (not file.is_symlink(), file))}
    return sorted(real.values())


def _is_empty(file: Path) -> bool:
    # False, and no error, where nobody may look.
    return os.path.isfile(file) and not file.stat().st_size  # noqa: PTH113


def _identity(file: Path) -> Hashable:
    try:
        status = file.stat()
    except OSError:
        # Links that lead nowhere or in a circle are files that cannot be read like others.
        return file
    return status.st_dev, status.st_ino


def _split(name: str | Path) -> tuple[str | Path, str | None]:
    """A name as an archive and what is named in it (`runs.zip!acl`); None for that where it is no such name."""
    text = str(name)
    if is_url(name) or not os.path.lexists(text):
        for at in (at for at, character in enumerate(text) if character == "!"):
            outer = text[:at]
            if outer.endswith(ARCHIVE_SUFFIXES) if is_url(name) else os.path.isfile(outer):  # noqa: PTH113 - false, and no error, where nobody may look
                return outer, text[at + 1 :]
    return name, None


def _archive_in(source: Source) -> Archive | None:
    """The archive that a source is, whatever it is called."""
    head = source.head()
    # Most traces are in no archive, and need not wait for what reads one.
    if head.startswith(_ZIP_MAGIC):
        from tracediff.importers.archive import ZipArchive

        return ZipArchive(source)
    if head[_TAR_MAGIC_AT] == _TAR_MAGIC:
        from tracediff.importers.archive import TarArchive

        return TarArchive(source)
    return None
