"""Which files of an archive are the captures that a user means: what `finding` is for folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import NamedTuple

from tracediff import units
from tracediff.errors import TraceFormatError
from tracediff.importers.base import KINDS, is_trace_name, label_of, some
from tracediff.importers.source import text_of

_OF_MACOS = "__MACOSX"
_NO_FOLDER = "."


class Member(NamedTuple):
    """A file in an archive, as far as the archive's list tells.

    Attributes:
        size: bytes.
        checksum: of its content; None where the list has none.
    """

    size: int
    checksum: int | None = None


def member_name(archive: str, member: str) -> str:
    """`runs.zip!acl/1.json`: how a user names it."""
    return f"{archive}!{units.printable(text_of(str(PurePosixPath(member))))}"


def chosen(archive: str, members: Mapping[str, Member], inner: str | None) -> list[str]:
    """The captures that a user means.

    Args:
        archive: its name, for errors.
        members: the files in it, by name.
        inner: a file, a folder or a pattern in it; None stands for all, if they are of one folder.

    Raises:
        TraceFormatError: there are none, or it is a matter of choice which.
    """
    traces = traces_in(members)
    if not traces:
        raise TraceFormatError(f"is an archive without traces {KINDS}. Name a trace file", archive)
    if inner is None:
        choices = choices_in(traces)
        if len(choices) > 1:
            names = some(member_name(archive, choice) for choice in choices)
            raise TraceFormatError(f"holds several folders of captures. Name one of them: {names}", archive)
        return traces
    if inner in members:
        return [inner]
    folder = f"{inner.rstrip('/')}/"
    matching = [name for name in traces if name.startswith(folder) or fnmatchcase(name, inner)]
    if not matching:
        names = some(member_name(archive, name) for name in traces)
        raise TraceFormatError(f"holds no trace {units.printable(inner)!r}. Name one of these: {names}", archive)
    return matching


def traces_in(members: Mapping[str, Member]) -> list[str]:
    """The traces by name, without what systems put beside them and without copies that stand for a label."""
    traces = _named_traces(members)
    copies = _copies_among(traces, members)
    return [name for name in traces if name not in copies]


def likely_copies_in(members: Mapping[str, Member]) -> list[str]:
    """What `traces_in` leaves out as a copy by its size alone: it may be something else."""
    copies = _copies_among(_named_traces(members), members)
    return sorted(name for name in copies if members[name].checksum is None)


def _named_traces(members: Mapping[str, Member]) -> list[str]:
    return sorted(name for name in members if is_trace_name(PurePosixPath(name).name) and not _is_hidden(name))


def _copies_among(traces: Sequence[str], members: Mapping[str, Member]) -> set[str]:
    # A link beside a label's folder (`acl.json` beside `acl/`) becomes a copy where the archive holds no links.
    there = {(_folder(name), members[name]) for name in traces}
    return {name for name in traces if (str(PurePosixPath(name).with_name(label_of(name))), members[name]) in there}


def choices_in(traces: Sequence[str]) -> list[str]:
    """What one can choose between: the folders that traces are in; where some are in none, these too; one is none."""
    folders = sorted({_folder(name) for name in traces})
    if folders == [_NO_FOLDER]:
        return folders
    return [folder for folder in folders if folder != _NO_FOLDER] + [
        name for name in traces if _folder(name) == _NO_FOLDER
    ]


def _folder(name: str) -> str:
    return str(PurePosixPath(name).parent)


def _is_hidden(name: str) -> bool:
    return any(part == _OF_MACOS or (part.startswith(".") and part != "..") for part in PurePosixPath(name).parts)
