"""Skips what is no event between two events: junk, and what is left of one that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable

from tracediff.importers.damage import Damage
from tracediff.importers.mending import EVENT_FIELD, EVENT_START
from tracediff.importers.window import Window

TOP_LEVEL = (
    rb"schemaVersion|deviceProperties|distributedInfo|traceName|displayTimeUnit|baseTimeNanoseconds|trace_id|host_name"
    rb"|record_shapes|with_stack|with_flops|with_modules|profile_memory|traceEvents|tracediff|otherData|metadata"
    rb"|stackFrames|samples|systemTraceEvents|(?:cuda|hip|xpu)_\w{1,64}+"
)
"""Keys beside the events."""

_LIST_END = rb'(?<=[}\s,\0])\](?=\s{0,64}+,\s{0,64}+"(?:' + TOP_LEVEL + rb')"\s{0,16}+:)'
# Neither the beginning of an event nor the end of the list may be one of something in an event's arguments.
_AFTER_LOST = re.compile(rb"\{(?<![:\[]\{)(?<![:\[] \{)(?<=(?=" + EVENT_START.pattern + rb")\{)|" + _LIST_END)
_AFTER_JUNK = re.compile(EVENT_START.pattern + rb"|" + _LIST_END)
_FIELD_OR_AFTER_JUNK = re.compile(EVENT_FIELD.pattern + rb"|" + _AFTER_JUNK.pattern)
_LAST_END = re.compile(rb"(?<=[}\s,\0])\](?=[\s\0]*+\}?[\s\0]*+\Z)")
# No landmark is longer, with what stands before it.
_LONGEST = 512
_SEPARATORS = b" \t\n\r\v\f,\0"


def skip_lost(window: Window, damage: Damage, position: int, at: int = 1, is_cut: bool = False) -> None:
    """Drops an entry that cannot be read, up to the next one or the end of the list.

    Args:
        window: at the entry, or somewhere in it.
        damage: counts it.
        position: where it begins.
        at: from where in the window on others may begin.
        is_cut: the rest of the file can be part of it: no bracket is known to end the list.
    """
    damage.drop(position)
    padding = _Padding()
    if not _skip_to(window, _AFTER_LOST, at, padding.add, may_end=not is_cut):
        damage.mended("nul_bytes", padding.count)
        damage.truncated = True


def skip_junk(window: Window, damage: Damage) -> bool:
    """Skips what stands between events and is none, up to the next one or the end of the list.

    Returns:
        Whether that was all: else it was part of an event, which is dropped.
    """
    position = window.position
    junk = _Junk()
    if not _skip_to(window, _FIELD_OR_AFTER_JUNK, 0, junk.add, may_end=True) or not window.match(EVENT_FIELD):
        damage.mended("stray_bytes", junk.count)
        damage.mended("nul_bytes", junk.nuls)
        return True
    skip_lost(window, damage, position)
    return False


def _skip_to(
    window: Window, landmark: re.Pattern[bytes], at: int, skipped: Callable[[bytes], None], may_end: bool
) -> bool:
    """Skips to a landmark, or to the bracket that the file ends with; False where all is skipped.

    Args:
        window: is moved.
        landmark: what to look for; it is at most so long that it is not missed where pieces of the file meet.
        at: from where in the window on.
        skipped: is told all that is.
        may_end: whether the list may end with the file.
    """
    while (found := window.search(landmark, at)) is None:
        end = window.search(_LAST_END, at) if may_end else None
        # One byte before: what precedes a landmark is looked at too.
        beyond = max(0, len(window) - _LONGEST if end is None else end - 1)
        skipped(window.take(beyond))
        at = max(1, at - beyond)
        if window.grow():
            continue
        skipped(window.take(len(window) if end is None else min(end, 1)))
        return end is not None
    skipped(window.take(found))
    return True


class _Padding:
    """Counts the NUL bytes at the end of all that it is given."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, text: bytes) -> None:
        rest = text.rstrip(b"\0")
        self.count = len(text) - len(rest) + (0 if rest else self.count)


class _Junk:
    """Counts bytes that separate nothing, and NUL bytes."""

    def __init__(self) -> None:
        self.count = self.nuls = 0

    def add(self, text: bytes) -> None:
        self.nuls += text.count(b"\0")
        self.count += len(text.translate(None, _SEPARATORS))
