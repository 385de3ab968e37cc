from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracediff.errors import TraceFormatError
from tracediff.importers import columns, event_list, load
from tracediff.importers.events import ChunkDecoder
from tracediff.model.trace import Trace

from builders import SAMPLES, Call, TraceBuilder

EVENT = {"ph": "X", "cat": "cpu_op", "name": "aten::relu", "pid": 1, "tid": 1, "ts": 10, "dur": 2, "args": {}}


def read(path: Path, text: str | bytes) -> Trace:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    trace = load(path)
    assert isinstance(trace, Trace)
    return trace


def with_events(*events: dict[str, Any]) -> str:
    return json.dumps({"traceEvents": events})


def times(trace: Trace) -> list[tuple[int, int]]:
    return list(zip(trace.events.start_ns.tolist(), trace.events.dur_ns.tolist(), strict=True))


@pytest.mark.parametrize(
    ("ts", "base", "start_ns"),
    [
        pytest.param("1795196345813628", None, 1795196345813628000, id="integer microseconds since the epoch"),
        pytest.param("4339931532535.825", 1790857026000000000, 1795196957532535825, id="decimals, relative to a base"),
        pytest.param("1716284123456789.123", None, 1716284123456789123, id="19 digits, which no float holds"),
        pytest.param("12.3", None, 12300, id="one decimal"),
        pytest.param("0.1234567", None, 123, id="more decimals than nanoseconds"),
        pytest.param("1e3", None, 1000000, id="an exponent"),
        pytest.param('"1700000000000000.123"', None, 1700000000000000123, id="a string"),
    ],
)
def test_times_are_exact(tmp_path: Path, ts: str, base: int | None, start_ns: int) -> None:
    head = f'"baseTimeNanoseconds": {base}, ' if base else ""
    text = f'{{{head}"traceEvents": [{{"ph": "X", "cat": "cpu_op", "name": "a", "ts": {ts}, "dur": 1.001}}]}}'

    assert times(read(tmp_path / "t.json", text)) == [(start_ns, 1001)]


@settings(max_examples=200)
@given(st.integers(0, 90 * 24 * 3600 * 10**9))
def test_relative_times_survive_the_float(ns: int) -> None:
    """Kineto's base time is at most three months back; its floats still hold every nanosecond."""
    text = f"{Decimal(ns) / 1000:.3f}"
    chunk = ChunkDecoder().decode(f'[{{"ph": "X", "ts": {text}, "dur": 0.5}}]'.encode())
    assert chunk is not None
    assert chunk.start_ns.tolist() == [ns]


def test_ids_with_decimals_are_ids_of_their_own(tmp_path: Path) -> None:
    trace = read(tmp_path / "t.json", with_events(*(EVENT | {"pid": pid} for pid in (1, 1.5, 1.0))))

    assert [thread.pid for thread in trace.threads] == ["1", "1.5"]


@pytest.mark.parametrize(
    ("base", "start_ns", "texts", "doubts"),
    [('"1700000000000000000"', 1700000000000010000, 1, 0), ("1.7e18", 10000, 0, 1), ("null", 10000, 0, 0)],
)
def test_the_base_of_times(tmp_path: Path, base: str, start_ns: int, texts: int, doubts: int) -> None:
    text = with_events(EVENT).replace("{", f'{{"baseTimeNanoseconds": {base}, ', 1)
    trace = read(tmp_path / "t.json", text)

    assert trace.events.start_ns.tolist() == [start_ns]
    assert trace.read.repairs.get("text_numbers", 0) == texts
    assert sum("baseTimeNanoseconds" in warning for warning in trace.warnings) == doubts


def test_text_that_would_fill_the_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "MOST_TEXT_BYTES", 1 << 20)
    events = [EVENT | {"name": f"{number}" * 200_000} for number in range(6)]
    read(tmp_path / "t.json", with_events(*events[:5], *events[:5]))
    with pytest.raises(TraceFormatError, match="more than 1 MB of different names"):
        read(tmp_path / "t.json", with_events(*events))


