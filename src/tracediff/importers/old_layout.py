"""Reads what torch <= 1.11 wrote as what later versions write: it had one category for operators and annotations."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from tracediff.model.trace import ANNOTATION, OPERATOR, Trace

_OPERATOR = "Operator"
_STEP = "ProfilerStep#"


def modernised(trace: Trace) -> Trace:
    """The same with today's categories; the profiler's own steps are annotations again, other labels stay operators."""
    if _OPERATOR not in trace.categories:
        return trace
    events = trace.events
    numbers: dict[str, int] = {}
    landing = [
        numbers.setdefault(OPERATOR if category == _OPERATOR else category, len(numbers))
        for category in trace.categories
    ]
    annotation = numbers.setdefault(ANNOTATION, len(numbers))
    is_step = np.array([name.startswith(_STEP) for name in trace.names], dtype=np.bool_)[events.name]
    was_operator = events.category == trace.categories.index(_OPERATOR)
    category = np.where(is_step & was_operator, annotation, np.array(landing)[events.category])
    return structs.replace(
        trace,
        events=structs.replace(events, category=category.astype(events.category.dtype)),
        categories=tuple(numbers),
    )
