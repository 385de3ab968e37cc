"""Adds up what a side's iterations ran on devices."""

from __future__ import annotations

import numpy as np

from tracediff.analysis.accounts import mean_ns
from tracediff.analysis.device import NO_CALL, busy_ns
from tracediff.analysis.side import TracedSide
from tracediff.model.device import DeviceTime
from tracediff.model.trace import ABSENT, IntArray


def device_time_of_iterations(side: TracedSide, calls: IntArray) -> DeviceTime:
    """Time on devices per iteration, each event in the iteration that launched it, however much later it ran.

    Args:
        side: whose iterations.
        calls: those of all threads that the iterations are made of.
    """
    work, kept = side.device, side.iterations.kept
    if work is None or not kept:
        return DeviceTime()
    events = side.tree.trace.events
    linked, launched = work.call != NO_CALL, work.launch != ABSENT
    at_ns = np.where(linked, side.tree.start_ns[work.call], events.start_ns[work.launch])
    starts, ends = np.array([(iteration.start_ns, iteration.end_ns) for iteration in kept], dtype=np.int64).T
    iteration = np.maximum(np.searchsorted(starts, at_ns, side="right") - 1, 0)
    chosen = np.zeros(len(side.tree), dtype=np.bool_)
    chosen[calls] = True
    # What has no launch in the trace can only be told to belong to an iteration that is all of it.
    beside = np.where(
        launched, (starts[iteration] <= at_ns) & (at_ns < ends[iteration]), side.iterations.marker is None
    )
    inside = np.flatnonzero(np.where(linked, chosen[work.call], beside))
    order = inside[np.argsort(iteration[inside], kind="stable")]
    cuts = np.searchsorted(iteration[order], np.arange(1, len(kept)))
    start, dur_ns = events.start_ns[work.event], work.dur_ns
    busy = sum(busy_ns(start[one], (start + dur_ns)[one]) for one in np.split(order, cuts))
    return DeviceTime(
        total_ns=mean_ns(int(dur_ns[inside].sum()), len(kept)),
        busy_ns=mean_ns(busy, len(kept)),
        unlinked_ns=mean_ns(int(dur_ns[inside][~linked[inside]].sum()), len(kept)),
    )
