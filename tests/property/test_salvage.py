"""However a trace is damaged, it is read or refused, and nothing that is whole is lost or changed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tracediff.analysis.call_tree import build_call_tree
from tracediff.errors import TraceFormatError
from tracediff.importers import event_list, load, single_events, window
from tracediff.importers import read as read_source
from tracediff.importers.source import Source
from tracediff.model.trace import Trace

from hostile.reading import assert_conserved, told_by_us
from hostile.real_trace import RealTrace

NAMES = st.one_of(
    st.sampled_from(["aten::relu", "aten::conv2d", "ProfilerStep#1", r"torch\nn\functional.py(2): f", 'f("a", "b")']),
    st.text(max_size=12),
)
TIMES = st.one_of(st.integers(0, 10**6), st.integers(0, 10**9).map(lambda ns: ns / 1000))
EVENTS = st.fixed_dictionaries(
    {
        "ph": st.sampled_from("XXXXXMi"),
        "cat": st.sampled_from(["cpu_op", "user_annotation", "python_function", "kernel"]),
        "name": NAMES,
        "pid": st.sampled_from([1, -1, "Spans", ""]),
        "tid": st.sampled_from([1, 2, "stream 7"]),
        "ts": TIMES,
        "dur": TIMES,
        "args": st.fixed_dictionaries(
            {}, optional={"External id": st.integers(0, 2**63 - 1), "Input Dims": st.just([[1, 3], []]), "x": NAMES}
        ),
    }
)
PAIRED = st.tuples(EVENTS, st.sampled_from("XXBE")).map(lambda one: one[0] | {"ph": one[1]})
HEADS = st.sampled_from([b"[", b'{"schemaVersion": 1, "traceEvents": [', b'{"a": {"b": []}, "traceEvents":\n [ '])

_JUNK = [
    b";",
    b"} garbage {",
    b"\n[W1129 07:11 a.cpp:3] Warning: late\n",
    b"]",
    b"[",
    b"]}}",
    b'{"ph": "X", ',
    bytes(70),
]
_RAW = [b"\\", b'"', b"\n", b"\x00", b"\x1f", b"\xff", rb"\ud800", b'", "', b"},{", b"N/A", b"nan", b"-1.-5", b",,"]


@st.composite
def traces(draw: st.DrawFn, events: st.SearchStrategy[dict[str, Any]] = EVENTS) -> RealTrace:
    head = draw(HEADS)
    layout: dict[str, Any] = draw(st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 1}]))
    ascii_only = draw(st.booleans())
    drawn = draw(st.lists(events, min_size=1, max_size=8))
    entries = (json.dumps(event, ensure_ascii=ascii_only, **layout) for event in drawn)
    # Text may hold halves of surrogate pairs, which only the escaped form can write.
    encoded = tuple(entry.encode("utf-8", "surrogatepass") for entry in entries)
    return RealTrace(head, encoded, b"]" if head == b"[" else b'], "traceName": "t"}')


class Harmed(NamedTuple):
    """What became of a trace's text.

    Attributes:
        text: after some harm.
        entries: how many it had.
        shows: whether none can be gone without a trace: two that are spliced can be one that is sound, and a bare list
            may lack its end.
    """

    text: bytes
    entries: int
    shows: bool


@st.composite
def damage(draw: st.DrawFn) -> Harmed:
    whole = draw(traces(st.one_of(EVENTS, PAIRED)))
    text, shows = whole.text, True
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(text)))
        kind = draw(st.sampled_from(["cut", "flip", "remove", "repeat", "insert"]))
        shows &= kind != "remove" and (kind != "cut" or whole.head != b"[")
        if kind == "cut":
            text = text[:at]
        elif kind == "flip":
            text = text[:at] + bytes(byte ^ 1 << draw(st.integers(0, 7)) for byte in text[at : at + 1]) + text[at + 1 :]
        elif kind == "remove":
            text = text[:at] + text[at + draw(st.integers(1, 30)) :]
        elif kind == "repeat":
            text = text[:at] + text[at - draw(st.integers(0, min(at, 60))) :]
        else:
            text = text[:at] + draw(st.sampled_from(_RAW + _JUNK)) + text[at:]
    return Harmed(text, len(whole.entries), shows)


def read(text: bytes) -> Trace | None:
    """The trace, or nothing where it is refused."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.json"
        path.write_bytes(text)
        try:
            trace = load(path)
        except TraceFormatError:
            return None
    assert isinstance(trace, Trace)
    return trace


