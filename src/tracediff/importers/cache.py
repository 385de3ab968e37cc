"""Keeps what was read from large files, so that a second look at one needs no second parsing."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeAlias

import msgspec
from msgspec import structs

from tracediff import model
from tracediff.files import PART_PREFIX, cache_folder, replacing
from tracediff.importers import stored
from tracediff.importers.source import Source, text_of
from tracediff.model.trace import Profile, Trace

MOST_CACHE_BYTES = 4_000_000_000
"""What the cache may take on disk: the entries that nobody used for longest make room."""

State: TypeAlias = tuple[int, ...]
"""Which file it is, its size, and when its content and its entry in the file system last changed."""

_SUFFIX = ".trace"
_SECOND_NS = 10**9
_ABANDONED_SECONDS = 3600


class CacheInfo(msgspec.Struct, frozen=True):
    """What the cache holds, or what was removed from it.

    Attributes:
        folder: where it is.
        traces: how many.
        size: bytes on disk.
    """

    folder: Path
    traces: int
    size: int


def cached(source: Source, path: Path, read: Callable[[], Profile]) -> Profile:
    """What `read` gives, from the cache where this file was read before.

    An entry that is damaged, or of another version of the file or of the code that read it, counts as none. Where
    there is no place for entries, all goes on without.

    Args:
        source: a regular file, which may have been opened and replaced since.
        path: where it is.
        read: reads it.
    """
    try:
        before = _state(source.status or path.stat())
        entry = _entry(path, before)
    except (OSError, RuntimeError):
        return read()
    if trace := _look_up(entry):
        return _named(trace, path)
    profile = read()
    with contextlib.suppress(OSError):
        after = path.stat()
        is_same = source.status is not None and _state(source.status) == _state(after) == before
        if isinstance(profile, Trace) and is_same and _is_settled(after):
            _keep(profile, entry)
    return profile


def is_cached(path: Path) -> bool:
    """Whether an entry waits for this file; it may turn out to be damaged."""
    try:
        return _entry(path, _state(path.stat())).exists()
    except (OSError, RuntimeError):
        return False


def info() -> CacheInfo:
    """What the cache holds.

    Raises:
        OSError: its folder cannot be read.
        RuntimeError: this user has no home, and so no cache.
    """
    return _info(_folder(), _files(_folder()))


def clear() -> CacheInfo:
    """Empties the cache.

    Returns:
        What was removed.

    Raises:
        OSError: its folder cannot be read, or not be written.
        RuntimeError: this user has no home, and so no cache.
    """
    removed: list[tuple[Path, os.stat_result]] = []
    for file, status in _files(_folder()):
        file.unlink(missing_ok=True)
        removed.append((file, status))
    return _info(_folder(), removed)


def _info(folder: Path, files: Iterable[tuple[Path, os.stat_result]]) -> CacheInfo:
    sizes = [(file.suffix == _SUFFIX, status.st_size) for file, status in files]
    return CacheInfo(folder, sum(is_trace for is_trace, _ in sizes), sum(size for _, size in sizes))


def _folder() -> Path:
    return cache_folder("traces")


def _state(status: os.stat_result) -> State:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _is_settled(status: os.stat_result) -> bool:
    """Whether a later change would show; a file system that counts whole seconds hides one in the same second."""
    return status.st_mtime_ns % _SECOND_NS != 0 or time.time_ns() - status.st_mtime_ns > 2 * _SECOND_NS


def _entry(path: Path, state: State) -> Path:
    """Where the file's entry is: one that begins alike is of another state of it, or of other code."""
    # The name stays as it is given: a link has its own label, wherever it points.
    place = os.fsencode(path.parent.resolve() / path.name)
    return _folder() / f"{_digest(place)}-{_digest(repr(state).encode() + _reader())}{_SUFFIX}"


@functools.cache
def _reader() -> bytes:
    """Stands for the code that reads and for its records, so that nobody must remember a number when they change."""
    packages = (Path(__file__).parent, Path(model.__file__ or "").parent)
    return b"".join(module.read_bytes() for package in packages for module in sorted(package.glob("*.py")))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _look_up(entry: Path) -> Trace | None:
    try:
        with entry.open("rb", buffering=0) as file:
            found = stored.read(file)
    except (OSError, stored.DamagedError):
        return None
    match found:
        case (entry.name, Trace() as trace):
            with contextlib.suppress(OSError):
                # It was used: others are to go first.
                os.utime(entry)
            return trace
        case _:
            return None


def _named(trace: Trace, path: Path) -> Trace:
    """The trace as if it were read by this path: the same file may be named in several ways."""
    kernel_pass = trace.kernel_pass and _named(trace.kernel_pass, path)
    return structs.replace(trace, path=text_of(path), kernel_pass=kernel_pass)


def _keep(trace: Trace, entry: Path) -> None:
    entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replacing(entry) as file:
        stored.write((entry.name, trace), file)
    for other in entry.parent.glob(f"{entry.name.partition('-')[0]}-*"):
        if other != entry:
            other.unlink(missing_ok=True)
    _make_room(entry.parent)


def _make_room(folder: Path) -> None:
    """Removes what was not used for longest, until the rest fits; and what a process that was killed left."""
    room, now = MOST_CACHE_BYTES, time.time()
    for file, status in sorted(_files(folder), key=lambda item: -item[1].st_mtime):
        abandoned = file.name.startswith(PART_PREFIX) and now - status.st_mtime > _ABANDONED_SECONDS
        if abandoned or status.st_size > room:
            file.unlink(missing_ok=True)
        else:
            room -= status.st_size


def _files(folder: Path) -> list[tuple[Path, os.stat_result]]:
    """The cache's files, and those that are on their way into it."""
    files: list[tuple[Path, os.stat_result]] = []
    with contextlib.suppress(FileNotFoundError):
        for file in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                status = file.lstat()
                if file.name.endswith(_SUFFIX) or file.name.startswith(PART_PREFIX):
                    files.append((file, status))
    return files
