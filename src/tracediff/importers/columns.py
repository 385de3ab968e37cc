"""Grows the trace's columns chunk by chunk, so that no event outlives its chunk as a Python object."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Hashable, Iterable, Sequence
from itertools import compress
from typing import Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from tracediff.errors import TraceFormatError
from tracediff.importers.base import parse_shapes, parse_text, parse_words
from tracediff.importers.damage import Damage
from tracediff.importers.durations import OpenCalls, drop_giants, far_starts
from tracediff.importers.events import HALVES, MOST_NS, NO_TEXT, Args, Chunk, Event
from tracediff.importers.unlike import Kind, unlike_the_rest
from tracediff.model.run import Run
from tracediff.model.trace import (
    ABSENT,
    DEVICE_CATEGORIES,
    RUNTIME_CATEGORIES,
    Events,
    IntArray,
    Operator,
    Thread,
    Trace,
)

MOST_TEXT_BYTES = 512 * 1024 * 1024
"""What the different names, shapes, values and modules of a trace may take: far more than any does."""

_COMPLETE = "X"
_METADATA = "M"
# All of the trace event format; an entry with another one, or none, may have been a call.
_PHASES = frozenset("XBEiICbneSTpFstfPNODMVvRc()=")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_LINKED = DEVICE_CATEGORIES | RUNTIME_CATEGORIES
_INT32 = np.iinfo(np.int32)
# Stands between the texts of shapes when they are joined; JSON has no such byte outside of a string, nor in one.
_SEPARATOR = b"\0"
# How a Python frame of Windows looks whose backslashes were read as escapes, and how it was meant.
_MISREAD_PATH = re.compile(r"[\b\f\n\r\t].*\.pyc?\(\d+\): ")
_ESCAPED = str.maketrans({"\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t"})


_Key = TypeVar("_Key", bound=Hashable)


class _Budget:
    """Memory for text that stays.

    Args:
        path: of the trace, for the error.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._left = MOST_TEXT_BYTES

    def spend(self, *texts: str | bytes) -> None:
        """Takes note of texts that stay.

        Raises:
            TraceFormatError: they are too many.
        """
        self._left -= sum(map(len, texts))
        if self._left < 0:
            raise TraceFormatError(
                f"holds more than {MOST_TEXT_BYTES >> 20} MB of different names and shapes. It is not a trace",
                self._path,
            )


class _Interned(dict[_Key, int]):
    """Numbers things in the order in which they are first looked up."""

    def __missing__(self, key: _Key) -> int:
        number = self[key] = len(self)
        return number

    def of_all(self, keys: Iterable[_Key]) -> list[int]:
        """The numbers of many."""
        return list(map(self.__getitem__, keys))


class _Texts(_Interned[bytes]):
    """Numbers texts, within a budget."""

    def __init__(self, budget: _Budget) -> None:
        super().__init__()
        self._budget = budget

    def __missing__(self, key: bytes) -> int:
        self._budget.spend(key)
        return super().__missing__(key)


class _Kinds(_Interned[Kind]):
    """Numbers the kinds of events, within a budget.

    Attributes:
        with_values: those of operators whose output depends on stride and padding.
        linked: those of launches and of what they launched.
    """

    def __init__(self, budget: _Budget) -> None:
        super().__init__()
        self._budget = budget
        self.with_values: list[int] = []
        self.linked: list[int] = []

    def __missing__(self, key: Kind) -> int:
        number = super().__missing__(key)
        name, category, *_, shapes = key
        self._budget.spend(name, category, shapes)
        if "conv" in name or "pool" in name:
            self.with_values.append(number)
        if category in _LINKED:
            self.linked.append(number)
        return number


