"""Tells a difference between two sets of processes from the differences within them.

The process is the unit of replication: its iterations share one start, one memory layout, one moment of the machine.
So each process counts as one value, the logarithm of its median time, and what is compared are the means of those.
All functions take many rows at once, and draw the same processes and iterations for all of them. Nothing here depends
on which side is called base: swapped sides give the reciprocal interval and the same p.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sqrt
from statistics import NormalDist
from typing import TypeAlias

import msgspec
import numpy as np

from tracediff.analysis.permutation import SEED, FloatArray, paired_p, unpaired_p

Processes: TypeAlias = Sequence[FloatArray]
"""Per process an array of times in ns, shape (rows, its iterations)."""

LEVEL = 0.05
"""Of tests; intervals hold 1 - LEVEL."""

FEWEST_PAIRS = 12
"""Blocks from which on they are compared pairwise.

K pairs can be split in 2^K ways, so 5 pairs never get below p = 0.0625, and 10 not below the 0.002 that a lone row
among 30 needs after adjusting. Treating interleaved captures as unpaired stays valid: what blocks have in common only
widens the spread within the sides. From 12 on (p = 0.0005) pairing costs nothing and takes the drift out.
"""

FEWEST_CAPTURES = 5
"""Of each side, for faster or slower: fewer do not show how much processes differ.

