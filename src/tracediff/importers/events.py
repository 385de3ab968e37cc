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
    python_id: Column = msgspec.field(name="Python id", default=-1)
    python_parent_id: Column | None = msgspec.field(name="Python parent id", default=-1)
    python_module_id: Column = msgspec.field(name="Python module id", default=-1)
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
    """The same, with arguments that are looked at one by one."""

    ph: str = ""
    cat: str = ""
    name: str = ""
    pid: int | str = ""
    tid: int | str = ""
    ts: Decimal | None = None
    dur: Decimal = Decimal(0)
    args: dict[str, msgspec.Raw] = {}


AnyEvent: TypeAlias = Event | ExactEvent


class ChunkDecoder:
    """Turns `{...},{...}` into events: typed where the chunk fits the types, entry by entry where it does not."""

    def __init__(self) -> None:
        self._fast = msgspec.json.Decoder(list[Event])
        self._exact = msgspec.json.Decoder(list[ExactEvent])
        self._entries = msgspec.json.Decoder(list[msgspec.Raw])

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
                return [_tolerant(entry) for entry in self._entries.decode(text)]
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


def _tolerant(entry: msgspec.Raw) -> ExactEvent | None:
    """The event in one entry, without those arguments whose types surprise; None where it is no event at all."""
    try:
        loose = msgspec.json.decode(entry, type=LooseEvent, strict=False)
    except msgspec.ValidationError:
        return None
    if not (loose.dur.is_finite() and (loose.ts is None or loose.ts.is_finite())):
        return None
    args: dict[str, Any] = {}
    for field in msgspec.structs.fields(Args):
        if field.encode_name in loose.args:
            with contextlib.suppress(msgspec.ValidationError):
                args[field.name] = msgspec.json.decode(loose.args[field.encode_name], type=field.type, strict=False)
    return ExactEvent(loose.ph, loose.cat, loose.name, loose.pid, loose.tid, loose.ts, loose.dur, Args(**args))