class ColumnBuilder:
    """Takes decoded chunks, gives a trace.

    Attributes:
        has_events: whether anything that was taken says what kind of event it is.

    Args:
        damage: counts what is found only when all events are known.
        path: of the trace.
    """

    def __init__(self, damage: Damage, path: str) -> None:
        self._path = path
        self.has_events = False
        self._damage = damage
        self._event_count = 0
        self._without_phase = 0
        self._is_whole = True
        self._open_calls = OpenCalls()
        self._thread_names: dict[tuple[str, str], str] = {}
        # Few of many events are different in more than their times and ids, and one look-up is faster than four.
        self._budget = _Budget(path)
        self._kinds = _Kinds(self._budget)
        self._value_texts = _Texts(self._budget)
        self._module_texts = _Texts(self._budget)
        self._parts: dict[str, list[NDArray[Any]]] = {
            name: [] for name in ("kind", "start_ns", "dur_ns", "external_id", "values", "correlation", "module")
        }

    def add_all(self, chunks: Iterable[Chunk]) -> None:
        """Takes the calls; of other entries, what threads are called.

        Raises:
            TraceFormatError: their names and shapes would fill the memory.
        """
        for chunk in chunks:
            self._event_count += len(chunk.events)
            self._is_whole &= chunk.is_whole
            self._add(*self._calls(chunk))
            # The next chunk's objects take the memory of this one's, which the processor still has at hand.
            del chunk

    def _calls(self, chunk: Chunk) -> tuple[Sequence[Event], IntArray, IntArray]:
        """The calls of a chunk, with their starts and durations; takes note of the rest."""
        events, start_ns, dur_ns = chunk.events, chunk.start_ns, chunk.dur_ns
        phases = [event.ph for event in events]
        self.has_events = self.has_events or any(phases)
        if phases.count(_COMPLETE) == len(phases):
            return events, start_ns, dur_ns
        others = [at for at, phase in enumerate(phases) if phase != _COMPLETE]
        is_call = np.ones(len(events), dtype=np.bool_)
        is_call[others] = False
        events = list(events)
        for at in others:
            if phases[at] == _METADATA:
                self._note(events[at])
            elif phases[at] in HALVES and (call := self._open_calls.take(events[at], int(start_ns[at]))):
                events[at], start_ns[at], dur_ns[at] = call
                is_call[at] = True
            elif phases[at] not in _PHASES and events[at].name:
                self._without_phase += 1
        return list(compress(events, is_call.tolist())), start_ns[is_call], dur_ns[is_call]

    def _add(self, events: Sequence[Event], start_ns: IntArray, dur_ns: IntArray) -> None:
        args = [event.args for event in events]
        shapes = _texts([arg.input_dims for arg in args])
        if not any(shapes):
            shapes = _texts([arg.input_dims_1_11 for arg in args])
        kinds = [
            (event.name, event.cat, event.pid, event.tid, text) for event, text in zip(events, shapes, strict=True)
        ]
        kind = np.array(self._kinds.of_all(kinds), dtype=np.int32)
        external_id = np.array([arg.external_id for arg in args], dtype=np.int64)
        correlation = self._correlations(kind, args, external_id)
        columns = {
            "kind": kind,
            "start_ns": start_ns,
            "dur_ns": dur_ns,
            "external_id": _narrow(external_id),
            "values": self._values(kind, args),
            "correlation": correlation,
            "module": self._modules(args),
        }
        for name, column in columns.items():
            self._parts[name].append(column)

    def _values(self, kind: IntArray, args: Sequence[Args]) -> IntArray:
        """Values of arguments, where an operator's output depends on stride and padding: others serve nobody."""
        column = np.full(len(kind), ABSENT, dtype=np.int32)
        wanted = self._of_kinds(kind, self._kinds.with_values)
        texts = _texts([args[at].concrete_inputs for at in wanted])
        found = self._value_texts.of_all(texts)
        column[wanted] = [number if text else ABSENT for text, number in zip(texts, found, strict=True)]
        return column

    def _modules(self, args: Sequence[Args]) -> IntArray:
        """Where in the model each call is, which few traces say: those of models that TorchScript runs."""
        found = [arg.module_hierarchy for arg in args]
        if found.count(NO_TEXT) == len(found):
            return np.broadcast_to(np.int32(ABSENT), len(found))
        texts = _texts(found)
        numbers = self._module_texts.of_all(texts)
        return np.array([number if text else ABSENT for text, number in zip(texts, numbers, strict=True)], np.int32)

    def _correlations(self, kind: IntArray, args: Sequence[Args], external_id: IntArray) -> IntArray:
        """Ids of launches and of what they launched; their External id, too, had a key of its own in torch <= 1.11."""
        linked = self._of_kinds(kind, self._kinds.linked)
        ids = _narrow(np.array([args[at].correlation for at in linked], dtype=np.int64))
        column = np.full(len(kind), ABSENT, dtype=ids.dtype)
        column[linked] = ids
        unnamed = [at for at in linked if external_id[at] == ABSENT]
        external_id[unnamed] = [args[at].external_id_1_11 for at in unnamed]
        return column

    def _of_kinds(self, kind: IntArray, chosen: Sequence[int]) -> list[int]:
        """Which events are of the chosen kinds."""
        if not chosen:
            return []
        is_chosen = np.zeros(len(self._kinds), dtype=np.bool_)
        is_chosen[chosen] = True
        found: list[int] = np.flatnonzero(is_chosen[kind]).tolist()
        return found

    def _note(self, event: Event) -> None:
        if event.name == "thread_name" and event.args.name:
            self._budget.spend(bytes(event.args.name))
            with contextlib.suppress(msgspec.DecodeError, UnicodeDecodeError):
                self._thread_names[str(event.pid), str(event.tid)] = msgspec.json.decode(event.args.name, type=str)

    def build(
        self,
        run: Run,
        size: int,
        base_ns: object,
        key_averages: tuple[Operator, ...] | None,
        warnings: tuple[str, ...],
    ) -> Trace:
        """Puts the chunks together.

        Args:
            run: what is known of the process.
            size: bytes of the file.
            base_ns: what the trace counts its times from; taken where it is a sensible number.
            key_averages: the capture's own rows.
            warnings: the doubts so far.
        """
        self._damage.lose("unfinished_calls", self._open_calls.left)
        # Where nothing has a phase, it is other JSON.
        without_phase = self._without_phase if self.has_events else 0
        self._damage.lose("unknown_phases", without_phase)
        self._damage.mended("negative_durations", self._open_calls.backwards)
        names, categories, shapes = _Interned[str](), _Interned[str](), _Interned[bytes]()
        threads = _Interned[tuple[str, str]]()
        of_kind = np.array(
            [
                (
                    names[name],
                    categories[category],
                    threads[str(pid), str(tid)],
                    shapes[text] if text else ABSENT,
                )
                for name, category, pid, tid, text in self._kinds
            ],
            dtype=np.int32,
        ).reshape(-1, 4)
        kind = self._column("kind", np.int32)
        events = Events(
            name=of_kind[kind, 0],
            category=of_kind[kind, 1],
            thread=of_kind[kind, 2],
            start_ns=self._column("start_ns"),
            dur_ns=self._column("dur_ns"),
            external_id=self._column("external_id"),
            shapes=of_kind[kind, 3],
            values=self._column("values", np.int32),
            correlation=self._column("correlation"),
            module=self._column("module", np.int32),
        )
        self._damage.mended("giant_durations", drop_giants(events, list(categories)))
        self._damage.mended("far_starts", far_starts(events))
        self._damage.mended_all(unlike_the_rest(self._kinds, np.bincount(kind, minlength=len(self._kinds))))
        base, doubts = self._base(base_ns)
        np.add(events.start_ns, base, out=events.start_ns)
        names_meant = self._names(list(names), events)
        read = self._damage.report(
            size, self._event_count - self._open_calls.left - self._damage.repairs["unknown_phases"]
        )
        return Trace(
            path=self._path,
            run=run,
            events=events,
            names=names_meant,
            categories=tuple(categories),
            threads=tuple(Thread(pid, tid, self._thread_names.get((pid, tid))) for pid, tid in threads),
            shapes=tuple(parse_shapes(text) or () for text in shapes),
            values=tuple(map(parse_words, self._value_texts)),
            modules=tuple(map(parse_text, self._module_texts)),
            event_count=read.events_read + read.events_dropped,
            resolution_ns=1000 if self._is_whole else 1,
            read=read,
            key_averages=key_averages,
            warnings=(*warnings, *doubts),
        )

    def _base(self, given: object) -> tuple[int, tuple[str, ...]]:
        """What times count from, and the doubt where that is none; a float is too coarse to be one."""
        if isinstance(given, str) and _INTEGER.fullmatch(given):
            self._damage.mended("text_numbers")
            given = int(given)
        if type(given) is int and abs(given) < MOST_NS:
            return given, ()
        doubt = "its baseTimeNanoseconds is no time in nanoseconds: times count from an origin of the trace's own"
        return 0, () if given is None else (doubt,)

    def _column(self, name: str, dtype: type[np.signedinteger[Any]] = np.int64) -> NDArray[Any]:
        """Puts the parts of a column together, and lets go of them."""
        parts = self._parts.pop(name)
        return np.concatenate(parts) if parts else np.empty(0, dtype=dtype)

    def _names(self, names: list[str], events: Events) -> tuple[str, ...]:
        """The names; in a file with raw backslashes also those are mended whose backslashes happened to be escapes."""
        if not self._damage.repairs["backslashes"]:
            return tuple(names)
        for number, name in enumerate(names):
            if _MISREAD_PATH.search(name):
                names[number] = name.translate(_ESCAPED)
                calls = int(np.count_nonzero(events.name == number))
                self._damage.mended("backslashes", calls * (len(names[number]) - len(name)))
        return tuple(names)


def _texts(texts: Sequence[msgspec.Raw]) -> list[bytes]:
    """The same as bytes: to join and split takes two thirds of the time that making each of many small ones does."""
    return _SEPARATOR.join(texts).split(_SEPARATOR) if texts else []


def _narrow(column: IntArray) -> NDArray[Any]:
    """In half the memory, where the numbers allow it; joined columns are as wide as their widest part."""
    fits = len(column) == 0 or (column.min() >= _INT32.min and column.max() <= _INT32.max)
    return column.astype(np.int32) if fits else column
