"""Reads what torch <= 1.11 wrote as what later versions write: one category for operators and annotations, or none."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from tracediff.model.trace import ANNOTATION, OPERATOR, Trace

OLD_OPERATOR = "Operator"
_STEP = "ProfilerStep#"
# The exporter before Kineto wrote no categories, and a word in place of the process.
_LEGACY_PROCESS = "CPU functions"


def modernised(trace: Trace) -> Trace:
    """The same with today's categories; the profiler's own steps are annotations again, other labels stay operators."""
    legacy = np.array([thread.pid == _LEGACY_PROCESS for thread in trace.threads], dtype=np.bool_)
    if not (OLD_OPERATOR in trace.categories or ("" in trace.categories and legacy.any())):
        return trace
    events = trace.events
    numbers: dict[str, int] = {}
    landing = [
        numbers.setdefault(OPERATOR if category == OLD_OPERATOR else category, len(numbers))
        for category in trace.categories
    ]
    operator = numbers.setdefault(OPERATOR, len(numbers))
    annotation = numbers.setdefault(ANNOTATION, len(numbers))
    is_step = np.array([name.startswith(_STEP) for name in trace.names], dtype=np.bool_)[events.name]
    category = np.array(landing)[events.category]
    if "" in trace.categories:
        category[legacy[events.thread] & (events.category == trace.categories.index(""))] = operator
    category[is_step & (category == operator)] = annotation
    return structs.replace(
        trace,
        events=structs.replace(events, category=category.astype(events.category.dtype)),
        categories=tuple(numbers),
    )
