"""Files whose times cannot be: overlaps, duplicates, giants, threads that run at once (hazards 18 to 23, 26, 28)."""

from __future__ import annotations

import json
from dataclasses import replace

from hostile.real_trace import RealTrace, microseconds, with_values
from hostile.registry import Damaged, damaged


def _with_two(trace: RealTrace, first: tuple[int, int], second: tuple[int, int]) -> RealTrace:
    """Two more operators; (start, duration) in nanoseconds after the last call's end."""
    at = trace.middle
    after = trace.end_ns + 10_000
    more = [
        with_values(trace.placed(at, after + start, dur), name=name)
        for name, (start, dur) in ((b'"aten::first"', first), (b'"aten::second"', second))
    ]
    return trace.and_then(*more)


@damaged(18, "a child that ends half a microsecond after its parent")
def _child_ends_late(trace: RealTrace) -> Damaged:
    late = _with_two(trace, (0, 10_000), (1_000, 9_500))
    return Damaged(late.text, late, warns=r"\b1 call overlap")


@damaged(19, "calls that overlap in part")
def _overlap(trace: RealTrace) -> Damaged:
    overlapping = _with_two(trace, (0, 20_000), (15_000, 25_000))
    return Damaged(overlapping.text, overlapping, warns=r"\b1 call overlap")


@damaged(20, "a duration of a hundred times the trace")
def _giant(trace: RealTrace) -> Damaged:
    at = trace.middle
    span = trace.end_ns - min(trace.interval(call)[0] for call in trace.calls)
    giant = trace.with_entries(at, trace.placed(at, trace.interval(at)[0], 100 * span))
    return Damaged(giant.text, trace.changed(at, dur=b"0"), {"giant_durations": 1})


@damaged(20, "a duration that wrapped around")
def _wrapped(trace: RealTrace) -> Damaged:
    at = trace.middle
    repairs = {"giant_durations": 1}
    return Damaged(trace.changed(at, dur=b"18446744073709551.615").text, trace.changed(at, dur=b"0"), repairs)


_LOST = b'{"ph": "X", "cat": "kernel", "name": "gemm", "pid": 0, "tid": 7, "ts": 0, "dur": 0, "args": {"stream": 7}}'


@damaged(21, "kernels whose times are lost")
def _lost_times(trace: RealTrace) -> Damaged:
    lost = trace.and_then(_LOST, _LOST.replace(b"gemm", b"relu"))
    return Damaged(lost.text, trace, events_read=len(lost.entries), same_events=False)


@damaged(21, "kernels whose times are lost, beside a giant duration")
def _lost_times_and_giant(trace: RealTrace) -> Damaged:
    harmed = _giant(trace)
    lost = replace(trace, tail=b",\n  " + _LOST + trace.tail)
    content = harmed.content.removesuffix(trace.tail) + lost.tail
    return replace(harmed, content=content, events_read=len(trace.entries) + 1, same_events=False)


@damaged(22, "exact duplicates")
def _duplicates(trace: RealTrace) -> Damaged:
    chosen = [trace.entries[at] for at in trace.operators[::9]]
    twice = trace.and_then(*chosen)
    count = f"{len(chosen):,}"
    return Damaged(
        twice.text,
        trace,
        events_read=len(twice.entries),
        same_events=False,
        warns=rb"\b%s\b.*duplicate".decode() % count,
    )


@damaged(22, "two calls in one microsecond")
def _no_duplicates(trace: RealTrace) -> Damaged:
    """They differ in their External id, so they are two."""
    at = trace.middle
    after = microseconds(trace.end_ns + 10_000)
    pair = [
        with_values(trace.entries[at], ts=after, dur=b"0").replace(b'"External id": ', b'"External id": %d000' % more)
        for more in (1, 2)
    ]
    twice = trace.and_then(*pair)
    return Damaged(twice.text, twice)


@damaged(23, "ProfilerStep on the device too")
def _steps_on_device(trace: RealTrace) -> Damaged:
    annotations = [at for at in trace.calls if at not in set(trace.operators)]
    device = [with_values(trace.entries[at], cat=b'"gpu_user_annotation"', pid=b"0", tid=b"7") for at in annotations]
    both = trace.and_then(*device)
    steps = sum(trace.events[at]["name"].startswith("ProfilerStep#") for at in annotations)
    return Damaged(
        both.text, trace, events_read=len(both.entries), same_events=False, iterations=steps or len(annotations)
    )


def _on_threads(trace: RealTrace, *threads: tuple[object, object]) -> Damaged:
    """The calls on several threads at once, which count as if they had run one after the other."""
    calls = trace.only(trace.below(trace.calls[0]))
    start = calls.interval(0)[0]
    length = calls.end_ns - start + 1_000_000
    at_once: list[bytes] = []
    in_turn: list[bytes] = []
    for at, entry in enumerate(calls.entries):
        for number, (pid, tid) in enumerate(threads):
            at_once.append(with_values(entry, pid=json.dumps(pid).encode(), tid=json.dumps(tid).encode()))
            in_turn.append(calls.placed(at, calls.interval(at)[0] + number * length))
    return Damaged(
        replace(calls, entries=tuple(at_once)).text, replace(calls, entries=tuple(in_turn)), same_events=False
    )


@damaged(26, "several threads at once")
def _threads(trace: RealTrace) -> Damaged:
    return _on_threads(trace, (1, 1), (1, 2), (2, 1))


@damaged(28, "odd processes and threads")
def _odd_threads(trace: RealTrace) -> Damaged:
    return _on_threads(trace, ("Spans", ""), ("", "Trace"), (-5, -(2**63)), (0, 2**63), ("0", "stream 7"))
