"""How long an iteration took without the profiler, as comparisons and lists of captures both give it."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import geometric_mean, median

from tracediff.model.run import Run


def latency_ns(runs: Sequence[Run]) -> int | None:
    """The geometric mean of the processes' medians, which is what is tested; None unless every process recorded it."""
    if not runs or not all(run.latency_ns for run in runs):
        return None
    medians = [median(run.latency_ns) for run in runs]
    return round(geometric_mean(medians) if len(medians) > 1 and min(medians) > 0 else median(medians))
