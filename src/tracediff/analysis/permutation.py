"""Permutes processes between sides: how often chance alone shows a difference as large as the one observed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations, islice, product
from math import comb
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float64]

SEED = 20_261_124
_MOST_SPLITS = 20_000
_CHUNK = 4_096
_LEAST_VARIANCE = 1e-20
_LEAST_PART = 1e-10


def unpaired_p(base: FloatArray, candidate: FloatArray) -> FloatArray:
    """How many of the ways to split the processes of both sides in two differ as much as these; p of each row.

    What is permuted is the difference in units of its own standard error, as of Welch: exact where the sides are
    exchangeable, and of the right size also where one side varies more than the other (Janssen 1997). The bare
    difference is not: a side of few, restless processes would differ from one of many, steady ones far too often.

    Args:
        base: a value a process, shape (rows, processes); at least two processes.
        candidate: the other side's.
    """
    # The same order whichever side is which, so that the same splits are drawn.
    first, second = sorted((base, candidate), key=lambda side: (side.shape[1], side.tolist()))
    pooled = np.concatenate((first, second), axis=1)
    pooled = pooled - pooled.mean(axis=1, keepdims=True)
    count, chosen = pooled.shape[1], first.shape[1]
    exact = comb(count, chosen) <= _MOST_SPLITS
    splits = _all_splits(count, chosen) if exact else _random_splits(count, chosen)
    squares = pooled**2
    whole, left = squares.sum(axis=1), count - chosen
    # What rounding leaves of the variance of equal values must not decide.
    least = _LEAST_PART * whole / count + _LEAST_VARIANCE

    def studentized(split: FloatArray) -> FloatArray:
        total, square = split @ pooled.T, split @ squares.T
        variances = (
            np.maximum((square - total**2 / chosen) / max(1, chosen - 1), least) / chosen
            + np.maximum((whole - square - total**2 / left) / max(1, left - 1), least) / left
        )
        return (total / chosen + total / left) / np.sqrt(variances)

    observed = studentized(np.array([[1.0] * chosen + [0.0] * left]))[0]
    return _tail(observed, map(studentized, splits), exact)


def _all_splits(count: int, chosen: int) -> Iterator[FloatArray]:
    """Every choice of `chosen` out of `count` as rows of 0 and 1, chunk by chunk."""
    every = combinations(range(count), chosen)
    while chunk := list(islice(every, _CHUNK)):
        split = np.zeros((len(chunk), count))
        places = np.fromiter(chain.from_iterable(chunk), dtype=np.int64).reshape(-1, chosen)
        np.put_along_axis(split, places, 1.0, axis=1)
        yield split


def _random_splits(count: int, chosen: int) -> Iterator[FloatArray]:
    draw = np.random.default_rng(SEED)
    for begin in range(0, _MOST_SPLITS, _CHUNK):
        size = min(_CHUNK, _MOST_SPLITS - begin)
        yield (draw.random((size, count)).argsort(axis=1) < chosen).astype(np.float64)


def paired_p(difference: FloatArray) -> FloatArray:
    """How many of the ways to swap sides within blocks show a difference as large; `difference` is (rows, blocks).

    In units of its standard error it would be the same: swapping leaves the sum of the squares as it is.
    """
    count = difference.shape[1]
    exact = 2**count <= _MOST_SPLITS
    if exact:
        signs = iter([np.array(list(product((-1.0, 1.0), repeat=count)))])
    else:
        draw = np.random.default_rng(SEED)
        signs = iter([draw.integers(2, size=(_MOST_SPLITS, count)) * 2.0 - 1])
    return _tail(difference.mean(axis=1), (sign @ difference.T / count for sign in signs), exact)


def _tail(observed: FloatArray, permuted: Iterator[FloatArray], exact: bool) -> FloatArray:
    """Part of the permutations at least as far out; drawn ones count the observed one among them, or p could be 0."""
    # The observed split is one of them, and must not miss itself by rounding.
    threshold = np.abs(observed) * (1 - 1e-6) - 1e-9
    as_far, total = np.zeros(len(observed)), 0
    for chunk in permuted:
        as_far += (np.abs(chunk) >= threshold).sum(axis=0)
        total += len(chunk)
    return as_far / total if exact else (as_far + 1) / (total + 1)