def test_too_little_memory_is_an_error_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(columns.ColumnBuilder, "add_all", without_memory)
    with pytest.raises(TraceFormatError, match="needs more memory than there is"):
        read(tmp_path / "t.json", with_events(EVENT))


@pytest.mark.parametrize(("ts", "resolution_ns"), [(10, 1000), (10.5, 1)])
def test_resolution(tmp_path: Path, ts: float, resolution_ns: int) -> None:
    assert read(tmp_path / "t.json", with_events(EVENT | {"ts": ts})).resolution_ns == resolution_ns


LAYOUTS = {
    "compact": lambda document: json.dumps(document, separators=(",", ":")),
    "pretty": lambda document: json.dumps(document, indent=4),
    "events first": lambda document: json.dumps(dict(reversed(document.items()))),
    "keys sorted": lambda document: json.dumps(document, sort_keys=True),
    "byte order mark": lambda document: "\ufeff" + json.dumps(document),
    "trailing blanks": lambda document: json.dumps(document) + "\n\n \0",
    "the bare list": lambda document: json.dumps(document["traceEvents"]),
    "an empty list before": lambda document: json.dumps({"deviceProperties": [], "a": {"b": [{}, {}]}, **document}),
    "brackets in strings": lambda document: json.dumps({"x]}": '"},{"[', **document, "traceName": 'a]}\\"},{"'}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("chunk_bytes", [64, 1000, 256 * 1024])
def test_any_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, chunk_bytes: int) -> None:
    monkeypatch.setattr(event_list, "CHUNK_BYTES", chunk_bytes)
    names = ["aten::relu", 'quote " and \\ slash', "},{ brackets ]", "unicode 卷积"] * 20
    events = [
        EVENT | {"name": name, "ts": at, "args": {"nested": [{"a": 1}, {"b": [[]]}], "External id": at}}
        for at, name in enumerate(names)
    ]
    trace = read(tmp_path / "t.json", LAYOUTS[layout]({"schemaVersion": 1, "traceEvents": events, "traceName": "t"}))

    assert [trace.names[name] for name in trace.events.name.tolist()] == names
    assert trace.events.external_id.tolist() == list(range(80))
    assert trace.event_count == 80


def test_gzip_of_several_members_and_wrong_name(tmp_path: Path) -> None:
    text = with_events(*[EVENT | {"ts": at} for at in range(5000)]).encode()
    content = gzip.compress(text[:1000]) + gzip.compress(text[1000:]) + bytes(10)

    assert len(read(tmp_path / "named.json", content).events) == 5000


def test_columns_hold_what_the_event_says(tmp_path: Path) -> None:
    args = {"External id": 7, "Input Dims": [[1, 2], [], [[3], [4]]]}
    trace = read(
        tmp_path / "t.json",
        with_events(
            {"ph": "M", "name": "thread_name", "pid": 1, "tid": "stream 7", "args": {"name": "main thread"}},
            EVENT | {"tid": "stream 7", "pid": -3, "args": args},
            EVENT | {"cat": "python_function"},
        ),
    )

    events = trace.events
    assert [(thread.pid, thread.tid) for thread in trace.threads] == [("-3", "stream 7"), ("1", "1")]
    assert events.external_id.tolist() == [7, -1]
    assert [trace.shapes[shape] if shape >= 0 else None for shape in events.shapes.tolist()] == [
        ((1, 2), (), ((3,), (4,))),
        None,
    ]
    assert [trace.categories[category] for category in events.category.tolist()] == ["cpu_op", "python_function"]


def test_arguments_of_odd_types_cost_no_event(tmp_path: Path) -> None:
    trace = read(
        tmp_path / "t.json",
        with_events(
            EVENT | {"args": {"External id": "12", "Sequence number": [], "Input Dims": [[4]], "stream": "0"}},
            EVENT | {"args": {"External id": 2**70, "Comms Id": 10159970886766084423}},
            EVENT | {"ts": None},
            EVENT | {"ts": "soon"},
        ),
    )

    assert trace.events.external_id.tolist() == [12, -1]
    assert trace.shapes == (((4,),),)
    assert (trace.event_count, trace.read.events_read, trace.read.events_dropped) == (4, 2, 2)


def test_a_capture_says_what_it_was_taken_of() -> None:
    trace = load(SAMPLES / "acl.json")

    assert isinstance(trace, Trace)
    run = trace.run
    assert (run.label, run.backend, run.torch_version, run.workload) == ("acl", "acl", "2.3.0", "gtsrb")
    assert run.emulated
    assert trace.key_averages


@pytest.mark.parametrize(
    "own", [3, [], {"backend": 3, "torch": "2.3", "environment": [], "latency_ns": ["x"], "key_averages": {"a": 1}}]
)
def test_a_damaged_tracediff_key_is_no_obstacle(tmp_path: Path, own: object) -> None:
    path = TraceBuilder().add(Call("aten::relu")).write(tmp_path / "t.json", tracediff=own)
    trace = load(path)

    assert isinstance(trace, Trace)
    assert (trace.run.backend, trace.run.torch_version, trace.run.emulated, trace.key_averages) == (
        None,
        None,
        False,
        None,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"args": None},
        {"args": []},
        {"cat": None},
        {"pid": None},
        {"tid": 3.0},
        {"dur": None},
        {"args": {"Input Dims": None}},
        {"args": {"Input Dims": "x"}},
        {"args": {"Input Dims": [None]}},
        {"args": {"Input Dims": [{}, "a"]}},
    ],
    ids=str,
)
def test_a_trifle_costs_no_event(tmp_path: Path, change: dict[str, Any]) -> None:
    """The event and its time stay, and so do its neighbours."""
    trace = read(tmp_path / "t.json", with_events(EVENT, EVENT | change, EVENT | {"ts": 99}))

    assert [start for start, _ in times(trace)] == [10_000, 10_000, 99_000]
    assert trace.read.events_dropped == 0


