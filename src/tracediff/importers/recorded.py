"""Reads the top-level key `tracediff` of a trace file: what a capture recorded about itself."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tracediff.importers.base import label_of
from tracediff.model.run import Run
from tracediff.model.trace import Operator

T = TypeVar("T")


class _Version(msgspec.Struct):
    version: str | None = None


class _Named(msgspec.Struct):
    name: str | None = None


class _CapturedOperator(msgspec.Struct):
    """A row of `key_averages`; times in microseconds, as torch gives them."""

    name: str
    count: int
    self_cpu_time_total: float
    cpu_time_total: float


def run_of(path: Path, recorded: object) -> Run:
    """What is known about the process; only the label where the file records nothing.

    Args:
        path: the file, for the label.
        recorded: the key's value as decoded. What in it is not of its documented type counts as not recorded.
    """
    own = _as(recorded, dict[str, Any], {})
    environment: Mapping[str, Any] = _as(own.get("environment"), dict[str, Any], {})
    return Run(
        label=label_of(path, _text(own.get("label"))),
        backend=_text(own.get("backend")),
        torch_version=_as(own.get("torch"), _Version, _Version()).version,
        engine=_text(own.get("engine")),
        workload=_as(own.get("workload"), _Named, _Named()).name,
        environment=environment,
        emulated=environment.get("emulated") is True,
        latency_ns=_as(own.get("latency_ns"), tuple[int, ...], ()),
        source=_text(own.get("source")),
        recorded_label=_text(own.get("label")),
        block=_number(own.get("block")),
    )


def warnings_of(recorded: object) -> tuple[str, ...]:
    """What the capture found wrong with itself."""
    own = _as(recorded, dict[str, Any], {})
    checks = _as(own.get("checks"), dict[str, Any], {})
    return _as(checks.get("warnings"), tuple[str, ...], ())


def key_averages_of(recorded: object) -> tuple[Operator, ...] | None:
    """The `key_averages()` rows that the capture carries."""
    own = _as(recorded, dict[str, Any], {})
    rows = _as(own.get("key_averages"), list[_CapturedOperator], [])
    operators = (
        Operator(row.name, row.count, round(row.self_cpu_time_total * 1000), round(row.cpu_time_total * 1000))
        for row in rows
        if isfinite(row.self_cpu_time_total * 1000) and isfinite(row.cpu_time_total * 1000)
    )
    return tuple(operators) or None


def _as(value: object, kind: type[T], default: T) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return default


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> int | None:
    return value if type(value) is int else None
