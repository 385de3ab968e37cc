"""Files of other shapes and with other words, in which nothing is broken (hazards 11, 13, 15 to 17, 27, 31 to 39)."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

from hostile.real_trace import RealTrace, microseconds, quoted, with_values
from hostile.registry import Damaged, damaged


@damaged(11, "the legacy exporter's list")
def _legacy(trace: RealTrace) -> Damaged:
    """No categories, one process that is called "CPU functions", nothing in args."""
    operators = trace.only(trace.operators)

    def written(process: bytes) -> RealTrace:
        entries = [
            b'{"name": %s, "ph": "X", "ts": %s, "dur": %s, "tid": 1, %s, "args": {}}'
            % (quoted(operators.events[at]["name"]), *map(microseconds, operators.interval(at)), process)
            for at in range(len(operators.entries))
        ]
        return replace(operators, entries=tuple(entries))

    legacy = written(b'"pid": "CPU functions"').as_list()
    return Damaged(legacy.text, written(b'"pid": 1, "cat": "cpu_op"'), same_events=False)


def _begin_and_end(trace: RealTrace) -> tuple[RealTrace, RealTrace]:
    """The calls as complete events, and as pairs of a beginning and an end in the order of time."""
    calls = trace.only(trace.below(trace.calls[0]))
    entries: list[bytes] = []
    ends: list[tuple[int, bytes]] = []
    for at, entry in enumerate(calls.entries):
        start, dur = calls.interval(at)
        while ends and ends[-1][0] <= start:
            entries.append(ends.pop()[1])
        # The duration stands in the end's time only.
        begin = entry.replace(b'"dur": %s' % microseconds(dur), b'"dur_of_E": 0')
        entries.append(with_values(begin, ph=b'"B"'))
        event = calls.events[at]
        end = {"ph": "E", "pid": event["pid"], "tid": event["tid"]}
        ends.append((start + dur, json.dumps(end).encode()[:-1] + b', "ts": %s}' % microseconds(start + dur)))
    entries += [end for _, end in reversed(ends)]
    return calls, replace(calls, entries=tuple(entries))


@damaged(11, "begin and end events")
def _pairs(trace: RealTrace) -> Damaged:
    calls, pairs = _begin_and_end(trace)
    return Damaged(pairs.text, calls, events_read=len(pairs.entries))


@damaged(11, "a begin without its end, an end without its begin")
def _unfinished(trace: RealTrace) -> Damaged:
    calls, pairs = _begin_and_end(trace)
    lonely = pairs.entries[-1], with_values(pairs.entries[0], ts=microseconds(calls.end_ns + 1000))
    raw = pairs.and_then(*lonely)
    return Damaged(raw.text, calls, {"unfinished_calls": 2}, events_read=len(pairs.entries))


@damaged(13, "the categories and keys of torch 1.11")
def _old_words(trace: RealTrace) -> Damaged:
    raw = trace
    for at in trace.operators:
        entry = with_values(trace.entries[at], cat=b'"Operator"').replace(b'"Input Dims"', b'"Input dims"')
        raw = raw.with_entries(at, entry)
    kernel = b'{"ph": "X", "cat": "Kernel", "name": "gemm", "pid": 0, "tid": "stream 7", "ts": %s, "dur": 1}'
    times = microseconds(trace.interval(trace.middle)[0])
    runtime = b'{"ph": "X", "cat": "Runtime", "name": "cudaLaunchKernel", "pid": 1, "tid": 9, "ts": %s, "dur": 1}'
    raw = raw.and_then(kernel % times, runtime % times)
    return Damaged(raw.text, trace, events_read=len(raw.entries), same_events=False)


@damaged(15, "absolute nanoseconds of 19 digits")
def _absolute(trace: RealTrace) -> Damaged:
    """Neighbours that are 1 ns apart must not overlap."""
    base = 1_716_284_123_456_789_001
    raw, like = trace, trace
    start = base
    for at in trace.operators:
        raw = raw.with_entries(at, trace.placed(at, start, 101))
        like = like.with_entries(at, trace.placed(at, start - base, 101))
        start += 102
    absolute = replace(raw, head=b'{"traceEvents": [')
    relative = replace(like, head=b'{"baseTimeNanoseconds": %d, "traceEvents": [' % base)
    return Damaged(absolute.only(trace.operators).text, relative.only(trace.operators))


@damaged(17, "children in the microsecond of their parent, listed before it")
def _children_first(trace: RealTrace) -> Damaged:
    raw = trace
    families = (trace.below(at) for at in trace.operators)
    for parent, child, *_ in islice((family for family in families if len(family) > 1), 5):
        raw = raw.with_entries(child, raw.placed(child, raw.interval(parent)[0], 0))
    return Damaged(replace(raw, entries=raw.entries[::-1]).text, raw)


@damaged(25, "no ProfilerStep")
def _no_steps(trace: RealTrace) -> Damaged:
    bare = trace.only(trace.operators)
    return Damaged(bare.text, bare, iterations=1)


@damaged(27, "integers beyond int64")
def _huge_integers(trace: RealTrace) -> Damaged:
    text = b'"Comms Id": 10159970886766084423, "Sequence number": 170141183460469231731687303715884105727'
    return Damaged(trace.with_args(trace.middle, text).text, trace)


@damaged(31, "a name of 5,000 characters")
def _long_name(trace: RealTrace) -> Damaged:
    name = "void at::native::vectorized_elementwise_kernel<4, " + "std::array<char*, 3ul>, " * 205 + "(int)"
    raw = trace.changed(trace.middle, name=quoted(name))
    return Damaged(raw.text, raw)


@damaged(32, "a stream as a string, and on operators of the CPU")
def _streams(trace: RealTrace) -> Damaged:
    return Damaged(trace.with_args(trace.middle, b'"stream": "0", "device": -1').text, trace)


@damaged(33, "a bracket in the trace's name")
def _bracket_in_name(trace: RealTrace) -> Damaged:
    tail = b'],\n"traceName": "runs[1]/a],{\\"ph\\": \\"X\\"}.json"}'
    return Damaged(replace(trace, tail=tail).text, trace)


@damaged(33, "a Windows path as the trace's name")
def _backslash_in_name(trace: RealTrace) -> Damaged:
    return Damaged(replace(trace, tail=b'],\n"traceName": "C:\\users\\me\\trace.json"}').text, trace, {"metadata": 1})


@damaged(34, "shapes of tensor lists, and none")
def _shapes(trace: RealTrace) -> Damaged:
    first, second, third, *_ = trace.operators
    raw = trace
    for at, shapes in ((first, b"[[4,3,64,64],[],[]]"), (second, b"[[[2, 3], [4, 3]], []]"), (third, b"[]")):
        raw = raw.with_args(at, b'"Input Dims": ' + shapes)
    return Damaged(raw.text, raw)


@damaged(35, "no devices, and a list of none")
def _no_devices(trace: RealTrace) -> Damaged:
    return Damaged(b'{"deviceProperties": [],' + trace.text[1:], trace)


LAYOUTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "compact, on one line": lambda document: json.dumps(document, separators=(",", ":")),
    "pretty": lambda document: json.dumps(document, indent=4),
    "ph last": lambda document: json.dumps(
        {**document, "traceEvents": [dict(reversed(event.items())) for event in document["traceEvents"]]}
    ),
    "the events before the rest": lambda document: json.dumps(dict(sorted(document.items(), reverse=True))),
    "lines that end as on Windows": lambda document: json.dumps(document, indent=1).replace("\n", "\r\n"),
}


def _lay_out(write: Callable[[dict[str, Any]], str]) -> Callable[[RealTrace], Damaged]:
    return lambda trace: Damaged(write(json.loads(trace.text)).encode(), trace)


for _name, _write in LAYOUTS.items():
    damaged(38, f"layout: {_name}")(_lay_out(_write))


@damaged(38, "the same key twice")
def _duplicate_keys(trace: RealTrace) -> Damaged:
    at = trace.middle
    name, dur = quoted(trace.events[at]["name"]), microseconds(trace.interval(at)[1])
    raw = trace.changed(at, name=b'"x", "name": ' + name, dur=b'77, "dur": ' + dur)
    return Damaged(raw.text, trace)


@damaged(39, "1,500 levels of calls")
def _deep_calls(trace: RealTrace) -> Damaged:
    """Every level takes 1 us before its child begins, and 1 us after it ends."""
    at, levels = trace.middle, 1500
    start, _ = trace.interval(at)
    calls = [trace.placed(at, start + 1000 * level, 2000 * (levels - level)) for level in range(levels)]
    # Only children of the same name are folded into their parents.
    named = [with_values(call, name=b'"level %d"' % level) for level, call in enumerate(calls)]
    deep = replace(trace, entries=tuple(named))
    return Damaged(deep.text, deep)


@damaged(39, "100 levels of args")
def _nested_args(trace: RealTrace) -> Damaged:
    return Damaged(trace.with_args(trace.middle, b'"x": ' + b"[" * 100 + b"]" * 100).text, trace)


@damaged(39, "20,000 levels of args")
def _deep_args(trace: RealTrace) -> Damaged:
    at = trace.middle
    bare = trace.entries[at][: trace.entries[at].index(b'"args"')].rstrip().removesuffix(b",")
    deep = bare + b', "args": {"x": ' + b'{"y": [' * 10_000 + b"]}" * 10_000 + b"}}"
    return Damaged(trace.with_entries(at, deep).text, trace.with_entries(at, bare + b"}"), {"deep_values": 1})
