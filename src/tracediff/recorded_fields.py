"""What the files record of both sides' surroundings, field by field, for every view that lists it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import cast

import msgspec

from tracediff import units
from tracediff.model.diff import Side
from tracediff.model.run import Run

_MOST_VALUES = 3
_MEASURED = ("peak", "copy", "check", "start", "before", "after")
_ELSEWHERE = ("warnings", "emulated")
"""Shown as warnings and as what the side is."""


class Field(msgspec.Struct, frozen=True):
    """A recorded field.

    Attributes:
        name: `torch`, `threads`, `env OMP_NUM_THREADS`.
        base, candidate: the value as text, several where captures differ; empty where not recorded.
    """

    name: str
    base: str
    candidate: str

    @property
    def differs(self) -> bool:
        """Whether both sides record it, and not the same."""
        return self.base != self.candidate and bool(self.base and self.candidate)

    @property
    def is_measured(self) -> bool:
        """Whether the capture measured it, so that it differs between any two; nobody chose or installed it."""
        return self.name.split(" ")[0] in _MEASURED


def fields_of_both(base: Side, candidate: Side) -> list[Field]:
    """Every field that one of the sides records; those that differ first, then those of one side only."""
    sides = [_values(side.runs or (side.run,)) for side in (base, candidate)]
    names = dict.fromkeys(name for side in sides for name in side)
    found = [Field(name, *(side.get(name, "") for side in sides)) for name in names]
    return sorted(found, key=lambda one: (not one.differs, one.base == one.candidate))


def fields_of(run: Run) -> dict[str, str]:
    """Every field that is recorded of one process, as text."""
    return dict(_fields(run))


def _values(runs: Sequence[Run]) -> dict[str, str]:
    found: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, value in _fields(run):
            found.setdefault(name, {})[value] = None
    return {name: _several(list(values)) for name, values in found.items()}


def _several(values: Sequence[str]) -> str:
    more = len(values) - _MOST_VALUES
    return ", ".join(values[:_MOST_VALUES]) + (f" and {units.count(more, 'other')}" if more > 0 else "")


def _fields(run: Run) -> Iterator[tuple[str, str]]:
    named = {
        "backend": run.backend,
        "torch": run.torch_version,
        "engine": run.engine,
        "workload": run.workload,
        **run.settings,
        "BLAS": run.blas,
        **run.environment,
        "peak": units.rate(run.peak.gflops_per_s, "GFLOP/s", None) or None,
        "copy": units.rate(run.peak.gbytes_per_s, "GB/s", None) or None,
        "source": run.source,
        "profiler": run.profiler,
        "check": run.checks,
    }
    for name, value in named.items():
        yield from _flat(name, value)


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    """A field, or those of a record in it: `env` with `OMP_NUM_THREADS` is `env OMP_NUM_THREADS`."""
    if name.split(" ")[-1] in _ELSEWHERE or value is None:
        return
    if isinstance(value, Mapping):
        for key, inner in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield from _flat(f"{name} {key}", inner)  # pyright: ignore[reportUnknownArgumentType]
    else:
        yield name, units.printable(_text(name, value))


def _text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return " ".join(_text(name, item) for item in cast("Sequence[object]", value))
    if name.endswith(" time_ns") and isinstance(value, int):
        with contextlib.suppress(ValueError, OverflowError, OSError):
            return f"{datetime.fromtimestamp(value // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return str(value)
