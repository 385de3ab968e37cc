"""What one must know about a side before believing its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from tracediff import units
from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.device import device_doubts
from tracediff.analysis.settings import ranks_of, unlike_settings
from tracediff.analysis.side import TracedSide
from tracediff.model.diff import Row, RowSide, Side, Total
from tracediff.model.trace import LOSSES, PYTHON_FUNCTION, ReadReport

SMALL = 0.01
_MATERIAL = 0.05
_FAR = 0.25
_FEWEST_SAMPLES = 3
_MOST_SLOWER = 1.25
_MOST_LISTED = 3
_MOST_LABELS = 10

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
        yield "the trace counts whole microseconds: times are exact to 1 us a call, self times to 1 us more a child"
    if damage := damage_of(trace.read):
        yield damage
    if trace.read.truncated:
        yield "calls behind the cut may be missing: then those around it show too much self time"
    if PYTHON_FUNCTION in trace.categories:
        yield "Python frames (with_stack) are left out: newer torch lists them and takes them off annotations"
    if tree.clipped:
        yield f"{units.count(tree.clipped, 'call')} overlap an earlier one: counted from its end on"
    if tree.duplicates:
        yield f"{units.count(tree.duplicates, 'exact duplicate')} of calls: left out"


def damage_of(read: ReadReport) -> str:
    """What was wrong with the file and what became of it, in one line; empty where nothing was."""
    parts: list[str] = []
    for is_loss, what in ((False, "repaired"), (True, "not mended:")):
        kinds = [(kind, count) for kind, count in read.repairs.items() if (kind in LOSSES) is is_loss]
        if kinds:
            parts.append(f"{what} {', '.join(counted(kind, count) for kind, count in kinds)}")
    if read.events_dropped:
        places = [f"{position:,}" for position in read.dropped_at[:_MOST_LISTED]]
        more = ", ..." if read.events_dropped > len(places) else ""
        where = f" at byte {', '.join(places)}{more}" if places else ""
        parts.append(f"dropped {units.count(read.events_dropped, 'event')}{where}")
    if read.truncated:
        parts.append("cut short")
    events = read.events_read + read.events_dropped
    # Never rounded up to all of them.
    share = math.floor(1000 * read.events_read / events) / 10 if events else 0
    return "; ".join([f"read {share:g} % of {events:,} events", *parts]) if parts else ""


def counted(kind: str, count: int) -> str:
    """A kind of repair, which is a plural: `214 backslashes`, `1 backslash`."""
    words = kind.replace("_", " ")
    return f"{count:,} {words if count > 1 else words.removesuffix('es' if words.endswith('shes') else 's')}"


def doubts(side: TracedSide) -> Iterator[str]:
    """The doubts about one side of a comparison."""
    iterations = side.iterations
    yield from trace_doubts(side.tree)
    yield from device_doubts(side.device, side.tree.trace)
    if ranks := ranks_of(side.runs):
        yield (
            f"the captures are ranks {', '.join(map(str, ranks))} of a distributed run, which are no repetitions: "
            "what they differ by is no noise, so nothing is called faster, slower or the same"
        )
    if iterations.marker is None:
        yield "no iterations are marked: the whole trace counts as one"
    if iterations.cold and len(side.runs) > 1:
        times = [iteration.time_ns for iteration in iterations.cold]
        spans = f"{units.duration(min(times))} to {units.duration(max(times))}"
        yield f"{units.count(len(times), 'cold iteration')} set aside: {spans}"
    elif iterations.cold:
        labels = [f"{iteration.label} ({units.duration(iteration.time_ns)})" for iteration in iterations.cold]
        yield f"cold, set aside: {_listed(labels)}"
    if iterations.cut:
        yield f"cut off with the file, left out: {_listed(iterations.cut)}"
    if iterations.empty:
        yield f"without operators, left out: {_listed(iterations.empty)}"
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
    if len(side.runs) > 1:
        yield from _unlike_captures(side)
    if not side.tree.trace.shapes:
        yield "no input shapes were recorded: rows are families only"


def _listed(labels: Sequence[str]) -> str:
    left = len(labels) - _MOST_LABELS
    return ", ".join(labels[:_MOST_LABELS]) + (f" and {left} more" if left > 0 else "")


def _unlike_captures(side: TracedSide) -> Iterator[str]:
    """What tells captures apart that should be repetitions of one another."""
    yield from unlike_settings(side.runs)
    for what in ("recorded_label", "backend", "torch_version", "workload", "emulated"):
        found = dict.fromkeys(getattr(run, what) for run in side.runs)
        if len(found) > 1:
            values = ", ".join(str(value) if value is not None else "not recorded" for value in found)
            yield f"the captures differ in {what.replace('recorded_', '').replace('_', ' ')}: {values}"
    unlike = len(side.runs) - len({iteration.capture for iteration in side.typical})
    if unlike:
        yield f"{units.count(unlike, 'capture')} of {len(side.runs)} ran other calls than the rest in every iteration"


def doubts_about_difference(sides: tuple[Side, Side], total: Total, rows: Sequence[Row]) -> Iterator[str]:
    """The doubts about what is said of both sides together."""
    samples = [side.samples_ns for side in sides]
    certain = min(side.captures for side in sides) > 1
    if not certain and overlap(*samples):
        spans = [f"{units.duration(min(times))} to {units.duration(max(times))}" for times in samples]
        yield (
            f"the iterations of both sides overlap (base {spans[0]}, candidate {spans[1]}): "
            "this difference may be noise"
        )
    if 0 < abs(total.delta_ns) < SMALL * total.base_ns:
        part = units.percent(abs(total.delta_ns) / total.base_ns)
        yield f"the difference is {part} of an iteration: shares of it mean little"
    yield from _unsteady(rows, total)
    for name, parts in (("base", [row.base for row in rows]), ("candidate", [row.candidate for row in rows])):
        if is_disturbed(parts):
            yield f"{name}: the kernel pass was slower than the iterations: it says which kernels ran, not how long"
    yield from _other_precision(sides, rows)
    if sides[0].marker != sides[1].marker:
        cuts = [side.marker or "nothing" for side in sides]
        yield f"iterations are cut by {cuts[0]} in base and by {cuts[1]} in candidate"
    if bool(sides[0].cold_iterations) != bool(sides[1].cold_iterations) and min(map(len, samples)) < _FEWEST_SAMPLES:
        yield "cold iterations could be told on one side only: those of the other one may be cold"
    used = {side.run.backend for side in sides}
    no_log = any(side.kernel_coverage is None for side in sides)
    if no_log and len(used) > 1 and None not in used and any(row.change == "same" for row in rows):
        yield "rows called same ran the same operators; which library kernels those called, a trace does not record"


def _other_precision(sides: tuple[Side, Side], rows: Sequence[Row]) -> Iterator[str]:
    """What is faster for being less precise, where both sides' logs can tell."""
    parts = [row.base for row in rows], [row.candidate for row in rows]
    calls = [sum(kernel.bf16_calls for part in side if part for kernel in part.kernels) for side in parts]
    if bool(calls[0]) != bool(calls[1]) and all(side.kernel_coverage for side in sides):
        name, other = ("base", "candidate") if calls[0] else ("candidate", "base")
        yield (
            f"{name} ran kernels in bf16 in {units.number_of_calls(max(calls))} an iteration, {other} in none: "
            "part of the difference may be precision"
        )


