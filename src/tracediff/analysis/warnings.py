"""What one must know about a side before believing its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tracediff import units
from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.side import TracedSide

ONE_ITERATION = "one iteration: nothing tells a cold start or noise from a change"


def of_both(base: Iterable[str], candidate: Iterable[str]) -> list[str]:
    """The doubts about two sides, each with the side that it is about; those about both once."""
    base, candidate = list(base), list(candidate)
    return [
        *(f"both sides: {doubt}" for doubt in base if doubt in candidate),
        *(f"base: {doubt}" for doubt in base if doubt not in candidate),
        *(f"candidate: {doubt}" for doubt in candidate if doubt not in base),
    ]


def trace_doubts(tree: CallTree) -> Iterator[str]:
    """The doubts that a trace and the way it was read leave, whatever is done with it."""
    trace = tree.trace
    yield from trace.warnings
    if trace.run.emulated:
        yield "emulated: structure and kernels are real, times are not"
    if trace.resolution_ns > 1:
        yield "the trace counts whole microseconds: times are exact to 1 us a call"
    if trace.read.events_dropped:
        yield f"{trace.read.events_dropped:,} entries of traceEvents could not be read"
    if tree.clipped:
        yield f"{units.count(tree.clipped, 'call')} overlap an earlier one: counted from its end on"


def doubts(side: TracedSide) -> Iterator[str]:
    """The doubts about one side of a comparison."""
    iterations = side.iterations
    yield from trace_doubts(side.tree)
    if iterations.marker is None:
        yield "no iterations are marked: the whole trace counts as one"
    if iterations.cold:
        labels = ", ".join(f"{iteration.label} ({units.duration(iteration.time_ns)})" for iteration in iterations.cold)
        yield f"cold, set aside: {labels}"
    if len(iterations.kept) == 1:
        yield ONE_ITERATION
    if iterations.outside_ns:
        yield f"operators outside of the iterations took {units.duration(iterations.outside_ns)}: left out"
    unlike = len(iterations.kept) - len(side.typical)
    if unlike:
        yield (
            f"{units.count(unlike, 'iteration')} of {len(iterations.kept)} ran other calls than the rest: "
            "all are in the rows, the call tree shows the rest"
        )
    if not side.tree.trace.shapes:
        yield "no input shapes were recorded: rows are families only"
