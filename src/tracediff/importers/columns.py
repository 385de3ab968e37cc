"""Grows the trace's columns chunk by chunk, so that no event outlives its chunk as a Python object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from tracediff.importers.base import parse_shapes, parse_words
from tracediff.importers.events import AnyEvent, Args
from tracediff.model.run import Run
from tracediff.model.trace import (
    ABSENT,
    DEVICE_CATEGORIES,
    RUNTIME_CATEGORIES,
    Events,
    IntArray,
    Operator,
    ReadReport,
    Thread,
    Trace,
)

_COMPLETE = "X"
_MOST_US = 2**61 // 1000
_MOST_BASE_NS = 2**61
_LINKED = DEVICE_CATEGORIES | RUNTIME_CATEGORIES
_COLUMNS = Events.__struct_fields__


class _Interned(dict[Any, int]):
    """Numbers things in the order in which they are first looked up."""

    def __missing__(self, key: Any) -> int:
        number = self[key] = len(self)
        return number


class ColumnBuilder:
    """Takes decoded chunks, gives a trace.

    Attributes:
        event_count: entries of `traceEvents` seen so far.
        dropped: entries that were no event, or a complete event without a readable time.
    """

    def __init__(self) -> None:
        self.event_count = 0
        self.dropped = 0
        self._chunks: list[list[IntArray]] = []
        self._names = _Interned()
        self._categories = _Interned()
        self._threads = _Interned()
        self._thread_names: dict[tuple[str, str], str] = {}
        self._shape_texts = _Interned()
        self._value_texts = _Interned()
        self._whole_microseconds = True

    def add(self, chunk: Sequence[AnyEvent | None]) -> None:
        self.event_count += len(chunk)
        events: list[AnyEvent] = []
        for event in chunk:
            if event is None:
                self.dropped += 1
            elif event.ph != _COMPLETE:
                self._note(event)
            elif event.ts is None or not (-_MOST_US < event.ts < _MOST_US and -_MOST_US < event.dur < _MOST_US):
                self.dropped += 1
            else:
                events.append(event)
        if not events:
            return
        args = [event.args for event in events]
        names = _column(self._names[event.name] for event in events)
        shapes = self._shape_texts
        categories = _column(self._categories[event.cat] for event in events)
        external_ids = _column(arg.external_id for arg in args)
        correlations = self._correlations(categories, args, external_ids)
        self._chunks.append(
            [
                names,
                categories,
                _column(self._threads[event.pid, event.tid] for event in events),
                self._nanoseconds([event.ts for event in events]),
                self._nanoseconds([event.dur for event in events]),
                external_ids,
                _column(arg.sequence for arg in args),
                _column(
                    shapes[bytes(dims)] if (dims := arg.input_dims or arg.input_dims_1_11) else ABSENT for arg in args
                ),
                self._values(names, args),
                _column(arg.python_id for arg in args),
                _column(ABSENT if arg.python_parent_id is None else arg.python_parent_id for arg in args),
                _column(arg.python_module_id for arg in args),
                correlations,
            ]
        )

    def build(
        self,
        path: str,
        run: Run,
        read: ReadReport,
        metadata: Mapping[str, Any],
        key_averages: tuple[Operator, ...] | None,
        warnings: tuple[str, ...],
    ) -> Trace:
        columns = [np.concatenate(parts) for parts in zip(*self._chunks, strict=True)] or [_column(())] * len(_COLUMNS)
        events = Events(*columns)
        base_ns = metadata.get("baseTimeNanoseconds")
        if type(base_ns) is int and abs(base_ns) < _MOST_BASE_NS:
            np.add(events.start_ns, base_ns, out=events.start_ns)
        threads = [(str(pid), str(tid)) for pid, tid in self._threads]
        return Trace(
            path=path,
            run=run,
            events=events,
            names=tuple(self._names),
            categories=tuple(self._categories),
            threads=tuple(Thread(pid, tid, self._thread_names.get((pid, tid))) for pid, tid in threads),
            shapes=tuple(parse_shapes(text) or () for text in self._shape_texts),
            values=tuple(map(parse_words, self._value_texts)),
            event_count=self.event_count,
            resolution_ns=1000 if self._whole_microseconds else 1,
            read=read,
            key_averages=key_averages,
            warnings=warnings,
        )

    def _note(self, event: AnyEvent) -> None:
        if event.ph == "M" and event.name == "thread_name" and event.args.name:
            name = msgspec.json.decode(event.args.name)
            if isinstance(name, str):
                self._thread_names[str(event.pid), str(event.tid)] = name

    def _correlations(self, categories: IntArray, args: Sequence[Args], external_ids: IntArray) -> IntArray:
        """Ids of launches and of what they launched; their External id, too, had a key of its own in torch <= 1.11."""
        column = np.full(len(args), ABSENT, dtype=np.int64)
        is_linked = np.array([category in _LINKED for category in self._categories], dtype=np.bool_)
        linked = np.flatnonzero(is_linked[categories])
        if len(linked):
            chosen = [args[at] for at in linked.tolist()]
            column[linked] = _column(arg.correlation for arg in chosen)
            given, old = external_ids[linked], _column(arg.external_id_1_11 for arg in chosen)
            external_ids[linked] = np.where(given == ABSENT, old, given)
        return column

    def _values(self, names: IntArray, args: Sequence[Args]) -> IntArray:
        """Values of arguments, where an operator's output depends on stride and padding: others serve nobody."""
        column = np.full(len(names), ABSENT, dtype=np.int64)
        has_window = np.array(["conv" in name or "pool" in name for name in self._names], dtype=np.bool_)
        for at in np.flatnonzero(has_window[names]).tolist():
            if text := args[at].concrete_inputs:
                column[at] = self._value_texts[bytes(text)]
        return column

    def _nanoseconds(self, microseconds: Sequence[int | float | Decimal | None]) -> IntArray:
        """Exact integer nanoseconds; `rint(us * 1000)` would round the product, not the number."""
        kinds = set(map(type, microseconds))
        if kinds == {int}:
            return np.array(microseconds, dtype=np.int64) * 1000
        if Decimal in kinds:
            exact = [Decimal(value or 0) * 1000 for value in microseconds]
            self._whole_microseconds &= all(value % 1000 == 0 for value in exact)
            return _column(int(value.to_integral_value()) for value in exact)
        self._whole_microseconds = False
        values = np.array(microseconds, dtype=np.float64)
        whole = np.floor(values)
        return whole.astype(np.int64) * 1000 + np.rint((values - whole) * 1000).astype(np.int64)


def _column(values: Iterable[int]) -> IntArray:
    return np.fromiter(values, dtype=np.int64)
