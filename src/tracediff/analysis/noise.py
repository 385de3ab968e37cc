"""Measures what repeated captures of the same code differ by, and says below what a difference is no more than that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import exp, expm1, log, sqrt
from statistics import median
from typing import NamedTuple

import numpy as np

from tracediff.analysis.samples import latencies_of, processes_of
from tracediff.analysis.statistics import LEVEL, FloatArray, Processes, process_times, t_quantile
from tracediff.model.diff import Diff, Side
from tracediff.model.noise import ITERATION, LATENCY, MOST, FamilyNoise, LabelNoise, Noise
from tracediff.model.run import Run

_SIDE = re.compile(r"^(both sides|base|candidate): ")
POWER = 0.8
"""How often the smallest detectable difference is found."""


def measure_noise(diff: Diff) -> LabelNoise:
    """The noise of each family.

    Args:
        diff: of repeated captures with themselves: its rows hold the times of each iteration.
    """
    side = diff.base
    measured = {ITERATION: processes_of(diff.total, diff)[0]}
    if diff.latency:
        measured[LATENCY] = latencies_of(side)
    families = {term.term: processes_of(term, diff)[0] for term in diff.ledger if term.rows}
    found = [
        *(_noise_of(name, processes) for name, processes in measured.items()),
        *sorted((_noise_of(name, processes) for name, processes in families.items()), key=lambda one: -one.time_ns),
    ]
    known = _identity(side.run)
    return LabelNoise(
        label=side.run.label,
        path=side.path,
        captures=side.captures,
        iterations=side.iterations,
        families=tuple(found),
        # Both sides are the same captures: what is said of one of them again is said of both.
        warnings=tuple(dict.fromkeys(_SIDE.sub("", warning) for warning in diff.warnings)),
        workload=known.workload,
        torch_version=side.run.torch_version,
        threads=known.threads,
        cpu=known.cpu,
    )


def _noise_of(family: str, processes: Processes) -> FamilyNoise:
    times = process_times(processes, processes)[0][0]
    captures = len(times)
    between = _log_spread(times)
    t = t_quantile(1 - LEVEL / 2, 2 * captures - 2) + t_quantile(POWER, 2 * captures - 2)
    return FamilyNoise(
        family=family,
        time_ns=round(float(np.median(times))),
        between=between,
        within=median(_log_spread(iterations[0]) for iterations in processes),
        floor=expm1(_floor(between, captures, (1, 1))),
        detectable=expm1(t * between * sqrt(2 / captures)),
    )


def _log_spread(times: FloatArray) -> float:
    if len(times) < 2:
        return 0.0
    return min(MOST, float(np.log(np.maximum(times, 1.0)).std(ddof=1)))


def _floor(between: float, measured_on: int, captures: Sequence[int]) -> float:
    """Logarithm of the ratio that two sides of the same code stay below 19 times out of 20."""
    return t_quantile(1 - LEVEL / 2, measured_on - 1) * between * sqrt(sum(1 / count for count in captures))


def floors_of(noise: Noise, captures: Sequence[int]) -> Mapping[str, float]:
    """The ratio (at least 1) below which a family's difference is noise; that of the noisiest label.

    Args:
        noise: as measured on this machine.
        captures: how many each side has now: means of many are steadier.
    """
    floors: dict[str, float] = {}
    for label in noise.labels:
        for one in label.families:
            ratio = exp(_floor(one.between, label.captures, captures))
            floors[one.family] = max(ratio, floors.get(one.family, 1.0))
    return floors


def is_within(ratio: float, floor: float | None) -> bool:
    """Whether a ratio of candidate and base is below a floor; never 0, which is no matter of noise."""
    return floor is not None and ratio > 0 and abs(log(ratio)) < log(floor)


def doubts_about_noise(noise: Noise, sides: Sequence[Side]) -> Iterator[str]:
    """What was measured elsewhere or of something else than either side."""
    known = [_identity(side.run) for side in sides]
    for what in _Identity._fields:
        measured = dict.fromkeys(value for label in noise.labels if (value := getattr(label, what)) is not None)
        here = dict.fromkeys(value for one in known if (value := getattr(one, what)) is not None)
        strange = [str(value) for value in measured if here and value not in here]
        if strange:
            yield (
                f"the noise was measured with other {what}: {', '.join(strange)}, here {', '.join(map(str, here))}: "
                "measure it anew"
            )


class _Identity(NamedTuple):
    """What noise depends on; None where not recorded."""

    workload: str | None
    threads: int | None
    cpu: str | None


def _identity(run: Run) -> _Identity:
    threads, cpu = run.environment.get("threads"), run.environment.get("cpu")
    return _Identity(run.workload, threads if type(threads) is int else None, cpu if isinstance(cpu, str) else None)
