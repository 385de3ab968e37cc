"""What a trace says by the standard library's account, and by tracediff's: the one to hold the other to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.summary import summarize
from tracediff.importers import load
from tracediff.model.trace import ABSENT, Operator, Trace

Told = Counter[tuple[object, ...]]
"""How often there is an event of a name, process, thread, start, duration, External id and shapes."""


def told_by_json(text: bytes) -> Told:
    """The complete events of a trace without damage, read by `json` with exact times."""
    document = json.loads(text, parse_float=Decimal)
    events, base = document, 0
    if isinstance(document, dict):
        events, base = document["traceEvents"], document.get("baseTimeNanoseconds", 0)
    return Counter(_told(event, base) for event in events if event.get("ph") == "X")


def _told(event: dict[str, Any], base: int) -> tuple[object, ...]:
    args = event.get("args", {})
    return (
        event["name"],
        str(event["pid"]),
        str(event["tid"]),
        base + int(event["ts"] * 1000),
        int(event["dur"] * 1000),
        args.get("External id", ABSENT),
        _frozen(args["Input Dims"]) if "Input Dims" in args else None,
    )


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def told_by_us(trace: Trace) -> Told:
    """The same of a trace that we read."""
    events = trace.events
    columns = (events.name, events.thread, events.start_ns, events.dur_ns, events.external_id, events.shapes)
    return Counter(
        (
            trace.names[name],
            trace.threads[thread].pid,
            trace.threads[thread].tid,
            start,
            dur,
            external_id,
            trace.shapes[shapes] if shapes != ABSENT else None,
        )
        for name, thread, start, dur, external_id, shapes in zip(*(column.tolist() for column in columns), strict=True)
    )


def tables_of(trace: Trace) -> list[set[tuple[object, ...]]]:
    """The operator table, by name and by shape."""
    return [{_row(row) for row in summarize(trace, by_shape).operators} for by_shape in (False, True)]


def _row(row: Operator) -> tuple[object, ...]:
    return row.name, row.calls, row.self_ns, row.total_ns, row.input_shapes, row.is_annotation


@cache
def tables_without_damage(text: bytes, folder: Path) -> list[set[tuple[object, ...]]]:
    """The operator table of a trace without damage."""
    path = folder / "undamaged.json"
    path.write_bytes(text)
    trace = load(path)
    assert isinstance(trace, Trace)
    return tables_of(trace)


def assert_conserved(tree: CallTree) -> None:
    """No time is negative, and the self times of a thread are the time that its calls cover."""
    assert (tree.self_ns >= 0).all()
    assert (tree.torch_self_ns >= 0).all()
    for thread in set(tree.thread.tolist()):
        calls = tree.thread == thread
        begins, lengths = tree.start_ns[calls].tolist(), tree.total_ns[calls].tolist()
        covered = _covered((begin, begin + length) for begin, length in zip(begins, lengths, strict=True))
        assert int(tree.self_ns[calls].sum()) == covered


def _covered(intervals: Iterable[tuple[int, int]]) -> int:
    covered, reached = 0, None
    for begin, end in sorted(intervals):
        begin = begin if reached is None else max(begin, reached)
        covered += max(0, end - begin)
        reached = end if reached is None else max(reached, end)
    return covered
