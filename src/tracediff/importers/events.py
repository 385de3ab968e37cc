"""Decodes a chunk of `traceEvents` into typed records that live no longer than the chunk."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from math import inf
from typing import Annotated, Any

import msgspec
import numpy as np

from tracediff.model.trace import ABSENT, IntArray

MOST_NS = 2**61
"""No time of a trace is as far from the epoch; sums of two such still fit."""

_MOST_US = MOST_NS // 1000
_LONGEST = Decimal(_MOST_US)
_NO_TIMES = np.empty(0, dtype=np.int64)
# Below this a float64 tells microseconds with three decimals apart (half a unit in the last place < 0.5 ns).
_EXACT_LIMIT_US = 2.0**43
HALVES = frozenset({"B", "E"})
"""Phases of a call that is written as its begin and its end."""

_CALLS = HALVES | {"X"}
# No time, and the same number as an integer and as a float: integers stay integers beside it.
_MISSING = -(2**62)

_DECIMALS = re.compile(rb"[.eE]")

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
NO_TEXT = msgspec.Raw(b"")
"""What an entry of `args` is that is not there."""


class Args(msgspec.Struct, gc=False, frozen=True):
    """The entries of `args` that become columns."""

    external_id: _Int64 = msgspec.field(name="External id", default=ABSENT)
    input_dims: msgspec.Raw = msgspec.field(name="Input Dims", default=NO_TEXT)
    input_dims_1_11: msgspec.Raw = msgspec.field(name="Input dims", default=NO_TEXT)
    concrete_inputs: msgspec.Raw = msgspec.field(name="Concrete Inputs", default=NO_TEXT)
    module_hierarchy: msgspec.Raw = msgspec.field(name="Module Hierarchy", default=NO_TEXT)
    correlation: _Int64 = ABSENT
    external_id_1_11: _Int64 = msgspec.field(name="external id", default=ABSENT)
    name: msgspec.Raw = NO_TEXT
    """What a `thread_name` metadata event says."""


_NO_ARGS = Args()


class Event(msgspec.Struct, gc=False):
    """An entry of `traceEvents`; `ts` and `dur` are microseconds."""

    ph: str = ""
    cat: str = ""
    name: str = ""
    pid: int | str = ""
    tid: int | str = ""
    ts: int | float = _MISSING
    dur: int | float = _MISSING
    args: Args = _NO_ARGS


class _LooseEvent(msgspec.Struct):
    """The same, where anything may be missing or of another type."""

    ph: str | None = ""
    cat: str | None = ""
    name: str | None = ""
    pid: int | float | str | None = ""
    tid: int | float | str | None = ""
    ts: msgspec.Raw = NO_TEXT
    dur: msgspec.Raw = NO_TEXT
    args: msgspec.Raw = NO_TEXT


class Chunk(msgspec.Struct, frozen=True):
    """Decoded events.

    Attributes:
        events: their own times are not to be used.
        start_ns, dur_ns: shape (n,); meaningless for events that have no time.
        is_whole: whether all times are whole microseconds.
        lost: where in what the list holds entries begin that are no events, or complete ones without a time.
        repairs: what had to be read otherwise than it stands there.
    """

    events: Sequence[Event]
    start_ns: IntArray
    dur_ns: IntArray
    is_whole: bool
    lost: Sequence[int] = ()
    repairs: Mapping[str, int] = {}


class ChunkDecoder:
    """Turns `{...},{...}` into events: typed where the chunk fits the types, entry by entry where it does not."""

    def __init__(self) -> None:
        self._fast = msgspec.json.Decoder(list[Event])
        self._entries = msgspec.json.Decoder(list[msgspec.Raw])
        self._loose = msgspec.json.Decoder(_LooseEvent, strict=False)
        self._arguments = msgspec.json.Decoder(_LooseArgs)

    def decode(self, text: bytes | memoryview) -> Chunk | None:
        """Decodes a list of events.

        Args:
            text: JSON, perhaps; must not change while the chunk is in use.

        Returns:
            What the list holds; None if it is not JSON, or something in it is no object.
        """
        try:
            with contextlib.suppress(msgspec.ValidationError):
                events = self._fast.decode(text)
                if fast := _timed(events):
                    return fast
            entries = [bytes(entry) for entry in self._entries.decode(text)]
            return self._entry_by_entry(bytes(text), entries) if all(map(_is_object, entries)) else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def _entry_by_entry(self, text: bytes, entries: Sequence[bytes]) -> Chunk:
        events: list[Event] = []
        times: list[tuple[Decimal, Decimal]] = []
        is_whole = True
        lost: list[int] = []
        repairs: Counter[str] = Counter()
        at = 0
        for entry in entries:
            at = text.index(entry, at)
            try:
                event, ts, dur, has_decimals = self._event(entry, repairs)
            except (msgspec.ValidationError, UnicodeDecodeError):
                lost.append(at - 1)
            else:
                has_time = -_MOST_US < ts < _MOST_US
                if event.ph in _CALLS and not has_time:
                    lost.append(at - 1)
                else:
                    is_whole &= not has_decimals
                    events.append(event)
                    times.append((ts * 1000 if has_time else Decimal(0), dur * 1000))
            at += len(entry)
        repairs["negative_durations"] = sum(dur < 0 for _, dur in times)
        return Chunk(
            events,
            start_ns=_integers(ts for ts, _ in times),
            dur_ns=_integers(max(dur, Decimal(0)) for _, dur in times),
            is_whole=is_whole,
            lost=lost,
            repairs=repairs,
        )

    def _event(self, entry: bytes, repairs: Counter[str]) -> tuple[Event, Decimal, Decimal, bool]:
        """An event without what in it surprises, and its times: epoch microseconds with decimals fit no float.

        Last, whether these are written with decimals, which is what the fast way knows of them.
        """
        loose = self._loose.decode(entry)
        times = [_decimal(text) for text in (bytes(loose.ts), bytes(loose.dur))]
        repairs["text_numbers"] += sum(is_text for _, is_text in times)
        event = Event(
            loose.ph or "",
            loose.cat or "",
            loose.name or "",
            _id(loose.pid),
            _id(loose.tid),
            args=self._args(loose.args),
        )
        (ts, _), (dur, _) = times
        repairs["missing_durations"] += event.ph == "X" and not dur.is_finite()
        has_decimals = any(_DECIMALS.search(text) for text in (bytes(loose.ts), bytes(loose.dur)))
        return event, ts, max(-_LONGEST, min(dur, _LONGEST)) if dur.is_finite() else Decimal(0), has_decimals

    def _args(self, text: msgspec.Raw) -> Args:
        try:
            given = self._arguments.decode(text) if bytes(text) else _NOTHING_GIVEN
        except msgspec.ValidationError:
            return _NO_ARGS
        args: dict[str, Any] = {}
        for field in _ARGUMENTS:
            if bytes(value := getattr(given, field.name)):
                with contextlib.suppress(msgspec.ValidationError):
                    args[field.name] = msgspec.json.decode(value, type=field.type, strict=False)
        return Args(**args)


_ARGUMENTS = msgspec.structs.fields(Args)
# Like Args, what nobody reads is not even looked at.
_LooseArgs = msgspec.defstruct(
    "_LooseArgs",
    [(field.name, msgspec.Raw, msgspec.field(name=field.encode_name, default=NO_TEXT)) for field in _ARGUMENTS],
)
_NOTHING_GIVEN = _LooseArgs()


def _timed(events: Sequence[Event]) -> Chunk | None:
    """The events with their times in nanoseconds; None where an entry's time is missing or takes more than a float."""
    if not events:
        return Chunk(events, _NO_TIMES, _NO_TIMES, is_whole=True)
    starts = np.array([event.ts for event in events])
    durations = np.array([event.dur for event in events])
    if starts.dtype.kind not in "if" or durations.dtype.kind not in "if":
        return None
    if (timeless := _take_out_missing(starts)) and any(events[at].ph in _CALLS for at in timeless):
        return None
    repairs: dict[str, int] = {}
    if missing := [events[at].ph for at in _take_out_missing(durations)].count("X"):
        repairs["missing_durations"] = missing
    limit = _MOST_US if starts.dtype.kind == "i" else _EXACT_LIMIT_US
    if starts.max() >= limit or starts.min() <= -limit or durations.max() >= limit:
        return None
    if durations.min() < 0:
        repairs["negative_durations"] = int(np.count_nonzero(durations < 0))
        durations = np.maximum(durations, 0)
    return Chunk(
        events,
        start_ns=_nanoseconds(starts),
        dur_ns=_nanoseconds(durations),
        is_whole=starts.dtype.kind == "i" == durations.dtype.kind,
        repairs=repairs,
    )


