"""Two traces that must compare as what they are (hazards 16, 24, 29, 30, 36, 37)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from hostile.real_trace import RealTrace, microseconds, with_values
from hostile.registry import Pair, pair

_GAP_NS = 1_000_000


def _annotation(trace: RealTrace, name: str, start_ns: int, dur_ns: int) -> bytes:
    event = trace.events[trace.middle]
    text = json.dumps({"ph": "X", "cat": "user_annotation", "name": name, "pid": event["pid"], "tid": event["tid"]})
    return text.encode()[:-1] + b', "ts": %s, "dur": %s}' % (microseconds(start_ns), microseconds(dur_ns))


def _steps(trace: RealTrace, count: int, calls: Sequence[int]) -> RealTrace:
    """Iterations that each run the same calls with what is below them, one after the other."""
    entries: list[bytes] = []
    now, _ = trace.interval(calls[0])
    for step in range(count):
        begin = now
        body: list[bytes] = []
        for call in calls:
            start, dur = trace.interval(call)
            body += [trace.placed(at, trace.interval(at)[0] - start + now) for at in trace.below(call)]
            now += dur
        entries += [_annotation(trace, f"ProfilerStep#{step}", begin, now - begin), *body]
        now += _GAP_NS
    return replace(trace, entries=tuple(entries))


def _model(trace: RealTrace) -> list[int]:
    """The outermost call."""
    return trace.calls[:1]


def _convolutions(trace: RealTrace, count: int) -> list[int]:
    found = [at for at in trace.operators if trace.events[at]["name"] == "aten::conv2d"]
    return [found[number % len(found)] for number in range(count)]


@pair(16, "relative times with different bases")
def _bases(trace: RealTrace) -> Pair:
    later = replace(trace, head=b'{"baseTimeNanoseconds": 1790000000123456789, "traceEvents": [')
    return Pair(trace.text, later.text)


@pair(24, "operators before the first step and after the last")
def _outside(trace: RealTrace) -> Pair:
    steps = _steps(trace, 3, _convolutions(trace, 4))
    start, end = steps.interval(0)[0], steps.end_ns
    before = trace.placed(trace.middle, start - 6_000_000, 5_000_000)
    after = trace.placed(trace.middle, end + _GAP_NS, 7_000_000)
    more = replace(steps, entries=(before, *steps.entries, after))
    return Pair(steps.text, more.text, warns=r"candidate: operators outside of the iterations took 12\.?0* ms")


@pair(29, "addresses in the names of frames")
def _addresses_in_frames(trace: RealTrace) -> Pair:
    """As with_stack records them."""
    return _renamed(
        trace,
        "python_function",
        "<built-in method conv2d of type object at 0x7f1d4c6bc100>",
        "<built-in method conv2d of type object at 0x7fa0336e2100>",
    )


@pair(29, "addresses in the names of annotations")
def _addresses_in_annotations(trace: RealTrace) -> Pair:
    """As `record_function(str(module))` makes them."""
    names = "<models.Net object at 0x7f1d4c6bc100>", "<models.Net object at 0x7fa0336e2100>"
    return _renamed(trace, "user_annotation", *names)


@pair(30, "line numbers in the names of frames")
def _line_numbers(trace: RealTrace) -> Pair:
    names = "torch/nn/modules/module.py(1534): _call_impl", "torch/nn/modules/module.py(1791): _call_impl"
    return _renamed(trace, "python_function", *names)


@pair(30, "hashes in the names of annotations")
def _hashes(trace: RealTrace) -> Pair:
    call = "## Call CompiledFxGraph {} ##"
    return _renamed(
        trace,
        "user_annotation",
        call.format("fh7qfkmcjzgkp4tgvtzm2p6kwfb2mdrmpfjkdcvcqlkmtuzbx2dl"),
        call.format("f3sdyqprlbxdmbkkqkmt5fwwrzmcwxdhmhnmhibbqmvqexg5ubqb"),
    )


def _renamed(trace: RealTrace, category: str, base: str, candidate: str) -> Pair:
    """The same steps, in which one convolution runs in a call of another name."""
    steps = _steps(trace, 3, _convolutions(trace, 4))
    convolutions = [at for at in steps.operators if steps.events[at]["name"] == "aten::conv2d"]
    texts: list[bytes] = []
    for name in (base, candidate):
        calls = [
            with_values(_annotation(steps, name, *steps.interval(at)), cat=json.dumps(category).encode())
            for at in convolutions[::4]
        ]
        texts.append(steps.and_then(*calls).text)
    return Pair(texts[0], texts[1])


@pair(36, "360 convolutions where the name promises 200")
def _other_workload(trace: RealTrace) -> Pair:
    networks = (_steps(trace, 10, _convolutions(trace, count)).text for count in (20, 36))
    return Pair(*networks, verdict="different workload", delta_ns=None)


@pair(37, "one iteration against ten")
def _counts(trace: RealTrace) -> Pair:
    return Pair(_steps(trace, 1, _model(trace)).text, _steps(trace, 10, _model(trace)).text)
