"""Lists the captures below a folder, to choose from: only heads of files are read, and only so many."""

from __future__ import annotations

import os
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tracediff import units
from tracediff.errors import TraceFormatError
from tracediff.importers.base import is_trace_name, label_of, says_nothing, some
from tracediff.importers.finding import TABLE_SUFFIX, traces_of
from tracediff.importers.head import Head, head_of
from tracediff.importers.source import Progress, text_of
from tracediff.model.listing import Listed, Listing
from tracediff.model.run import Run

MOST_LEVELS = 6
"""How far below the folder that was named is looked into."""

MOST_FILES = 2_000
MOST_FOLDERS = 5_000
"""How many are looked at; the nearest come first."""

_NOT_OF_CAPTURES = "node_modules"
_ENVIRONMENT = "pyvenv.cfg"


class _Folder(NamedTuple):
    """What of a folder matters here.

    Attributes:
        path: where it is.
        files: those that may be captures.
        folders: those in it.
        links: those that it only links to.
        is_whole: none of its files is beyond the limit.
    """

    path: Path
    files: Sequence[Path]
    folders: Sequence[Path]
    links: Sequence[Path]
    is_whole: bool = True


class _LeftOut:
    """What is in no line of the listing, by reason."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def add(self, noun: str, why: str, paths: Iterable[Path]) -> None:
        self._names[noun, why] += [_below(self._root, path) for path in paths]

    def warnings(self) -> Iterator[str]:
        for (noun, why), names in self._names.items():
            if names:
                yield f"left out {units.count(len(names), noun)}{why}: {some(sorted(names))}"


def list_captures(name: str | Path, progress: Progress | None = None) -> Listing:
    """The captures below a folder, by name; links to folders and hidden folders are not followed.

    Args:
        name: the folder.
        progress: called with (files looked at, files there are) after each one.

    Raises:
        TraceFormatError: the folder cannot be read.
    """
    root = Path(name)
    left_out = _LeftOut(root)
    folders = list(_search(root, left_out))
    number, done = sum(len(folder.files) for folder in folders), 0
    sides: list[Listed] = []
    for folder in folders:
        heads: list[Head] = []
        for file in folder.files:
            if head := head_of(file):
                heads.append(head)
            elif is_trace_name(file.name):
                left_out.add("JSON file", " without the beginning of a trace", [file])
            done += 1
            if progress:
                progress(done, number)
        sides += _sides(root, folder, heads)
    return Listing(text_of(root), tuple(sorted(sides, key=lambda side: side.name)), tuple(left_out.warnings()))


def _search(root: Path, left_out: _LeftOut) -> Iterator[_Folder]:
    """The folders below one, the nearest first."""
    waiting = deque([(root, 0)])
    files = folders = 0
    while waiting and files < MOST_FILES and folders < MOST_FOLDERS:
        path, level = waiting.popleft()
        try:
            folder = _look_into(path)
        except TraceFormatError:
            if path is root:
                raise
            left_out.add("folder", " that cannot be read", [path])
            continue
        folders += 1
        left_out.add("linked folder", "", folder.links)
        if level < MOST_LEVELS:
            waiting.extend((below, level + 1) for below in folder.folders)
        else:
            left_out.add("folder", f" more than {MOST_LEVELS} levels down", folder.folders)
        room = MOST_FILES - files
        left_out.add("file", f" after the first {MOST_FILES:,}", folder.files[room:])
        files += len(folder.files)
        yield folder._replace(files=folder.files[:room], is_whole=len(folder.files) <= room)
    limit = units.count(MOST_FILES, "file") if files >= MOST_FILES else units.count(MOST_FOLDERS, "folder")
    left_out.add("folder", f" after the first {limit}", (path for path, _ in waiting))


def _look_into(path: Path) -> _Folder:
    """What is in a folder, by name; nothing where it is an environment of Python's, full of other people's files.

    Raises:
        TraceFormatError: it cannot be read.
    """
    try:
        traces = traces_of(path)
        with os.scandir(path) as found:
            entries = [entry for entry in found if not entry.name.startswith(".") and entry.name != _NOT_OF_CAPTURES]
        if any(entry.name == _ENVIRONMENT for entry in entries):
            return _Folder(path, [], [], [])
        folders = [path / entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        # Path.is_dir refuses links to places where nobody may look; those are not followed either.
        links = [path / entry.name for entry in entries if entry.is_symlink() and os.path.isdir(entry.path)]  # noqa: PTH112
        tables = [path / entry.name for entry in entries if entry.name.endswith(TABLE_SUFFIX) and entry.is_file()]
    except OSError as error:
        raise TraceFormatError(f"cannot be read ({error.strerror}). Check its permissions", text_of(path)) from None
    return _Folder(path, [*traces, *sorted(tables)], sorted(folders), sorted(links))


def _sides(root: Path, folder: _Folder, heads: Sequence[Head]) -> Iterator[Listed]:
    """What in a folder can be a side: all of it where its captures repeat each other, else one file after another."""
    alone = heads
    if _is_set(folder, heads):
        name = text_of(folder.path.resolve().name) if folder.path == root else _below(root, folder.path)
        yield _set(folder.path, name, [head for head in heads if not head.is_table])
        alone = [head for head in heads if head.is_table]
    prefix = "" if folder.path == root else f"{_below(root, folder.path)}/"
    labels = [label_of(head.path, head.run.recorded_label if head.run else None) for head in alone]
    often = Counter(labels)
    for head, label in zip(alone, labels, strict=True):
        # Captures that only the profiler named may all be called the same.
        name = label if often[label] == 1 else text_of(head.path.name)
        yield Listed(
            path=str(head.path),
            name=prefix + name,
            size=head.size,
            date_ns=head.date_ns,
            runs=(head.run,) if head.run else (),
            is_table=head.is_table,
            damage=head.damage,
            warnings=head.warnings,
            error=head.error,
        )


def _is_set(folder: _Folder, heads: Sequence[Head]) -> bool:
    """Whether the traces of a folder are what comparing the folder takes them for: captures that repeat each other."""
    traces = [file for file in folder.files if is_trace_name(file.name)]
    kinds = {_kind(head.run) for head in heads if head.run and not head.is_table}
    return folder.is_whole and bool(traces) and len(kinds) <= 1 and all(says_nothing(file.name) for file in traces)


def _kind(run: Run) -> tuple[str | None, ...]:
    return run.recorded_label, run.backend, run.torch_version, run.engine, run.workload


def _set(folder: Path, name: str, heads: Sequence[Head]) -> Listed:
    runs = tuple(head.run for head in heads if head.run)
    errors = [f"{text_of(head.path.name)} {head.error}" for head in heads if head.error]
    damage = [f"{text_of(head.path.name)} {what}" for head in heads for what in head.damage]
    return Listed(
        path=str(folder),
        name=name,
        size=sum(head.size for head in heads),
        date_ns=max(head.date_ns for head in heads),
        captures=len(heads),
        runs=runs,
        damage=(*(errors if runs else ()), *damage),
        warnings=tuple(dict.fromkeys(warning for head in heads for warning in head.warnings)),
        error=None if runs else errors[0],
    )


def _below(root: Path, path: Path) -> str:
    return text_of(path.relative_to(root))
