"""Tells a difference between two sets of processes from the differences within them.

The process is the unit of replication: its iterations share one start, one memory layout, one moment of the machine.
So each process counts as one value, the logarithm of its median time, and what is compared are the means of those.
All functions take many rows at once, and draw the same processes and iterations for all of them. Nothing here depends
on which side is called base: swapped sides give the reciprocal interval and the same p.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, combinations, islice, product
from math import comb, sqrt
from statistics import NormalDist
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]

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

_MOST_SPLITS = 20_000
_DRAWS = 4_000
_INNER_DRAWS = 400
_SEED = 20_261_124
_LEAST_NS = 1.0
_CHUNK = 4_096


class Test(msgspec.Struct, frozen=True, eq=False):
    """What is known about the ratio candidate / base of each row; all arrays have shape (rows,).

    Attributes:
        ratio: of the geometric means of the processes' medians.
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
    # A row that most iterations of a process lack has no median to speak of: there its mean stands for it.
    sparse = np.logical_or.reduce([np.median(times, axis=1) == 0 for times in (*base, *candidate)])
    sides = [np.stack([_center(times, sparse) for times in side], axis=1) for side in (base, candidate)]
    difference = sides[1].mean(axis=1) - sides[0].mean(axis=1)
    low, high = _interval((base, candidate), difference, sparse, paired)
    p = _paired_p(sides[1] - sides[0]) if paired else _unpaired_p(sides[0], sides[1])
    return Test(np.exp(difference), np.exp(low), np.exp(high), p)


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


def t_quantile(part: float, freedom: int) -> float:
    """Student's t: the normal quantile by Cornish and Fisher's expansion, 3 % too small at 2 degrees, exact above 5."""
    z = NormalDist().inv_cdf(part)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return sum(term / freedom**power for power, term in enumerate(terms))


def _center(times: FloatArray, sparse: NDArray[np.bool_]) -> FloatArray:
    return np.log(np.maximum(np.where(sparse, times.mean(axis=1), np.median(times, axis=1)), _LEAST_NS))


