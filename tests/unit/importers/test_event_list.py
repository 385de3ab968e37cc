from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tracediff.analysis.call_tree import build_call_tree
from tracediff.analysis.device import NO_CALL, link_device
from tracediff.errors import NoTraceError
from tracediff.importers import load, single_events
from tracediff.importers.durations import OpenCalls
from tracediff.importers.event_list import CHUNK_BYTES
from tracediff.importers.events import Event
from tracediff.importers.mending import Mended, mend_event
from tracediff.importers.source import BLOCK_BYTES
from tracediff.model.trace import Trace

from builders import SAMPLES


def event(name: str, ts: float, dur: float | None = 1, **more: Any) -> dict[str, Any]:
    return {"ph": "X", "cat": "cpu_op", "name": name, "pid": 1, "tid": 1, "ts": ts, "dur": dur, **more}


def begin(name: str, ts: float, **more: Any) -> dict[str, Any]:
    return {"ph": "B", "cat": "cpu_op", "name": name, "pid": 1, "tid": 1, "ts": ts, **more}


def end(ts: float, name: str = "") -> dict[str, Any]:
    return {"ph": "E", "name": name, "pid": 1, "tid": 1, "ts": ts}


def read(path: Path, *pieces: dict[str, Any] | str, after: str = "") -> Trace:
    entries = ",\n".join(piece if isinstance(piece, str) else json.dumps(piece) for piece in pieces)
    path.write_bytes(f'{{"traceEvents": [{entries}], "traceName": "t"}}{after}'.encode("latin-1"))
    trace = load(path)
    assert isinstance(trace, Trace)
    return trace


