"""What the beginning and the end of a file say of a capture, so that a list of hundreds parses none of them."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from tracediff.errors import TraceFormatError
from tracediff.importers.base import is_trace_name, parse_value
from tracediff.importers.key_averages_table import KeyAveragesTableImporter
from tracediff.importers.kineto import KinetoImporter
from tracediff.importers.recorded import END_OF_TIME_NS, captured_ns_of, read_record, run_of, warnings_of
from tracediff.importers.source import Source, file_source, text_of
from tracediff.model.run import Run

_NAME_OF_PROFILER = ".trace.json"
_OF_TRACE = re.compile(rb'\A\s*\{\s*"tracediff"|"traceEvents"|"ph"')
_BEGINNING_BYTES, _END_BYTES = 64, 4096
_PADDING = b" \t\r\n\0"
# A list of events may go without its end.
_ENDS = (b"}", b"]", b",")


class Head(msgspec.Struct, frozen=True):
    """A file that is a capture, or is called like one.

    Attributes:
        path: where it is.
        size: bytes.
        date_ns: since 1970: when it was made, or when it last changed where it does not say that.
        run: what it records; only a label where that is nothing, None where it cannot be read.
        is_table: it is a printed table.
        damage, warnings, error: as of `Listed`.
    """

    path: Path
    size: int = 0
    date_ns: int = 0
    run: Run | None = None
    is_table: bool = False
    damage: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None


def head_of(path: Path) -> Head | None:
    """Looks at a file's beginning and end; None where nothing says that it is a capture."""
    is_named = is_trace_name(path.name)
    try:
        source = file_source(path)
        beginning = source.head()
        if is_named:
            return _of_trace(source, path) if _is_trace(path, beginning) else None
        is_table = KeyAveragesTableImporter().sniff(beginning)
        return Head(path, *_size_and_date(path), run_of(text_of(path), None), is_table=True) if is_table else None
    except TraceFormatError as error:
        why = error.message
    except OSError as error:
        why = f"cannot be read ({error.strerror}). Check its permissions"
    return Head(path, *_size_and_date(path), error=why) if is_named else None


def _is_trace(path: Path, beginning: bytes) -> bool:
    """Whether it begins like a trace; many a file that is called .json is something else.

    Raises:
        TraceFormatError: it does not, and is called like a trace.
    """
    is_json = KinetoImporter().sniff(beginning)
    if _NAME_OF_PROFILER in path.name:
        if is_json:
            return True
        raise TraceFormatError("begins with something that is no trace. Capture it again", text_of(path))
    return is_json and bool(_OF_TRACE.search(beginning))


def _of_trace(source: Source, path: Path) -> Head:
    size, date_ns = _size_and_date(path)
    damage: list[str] = []
    recorded: object = None
    try:
        recorded = parse_value(read_record(source) or b"")
    except TraceFormatError as error:
        damage.append(error.message.partition(". ")[0])
    damage += source.flaws.doubts or (["ends in the middle of something"] if _is_cut(path, size) else [])
    return Head(
        path,
        size,
        captured_ns_of(recorded) or date_ns,
        run_of(text_of(path), recorded),
        damage=tuple(damage),
        warnings=warnings_of(recorded),
    )


def _is_cut(path: Path, size: int) -> bool:
    """Whether it is JSON that ends in the middle of something; what is compressed does not say that in time."""
    with path.open("rb") as file:
        if not KinetoImporter().sniff(file.read(_BEGINNING_BYTES)):
            return False
        file.seek(max(0, size - _END_BYTES))
        end = file.read(_END_BYTES).rstrip(_PADDING)
    return bool(end) and not end.endswith(_ENDS)


def _size_and_date(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    # Some file systems keep times that no calendar has.
    return status.st_size, status.st_mtime_ns if status.st_mtime_ns < END_OF_TIME_NS else 0
