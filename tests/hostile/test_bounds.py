"""No file takes all memory or all day: it is read, or refused in one line, within bounds."""

from __future__ import annotations

import gzip
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hostile.real_trace import RealTrace, real_traces, with_values

MEMORY_BYTES = 1536 * 1024 * 1024
"""Of address space, of which Python and its libraries take a third before anything is read."""

SECONDS = 120
"""So long that only what does not end is caught, on however slow a machine."""

SLOW = pytest.mark.skipif(not os.environ.get("TRACEDIFF_SLOW_TESTS"), reason="TRACEDIFF_SLOW_TESTS=1 takes its time")

_MIB = 1024 * 1024
_BEGINNING = b'{"schemaVersion": 1, "traceEvents": ['
_EVENT = b'{"ph": "X", "cat": "cpu_op", "name": "%s", "pid": 1, "tid": 1, "ts": %d, "dur": 1}'


def _relu() -> RealTrace:
    """An annotation of a real trace with the operators in it."""
    trace = real_traces()["microseconds"]
    return trace.first(40)


def _gigabyte(before: bytes, after: bytes = b"") -> bytes:
    """A file of 1 GB of one letter, made of members of 1 MB: as small as gzip gets, in no time."""
    return gzip.compress(before) + gzip.compress(b"a" * _MIB) * 1024 + gzip.compress(after)


def _named(name: bytes) -> bytes:
    trace = _relu()
    return trace.changed(trace.middle, name=b'"' + name + b'"').text


def _nested(levels: int) -> bytes:
    trace = _relu()
    return trace.with_args(trace.middle, b'"x": ' + b"[" * levels + b"]" * levels).text


def _in_the_middle(run: bytes, before: bytes = b"") -> bytes:
    """A run of bytes between two entries, or in one, before a key of it."""
    trace = _relu()
    at = trace.byte_of(trace.middle)
    at = trace.text.index(before, at) if before else at
    return trace.text[:at] + run + trace.text[at:]


def _levels_of_calls(levels: int) -> bytes:
    events = [
        with_values(_EVENT % (b"level %d" % level, level), dur=b"%d" % (2 * (levels - level)))
        for level in range(levels)
    ]
    return _BEGINNING + b",".join(events) + b"]}"


def _names(count: int) -> bytes:
    return _BEGINNING + b",".join(_EVENT % (b"operator %d" % number, number) for number in range(count)) + b"]}"


READ: dict[str, Callable[[], bytes]] = {
    "100 levels of args": lambda: _nested(100),
    "1,000 levels of args": lambda: _nested(1000),
    "1,000,000 levels of args": lambda: _nested(1_000_000),
    "1,500 levels of calls": lambda: _levels_of_calls(1500),
    "a name of 5 MB": lambda: _named(b"a" * (5 * _MIB)),
    "a name of 50 MB": lambda: _named(b"a" * (50 * _MIB)),
    "100,000 quotes in a name": lambda: _named(b'a"' * 100_000),
    "100,000 backslashes in a name": lambda: _named(b"a\\q" * 100_000),
    "100,000 brackets in a name": lambda: _named(b"}, {" * 25_000),
    "1 MB of control characters in a name": lambda: _named(b"\x01" * _MIB),
    "10 MB of control characters in a name": lambda: _named(b"\x01" * (10 * _MIB)),
    "100,000 different names": lambda: _names(100_000),
    "a million different names": lambda: _names(1_000_000),
    **{
        f"4 MB of byte {byte} {where}": lambda byte=byte, before=before: _in_the_middle(
            bytes([byte]) * (4 * _MIB), before
        )
        for byte in b'\0 \\"]{'
        for where, before in (("between events", b""), ("in an event", b'"pid"'))
    },
    "50 MB without any structure": lambda: _in_the_middle(b"lorem ipsum 12, " * (50 * _MIB // 16)),
    "4 MB of events without an end": lambda: _in_the_middle(b'{"ph": "X", "args": {"Input Dims": [[1],\n' * 100_000),
    "150,000 fields with quotes in an event": lambda: _in_the_middle(
        b'{"ph": "X", ' + b",".join(b'"k%d": "a"b"' % number for number in range(150_000)) + b"}, "
    ),
    "10 MB of commas after an event": lambda: _relu().text.removesuffix(_relu().tail) + b"," * (10 * _MIB) + b"]}",
}
"""What is a trace, and is read."""

REFUSED: dict[str, Callable[[], bytes]] = {
    "1 GB of a letter": lambda: _gigabyte(b""),
    "1 GB of a letter as a value": lambda: _gigabyte(b'{"a": "', b'"}'),
    "1 GB of a letter as a name": lambda: _gigabyte(_BEGINNING + b'{"ph": "X", "name": "', b'"}]}'),
    "a million documents": lambda: b'{"samples": 1}' * 1_000_000,
    **{f"10 MB of {character}": lambda character=character: character.encode() * (10 * _MIB) for character in '{["\\,'},
    **{
        f"10 MB of {character} as events": lambda character=character: _BEGINNING + character.encode() * (10 * _MIB)
        for character in '{["\\,'
    },
}
"""From which no event can be had."""

TAKES_LONG = {
    "a name of 50 MB",
    "4 MB of events without an end",
    "a million different names",
    "1 GB of a letter as a value",
    "1 GB of a letter as a name",
}
"""More than 10 s."""


def _cases() -> Iterator[object]:
    for code, files in ((0, READ), (3, REFUSED)):
        for name, make in files.items():
            marks = [SLOW] if name in TAKES_LONG else []
            yield pytest.param(make, code, id=name, marks=marks)


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _show(path: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "tracediff", "show", str(path), "--format", "json"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=SECONDS,
        # Each of its threads takes address space.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=_limit_memory,
    )


@pytest.mark.parametrize(("make", "code"), _cases())
def test_bounded(tmp_path: Path, make: Callable[[], bytes], code: int) -> None:
    path = tmp_path / "hostile.json"
    path.write_bytes(make())
    result = _show(path)

    lines = result.stderr.decode().splitlines()
    assert result.returncode == code, lines[-3:]
    if code:
        assert len(lines) == 1
        assert lines[0].startswith(f"tracediff: error: {path}: ")
    else:
        assert all(line.startswith("tracediff: note: ") for line in lines), lines[-3:]