def calls(trace: Trace) -> list[tuple[str, int, int]]:
    """Name, start and duration in microseconds, by name and start."""
    names = [trace.names[name] for name in trace.events.name.tolist()]
    columns = (trace.events.start_ns // 1000).tolist(), (trace.events.dur_ns // 1000).tolist()
    return sorted(zip(names, *columns, strict=True))


MANY = [event("many", ts, args={"Input Dims": [[9, 9]]}) for ts in range(2 * CHUNK_BYTES // 100)]


def test_a_call_keeps_its_shapes_until_its_end_comes(tmp_path: Path) -> None:
    big = begin("big", 0, args={"Input Dims": [[1, 2, 3]]}) | {"tid": 2}
    trace = read(tmp_path / "t.json", big, *MANY, end(10**6) | {"tid": 2})

    [at] = [at for at, name in enumerate(trace.events.name.tolist()) if trace.names[name] == "big"]
    assert trace.shapes[int(trace.events.shapes[at])] == ((1, 2, 3),)


def test_a_bracket_in_an_event_does_not_end_the_list(tmp_path: Path) -> None:
    kernel = '{"ph": "X", "name": "k", "ts": 1, "dur": 1, "args": {"grid": [1, 1], "block": [2, 2], "stream" 7}}'
    trace = read(tmp_path / "t.json", event("first", 0), kernel, *MANY)

    assert len(trace.events) == 1 + len(MANY)
    assert (trace.read.events_dropped, trace.read.truncated) == (1, False)


def test_an_event_inside_of_a_broken_one_is_none(tmp_path: Path) -> None:
    broken = '{"ph": "X", "name": "b", "ts": 1 "dur": ?, "args": {"stack": [{"name": "ghost", "ph": "X", "ts": 3}]}]}'
    trace = read(tmp_path / "t.json", event("a", 0), broken, event("c", 5))

    assert calls(trace) == [("a", 0, 1), ("c", 5, 1)]
    assert trace.read.events_dropped == 1


@pytest.mark.parametrize("field", ["name", "pid", "cat"])
def test_two_events_never_become_one(tmp_path: Path, field: str) -> None:
    whole = json.dumps(event("lost", 1) | {"pid": "CPU"})
    cut = whole[: whole.index(f'"{field}": "') + len(field) + 6]
    trace = read(tmp_path / "t.json", event("a", 0), cut + json.dumps(event("b", 2, 7)), event("c", 9))

    assert {("a", 0, 1), ("c", 9, 1)} <= set(calls(trace)) <= {("a", 0, 1), ("b", 2, 7), ("c", 9, 1)}
    assert trace.read.events_dropped >= 1


@pytest.mark.parametrize("lost", ["}", "]}}"])
def test_an_event_without_its_end_takes_no_other_with_it(tmp_path: Path, lost: str) -> None:
    """Of which the second makes the rest of the file a list in it, by the look of its brackets."""
    cut = json.dumps(event("lost", 1, args={"Input Dims": [[1]]})).removesuffix(lost)
    trace = read(tmp_path / "t.json", event("a", 0), cut, event("b", 2), *MANY)

    assert calls(trace)[:2] == [("a", 0, 1), ("b", 2, 1)]
    assert (len(trace.events), trace.read.events_dropped, trace.read.repairs) == (2 + len(MANY), 1, {})


def test_an_event_may_be_long_and_hold_many_that_look_like_events(tmp_path: Path) -> None:
    stack = [{"name": f"frame {number}", "id": number} for number in range(100)]
    deep = event("deep", 1, args={"stack": stack, "External id": 7})
    trace = read(tmp_path / "t.json", '{"ph": ?, "name": "broken"}', deep, event("b", 2), *MANY)

    assert calls(trace)[:2] == [("b", 2, 1), ("deep", 1, 1)]
    assert (trace.read.events_dropped, trace.read.repairs) == (1, {"values": 1, "unknown_phases": 1})


def test_a_piece_of_an_event_is_dropped_and_no_junk(tmp_path: Path) -> None:
    trace = read(tmp_path / "t.json", event("a", 0), '"ph": "X", "args": {"name": "x", "ts": 3}}', event("b", 2))

    assert calls(trace) == [("a", 0, 1), ("b", 2, 1)]
    assert (trace.read.events_dropped, trace.read.repairs) == (1, {})


def test_a_broken_event_of_unknown_keys_is_looked_for_in_few_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []

    def mended(text: bytes) -> Mended | None:
        sizes.append(len(text))
        return mend_event(text)

    monkeypatch.setattr(single_events, "mend_event", mended)
    others = [{"kind": "k"} | event("a", ts) for ts in range(1000)]
    trace = read(tmp_path / "t.json", '{"kind": "say "hi" there", "ph": "X", "name": "b", "ts": 5, "dur": 1}', *others)

    assert len(trace.events) == 1001
    assert max(sizes) < 1000


def test_events_behind_what_looks_like_the_end_are_not_lost_in_silence(tmp_path: Path) -> None:
    trace = read(tmp_path / "t.json", event("a", 0), "]]" + json.dumps(event("b", 2)), event("c", 5))
    assert calls(trace) == [("a", 0, 1), ("b", 2, 1), ("c", 5, 1)]
    assert trace.read.repairs == {"stray_bytes": 2}

    trace = read(tmp_path / "t.json", event("a", 0), "], x" + json.dumps(event("b", 2)), event("c", 5))
    assert calls(trace) == [("a", 0, 1)]
    assert trace.read.events_dropped == 1

    trace = read(tmp_path / "t.json", event("a", 0), '],[]},{"name": "b", "ph": "X", "ts": 2, "dur": 1}')
    assert calls(trace) == [("a", 0, 1)]
    assert trace.read.events_dropped == 1


@pytest.mark.parametrize("shift", [0, 30], ids=["between events", "inside of two"])
def test_a_hole_makes_one_event_of_no_two(tmp_path: Path, shift: int) -> None:
    text = json.dumps([event(f"a{ts}", ts, args={"path": r"a\b"}) for ts in range(50)]).encode()
    start, stop = (text.index(b'{"ph": "X", "cat": "cpu_op", "name": "a%d"' % ts) + shift for ts in (10, 20))
    path = tmp_path / "t.json"
    path.write_bytes(text[:start] + bytes(stop - start) + text[stop:])
    trace = load(path)
    assert isinstance(trace, Trace)

    lost = range(10, 20) if shift == 0 else range(10, 21)
    assert calls(trace) == sorted((f"a{ts}", ts, 1) for ts in range(50) if ts not in lost)
    assert trace.read.lost_events
    assert trace.read.events_dropped == (shift > 0)


def test_what_follows_the_document_is_said(tmp_path: Path) -> None:
    trace = read(tmp_path / "t.json", event("a", 0), after='{"more":1}\n')

    assert trace.read.repairs == {"trailing_bytes": 10}


@pytest.mark.parametrize(
    "text",
    [
        '{"traceEvents": [EVENT]}, EVENT, EVENT]}',
        '{"traceEvents": [EVENT]}\n{"traceEvents": [EVENT]}',
        "[EVENT][EVENT]",
        "[EVENT]" + 600_000 * "x" + "[EVENT]",
    ],
)
def test_events_behind_the_document_are_lost(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text.replace("EVENT", json.dumps(event("a", 0))))
    trace = load(path)

    assert len(trace.read.dropped_at) == trace.read.events_dropped == text.count("EVENT") - 1
    assert all(path.read_bytes()[position:].startswith(b'"ph"') for position in trace.read.dropped_at)


def test_each_event_behind_the_document_counts_once(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    lost = '{ "ph": "X", "name": "b"}'
    # One of them lies across the end of a piece that the file is read in.
    for padding in range(BLOCK_BYTES - 150, BLOCK_BYTES - 50):
        path.write_text(f"[{json.dumps(event('a', 0))}]{padding * 'x'}{lost}")
        assert len(load(path).read.dropped_at) == 1, padding


@pytest.mark.parametrize(
    ("change", "repair"),
    [
        ({"cat": None}, "unknown_kinds"),
        ({"cat": "cru_op"}, "unknown_kinds"),
        ({"ph": None}, "unknown_phases"),
        ({"ph": "Z"}, "unknown_phases"),
        ({"pid": None}, "missing_threads"),
        ({"tid": None}, "missing_threads"),
        ({"name": None}, "missing_names"),
        ({"ts": 10**13}, "far_starts"),
    ],
)
@pytest.mark.parametrize("is_null", [True, False])
def test_a_call_that_lost_something_is_lost_and_counted(
    tmp_path: Path, change: dict[str, Any], repair: str, is_null: bool
) -> None:
    whole = (SAMPLES / "acl.json").read_text()
    lost = json.loads(whole)
    call = next(entry for entry in lost["traceEvents"] if entry["name"] == "aten::addmm")
    call.update(change)
    lost["traceEvents"] = [
        {key: value for key, value in entry.items() if value is not None or is_null} for entry in lost["traceEvents"]
    ]
    for name, text in (("whole", whole), ("lost", json.dumps(lost))):
        (tmp_path / f"{name}.json").write_text(text)
    read = load(tmp_path / "lost.json").read

    assert read.repairs == {repair: 1}
    assert read.lost_events
    assert load(tmp_path / "whole.json").read.repairs == {}


@pytest.mark.parametrize(
    ("before", "repairs"),
    [
        ("INFO 12:00 loading {model}\n", {"stray_bytes": 23}),
        ("[W105 kineto] Warning\n", {"stray_bytes": 19}),
        ('[rank0]: "x"\n', {"stray_bytes": 11}),
        ("[] ", {"stray_bytes": 4}),
        ('{"epoch": 1} ', {"stray_bytes": 14}),
        ('[{"id": 1, "name": "a"}] ', {"stray_bytes": 26}),
        ("x", {"stray_bytes": 1}),
        ("\0" * 50, {"nul_bytes": 50}),
        ("x" * 10_000, {"stray_bytes": 10_000}),
    ],
    ids=lambda value: value[:8] if isinstance(value, str) else "",
)
def test_what_stands_before_a_trace_is_skipped(tmp_path: Path, before: str, repairs: dict[str, int]) -> None:
    path = tmp_path / "t.json"
    whole = (SAMPLES / "acl.json").read_text()
    path.write_text(before + whole)
    trace, expected = load(path), load(SAMPLES / "acl.json")
    assert isinstance(trace, Trace)
    assert isinstance(expected, Trace)

    assert calls(trace) == calls(expected)
    assert trace.events.start_ns.tolist() == expected.events.start_ns.tolist()
    assert trace.key_averages == expected.key_averages
    assert trace.read.repairs == repairs
    assert not trace.read.lost_events


def test_a_lost_beginning_costs_what_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    whole = (SAMPLES / "bert-acl.json.gz").read_bytes()
    text = gzip.decompress(whole)
    expected = load(SAMPLES / "bert-acl.json.gz")
    # Most bytes are those of events; brackets are where a piece looks like a document of its own.
    brackets = [match.start() for match in re.finditer(rb"[{\[]", text)]
    cuts = {*range(5, len(text) * 9 // 10, 4999), *brackets[1::97]}
    for cut in sorted(cuts):
        path.write_bytes(text[cut:])
        read = load(path).read
        left = len(re.findall(rb'\{\s+(?:"name": "[^"]*", )?"ph"', text[cut:]))

        assert read.repairs["lost_beginnings"] == 1, cut
        assert read.events_read == left, cut
        assert (read.events_dropped, read.truncated) == (0, False), cut
    assert expected.read.repairs == {}


@pytest.mark.parametrize(
    "text",
    ['[{"name": "alice"}, {"name": "bob"}]', '{"traceEvents": [{"name": "a"}]}', '{"ph": "A", "soil": 3}', "[1, 2]"],
)
def test_other_json_is_no_trace(tmp_path: Path, text: str) -> None:
    path = tmp_path / "t.json"
    path.write_text(text)
    with pytest.raises(NoTraceError):
        load(path)


def test_a_bare_list_may_lack_its_end_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    path.write_text(f"[{json.dumps(event('a', 0))},")
    trace = load(path)

    assert not trace.read.lost_events
    assert trace.warnings == ("its list of events has no end, which the format allows: more may have followed",)


def test_a_lost_end_costs_one_call(tmp_path: Path) -> None:
    inner = [begin("b", 5), end(8, "b"), begin("c", 10)]
    trace = read(tmp_path / "t.json", begin("a", 0), *inner, end(100, "a"), begin("d", 200), end(201, "d"))

    assert calls(trace) == [("a", 0, 100), ("b", 5, 3), ("d", 200, 1)]
    assert trace.read.repairs == {"unfinished_calls": 1}


def test_an_end_that_nothing_began_ends_nothing(tmp_path: Path) -> None:
    trace = read(tmp_path / "t.json", begin("a", 0), end(5, "other"), end(10, "a"))

    assert calls(trace) == [("a", 0, 10)]
    assert trace.read.repairs == {"unfinished_calls": 1}


def test_calls_of_equal_times_nest_as_they_began(tmp_path: Path) -> None:
    tree = build_call_tree(read(tmp_path / "t.json", begin("outer", 0), begin("inner", 0), end(5), end(5)))

    assert [tree.trace.names[name] for name in tree.name.tolist()] == ["outer", "inner"]


def test_a_begun_call_has_no_id_that_a_kernel_could_name(tmp_path: Path) -> None:
    kernel = event("gemm", 30, 5) | {"cat": "kernel", "tid": 7, "args": {"External id": 2}}
    pairs = [begin("a", 0), end(5), begin("b", 10), end(15)]
    device = link_device(build_call_tree(read(tmp_path / "t.json", *pairs, kernel)))

    assert device is not None
    assert device.call.tolist() == [NO_CALL]


def test_ends_of_calls_that_never_began_are_cheap(tmp_path: Path) -> None:
    many = 1000
    scans = 0

    class Name(str):
        def __eq__(self, other: object) -> bool:
            nonlocal scans
            scans += 1
            return super().__eq__(other)

        __hash__ = str.__hash__

    open_calls = OpenCalls()
    for at in range(many):
        open_calls.take(Event(ph="B", name=Name("begun")), at)
    for at in range(many):
        open_calls.take(Event(ph="E", name=Name("other")), at)

    assert open_calls.left == 2 * many
    assert scans < 10 * many


def test_an_unknown_duration_is_counted(tmp_path: Path) -> None:
    without = event("b", 5)
    del without["dur"]
    trace = read(tmp_path / "t.json", event("a", 0), without, event("c", 7, None), {"ph": "M", "name": "m"})

    assert calls(trace) == [("a", 0, 1), ("b", 5, 0), ("c", 7, 0)]
    assert trace.read.repairs == {"missing_durations": 2}
    assert trace.read.lost_events
    assert trace.resolution_ns == 1000


def test_calls_of_more_than_a_minute_keep_their_times(tmp_path: Path) -> None:
    long = [event("model_inference", 5, 90e6), event("aten::load", 10, 70e6), event("aten::mm", 70_500_000, 1000)]
    trace = read(tmp_path / "t.json", *long)

    assert calls(trace) == [("aten::load", 10, 70e6), ("aten::mm", 70_500_000, 1000), ("model_inference", 5, 90e6)]
    assert not trace.read.repairs


def test_a_thread_whose_name_is_no_text_has_none(tmp_path: Path) -> None:
    named = '{"ph": "M", "name": "thread_name", "pid": 1, "tid": 1, "args": {"name": "caf\xe9"}}'
    trace = read(tmp_path / "t.json", event("a", 0), named)

    assert [thread.name for thread in trace.threads] == [None]
