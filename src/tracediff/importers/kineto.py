"""Reads Kineto traces of torch 1.13 to 2.15 (`export_chrome_trace`, the TensorBoard trace handler)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from tracediff.errors import TraceFormatError
from tracediff.importers.base import text_of
from tracediff.importers.columns import ColumnBuilder
from tracediff.importers.events import ChunkDecoder
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
from tracediff.importers.source import Progress, decompressed, read_blocks
from tracediff.model.trace import ReadReport, Trace

_EVENTS_KEY = "traceEvents"
_READ_KEYS = (OWN_KEY, "baseTimeNanoseconds")
_RANK_KEY = "distributedInfo"
_FLAGS = ("record_shapes", "with_stack", "profile_memory", "with_flops", "with_modules")
_ON = (b"1", b"true")


class KinetoImporter:
    """Kineto JSON: an object with `traceEvents`, in whatever key order and layout, or the bare event list."""

    name = "kineto"

    def sniff(self, head: bytes) -> bool:
        return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")

    def read(self, path: Path, progress: Progress | None = None) -> Trace:
        trace, own = self._read(read_blocks(path, progress), path, path.stat().st_size)
        log = kernel_log_of(own)
        if log is None:
            return trace
        kernel_pass, doubts = self._kernel_pass(own, path)
        return structs.replace(trace, kernel_log=log, kernel_pass=kernel_pass, warnings=(*trace.warnings, *doubts))

    def _kernel_pass(self, own: object, path: Path) -> tuple[Trace | None, tuple[str, ...]]:
        """The trace of the capture's kernel pass where it carries one; a doubt where that cannot be read."""
        try:
            packed = kernel_trace_of(own, str(path))
            return self._read(decompressed((packed,), str(path)), path, len(packed))[0] if packed else None, ()
        except TraceFormatError as error:
            return None, (f"the trace of its kernel pass {error.message}",)

    def _read(self, blocks: Iterable[bytes], path: Path, size: int) -> tuple[Trace, object]:
        """The trace, and what it carries under our own key."""
        stream = JsonStream(iter(blocks), str(path))
        decoder = ChunkDecoder()
        columns = ColumnBuilder()
        metadata: dict[str, Any] = {}
        flags: dict[str, bool] = {}
        doubts: list[str] = []
        found = False
        rank: int | None = None

        def read_events() -> None:
            if not stream.opens_with(b"["):
                raise TraceFormatError(f"has a {_EVENTS_KEY} that is not a list. It is not a trace", str(path))
            for chunk in stream.events(decoder.decode):
                columns.add(chunk)

        if stream.opens_with(b"{"):
            for key in stream.object_keys():
                if key == _EVENTS_KEY:
                    found = True
                    read_events()
                else:
                    text = stream.value()
                    # What else stands in a trace is nobody's business here, and often broken.
                    if key == OWN_KEY:
                        try:
                            metadata[key] = _decode(text, key, str(path))
                        except TraceFormatError:
                            doubts.append("what the capture recorded of itself is malformed: left out")
                    elif key in _READ_KEYS:
                        metadata[key] = _decode(text, key, str(path))
                    elif key in _FLAGS:
                        flags[key] = text in _ON
                    elif key == _RANK_KEY:
                        rank = rank_of(text)
        else:
            found = True
            read_events()

        if not found:
            raise TraceFormatError(
                f"is JSON, but no trace: it has no {_EVENTS_KEY}. Name a file that torch.profiler exported", str(path)
            )
        if columns.event_count == 0:
            raise TraceFormatError("is a trace without events. Capture it again", str(path))
        own: object = metadata.pop(OWN_KEY, None)
        trace = columns.build(
            path=text_of(path),
            # Kineto writes the flags that are on, and before torch 2.0 none at all.
            run=run_of(path, own, {flag: flags.get(flag, False) for flag in _FLAGS} if flags else None, rank),
            read=ReadReport(
                bytes=size,
                events_read=columns.event_count - columns.dropped,
                events_dropped=columns.dropped,
            ),
            metadata=metadata,
            key_averages=key_averages_of(own),
            warnings=(*doubts, *warnings_of(own)),
        )
        return modernised(trace), own


def _decode(text: bytes, key: str, path: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise TraceFormatError(f"has a malformed value under {key!r} ({error}). Capture it again", path) from None
