"""Measures what repeated captures of the same code differ by, and says below what a difference is no more than that."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import exp, expm1, log, sqrt

import numpy as np

from tracediff.analysis.samples import Samples, samples_of, split
from tracediff.analysis.statistics import LEVEL, FloatArray, t_quantile
from tracediff.model.diff import Diff
from tracediff.model.noise import ITERATION, FamilyNoise, LabelNoise, Noise

_SIDE = re.compile(r"^(both sides|base|candidate): ")
POWER = 0.8
"""How often the smallest detectable difference is found."""


def measure_noise(diff: Diff) -> LabelNoise:
    """The noise of each family.

    Args:
        diff: of repeated captures with themselves: its rows hold the times of each iteration.
    """
    side = diff.base
    measured = {ITERATION: samples_of(diff.total, diff)} | {
        term.term: samples_of(term, diff) for term in diff.ledger if term.rows
    }
    families = [_noise_of(family, samples, side.kept) for family, samples in measured.items()]
    return LabelNoise(
        label=side.run.label,
        path=side.path,
        captures=side.captures,
        iterations=side.iterations,
        families=(families[0], *sorted(families[1:], key=lambda one: -one.time_ns)),
        # Both sides are the same captures: what is said of one of them again is said of both.
        warnings=tuple(dict.fromkeys(_SIDE.sub("", warning) for warning in diff.warnings)),
    )


def _noise_of(family: str, samples: Samples, kept: Sequence[int]) -> FamilyNoise:
    processes = split(np.array([samples[0]]), kept)
    medians = np.array([float(np.median(times)) for times in processes])
    captures = len(medians)
    between = _log_spread(medians)
    within = float(np.median([_log_spread(times[0]) for times in processes]))
    t = t_quantile(1 - LEVEL / 2, 2 * captures - 2) + t_quantile(POWER, 2 * captures - 2)
    return FamilyNoise(
        family=family,
        time_ns=round(float(np.median(medians))),
        between=between,
        within=within,
        floor=expm1(_floor(between, captures, (1, 1))),
        detectable=expm1(t * between * sqrt(2 / captures)),
    )


def _log_spread(times: FloatArray) -> float:
    if len(times) < 2:
        return 0.0
    return float(np.log(np.maximum(times, 1.0)).std(ddof=1))


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


def is_within(base_ns: int, candidate_ns: int, floor: float | None) -> bool:
    """Whether a difference is below a floor; never where a side spent nothing, which is no matter of noise."""
    if floor is None or base_ns <= 0 or candidate_ns <= 0:
        return False
    return abs(log(candidate_ns / base_ns)) < log(floor)
