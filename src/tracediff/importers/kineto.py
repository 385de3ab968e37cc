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
from tracediff.importers.json_stream import Beginning, JsonStream
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
_EVENTS = re.compile(rb'"(?:traceEvents|schemaVersion|tracediff)"\s{0,16}+:|"ph"\s{0,16}+:\s{0,16}+"[A-Za-z]"')
_LANDMARKS = {_EVENTS_KEY: rb"\[", "baseTimeNanoseconds": rb"\d"}
_FLAGS = ("record_shapes", "with_stack", "profile_memory", "with_flops", "with_modules")
_MOST_DOCUMENTS = 100
# What may as well be all of something else.
_NO_DAMAGE = frozenset({"stray_bytes", "nul_bytes"})
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
        window = Window(blocks, path)
        failed: list[TraceFormatError] = []
        # What a log wrote before a trace may be JSON too.
        while True:
            document = _Document(window, path)
            has_events = document.read(is_first=not failed)
            trace, own = document.trace(size)
            if has_events:
                return modernised(trace), own
            failed.append(_nothing_in(trace.read, document.has_list, path))
            if document.is_last() or len(failed) == _MOST_DOCUMENTS:
                raise failed[0]


class _Document:
    """What begins somewhere in a file, and may be a trace.

    Attributes:
        has_list: whether it has a list of events.

    Args:
        window: at where it begins, or before.
        path: of the file.
    """

    def __init__(self, window: Window, path: str) -> None:
        self.has_list = False
        self._window = window
        self._path = path
        self._damage = Damage()
        self._damage.mended("stray_bytes", window.position)
        self._stream = JsonStream(window, self._damage, _LANDMARKS)
        self._columns = ColumnBuilder(self._damage, path)
        self._metadata: dict[str, Any] = {}
        self._flags: dict[str, bool] = {}
        self._doubts: list[str] = []

    def read(self, is_first: bool) -> bool:
        """Reads it, and says whether it holds events.

        Args:
            is_first: it begins where the file does, if it can.
        """
        beginning = self._stream.beginning(is_first)
        if beginning in (Beginning.LIST, Beginning.EVENT):
            # Of a list whose beginning is lost nobody knows whether there was an object around it.
            self._add_events(is_document=True)
            if self._damage.is_open:
                self._doubts.append("its list of events has no end, which the format allows: more may have followed")
        if beginning in (Beginning.OBJECT, Beginning.KEY) or (beginning is Beginning.EVENT and not self.is_last()):
            self._read_keys()
        if self._columns.has_events:
            self._stream.finish()
        return self._columns.has_events

    def is_last(self) -> bool:
        """Whether nothing follows."""
        return self._stream.is_at_end()

    def _read_keys(self) -> None:
        for key in self._stream.object_keys():
            if key == _EVENTS_KEY:
                if not self._stream.opens_with(b"["):
                    raise TraceFormatError(f"has a {_EVENTS_KEY} that is not a list. It is not a trace", self._path)
                self._add_events(is_document=False)
                continue
            text = self._stream.value()
            if key in _FLAGS:
                self._flags[key] = text in _ON
            elif key in _READ_KEYS and text is not None:
                self._metadata[key] = parse_value(text)
            if key == OWN_KEY and self._metadata.get(key) is None:
                self._doubts.append("what the capture recorded of itself is malformed: left out")

    def _add_events(self, is_document: bool) -> None:
        self.has_list = True
        self._columns.add_all(EventList(self._window, self._damage, is_document).chunks())

    def trace(self, size: int) -> tuple[Trace, object]:
        """The trace, and what it carries under our own key.

        Args:
            size: bytes of the file.
        """
        own: object = self._metadata.pop(OWN_KEY, None)
        trace = self._columns.build(
            # Kineto writes the flags that are on, and before torch 2.0 none at all.
            run=run_of(
                self._path,
                own,
                {flag: self._flags.get(flag, False) for flag in _FLAGS} if self._flags else None,
                rank_of(self._metadata.get(_RANK_KEY)),
            ),
            size=size,
            base_ns=self._metadata.get("baseTimeNanoseconds"),
            key_averages=key_averages_of(own),
            warnings=(*self._doubts, *warnings_of(own)),
        )
        return trace, own


def _nothing_in(read: ReadReport, has_list: bool, path: str) -> TraceFormatError:
    """Why a file without a single event has none, and what to do."""
    if not has_list and not read.truncated and read.repairs.keys() <= _NO_DAMAGE:
        what = "no trace" if read.repairs else "JSON, but no trace"
        return NoTraceError(f"is {what}: it has no {_EVENTS_KEY}. {_OTHER_FILE}", path)
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