An unlike spread of the sides then passes for a difference: permuting the bare one called 24 of 100 trials of 2 + 14
captures of the same code, of which the 2 vary five times as much.
"""

_DRAWS = 4_000
_INNER_DRAWS = 400


class Test(msgspec.Struct, frozen=True, eq=False):
    """What is known about the ratio candidate / base of each row; all arrays have shape (rows,).

    A row that some process never ran has no ratio: there all but p are NaN.

    Attributes:
        ratio: of the geometric means of the processes' times.
        low, high: the interval of that ratio.
        p: two-sided, by permutation of the processes.
    """

    ratio: FloatArray
    low: FloatArray
    high: FloatArray
    p: FloatArray


def compare_processes(base: Processes, candidate: Processes, paired: bool = False) -> Test:
    """Compares two sides.

    Args:
        base: at least two processes; every row has some time in each side.
        candidate: the other side's.
        paired: process k of both sides ran in the same block.
    """
    times = process_times(base, candidate)
    # A ratio to nothing would be one to whatever stands for it: those rows are told apart by their means alone.
    absent = np.logical_or.reduce([(side <= 0).any(axis=1) for side in times])
    logs = [np.log(np.where(absent[:, None], 1.0, side)) for side in times]
    difference = logs[1].mean(axis=1) - logs[0].mean(axis=1)
    low, high = _interval((base, candidate), logs, difference, paired)
    scale = np.concatenate(times, axis=1).mean(axis=1)[:, None]
    values = [np.where(absent[:, None], side / scale, log) for side, log in zip(times, logs, strict=True)]
    p = paired_p(values[1] - values[0]) if paired else unpaired_p(values[0], values[1])
    ratio, low, high = (np.where(absent, np.nan, np.exp(log)) for log in (difference, low, high))
    return Test(ratio, low, high, p)


def process_times(base: Processes, candidate: Processes) -> tuple[FloatArray, FloatArray]:
    """The time of each row in each process of both sides, shape (rows, processes): the median of its iterations.

    A row that most iterations of some process lack has no median to speak of: there the means stand for it.
    """
    sparse = np.logical_or.reduce([np.median(times, axis=1) == 0 for times in (*base, *candidate)])

    def of(side: Processes) -> FloatArray:
        return np.stack([np.where(sparse, times.mean(axis=1), np.median(times, axis=1)) for times in side], axis=1)

    return of(base), of(candidate)


def adjusted(p: FloatArray, importance: FloatArray) -> FloatArray:
    """Benjamini and Hochberg's adjusted p: of the rows below LEVEL, at most that part is there wrongly.

    Weighted as by Genovese, Roeder and Wasserman: what matters more is given up less easily, at the cost of the rest.

    Args:
        p: of each row.
        importance: of each row, in any unit; must not depend on how the sides differ.
    """
    count = len(p)
    weighted = p * importance.sum() / importance
    order = np.argsort(weighted)[::-1]
    result = np.empty(count)
    result[order] = np.minimum.accumulate(weighted[order] / np.arange(count, 0, -1))
    return np.clip(result, p, 1.0)


def t_quantile(part: float, freedom: float) -> float:
    """Student's t: exact at 1 and 2 degrees, which stand for what is below 2 and 3; 1 % too small at 3, exact above 5.

    Above, it is the normal quantile by Cornish and Fisher's expansion.
    """
    if freedom < 2:
        return -cos(pi * part) / sqrt(1 - cos(pi * part) ** 2)
    if freedom < 3:
        return (2 * part - 1) / sqrt(2 * part * (1 - part))
    z = NormalDist().inv_cdf(part)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))


def _interval(
    sides: tuple[Processes, Processes], logs: Sequence[FloatArray], difference: FloatArray, paired: bool
) -> tuple[FloatArray, FloatArray]:
    """Hierarchical bootstrap: processes with replacement, then iterations of each with replacement.

    The spread of the observed medians already has that of their iterations in it, so processes are drawn with what is
    left without; of rows that some iteration lacks processes alone, as they are. A bootstrap of few processes is too
    narrow: it divides by K where the variance wants K - 1, and knows no Student. Both are made good by stretching each
    side's deviations, with as many degrees of freedom as the spreads of both sides leave (Welch and Satterthwaite).

    Both sides draw alike, one in reverse order, so that swapping them only changes signs; pairs draw the same blocks,
    in an order that is its own reverse.
    """
    lacking = np.logical_or.reduce([(times <= 0).any(axis=1) for side in sides for times in side])
    deviations: list[FloatArray] = []
    for which, (side, log) in enumerate(zip(sides, logs, strict=True)):
        draw = np.random.default_rng(SEED)
        count = len(side)
        resampled = np.stack([np.where(lacking, 0.0, _resampled_medians(times, draw)) for times in side])
        resampled -= resampled.mean(axis=1, keepdims=True)
        observed = (log - log.mean(axis=1, keepdims=True)).T
        spread = np.maximum(log.var(axis=1) * count / max(1, count - 1), 1e-30)
        left = np.sqrt(np.maximum(0.0, 1 - resampled.var(axis=1).mean(axis=0) / spread))
        centers = resampled + (left * observed)[:, None]
        process = draw.integers(count, size=(_DRAWS, count))
        iteration = draw.integers(_INNER_DRAWS, size=(_DRAWS, count))
        if paired:
            process = np.concatenate((process[: _DRAWS // 2], process[: _DRAWS // 2][::-1]))
        if which:
            process, iteration = process[::-1], iteration[::-1]
        means = sum((centers[process[:, k], iteration[:, k]] for k in range(count)), np.zeros((_DRAWS, len(log))))
        means /= count
        deviations.append((means - means.mean(axis=0)) * sqrt(count / max(1, count - 1)))
    freedom = np.full(len(difference), max(1.0, len(sides[0]) - 1)) if paired else _freedom(*logs)
    tails = (LEVEL / 2, 1 - LEVEL / 2)
    stretch = np.array([t_quantile(tails[1], one) for one in freedom.tolist()]) / NormalDist().inv_cdf(tails[1])
    low, high = np.quantile(deviations[1] - deviations[0], tails, axis=0)
    return difference + stretch * low, difference + stretch * high


def _freedom(base: FloatArray, candidate: FloatArray) -> FloatArray:
    """Degrees of freedom of the difference of two means whose sides vary unlike; those of both where nothing varies."""
    freedom = [max(1, side.shape[1] - 1) for side in (base, candidate)]
    parts = [side.var(axis=1) / free for side, free in zip((base, candidate), freedom, strict=True)]
    whole = parts[0] + parts[1]
    weights = [np.divide(part, whole, out=np.full_like(whole, 0.5), where=whole > 0) for part in parts]
    return 1 / (weights[0] ** 2 / freedom[0] + weights[1] ** 2 / freedom[1])


def _resampled_medians(times: FloatArray, draw: np.random.Generator) -> FloatArray:
    """Log medians of resampled iterations, shape (_INNER_DRAWS, rows).

    The k-th smallest of n draws with replacement lies where the k-th smallest of n uniform numbers does, which is a
    beta variate: so a median is drawn without drawing the n.
    """
    count = times.shape[1]
    ordered = np.sort(times, axis=1).T
    lower = draw.beta((count + 1) // 2, count - (count + 1) // 2 + 1, size=_INNER_DRAWS)
    upper = lower + (1 - lower) * draw.beta(1, count // 2, size=_INNER_DRAWS) if count % 2 == 0 else lower
    places = np.minimum((np.stack((lower, upper)) * count).astype(np.int64), count - 1)
    return np.log(np.maximum((ordered[places[0]] + ordered[places[1]]) / 2, 1.0))
