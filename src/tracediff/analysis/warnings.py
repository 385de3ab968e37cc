"""What one must know about a side before believing its numbers."""

from __future__ import annotations

from collections.abc import Iterator

from tracediff import units
from tracediff.analysis.side import TracedSide

ONE_ITERATION = "one iteration: nothing tells a cold start or noise from a change"


def doubts(side: TracedSide) -> Iterator[str]:
    """The doubts that a trace, the way it was taken and the way it was read leave."""
    trace, iterations = side.tree.trace, side.iterations
    yield from trace.warnings
    if trace.run.emulated:
        yield "emulated: structure and kernels are real, times are not"
    if iterations.marker is None:
        yield "no iterations are marked: the whole trace counts as one"
    if iterations.cold:
        labels = ", ".join(f"{iteration.label} ({units.duration(iteration.time_ns)})" for iteration in iterations.cold)
        yield f"cold, set aside: {labels}"
    if len(iterations.kept) == 1:
        yield ONE_ITERATION
    if iterations.outside_ns:
        yield f"operators outside of the iterations took {units.duration(iterations.outside_ns)}: left out"
    unlike = len(iterations.kept) - len(side.typical())
    if unlike:
        yield (
            f"{units.count(unlike, 'iteration')} of {len(iterations.kept)} ran other calls than the rest: "
            "all are in the rows, the call tree shows the rest"
        )
    if side.tree.clipped:
        yield f"{units.count(side.tree.clipped, 'call')} overlap an earlier one: counted from its end on"
    if trace.resolution_ns > 1:
        yield "the trace counts whole microseconds: times are exact to 1 us a call"
    if not trace.shapes:
        yield "no input shapes were recorded: rows are families only"
    if trace.read.events_dropped:
        yield f"{units.count(trace.read.events_dropped, 'entry')} of traceEvents could not be read"
