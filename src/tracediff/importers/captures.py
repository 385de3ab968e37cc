"""Reads the repeated captures that a user names together: a folder, a glob, an archive, a list of files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path

import numpy as np
from msgspec import structs

from tracediff import units
from tracediff.errors import NoTraceError, TraceFormatError
from tracediff.importers import read
from tracediff.importers.base import some
from tracediff.importers.finding import Found, find_captures
from tracediff.importers.source import Progress, text_of
from tracediff.model.trace import Captures, PrintedTable, Profile, Trace

TWO_PROCESSES_BYTES = 100_000_000
"""From here on, of JSON on each side, a second process gains well more than its start costs, which is reading 50 MB."""


def load_all(path: str | Path, progress: Progress | None = None, cache: bool = True) -> Captures:
    """Reads one capture, or all of a folder, a glob or an archive.

    Args:
        path: what `load` takes; a folder that holds traces; a pattern (`'runs/acl/*.json'`) where no file has that
            name; an archive of traces (`runs.zip`), or a folder or a pattern in it (`runs.zip!acl`).
        progress: told how far reading has come, over all files.
        cache: as of `load`.

    Raises:
        TraceFormatError: one cannot be read as a trace, or there is none.
    """
    return next(load_each((path,), progress, cache))


def load_each(paths: Sequence[str | Path], progress: Progress | None = None, cache: bool = True) -> Iterator[Captures]:
    """Reads what several paths stand for, one after the other, with progress over all files.

    Raises:
        TraceFormatError: as `load_all`; files that are not there are found before the first one is read.
    """
    return load_found([find_captures(path) for path in paths], progress, cache)


def load_found(sides: Sequence[Found], progress: Progress | None = None, cache: bool = True) -> Iterator[Captures]:
    """Reads what was found, one side after the other, with progress over all files.

    Raises:
        TraceFormatError: one cannot be read as a trace.
    """
    done, whole = 0, sum(side.size for side in sides) if all(side.size for side in sides) else 0
    for side in sides:
        profiles: list[Profile] = []
        others: list[NoTraceError] = []
        for source in side.sources:
            try:
                profiles.append(read(source, _from(done, whole, progress) if progress else None, cache))
            except NoTraceError as error:
                # What else lies in a folder of captures is no reason not to read them.
                if not side.is_set:
                    raise
                others.append(error)
            done += source.size or source.consumed
            if progress:
                # A file that was in the cache said nothing.
                progress(done, whole)
        if not profiles:
            raise others[0]
        yield _side(side, profiles, [error.path or "" for error in others])


def load_both(
    base: str | Path, candidate: str | Path, progress: Progress | None = None, cache: bool = True
) -> tuple[Captures, Captures]:
    """Reads base and candidate as `load_all` does, with progress over both."""
    sides = find_captures(base), find_captures(candidate)
    if min(side.json_bytes for side in sides) >= TWO_PROCESSES_BYTES and not sides[1].is_stream:
        # Most traces are small, and need not wait for what reads two at a time.
        from tracediff.importers.sides import load_large

        return load_large(*sides, candidate, progress, cache)
    first, second = load_found(sides, progress, cache)
    return first, second


def _side(found: Found, profiles: Sequence[Profile], others: Sequence[str]) -> Captures:
    if not found.is_set:
        return structs.replace(alone(profiles[0]), warnings=tuple(found.doubts))
    # What is packed lies in any order; the order of captures is that of their names.
    ordered = profiles if found.files else sorted(profiles, key=attrgetter("path"))
    captures = together(ordered, found.path, found.label)
    left_out = [("printed table", [text_of(table.name) for table in found.tables])]
    left_out.append(("JSON file", [Path(other).name for other in others]))
    warnings = (
        f"{units.count(len(names), noun)} in the folder of the traces left out: {some(names)}"
        for noun, names in left_out
        if names
    )
    return structs.replace(captures, warnings=(*found.doubts, *captures.warnings, *warnings))


def alone(profile: Profile) -> Captures:
    """One capture, under its own name."""
    return Captures(profile.path, profile.run.label, (profile,))


def together(profiles: Sequence[Profile], path: str | None = None, label: str | None = None) -> Captures:
    """Several captures of one side; of copies of one, which tell nothing about another process, the first.

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
    distinct: list[Profile] = []
    for profile in profiles:
        if not any(_is_copy(profile, other) for other in distinct):
            distinct.append(profile)
    copies = len(profiles) - len(distinct)
    doubt = f"{copies} of {len(profiles)} captures {'is a copy' if copies == 1 else 'are copies'} of others: left out"
    shared = _shared_beginning([profile.run.label for profile in profiles])
    folder = Path(profiles[0].path).absolute().parent.name
    return Captures(
        path=path or ", ".join(profile.path for profile in profiles),
        label=label or shared or folder,
        profiles=tuple(distinct),
        warnings=(doubt,) if copies else (),
    )


def _is_copy(profile: Profile, other: Profile) -> bool:
    """Whether both are of one process: no two begin all their calls in the same nanoseconds."""
    if not (isinstance(profile, Trace) and isinstance(other, Trace)) or profile.names != other.names:
        return False
    columns = ((trace.events.start_ns, trace.events.dur_ns, trace.events.name) for trace in (profile, other))
    return all(map(np.array_equal, *columns))


def _shared_beginning(labels: Sequence[str]) -> str:
    """`acl` of `acl-1` and `acl-2`."""
    if len(set(labels)) == 1:
        return labels[0]
    return os.path.commonprefix(labels).rstrip("0123456789").rstrip("-_. ")  # noqa: RUF071 - of labels, not of paths


def _from(before: int, whole: int, progress: Progress) -> Progress:
    """Progress over all files, for the one that comes after `before` bytes of others."""
    return lambda done, size: progress(before + done, whole)