def is_disturbed(parts: Iterable[RowSide | None]) -> bool:
    """Whether a side's kernels took longer than the calls that ran them: then its kernel pass was slower than those."""
    known = [part for part in parts if part and any(kernel.time_ns for kernel in part.kernels)]
    kernels_ns = sum(kernel.time_ns for part in known for kernel in part.kernels)
    return kernels_ns > _MOST_SLOWER * sum(part.time_ns for part in known)


def overlap(base_ns: Sequence[int], candidate_ns: Sequence[int]) -> bool:
    """Whether some iteration of each side took as long as some of the other; False where one is all there is."""
    several = min(len(base_ns), len(candidate_ns)) > 1
    return several and min(base_ns) <= max(candidate_ns) and min(candidate_ns) <= max(base_ns)


def _unsteady(rows: Sequence[Row], total: Total) -> Iterator[str]:
    """Rows whose difference rests on a few iterations: where the mean is far from the median."""
    found = 0
    floor_ns = _MATERIAL * max(abs(total.delta_ns), SMALL * total.base_ns)
    for row in rows:
        for name, side in (("base", row.base), ("candidate", row.candidate)):
            if side is None or len(side.samples_ns) < _FEWEST_SAMPLES:
                continue
            middle = round(median(side.samples_ns))
            if abs(side.time_ns - middle) <= max(_FAR * middle, floor_ns):
                continue
            found += 1
            if found <= _MOST_LISTED:
                yield (
                    f"{name}: {row.family} {row.shape or ''} rests on few iterations: median {units.duration(middle)}, "
                    f"mean {units.duration(side.time_ns)}, largest {units.duration(max(side.samples_ns))}"
                )
    if found > _MOST_LISTED:
        yield f"{units.count(found - _MOST_LISTED, 'other row')} rest on few iterations"