def _interval(
    sides: tuple[Processes, Processes], difference: FloatArray, sparse: NDArray[np.bool_], paired: bool
) -> tuple[FloatArray, FloatArray]:
    """Hierarchical bootstrap: processes with replacement, then iterations of each with replacement.

    The spread of the observed medians already has that of their iterations in it, so processes are drawn with what is
    left without. A bootstrap of few processes is too narrow: it divides by K where the variance wants K - 1, and knows
    no Student. Both are made good by stretching each side's deviations.

    Both sides draw alike, one in reverse order, so that swapping them only changes signs; pairs draw the same blocks,
    in an order that is its own reverse.
    """
    deviations: list[FloatArray] = []
    for which, side in enumerate(sides):
        draw = np.random.default_rng(_SEED)
        count = len(side)
        resampled = np.stack([_resampled_centers(times, sparse, draw) for times in side])
        resampled -= resampled.mean(axis=1, keepdims=True)
        observed = np.stack([_center(times, sparse) for times in side])
        observed -= observed.mean(axis=0)
        spread = np.maximum(observed.var(axis=0) * count / max(1, count - 1), 1e-30)
        left = np.sqrt(np.maximum(0.0, 1 - resampled.var(axis=1).mean(axis=0) / spread))
        centers = resampled + (left * observed)[:, None]
        process = draw.integers(count, size=(_DRAWS, count))
        iteration = draw.integers(_INNER_DRAWS, size=(_DRAWS, count))
        if paired:
            process = np.concatenate((process[: _DRAWS // 2], process[: _DRAWS // 2][::-1]))
        if which:
            process, iteration = process[::-1], iteration[::-1]
        means = sum((centers[process[:, k], iteration[:, k]] for k in range(count)), np.zeros((_DRAWS, len(sparse))))
        means /= count
        deviations.append((means - means.mean(axis=0)) * sqrt(count / max(1, count - 1)))
    counts = [len(side) for side in sides]
    freedom = max(1, counts[0] - 1 if paired else sum(counts) - 2)
    tails = (LEVEL / 2, 1 - LEVEL / 2)
    stretch = t_quantile(tails[1], freedom) / t_quantile(tails[1], 10**9)
    low, high = np.quantile(deviations[1] - deviations[0], tails, axis=0)
    return difference + stretch * low, difference + stretch * high


def _resampled_centers(times: FloatArray, sparse: NDArray[np.bool_], draw: np.random.Generator) -> FloatArray:
    """Log medians of resampled iterations, shape (_INNER_DRAWS, rows).

    The k-th smallest of n draws with replacement lies where the k-th smallest of n uniform numbers does, which is a
    beta variate: so a median is drawn without drawing the n.
    """
    count = times.shape[1]
    ordered = np.sort(times, axis=1).T
    lower = draw.beta((count + 1) // 2, count - (count + 1) // 2 + 1, size=_INNER_DRAWS)
    upper = lower + (1 - lower) * draw.beta(1, count // 2, size=_INNER_DRAWS) if count % 2 == 0 else lower
    places = np.minimum((np.stack((lower, upper)) * count).astype(np.int64), count - 1)
    centers = (ordered[places[0]] + ordered[places[1]]) / 2
    if sparse.any():
        weights = draw.multinomial(count, np.full(count, 1 / count), size=_INNER_DRAWS) / count
        centers[:, sparse] = weights @ times[sparse].T
    return np.log(np.maximum(centers, _LEAST_NS))


def _unpaired_p(base: FloatArray, candidate: FloatArray) -> FloatArray:
    """How many of the ways to split the processes of both sides in two show a difference as large as this one."""
    # The same order whichever side is which, so that the same splits are drawn.
    first, second = sorted((base, candidate), key=lambda side: (side.shape[1], side.tolist()))
    pooled = np.concatenate((first, second), axis=1)
    count, chosen = pooled.shape[1], first.shape[1]
    exact = comb(count, chosen) <= _MOST_SPLITS
    splits = _all_splits(count, chosen) if exact else _random_splits(count, chosen)
    whole = pooled.sum(axis=1)

    def difference(part: FloatArray) -> FloatArray:
        return part / chosen - (whole - part) / (count - chosen)

    return _tail(difference(first.sum(axis=1)), (difference(split @ pooled.T) for split in splits), exact)


def _all_splits(count: int, chosen: int) -> Iterator[FloatArray]:
    """Every choice of `chosen` out of `count` as rows of 0 and 1, chunk by chunk."""
    every = combinations(range(count), chosen)
    while chunk := list(islice(every, _CHUNK)):
        split = np.zeros((len(chunk), count))
        places = np.fromiter(chain.from_iterable(chunk), dtype=np.int64).reshape(-1, chosen)
        np.put_along_axis(split, places, 1.0, axis=1)
        yield split


def _random_splits(count: int, chosen: int) -> Iterator[FloatArray]:
    draw = np.random.default_rng(_SEED)
    for begin in range(0, _MOST_SPLITS, _CHUNK):
        size = min(_CHUNK, _MOST_SPLITS - begin)
        yield (draw.random((size, count)).argsort(axis=1) < chosen).astype(np.float64)


def _paired_p(difference: FloatArray) -> FloatArray:
    """How many of the ways to swap sides within blocks show a difference as large; `difference` is (rows, blocks)."""
    count = difference.shape[1]
    exact = 2**count <= _MOST_SPLITS
    if exact:
        signs = iter([np.array(list(product((-1.0, 1.0), repeat=count)))])
    else:
        draw = np.random.default_rng(_SEED)
        signs = iter([draw.integers(2, size=(_MOST_SPLITS, count)) * 2.0 - 1])
    return _tail(difference.mean(axis=1), (sign @ difference.T / count for sign in signs), exact)


def _tail(observed: FloatArray, permuted: Iterator[FloatArray], exact: bool) -> FloatArray:
    """Part of the permutations at least as far out; drawn ones count the observed one among them, or p could be 0."""
    # The observed split is one of them, and must not miss itself by rounding.
    threshold = np.abs(observed) * (1 - 1e-9) - 1e-12
    as_far, total = np.zeros(len(observed)), 0
    for chunk in permuted:
        as_far += (np.abs(chunk) >= threshold).sum(axis=0)
        total += len(chunk)
    return as_far / total if exact else (as_far + 1) / (total + 1)
