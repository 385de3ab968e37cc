"""The times of a row, a term or the whole, iteration by iteration, on both sides: what certainty is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

from tracediff.analysis.statistics import FloatArray, Processes
from tracediff.model.diff import GAPS, Diff, Latency, LedgerTerm, Row, RowSide, Side, Total
from tracediff.model.distribution import Distribution, Sample

Samples: TypeAlias = tuple[FloatArray, FloatArray]
"""Base's and candidate's times in ns, each of shape (its iterations,), capture by capture."""

_BINS = 12
_MANY_TIMES = 10
"""From this ratio of the highest to the lowest time on, equal steps of time would leave most times in one of them."""


def samples_of(what: Row | LedgerTerm | Total, diff: Diff) -> Samples:
    """The times of each iteration; they sum to what the Diff says, but for its rounding.

    Args:
        what: a row, a term with rows or the gaps, or the total.
        diff: that it is of.
    """
    if isinstance(what, Row):
        return _summed([what], diff)
    if isinstance(what, LedgerTerm) and what.term != GAPS:
        return _summed([diff.rows[at] for at in what.rows], diff)
    base, candidate = (np.array(side.samples_ns, dtype=np.float64) for side in (diff.base, diff.candidate))
    if isinstance(what, Total):
        return base, candidate
    inside = _summed(diff.rows, diff)
    return base - inside[0], candidate - inside[1]


def split(times: FloatArray, kept: Sequence[int]) -> list[FloatArray]:
    """Times of shape (rows, iterations) by capture.

    Args:
        times: capture by capture.
        kept: the iterations of each capture.
    """
    return np.split(times, np.cumsum(kept)[:-1], axis=1)


def processes_of(what: Row | LedgerTerm | Total, diff: Diff) -> tuple[Processes, Processes]:
    """The same as compare_processes takes it: as one row, capture by capture; the latency's without the profiler."""
    if isinstance(what, Latency):
        return latencies_of(diff.base), latencies_of(diff.candidate)
    base, candidate = samples_of(what, diff)
    return split(base[None], diff.base.kept), split(candidate[None], diff.candidate.kept)


def latencies_of(side: Side) -> Processes:
    """The times of the iterations without the profiler, capture by capture."""
    return [np.array([run.latency_ns], dtype=np.float64) for run in side.runs]


def distribution_of(row: Row, diff: Diff) -> Distribution | None:
    """How the row's times scatter; None where they are not known iteration by iteration.

    Args:
        row: of the Diff, or of its other threads.
        diff: that it is of.
    """
    sides = [
        split(np.array([side.samples_ns], dtype=np.float64), of.kept) if side and side.samples_ns else []
        for side, of in ((row.base, diff.base), (row.candidate, diff.candidate))
    ]
    times = [capture for captures in sides for capture in captures]
    if not times:
        return None
    pooled = np.concatenate(times, axis=1)
    low, high = float(pooled.min()), float(pooled.max())
    is_logarithmic = 0 < low * _MANY_TIMES <= high
    spaced = np.geomspace if is_logarithmic else np.linspace
    edges: FloatArray = spaced(low, high, _BINS + 1 if high > low else 2)
    base, candidate = (_sample(captures, edges) if captures else None for captures in sides)
    return Distribution(base, candidate, _whole(edges), is_logarithmic)


def _sample(captures: Processes, edges: FloatArray) -> Sample:
    times = np.concatenate(captures, axis=1)[0]
    quantiles = np.asarray(np.quantile(times, (0, 0.25, 0.5, 0.75, 1)), dtype=np.float64)
    lowest, lower, median, upper, highest = _whole(quantiles)
    return Sample(
        captures_ns=tuple(_whole(capture[0]) for capture in captures),
        lowest_ns=lowest,
        quartiles_ns=(lower, median, upper),
        highest_ns=highest,
        counts=_counts(times, edges),
    )


def _counts(times: FloatArray, edges: FloatArray) -> tuple[int, ...]:
    """Times from each edge on, below the next; in the last bin up to the last edge."""
    last = len(edges) - 2
    bins = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, last)
    return tuple(np.bincount(bins, minlength=last + 1).tolist())


def _whole(values: FloatArray) -> tuple[int, ...]:
    return tuple(np.rint(values).astype(np.int64).tolist())


def _summed(rows: Sequence[Row], diff: Diff) -> Samples:
    return (
        _sum((row.base for row in rows), diff.base.iterations),
        _sum((row.candidate for row in rows), diff.candidate.iterations),
    )


def _sum(sides: Iterable[RowSide | None], iterations: int) -> FloatArray:
    samples = [side.samples_ns for side in sides if side]
    return np.array(samples, dtype=np.float64).reshape(-1, iterations).sum(axis=0)
