"""Finds and reads the repeated captures that a user names together: a folder, a glob, a list of files."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tracediff.errors import TraceFormatError
from tracediff.importers import load
from tracediff.importers.base import label_of, text_of
from tracediff.importers.source import Progress, check_readable
from tracediff.model.trace import Captures, PrintedTable, Profile

TWO_PROCESSES_BYTES = 100_000_000
"""From here on, of JSON on each side, a second process gains well more than its start costs, which is reading 50 MB."""

_GZIP_RATIO = 10
_SUFFIXES = (".json", ".json.gz")


def load_all(path: str | Path, progress: Progress | None = None, cache: bool = True) -> Captures:
    """Reads one file, or all captures of a folder or a glob.

    Args:
        path: a file; a folder that holds traces; a pattern (`'runs/acl/*.json'`) where no file has that name.
        progress: told how far reading has come, over all files.
        cache: as of `load`.

    Raises:
        TraceFormatError: a file cannot be read as a trace, or there is none.
    """
    return next(load_each((path,), progress, cache))


def load_each(paths: Sequence[str | Path], progress: Progress | None = None, cache: bool = True) -> Iterator[Captures]:
    """Reads what several paths stand for, one after the other, with progress over all files.

    Raises:
        TraceFormatError: as `load_all`; files that are not there are found before the first one is read.
    """
    sides = [find_captures(path) for path in paths]
    sizes = {file: size_of(file) for files in sides for file in files}
    done, whole = 0, sum(sizes[file] for files in sides for file in files)
    for path, files in zip(paths, sides, strict=True):
        profiles: list[Profile] = []
        for file in files:
            profiles.append(load(file, _from(done, whole, progress) if progress else None, cache))
            done += sizes[file]
            if progress:
                # A file that was in the cache said nothing.
                progress(done, whole)
        yield _side(path, files, profiles)


def load_both(
    base: str | Path, candidate: str | Path, progress: Progress | None = None, cache: bool = True
) -> tuple[Captures, Captures]:
    """Reads base and candidate as `load_all` does, with progress over both."""
    if min(json_bytes(find_captures(path)) for path in (base, candidate)) >= TWO_PROCESSES_BYTES:
        # Most traces are small, and need not wait for what reads two at a time.
        from tracediff.importers.sides import load_large

        return load_large(base, candidate, progress, cache)
    first, second = load_each((base, candidate), progress, cache)
    return first, second


def json_bytes(files: Iterable[Path]) -> int:
    """About how much JSON is in the files."""
    return sum(size_of(file) * (_GZIP_RATIO if file.name.endswith(".gz") else 1) for file in files)


def _side(path: str | Path, files: Sequence[Path], profiles: Sequence[Profile]) -> Captures:
    folder = Path(path)
    if files == [folder]:
        return alone(profiles[0])
    return together(profiles, text_of(folder), folder.resolve().name if folder.is_dir() else None)


def size_of(file: Path) -> int:
    """Bytes of a file.

    Raises:
        TraceFormatError: it cannot be a trace.
    """
    check_readable(file)
    return file.stat().st_size


def alone(profile: Profile) -> Captures:
    """One capture, under its own name."""
    return Captures(profile.path, profile.run.label, (profile,))


def together(profiles: Sequence[Profile], path: str | None = None, label: str | None = None) -> Captures:
    """Several captures of one side.

    Args:
        profiles: at least one.
        path: how the user named them; their own paths if in no way.
        label: what to call them; else what their labels begin with, else the folder of the first.

    Raises:
        TraceFormatError: one of several is a printed table, which says nothing about a process of its own.
    """
    if len(profiles) > 1:
        for profile in profiles:
            if isinstance(profile, PrintedTable):
                raise TraceFormatError("is a printed table among repeated captures. Name it alone", profile.path)
    shared = _shared_beginning([profile.run.label for profile in profiles])
    folder = Path(profiles[0].path).absolute().parent.name
    return Captures(
        path=path or ", ".join(profile.path for profile in profiles),
        label=label or shared or folder,
        profiles=tuple(profiles),
    )


def find_captures(path: str | Path) -> list[Path]:
    """The files that a path stands for, by name; a file that is there under several names only once.

    Raises:
        TraceFormatError: there is no file, or the path is a folder of labels and not of captures.
    """
    folder = Path(path)
    if folder.is_dir():
        files = _own_captures(folder)
        if not files:
            raise TraceFormatError(_nothing_in(folder), text_of(folder))
        return files
    if not os.path.lexists(folder) and glob.has_magic(str(path)):
        files = _distinct(Path(match) for match in glob.glob(str(path)) if _is_trace(Path(match)))  # noqa: PTH207
        if not files:
            raise TraceFormatError("no trace (.json, .json.gz) matches. Check the pattern", text_of(folder))
        return files
    return [folder]


def sets_of_captures(path: str | Path) -> list[Path]:
    """The sets of repeated captures that a path stands for: one, or one a label of a folder of labels."""
    folder = Path(path)
    labels = label_folders(folder) if folder.is_dir() and not _own_captures(folder) else []
    return labels or [folder]


def label_folders(folder: Path) -> list[Path]:
    """The folders of captures in a folder: what `tracediff capture -o` leaves, one a label."""
    below = sorted(entry for entry in _entries(folder) if entry.is_dir() and not entry.name.startswith("."))
    return [entry for entry in below if any(map(_is_trace, _entries(entry)))]


def _own_captures(folder: Path) -> list[Path]:
    return _distinct(file for file in _entries(folder) if _is_trace(file) and not _stands_for_label(file))


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise TraceFormatError(f"cannot be read ({error.strerror}). Check its permissions", text_of(folder)) from None


def _nothing_in(folder: Path) -> str:
    labels = label_folders(folder)
    if not labels:
        return "is a directory without traces (.json, .json.gz). Name a trace file, or a folder of captures"
    return f"holds folders of captures, one a label. Name one of them: {', '.join(map(text_of, labels))}"


def _shared_beginning(labels: Sequence[str]) -> str:
    """`acl` of `acl-1` and `acl-2`."""
    if len(set(labels)) == 1:
        return labels[0]
    return os.path.commonprefix(labels).rstrip("0123456789").rstrip("-_. ")  # noqa: RUF071 - of labels, not of paths


def _is_trace(path: Path) -> bool:
    return path.name.endswith(_SUFFIXES) and not path.name.startswith(".") and not path.is_dir()


def _stands_for_label(path: Path) -> bool:
    """Whether this is the link beside a label's folder: it is one of the captures in there."""
    return path.is_symlink() and path.with_name(label_of(path)).is_dir()


def _distinct(files: Iterable[Path]) -> list[Path]:
    """Sorted by name; a link to one of the others is no capture more."""
    real = {file.resolve(): file for file in sorted(files, key=lambda file: (not file.is_symlink(), file))}
    return sorted(real.values())


def _from(before: int, whole: int, progress: Progress) -> Progress:
    """Progress over all files, for the one that comes after `before` bytes of others."""
    return lambda done, size: progress(before + done, whole)
