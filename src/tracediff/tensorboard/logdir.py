"""Which traces the given paths hold, and a log directory in which TensorBoard's profiler plugin finds them.

The plugin takes a directory as a run and ignores every file whose name it does not know; users have files of any name.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from tracediff.errors import TraceFormatError
from tracediff.importers.base import label_of
from tracediff.importers.kineto import KinetoImporter
from tracediff.importers.source import SNIFF_BYTES, check_readable, is_folder, read_blocks

_KNOWN_TO_PLUGIN = re.compile(r"^(?P<worker>.*?)(?P<time>\.\d+)?\.pt\.trace\.json(?P<gzip>\.gz)?$")
_CAPTURE = re.compile(r"^.+\.\d{6,}\.pt\.trace\.json(\.gz)?$")
"""`<host>.<time>.pt.trace.json`, as `tracediff capture` and torch's `tensorboard_trace_handler` write it."""
_SUFFIXES = (".json", ".json.gz")
_EVENTS_KEY = b'"traceEvents"'


class TraceFile(NamedTuple):
    """A trace and what it is called.

    Attributes:
        run: unique to what belongs together: the captures of one folder, or a file of its own.
        path: where it really is.
    """

    run: str
    path: Path


class Found(NamedTuple):
    """What the paths of a command line hold.

    Attributes:
        traces: in order, each file once.
        skipped: files in the given folders that look like traces by name and are none.
    """

    traces: tuple[TraceFile, ...]
    skipped: tuple[Path, ...]


def find_traces(paths: Sequence[str | Path]) -> Found:
    """Traces among files and in folders, each with the name of its run.

    Args:
        paths: traces, or folders of them: `DIR/acl/<host>.<time>.pt.trace.json` is a capture of the run `acl`, and
            a link `DIR/acl.json` to it is that capture once more.

    Raises:
        TraceFormatError: a file is no Kineto trace, or a folder holds none.
    """
    files: dict[Path, None] = {}
    skipped: list[Path] = []
    for path in map(Path, paths):
        if is_folder(path):
            found = list(_in_folder(path))
            traces = [file for file in found if _is_trace(file)]
            if not traces:
                raise TraceFormatError("holds no trace (*.json, *.json.gz). Name the folder of a capture", str(path))
            files.update(dict.fromkeys(file.resolve() for file in traces))
            skipped += [file for file in found if file not in traces]
        else:
            check_readable(path)
            if not _is_trace(path):
                raise TraceFormatError("is no Kineto trace. Name a file that torch.profiler exported", str(path))
            files[path.resolve()] = None
    names = _told_apart({_group(file) for file in files})
    return Found(tuple(TraceFile(names[_group(file)], file) for file in files), tuple(skipped))


def link_traces(traces: Iterable[TraceFile], logdir: Path) -> None:
    """Links the traces into a log directory, a folder for each run, under names that the plugin knows."""
    for trace in traces:
        folder = logdir / trace.run
        folder.mkdir(parents=True, exist_ok=True)
        (folder / plugin_name(trace.path)).symlink_to(trace.path)


def plugin_name(path: Path) -> str:
    """A file name that the plugin knows; the file's own if it does. Its suffix tells whether the content is gzip.

    It always has a time, which the plugin calls a span: its Diff view shows nothing without one.
    """
    suffix = ".gz" if _is_gzip(path) else ""
    known = _KNOWN_TO_PLUGIN.match(path.name)
    if known and known["time"] and (known["gzip"] or "") == suffix:
        return path.name
    worker, time = (known["worker"], known["time"]) if known else (label_of(path), None)
    return f"{worker}{time or '.1'}.pt.trace.json{suffix}"


def _in_folder(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(parent, name)
            if name.endswith(_SUFFIXES) and not name.startswith(".") and file.is_file() and file.stat().st_size:
                yield file


def _is_trace(path: Path) -> bool:
    # The key may stand far from the beginning: a capture puts its own record and the kernel log before it.
    blocks = read_blocks(path)
    tail = b"".join(islice(blocks, 1))
    if not KinetoImporter().sniff(tail[:SNIFF_BYTES]):
        return False
    while _EVENTS_KEY not in tail:
        block = next(blocks, b"")
        if not block:
            return False
        tail = tail[-len(_EVENTS_KEY) :] + block
    return True


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _group(file: Path) -> Path:
    return file.parent if _CAPTURE.match(file.name) else file


def _told_apart(groups: set[Path]) -> dict[Path, str]:
    """A name for each file or folder: its label; with folders in front, and at last a number, where labels meet."""
    names = {group: label_of(group) for group in sorted(groups)}
    for level in range(1, max((len(group.parts) for group in groups), default=0)):
        meeting = [group for group, name in names.items() if list(names.values()).count(name) > 1]
        for group in meeting:
            names[group] = "/".join((*group.parent.parts[-level:], label_of(group))).lstrip("/")
    taken: set[str] = set()
    for group, name in names.items():
        number = 1
        while names[group] in taken:
            number += 1
            names[group] = f"{name}-{number}"
        taken.add(names[group])
    return names
