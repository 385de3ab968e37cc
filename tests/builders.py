"""Builds small Kineto traces for tests, so that a test shows only what it is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent
SAMPLES = REPOSITORY / "sample_traces"
SHARED_TRACES = REPOSITORY.parent / "shared" / "traces"


@dataclass
class Call:
    """A call that takes `own` microseconds before its children run, and `tail` after them."""

    name: str
    own: int = 1
    children: Sequence[Call] = ()
    shapes: Any = None
    cat: str = "cpu_op"
    tail: int = 0


def annotation(name: str, *children: Call, own: int = 1) -> Call:
    return Call(name, own, children, cat="user_annotation")


@dataclass
class TraceBuilder:
    """Lays calls out one after the other on one thread and writes them as Kineto does."""

    gap: int = 0
    now: int = 1_000_000
    pid: int = 1
    tid: int = 1
    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, *calls: Call) -> TraceBuilder:
        for call in calls:
            self._lay(call)
            self.now += self.gap
        return self

    def _lay(self, call: Call) -> None:
        args: dict[str, Any] = {"External id": len(self.events) + 1}
        if call.shapes is not None:
            args["Input Dims"] = call.shapes
        event = {"ph": "X", "cat": call.cat, "name": call.name, "pid": self.pid, "tid": self.tid, "ts": self.now}
        event |= {"dur": 0, "args": args}
        self.events.append(event)
        begin = self.now
        self.now += call.own
        for child in call.children:
            self._lay(child)
        self.now += call.tail
        event["dur"] = self.now - begin

    def document(self, **keys: Any) -> dict[str, Any]:
        # What a capture records stands first in its file.
        return {**keys, "schemaVersion": 1, "traceEvents": self.events, "traceName": "t"}

    def write(self, path: Path, **keys: Any) -> Path:
        path.write_text(json.dumps(self.document(**keys)), "utf-8")
        return path


def conv(implementation: str, own: int = 10, shape: Sequence[int] = (1, 3, 8, 8), helpers: Iterable[Call] = ()) -> Call:
    """conv2d > convolution > _convolution > the implementation."""
    shapes = [list(shape), [4, 3, 3, 3], [4], [], [], [], []]
    call = Call(f"aten::{implementation}", own, tuple(helpers), shapes)
    for wrapper in ("aten::_convolution", "aten::convolution", "aten::conv2d"):
        call = Call(wrapper, 1, (call,), shapes)
    return call
