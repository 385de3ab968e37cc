"""Where captures lie: a folder per label, and beside it a link to the capture that stands for the label."""

from __future__ import annotations

import contextlib
import statistics
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from uuid import uuid4

import msgspec

from tracediff.errors import CaptureError, TraceFormatError
from tracediff.importers.recorded import read_record
from tracediff.importers.source import file_source

PATTERN = "*.pt.trace.json"


class _Environment(msgspec.Struct, frozen=True):
    """What of a process's surroundings makes its times those of another experiment."""

    cpu: str | None = None
    machine: str | None = None
    threads: int | None = None
    interop_threads: int | None = None
    env: dict[str, str] = {}
    emulated: bool = False


class _Record(msgspec.Struct, frozen=True):
    """Of a capture's record, what says whether two captures repeat each other, and how fast it was."""

    backend: str
    engine: str
    workload: dict[str, Any]
    torch: dict[str, Any]
    environment: _Environment
    latency_ns: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)]

    @property
    def settings(self) -> tuple[object, ...]:
        return self.backend, self.engine, self.workload, self.torch, self.environment


class Link(NamedTuple):
    """What stands for a label.

    Attributes:
        path: the link.
        captures: how many captures it is the median of.
        others: captures in the folder that were made with other settings, and so have no part in it.
    """

    path: Path
    captures: int
    others: int


def captures_of(folder: Path) -> list[Path]:
    """The captures of a label, oldest first."""
    return sorted(folder.glob(PATTERN))


def link_median(folder: Path) -> Link | None:
    """Links `LABEL.json` to the capture of `LABEL/` whose latency is the median; None if there is no capture.

    Only captures with the settings of the newest one count: a median over two models would stand for neither. Of an
    even number the faster of the two in the middle. A file of that name that is no link is somebody's own, and stays.

    Raises:
        CaptureError: something else has the link's name.
    """
    captures = captures_of(folder)
    records = {path: record for path in captures if (record := _record(path)) is not None}
    if not records:
        return None
    newest = records[max(records, key=lambda path: path.stat().st_mtime_ns)]
    alike = [path for path, record in records.items() if record.settings == newest.settings]
    by_latency = sorted(alike, key=lambda path: (statistics.median(records[path].latency_ns), path.name))
    median = by_latency[(len(by_latency) - 1) // 2]
    link = folder.with_name(f"{folder.name}.json")
    if link.exists() and not link.is_symlink():
        raise CaptureError("is no link of a capture, so it was left as it is. Use another -o", str(link))
    beside = folder.with_name(f".{folder.name}.{uuid4().hex}")
    beside.symlink_to(median.relative_to(folder.parent))
    beside.replace(link)
    return Link(link, len(alike), len(captures) - len(alike))


def _record(path: Path) -> _Record | None:
    """None for what somebody else put there."""
    with contextlib.suppress(TraceFormatError, msgspec.DecodeError):
        record = read_record(file_source(path))
        return msgspec.json.decode(record, type=_Record) if record else None
    return None
