"""Files from which no event can be had: one line that says why (hazards 14 and 40)."""

from __future__ import annotations

import gzip
import json
import os
from functools import reduce
from pathlib import Path

from hostile.real_trace import RealTrace
from hostile.registry import unreadable

_BEGINNING = b'{"schemaVersion": 1, "traceEvents": ['
_METADATA = {"name": "process_name", "ph": "M", "pid": 1, "tid": 0, "args": {"name": "python"}}


def _write(number: int, name: str, content: bytes, message: str) -> None:
    unreadable(number, name, message)(lambda path, trace: path.write_bytes(content))


_write(14, "metadata events only", _BEGINNING + json.dumps(_METADATA).encode() + b"]}", "no operators")
_write(14, "no events", _BEGINNING + b"]}", "without events")
_write(40, "an empty file", b"", "is empty")
_write(40, "a login page", b"<!doctype html><title>Log in</title>", "neither a Kineto trace")
_write(40, "a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), "neither a Kineto trace")
_write(40, "JSON of something else", b'{"a": [1, {"b": "traceEvents"}]}', "no traceEvents")
_write(40, "a list of numbers", b"[1, 2, 3]", "it has no traceEvents")
_write(40, "a list of other records", b'[{"key": "aten::relu", "count": 3}]', "its list holds no events")
_write(40, "a number", b"3", "neither a Kineto trace")
_write(40, "traceEvents that are no list", b'{"traceEvents": 3}', "not a list")
_write(40, "a brace", b"{", "cut short before its first event")
_write(40, "an empty gzip", gzip.compress(b""), "is empty")
_write(40, "a gzip's header", gzip.compress(b"{}")[:10], "middle of its gzip stream")
_write(40, "JSON that is none", b'{"a" 5, "b": [1]}', "malformed: no traceEvents")
_write(
    10,
    "compressed again and again",
    reduce(lambda text, _: gzip.compress(text), range(5), b"{}"),
    "compressed more than",
)
_write(10, "a zip cut short", b"PK\x03\x04" + bytes(200), "zip archive that is cut short")
_write(
    8, "cut before the first event", b'{"schemaVersion": 1, "deviceProperties": [{"id": 0', "cut short before its first"
)
_write(8, "cut in the first event", _BEGINNING + b'{"ph": "X", "name": "at', "cut short in its first event")
_write(1, "malformed in its only event", _BEGINNING + b'{"ph": ]"X"}], "traceName": "t"}', "none of its events (1)")


@unreadable(40, "a missing file", "no such file")
def _missing(path: Path, trace: RealTrace) -> None:
    pass


@unreadable(40, "a directory", "is a directory")
def _directory(path: Path, trace: RealTrace) -> None:
    path.mkdir()


@unreadable(40, "a FIFO", "nobody writes to")
def _fifo(path: Path, trace: RealTrace) -> None:
    os.mkfifo(path)


@unreadable(8, "cut before the events", "cut short before its first event")
def _cut_before_events(path: Path, trace: RealTrace) -> None:
    path.write_bytes(trace.head[: trace.head.index(b'"traceEvents"')])
