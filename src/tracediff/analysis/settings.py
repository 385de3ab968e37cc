"""Says which recorded settings differ between the sides: what could move times besides what one meant to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tracediff.model.run import Run

_FPMATH = ("ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE")
BF16, FP32 = "bf16", "fp32"


def dtype_of(run: Run) -> str | None:
    """What the products were computed in: the recorded dtype, or what oneDNN was allowed; None where not recorded.

    A permission is no proof that bf16 was used; it is enough for a doubt.
    """
    if any(str(_env(run).get(name, "")).upper() in ("BF16", "ANY") for name in _FPMATH):
        return BF16
    dtype = run.settings.get("dtype")
    if isinstance(dtype, str):
        return dtype
    return FP32 if run.environment.get("env") is not None else None


def differing(base: Run, candidate: Run) -> Iterator[tuple[str, tuple[str, str]]]:
    """(setting, its values as text) for each that both files record and that differs."""
    for name, value, _ in _SETTINGS:
        values = value(base), value(candidate)
        if None not in values and values[0] != values[1]:
            yield name, (_shown(values[0]), _shown(values[1]))


def settings_doubts(base: Run, candidate: Run) -> Iterator[str]:
    """One line for each setting that both files record and that differs, with both values."""
    consequences = {name: consequence for name, _, consequence in _SETTINGS}
    for name, (of_base, of_candidate) in differing(base, candidate):
        yield f"{name}: {of_base} in base, {of_candidate} in candidate{consequences[name]}"
    for flag in base.profiler:
        if flag in candidate.profiler and base.profiler[flag] != candidate.profiler[flag]:
            values = [_shown(run.profiler[flag]) for run in (base, candidate)]
            yield f"profiler's {flag}: {values[0]} in base, {values[1]} in candidate: it costs time where it is on"


def unlike_settings(runs: Sequence[Run]) -> Iterator[str]:
    """One line for each setting in which captures differ that should be repetitions of one another."""
    for name, value, _ in _SETTINGS:
        found = dict.fromkeys(_shown(one) for run in runs if (one := value(run)) is not None)
        if len(found) > 1:
            yield f"the captures differ in {name}: {', '.join(found)}"


def ranks_of(runs: Sequence[Run]) -> tuple[int, ...]:
    """The ranks of a distributed run that these processes are; empty where they may be repetitions of one."""
    ranks = tuple(sorted({run.rank for run in runs if run.rank is not None}))
    return ranks if len(ranks) > 1 else ()


def _env(run: Run) -> dict[str, Any]:
    found: object = run.environment.get("env")
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _environment(name: str) -> Callable[[Run], Any]:
    return lambda run: run.environment.get(name)


def _setting(name: str) -> Callable[[Run], Any]:
    return lambda run: run.settings.get(name)


def _throttled(run: Run) -> int | None:
    """How often the cgroup held the process back while its iterations were timed."""
    after, before = run.environment.get("after"), run.environment.get("before")
    if not isinstance(after, dict) or not isinstance(before, dict):
        return None
    counts: list[Any] = [found.get("nr_throttled") for found in (after, before)]  # pyright: ignore
    return counts[0] - counts[1] if all(isinstance(count, int) for count in counts) else None


def _shown(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


_SETTINGS: tuple[tuple[str, Callable[[Run], Any], str], ...] = (
    ("numerics", dtype_of, ": less precise products are faster"),
    ("engine", lambda run: run.engine, ""),
    ("threads", _environment("threads"), ""),
    ("inter-op threads", _environment("interop_threads"), ""),
    ("CPU", _environment("cpu"), ""),
    ("channels_last", _setting("channels_last"), ""),
    ("batch", _setting("batch"), ""),
    ("seed", _setting("seed"), ": weights and inputs are others"),
    ("times throttled by the cgroup", _throttled, ""),
)
"""(what, its value on a side or None where not recorded, what follows from a difference)."""
