"""Lays out traces of a GPU: launches on the CPU's timeline, what they launched on a stream, later."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from builders import Call, TraceBuilder, annotation

OLD_CATEGORIES = {
    "cpu_op": "Operator",
    "user_annotation": "Operator",
    "cuda_runtime": "Runtime",
    "kernel": "Kernel",
    "gpu_memcpy": "Memcpy",
    "gpu_memset": "Memset",
}
OLD_KEYS = {"Input Dims": "Input dims"}


@dataclass
class Launch(Call):
    """A runtime call that launches a device event of `runs` microseconds."""

    name: str = "cudaLaunchKernel"
    own: int = 2
    cat: str = "cuda_runtime"
    runs: int = 10
    stream: int = 7
    device_cat: str = "kernel"


@dataclass
class DeviceTraceBuilder(TraceBuilder):
    """Launches run on streams, each `delay` microseconds after its call at the earliest."""

    delay: int = 100
    stream_free_at: dict[int, int] = field(default_factory=dict[int, int])
    correlation: int = 0

    def _lay(self, call: Call) -> None:
        super()._lay(call)
        if not isinstance(call, Launch):
            return
        self.correlation += 1
        self.events[-1]["args"] = {"correlation": self.correlation}
        begin = max(self.now + self.delay, self.stream_free_at.get(call.stream, 0))
        self.stream_free_at[call.stream] = begin + call.runs
        self.events.append(
            {
                "ph": "X",
                "cat": call.device_cat,
                "name": f"void {call.device_cat}<float>",
                "pid": 0,
                "tid": call.stream,
                "ts": begin,
                "dur": call.runs,
                "args": {"correlation": self.correlation, "stream": call.stream, "device": 0},
            }
        )


def step(number: int, addmm: int = 100) -> Call:
    """Launches `addmm` + 20 us in `addmm`, 30 us in `relu` and 7 us in no operator."""
    return annotation(
        f"ProfilerStep#{number}",
        Call(
            "aten::linear",
            3,
            [
                Call("aten::t", 1),
                Call("aten::addmm", 5, [Launch(runs=addmm), Launch(runs=20)], [[8], [4, 8], [8, 8]]),
            ],
            [[4, 8], [8, 8], [8]],
        ),
        Call("aten::relu", 4, [Launch(runs=30)], [[4, 8]]),
        Launch("cudaMemcpyAsync", runs=7, device_cat="gpu_memcpy"),
    )


def as_rocm(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same as ROCm's tracer wrote it: a launch and its kernel share an "External id" that is no operator's."""
    return [
        {**event, "args": {"External id": args["correlation"], "stream": "0x0"}} if "correlation" in args else event
        for event in events
        for args in [event["args"]]
    ]


def as_torch_1_11(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same with the categories, keys and threads of torch <= 1.11."""
    old = copy.deepcopy(list(events))
    for event in old:
        on_device = event["cat"] in ("kernel", "gpu_memcpy", "gpu_memset")
        event["tid"] = f"stream {event['tid']}" if on_device else str(event["tid"])
        event["cat"] = OLD_CATEGORIES[event["cat"]]
        event["args"] = {OLD_KEYS.get(key, key): value for key, value in event["args"].items()}
    return old
