"""Leaves the guest's own Python frames out of a trace: a reader wants those of the iterations."""

from __future__ import annotations

import json
import re
from bisect import bisect
from typing import Any, Iterator

_EVENTS = re.compile(r'"traceEvents"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()
_ROUNDING_US = 1.0


def without_own_frames(text: str, mark: str) -> str:
    """A trace without the Python frames outside of the marked iterations; all else is as torch wrote it.

    Args:
        text: the trace. If torch wrote a name into it that is no JSON, it stays as it is: readers mend that.
        mark: what the names of the iterations begin with.
    """
    opening = _EVENTS.search(text)
    if opening is None:
        return text
    try:
        events = list(_events(text, opening.end()))
    except ValueError:
        return text
    marks = sorted((event["ts"], event["dur"]) for event, _ in events if _is_span(event, mark))
    kept = [piece for event, piece in events if event.get("cat") != "python_function" or _inside(event, marks)]
    end = opening.end() + sum(len(piece) for _, piece in events)
    # Where the first went, the next has a comma too many.
    return text[: opening.end()] + "".join(kept).lstrip(",") + text[end:]


def _events(text: str, position: int) -> Iterator[tuple[dict[str, Any], str]]:
    """Each event with its text, which begins with what parts it from the one before."""
    while True:
        start = _BETWEEN.match(text, position).end()  # pyright: ignore[reportOptionalMemberAccess]
        if text[start : start + 1] == "]":
            return
        event, end = _DECODER.raw_decode(text, start)
        yield event, text[position:end]
        position = end


def _is_span(event: dict[str, Any], mark: str) -> bool:
    return event.get("ph") == "X" and event["name"].startswith(mark)


def _inside(event: dict[str, Any], marks: list[tuple[float, float]]) -> bool:
    """Whether one of the marks, which do not overlap, holds the event."""
    before = bisect(marks, (event["ts"], float("inf"))) - 1
    return before >= 0 and event["ts"] + event["dur"] <= sum(marks[before]) + _ROUNDING_US
