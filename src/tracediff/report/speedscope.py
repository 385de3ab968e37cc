"""speedscope's own format: an iteration of each side, a profile for each of its threads, in nanoseconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tracediff import phrases, units
from tracediff.model.diff import Diff
from tracediff.model.timeline import IterationCalls

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def render(diff: Diff) -> Iterator[str]:
    """The iteration nearest the median of each side; speedscope itself adds calls of one name up."""
    timeline = diff.timeline
    if timeline is None:
        return
    frames: dict[str, int] = {}
    names = [units.printable(name) for name in timeline.names]
    profiles = [
        _profile(f"{phrases.role(role, side)}: {calls.label}", calls, thread, names, frames)
        for role, side, calls in (("base", diff.base, timeline.base), ("candidate", diff.candidate, timeline.candidate))
        for thread in calls.used_threads
    ]
    document = {
        "$schema": _SCHEMA,
        "exporter": "tracediff",
        "name": f"{phrases.name(diff.base)} and {phrases.name(diff.candidate)}",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": name} for name in frames]},
        "profiles": profiles,
    }
    yield f"{msgspec.json.encode(document).decode()}\n"


def _profile(
    name: str, calls: IterationCalls, thread: int, names: Sequence[str], frames: dict[str, int]
) -> dict[str, Any]:
    opened = [call for call in calls if call.thread == thread]
    events: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = []

    def open_call(name: str, start_ns: int, dur_ns: int) -> None:
        frame = frames.setdefault(name, len(frames))
        events.append({"type": "O", "frame": frame, "at": start_ns})
        waiting.append({"type": "C", "frame": frame, "at": start_ns + dur_ns})

    def close_to(depth: int) -> None:
        while len(waiting) > depth:
            events.append(waiting.pop())

    if thread == 0:
        open_call(units.printable(calls.label), 0, calls.time_ns)
    around = len(waiting)
    for call in opened:
        close_to(around + call.depth)
        open_call(names[call.name], call.start_ns, call.dur_ns)
    close_to(0)
    return {
        "type": "evented",
        "name": name if thread == 0 else f"{name}, beside it {phrases.thread(calls.threads[thread])}",
        "unit": "nanoseconds",
        "startValue": min(0, events[0]["at"]),
        "endValue": max(calls.time_ns, events[-1]["at"]),
        "events": events,
    }
