"""The times of a row, a term or the whole, iteration by iteration, on both sides: what certainty is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

from tracediff.analysis.statistics import FloatArray, Processes
from tracediff.model.diff import GAPS, Diff, Latency, LedgerTerm, Row, RowSide, Side, Total

Samples: TypeAlias = tuple[FloatArray, FloatArray]
"""Base's and candidate's times in ns, each of shape (its iterations,), capture by capture."""


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


def _summed(rows: Sequence[Row], diff: Diff) -> Samples:
    return (
        _sum((row.base for row in rows), diff.base.iterations),
        _sum((row.candidate for row in rows), diff.candidate.iterations),
    )


def _sum(sides: Iterable[RowSide | None], iterations: int) -> FloatArray:
    samples = [side.samples_ns for side in sides if side]
    return np.array(samples, dtype=np.float64).reshape(-1, iterations).sum(axis=0)
