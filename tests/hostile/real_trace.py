"""A real trace in pieces, so that harm can be done to one of them and what is lost be known exactly."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from builders import SAMPLES

SEPARATOR = b",\n  "
_BASE_NS = 1_790_857_026_000_000_000
_ORIGIN_US = 1_795_196_000_000_000


@dataclass(frozen=True)
class RealTrace:
    """The text before the first entry of `traceEvents`, the entries, the text after the last."""

    head: bytes
    entries: tuple[bytes, ...]
    tail: bytes

    @property
    def text(self) -> bytes:
        return self.head + SEPARATOR.join(self.entries) + self.tail

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(entry, parse_float=Decimal) for entry in self.entries]

    @cached_property
    def operators(self) -> list[int]:
        return [index for index, event in enumerate(self.events) if event.get("cat") == "cpu_op" and event["ph"] == "X"]

    @cached_property
    def calls(self) -> list[int]:
        """Operators and annotations: what nests."""
        nesting = ("cpu_op", "user_annotation")
        return [index for index, event in enumerate(self.events) if event.get("cat") in nesting and event["ph"] == "X"]

    @property
    def middle(self) -> int:
        """An operator in the middle of the file."""
        return self.operators[len(self.operators) // 2]

    def byte_of(self, index: int) -> int:
        """Where an entry begins in the text."""
        return len(self.head) + sum(len(entry) + len(SEPARATOR) for entry in self.entries[:index])

    def whole_before(self, size: int) -> int:
        """How many entries lie whole in the first `size` bytes of the text."""
        return sum(self.byte_of(index) + len(entry) <= size for index, entry in enumerate(self.entries))

    def first(self, count: int) -> RealTrace:
        return replace(self, entries=self.entries[:count])

    def only(self, indices: Iterable[int]) -> RealTrace:
        return replace(self, entries=tuple(self.entries[index] for index in indices))

    def with_entries(self, index: int, *entries: bytes) -> RealTrace:
        """The same with other entries, or none, in the place of one."""
        return replace(self, entries=(*self.entries[:index], *entries, *self.entries[index + 1 :]))

    def and_then(self, *entries: bytes) -> RealTrace:
        """The same with more entries after the last."""
        return replace(self, entries=(*self.entries, *entries))

    def changed(self, index: int, **values: bytes) -> RealTrace:
        """The same with other text in the place of an entry's values."""
        return self.with_entries(index, with_values(self.entries[index], **values))

    def with_args(self, index: int, text: bytes) -> RealTrace:
        """The same with more text at the end of an entry's args."""
        entry = self.entries[index]
        end = entry.rstrip().removesuffix(b"}").rstrip().removesuffix(b"}").rstrip()
        return self.with_entries(index, end + b", " + text + b"}}")

    def as_list(self) -> RealTrace:
        """The array form of the format: nothing but the entries."""
        return replace(self, head=b"[\n  ", tail=b"\n]\n")

    def interval(self, index: int) -> tuple[int, int]:
        """Start and duration of an entry in nanoseconds, the start relative to the file's base."""
        event = self.events[index]
        return int(event["ts"] * 1000), int(event["dur"] * 1000)

    def placed(self, index: int, start_ns: int, dur_ns: int | None = None) -> bytes:
        """An entry's text at another time."""
        duration = self.interval(index)[1] if dur_ns is None else dur_ns
        return with_values(self.entries[index], ts=microseconds(start_ns), dur=microseconds(duration))

    @property
    def end_ns(self) -> int:
        """When the last call is over."""
        return max(sum(self.interval(index)) for index in self.calls)

    def below(self, index: int) -> list[int]:
        """The calls inside of a call, that one first."""
        start, dur = self.interval(index)
        thread = self.events[index]["tid"]
        inside = [
            call
            for call in self.calls
            if self.events[call]["tid"] == thread
            and start <= self.interval(call)[0]
            and sum(self.interval(call)) <= start + dur
        ]
        return sorted(inside, key=lambda call: (self.interval(call)[0], -self.interval(call)[1]))


def with_values(entry: bytes, **values: bytes) -> bytes:
    """An entry with other text in the place of the first values of these keys."""
    for key, value in values.items():
        pattern = rb'("%s"\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s,}]+)' % key.encode()
        entry, found = re.subn(pattern, lambda match, text=value: match.group(1) + text, entry, count=1)
        assert found, key
    return entry


def quoted(text: str) -> bytes:
    """A text as JSON."""
    return json.dumps(text).encode()


def microseconds(ns: int) -> bytes:
    """Nanoseconds as Kineto writes them: whole microseconds, or three decimals."""
    whole, rest = divmod(ns, 1000)
    return f"{whole}.{rest:03d}".encode() if rest else str(whole).encode()


def split(text: bytes) -> RealTrace:
    """A trace file in pieces, without the capture's own record: that would give its times to the damaged file too."""
    begin = text.index(b"[", text.index(b'"traceEvents"')) + 1
    # One character a byte, so that the decoder's positions are bytes.
    characters, decoder = text.decode("latin-1"), json.JSONDecoder()
    entries: list[bytes] = []
    at = begin
    while True:
        at += len(characters[at : at + 100]) - len(characters[at : at + 100].lstrip())
        if characters[at] == "]":
            break
        _, end = decoder.raw_decode(characters, at)
        entries.append(text[at:end])
        at = end + (characters[end] == ",")
    head = b"{\n  " + text[text.index(b'"schemaVersion"') : begin] + b"\n  "
    return RealTrace(head, tuple(entries), b"\n  " + text[at:])


def _relative(trace: RealTrace) -> RealTrace:
    """As torch >= 2.4 writes it: nanoseconds as decimals, relative to a base.

    Times are scaled by 1.001, which makes decimals and keeps every interval where it was inside the others.
    """
    entries: list[bytes] = []
    for entry, event in zip(trace.entries, trace.events, strict=True):
        times = {"ts": microseconds((event["ts"] - _ORIGIN_US) * 1001)}
        if "dur" in event:
            times["dur"] = microseconds(event["dur"] * 1001)
        entries.append(with_values(entry, **times))
    head = (
        b'{\n  "schemaVersion": 1,\n  "deviceProperties": [\n  ],\n  "record_shapes": 1,\n  "displayTimeUnit": "ms",\n'
        b'  "baseTimeNanoseconds": %d,\n  "traceEvents": [\n  ' % _BASE_NS
    )
    return RealTrace(head, tuple(entries), trace.tail)


def _sample(name: str) -> RealTrace:
    content = (SAMPLES / name).read_bytes()
    return split(gzip.decompress(content) if name.endswith(".gz") else content)


def real_traces() -> dict[str, RealTrace]:
    """Whole microseconds since the epoch with Python frames; and nanoseconds relative to a base."""
    return {"microseconds": _sample("acl.json"), "relative": _relative(_sample("resnet50-acl.json.gz"))}


def small(trace: RealTrace, events: int = 20) -> RealTrace:
    """A trace that a fuzzer gets through quickly: the last operators, which are leaves, in their annotation."""
    calls = trace.below(trace.calls[0])
    return trace.only(sorted(calls[:1] + calls[1 - events :]))