@pytest.mark.parametrize(
    "text",
    [
        '{"traceEvents": [{"ph": "X", "ts": "1e5000000", "dur": 1}, {"ph": "X", "name": "a", "ts": 1, "dur": 1}]}',
        '{"traceEvents": [{"ph": "X", "ts": 1e300, "dur": 1}, {"ph": "X", "name": "a", "ts": 1, "dur": 1}]}',
        '{"traceEvents": [{"ph": "i", "ts": 1e300}, {"ph": "X", "name": "a", "ts": 1, "dur": 1}]}',
        '{"traceEvents": [{"ph": "B", "ts": "nan"}, {"ph": "E", "ts": 2}, {"ph": "X", "ts": 1, "dur": 1}]}',
        '{"baseTimeNanoseconds": 1%s, "traceEvents": [{"ph": "X", "name": "a", "ts": 1, "dur": 1}]}' % ("0" * 30),
        '{"m": NaN, "n": N/A, "traceEvents": [{"ph": "X", "name": "a", "ts": 1, "dur": 1}]}',
        '{"traceEvents": [{"ph": "X", "name": "a", "ts": 1, "dur": 1, "args": {"x": %s}}]}' % ("[" * 900 + "]" * 900),
    ],
    ids=[
        "huge string time",
        "huge float time",
        "huge time of no call",
        "begin without a time",
        "huge base",
        "broken metadata",
        "deep arguments",
    ],
)
def test_absurd_values_are_no_crash(tmp_path: Path, text: str) -> None:
    assert times(read(tmp_path / "t.json", text)) == [(1000, 1000)]


def test_arguments_too_deep_to_read_cost_no_event(tmp_path: Path) -> None:
    event = '{"ph": "X", "name": "a", "ts": 1, "dur": 1, "args": {"x": %s}}' % ("[" * 5000 + "]" * 5000)

    trace = read(tmp_path / "t.json", f'{{"traceEvents": [{event}]}}')

    assert times(trace) == [(1000, 1000)]
    assert trace.read.repairs == {"deep_values": 1}