def _take_out_missing(times: np.ndarray[Any, Any]) -> Sequence[int]:
    """Sets times that are missing to 0; returns where they were."""
    if times.min() != _MISSING:
        return ()
    found = np.flatnonzero(times == _MISSING)
    times[found] = 0
    return found.tolist()


def _nanoseconds(microseconds: np.ndarray[Any, Any]) -> IntArray:
    """Exact integer nanoseconds; `rint(us * 1000)` would round the product, not the number."""
    if microseconds.dtype.kind == "i":
        return microseconds * 1000
    whole = microseconds.astype(np.int64)
    rest = microseconds - whole
    rest *= 1000
    whole *= 1000
    whole += np.rint(rest, out=rest).astype(np.int64)
    return whole


def _is_object(entry: bytes) -> bool:
    return entry.startswith(b"{")


def _id(value: float | str | None) -> int | str:
    """Of a process or a thread; one that is no integer stays another one than any that is."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else str(value)
    return "" if value is None else value


def _integers(values: Iterator[Decimal]) -> IntArray:
    return np.fromiter((int(value.to_integral_value()) for value in values), dtype=np.int64)


def _decimal(text: bytes) -> tuple[Decimal, bool]:
    """The number that a JSON value is, or its string holds, and whether it is a string; infinite where it is none."""
    is_text = text.startswith(b'"')
    with contextlib.suppress(InvalidOperation, UnicodeDecodeError):
        number = Decimal(text.strip(b'"').decode())
        if number.is_finite():
            return number, is_text
    return Decimal(inf), False
