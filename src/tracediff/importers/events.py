"""Decodes a chunk of `traceEvents` into typed records that live no longer than the chunk."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

import msgspec

EXACT_LIMIT_US = 2.0**43
"""Below this a float64 tells microseconds with three decimals apart (half a unit in the last place < 0.5 ns)."""

Column = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]

_NO_TEXT = msgspec.Raw(b"")


class Args(msgspec.Struct, gc=False, frozen=True):
    """The entries of `args` that become columns."""

    external_id: Column = msgspec.field(name="External id", default=-1)
    sequence: Column = msgspec.field(name="Sequence number", default=-1)
    input_dims: msgspec.Raw = msgspec.field(name="Input Dims", default=_NO_TEXT)
    input_dims_1_11: msgspec.Raw = msgspec.field(name="Input dims", default=_NO_TEXT)
    concrete_inputs: msgspec.Raw = msgspec.field(name="Concrete Inputs", default=_NO_TEXT)
    python_id: Column = msgspec.field(name="Python id", default=-1)
    python_parent_id: Column | None = msgspec.field(name="Python parent id", default=-1)
    python_module_id: Column = msgspec.field(name="Python module id", default=-1)
    correlation: Column = -1
    external_id_1_11: Column = msgspec.field(name="external id", default=-1)
    name: msgspec.Raw = _NO_TEXT
    """What a `thread_name` metadata event says."""


_NO_ARGS = Args()


class Event(msgspec.Struct, gc=False):
    """An entry of `traceEvents`; `ts` and `dur` are microseconds."""

    ph: str = ""
    cat: str = ""
    name: str = ""
    pid: int | str = ""
    tid: int | str = ""
    ts: int | float | None = None
    dur: int | float = 0
    args: Args = _NO_ARGS


class ExactEvent(msgspec.Struct, gc=False):
    """The same, with times read from their text: epoch microseconds with decimals do not fit a float."""

    ph: str = ""
    cat: str = ""
    name: str = ""
    pid: int | str = ""
    tid: int | str = ""
    ts: Decimal | None = None
    dur: Decimal = Decimal(0)
    args: Args = _NO_ARGS


class LooseEvent(msgspec.Struct):
    """The same, where anything but the time may be missing or of another type."""

    ph: str | None = ""
    cat: str | None = ""
    name: str | None = ""
    pid: int | float | str | None = ""
    tid: int | float | str | None = ""
    ts: Decimal | None = None
    dur: Decimal | None = None
    args: msgspec.Raw = _NO_TEXT


AnyEvent: TypeAlias = Event | ExactEvent


class ChunkDecoder:
    """Turns `{...},{...}` into events: typed where the chunk fits the types, entry by entry where it does not."""

    def __init__(self) -> None:
        self._fast = msgspec.json.Decoder(list[Event])
        self._exact = msgspec.json.Decoder(list[ExactEvent])
        self._exact_one = msgspec.json.Decoder(ExactEvent)
        self._entries = msgspec.json.Decoder(list[msgspec.Raw])
        self._loose = msgspec.json.Decoder(LooseEvent, strict=False)
        self._arguments = msgspec.json.Decoder(dict[str, msgspec.Raw])

    def decode(self, chunk: bytes) -> Sequence[AnyEvent | None] | None:
        """Returns the events, with None for entries that are none; None altogether if the chunk is not JSON."""
        text = b"[" + chunk + b"]"
        try:
            try:
                events = self._fast.decode(text)
                if any(type(event.ts) is float and abs(event.ts) >= EXACT_LIMIT_US for event in events):
                    return self._exact.decode(text)
                return events
            except msgspec.ValidationError:
                return [self._one(entry) for entry in self._entries.decode(text)]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def _one(self, entry: msgspec.Raw) -> ExactEvent | None:
        with contextlib.suppress(msgspec.ValidationError):
            return self._exact_one.decode(entry)
        return self._tolerant(entry)

    def _tolerant(self, entry: msgspec.Raw) -> ExactEvent | None:
        """The event in one entry, without what in it surprises; None where it is no event at all."""
        try:
            loose = self._loose.decode(entry)
        except msgspec.ValidationError:
            return None
        dur = Decimal(0) if loose.dur is None else loose.dur
        if not (dur.is_finite() and (loose.ts is None or loose.ts.is_finite())):
            return None
        pid, tid = (
            "" if value is None else value if isinstance(value, str) else int(value) for value in (loose.pid, loose.tid)
        )
        return ExactEvent(
            loose.ph or "", loose.cat or "", loose.name or "", pid, tid, loose.ts, dur, self._args(loose.args)
        )

    def _args(self, text: msgspec.Raw) -> Args:
        try:
            given = self._arguments.decode(text) if bytes(text) else {}
        except msgspec.ValidationError:
            return _NO_ARGS
        args: dict[str, Any] = {}
        for field in _ARGUMENTS:
            if field.encode_name in given:
                with contextlib.suppress(msgspec.ValidationError):
                    args[field.name] = msgspec.json.decode(given[field.encode_name], type=field.type, strict=False)
        return Args(**args)


_ARGUMENTS = msgspec.structs.fields(Args)