@settings(max_examples=300, deadline=None)
@given(damage())
def test_any_damage_is_read_or_refused(harmed: Harmed) -> None:
    trace = read(harmed.text)
    if trace is None:
        return

    assert trace.read.events_read >= harmed.entries or trace.read.lost_events or not harmed.shows
    assert trace.read.events_read >= len(trace.events) >= 0
    assert trace.read.events_dropped >= 0
    assert all(count > 0 for count in trace.read.repairs.values())
    assert (trace.events.dur_ns >= 0).all()
    assert_conserved(build_call_tree(trace))


@settings(max_examples=200, deadline=None)
@given(traces(), st.data())
def test_what_is_whole_before_a_cut_is_read_unchanged(trace: RealTrace, data: st.DataObject) -> None:
    size = data.draw(st.integers(len(trace.head), len(trace.text)))
    whole = trace.whole_before(size)
    read_ones = read(trace.text[:size])
    if whole == 0:
        assert read_ones is None or read_ones.read.events_read == 0
        return

    assert read_ones is not None
    undamaged = trace.first(whole)
    before = read(undamaged.text)
    assert before is not None
    assert told_by_us(read_ones) == told_by_us(before)
    assert read_ones.read.events_read == before.read.events_read


@settings(max_examples=100, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=8), st.data())
def test_what_is_put_into_a_name_costs_no_event(events: list[dict[str, Any]], data: st.DataObject) -> None:
    """Quotes, backslashes and control characters change the name that they are in, and no number."""
    texts = [json.dumps(event | {"name": "NAME"}) for event in events]
    parts = data.draw(st.lists(st.sampled_from(["a", " ", "\\", '"', "\n", "\x01", "(", ")", "."]), max_size=10))
    name = "a" + "".join(parts) + "z"
    damaged = '{"traceEvents": [' + ", ".join(texts).replace("NAME", name) + "]}"
    clean = '{"traceEvents": [' + ", ".join(texts) + "]}"
    trace, undamaged = read(damaged.encode()), read(clean.encode())

    assert trace is not None
    assert undamaged is not None
    assert (trace.read.events_read, trace.read.events_dropped) == (len(events), 0)
    assert {told[1:] for told in told_by_us(trace)} == {told[1:] for told in told_by_us(undamaged)}


BLOCKS = (1, 7, 64, 1000, 64 * 1024)
CHUNKS = (1, 100, 700)
"""Bytes; the events of the strategy are of 100 to 600 of them."""


class Blocks(BytesIO):
    """A file that gives so many bytes at a time."""

    def __init__(self, text: bytes, size: int) -> None:
        super().__init__(text)
        self._most = size

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._most)


@contextmanager
def chunks_of(size: int) -> Iterator[None]:
    """Lets chunks be so small, and windows and what is looked at at first likewise."""
    with (
        patch.object(event_list, "CHUNK_BYTES", size),
        patch.object(event_list, "_TAIL_BYTES", size),
        patch.object(single_events, "_SCAN_BYTES", size),
        patch.object(window, "_CAPACITY", size + 2),
        patch.object(window, "_STEP", size),
    ):
        yield


def told(text: bytes, block: int) -> object:
    """All that is said of a file: columns, times and how it was read."""
    try:
        trace = read_source(Source("t", lambda: Blocks(text, block), len(text)))
    except TraceFormatError as error:
        return error.message
    assert isinstance(trace, Trace)
    return told_by_us(trace), trace.read, trace.resolution_ns, trace.threads, trace.warnings


@settings(max_examples=150, deadline=None)
# A window that doubles from 3 bytes on ends in the sign of a number.
@example(b'[{"a":1,"a":1,     "ts":-1.5,"dur":2,"ph":"X"}]')
@given(damage().map(lambda harmed: harmed.text))
def test_where_blocks_and_chunks_end_is_no_matter(text: bytes) -> None:
    whole = told(text, 64 * 1024)
    for block in BLOCKS:
        assert told(text, block) == whole
    for chunk in CHUNKS:
        with chunks_of(chunk):
            assert told(text, 1000) == whole
            assert told(text, 1) == whole
