"""Reads Kineto traces of torch 1.13 to 2.15 (`export_chrome_trace`, the TensorBoard trace handler)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from msgspec import structs

from tracediff.errors import NoTraceError, TraceFormatError
from tracediff.importers.base import parse_value
from tracediff.importers.columns import ColumnBuilder
from tracediff.importers.damage import Damage
from tracediff.importers.event_list import EventList
from tracediff.importers.json_stream import JsonStream
from tracediff.importers.old_layout import modernised
from tracediff.importers.recorded import (
    OWN_KEY,
    kernel_log_of,
    kernel_trace_of,
    key_averages_of,
    rank_of,
    run_of,
    warnings_of,
)
from tracediff.importers.source import Progress, Source, bytes_source
from tracediff.importers.window import Window
from tracediff.model.trace import ReadReport, Trace

_EVENTS_KEY = "traceEvents"
_RANK_KEY = "distributedInfo"
_READ_KEYS = (OWN_KEY, "baseTimeNanoseconds", _RANK_KEY)
_EVENTS = re.compile(rb'"traceEvents"\s{0,16}+:|"ph"\s{0,16}+:\s{0,16}+"[A-Za-z]"')
_LANDMARKS = {_EVENTS_KEY: rb"\[", "baseTimeNanoseconds": rb"\d"}
_FLAGS = ("record_shapes", "with_stack", "profile_memory", "with_flops", "with_modules")
_ON = (b"1", b"true")
_OTHER_FILE = "Name a file that torch.profiler exported"
_AGAIN = "Copy or capture it again"


class KinetoImporter:
    """Kineto JSON: an object with `traceEvents`, in whatever key order and layout, or the bare event list."""

    name = "kineto"

    def sniff(self, head: bytes) -> bool:
        return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") or bool(_EVENTS.search(head))

    def read(self, source: Source, progress: Progress | None = None) -> Trace:
        trace, own = self._read(source.blocks(progress), source.name, source.size or 0)
        log = kernel_log_of(own)
        if log is None:
            return trace
        kernel_pass, doubts = self._kernel_pass(own, source.name)
        return structs.replace(trace, kernel_log=log, kernel_pass=kernel_pass, warnings=(*trace.warnings, *doubts))

    def _kernel_pass(self, own: object, path: str) -> tuple[Trace | None, tuple[str, ...]]:
        """The trace of the capture's kernel pass where it carries one; a doubt where that cannot be read."""
        try:
            packed = kernel_trace_of(own, path)
            if not packed:
                return None, ()
            source = bytes_source(packed, path)
            trace = self._read(source.blocks(), path, len(packed))[0]
        except TraceFormatError as error:
            return None, (f"the trace of its kernel pass {error.message}",)
        return trace, tuple(f"the trace of its kernel pass {doubt}" for doubt in source.flaws.doubts)

    def _read(self, blocks: Iterable[bytes], path: str, size: int) -> tuple[Trace, object]:
        """The trace, and what it carries under our own key."""
        damage = Damage()
        window = Window(blocks, path)
        stream = JsonStream(window, damage, _LANDMARKS)
        columns = ColumnBuilder(damage, path)
        metadata: dict[str, Any] = {}
        flags: dict[str, bool] = {}
        doubts: list[str] = []
        found = False

        beginning = stream.beginning()
        if beginning == b"[":
            found = True
            columns.add_all(EventList(window, damage, is_document=True).chunks())
            stream.finish()
            if damage.is_open:
                doubts.append("its list of events has no end, which the format allows: more may have followed")
        elif beginning:
            if beginning == b",":
                found = True
                columns.add_all(EventList(window, damage, is_document=False).chunks())
            for key in stream.object_keys():
                if key == _EVENTS_KEY:
                    found = True
                    if not stream.opens_with(b"["):
                        raise TraceFormatError(f"has a {_EVENTS_KEY} that is not a list. It is not a trace", path)
                    columns.add_all(EventList(window, damage, is_document=False).chunks())
                    continue
                text = stream.value()
                if key in _FLAGS:
                    flags[key] = text in _ON
                elif key in _READ_KEYS and text is not None:
                    metadata[key] = parse_value(text)
                if key == OWN_KEY and metadata.get(key) is None:
                    doubts.append("what the capture recorded of itself is malformed: left out")

        own: object = metadata.pop(OWN_KEY, None)
        trace = columns.build(
            # Kineto writes the flags that are on, and before torch 2.0 none at all.
            run=run_of(
                path,
                own,
                {flag: flags.get(flag, False) for flag in _FLAGS} if flags else None,
                rank_of(metadata.get(_RANK_KEY)),
            ),
            size=size,
            base_ns=metadata.get("baseTimeNanoseconds"),
            key_averages=key_averages_of(own),
            warnings=(*doubts, *warnings_of(own)),
        )
        if not columns.has_events:
            raise _nothing_in(trace.read, found, path)
        return modernised(trace), own


def _nothing_in(read: ReadReport, has_list: bool, path: str) -> TraceFormatError:
    """Why a file without a single event has none, and what to do."""
    if not has_list and not read.truncated and not read.repairs:
        return NoTraceError(f"is JSON, but no trace: it has no {_EVENTS_KEY}. {_OTHER_FILE}", path)
    if read.truncated:
        where = ("before its first event", "in its first event", "and malformed")[min(read.events_dropped, 2)]
        return TraceFormatError(f"is cut short {where}: nothing can be read. {_AGAIN}", path)
    if not has_list:
        return TraceFormatError(f"is malformed: no {_EVENTS_KEY} can be found in it. {_AGAIN}", path)
    if read.events_dropped:
        return TraceFormatError(
            f"is malformed: none of its events ({read.events_dropped:,}) can be read. {_AGAIN}", path
        )
    if read.events_read or read.repairs:
        return NoTraceError(f"is JSON, but no trace: its list holds no events. {_OTHER_FILE}", path)
    return TraceFormatError("is a trace without events. Capture it again", path)
