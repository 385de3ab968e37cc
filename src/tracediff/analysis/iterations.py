"""Finds the repetitions in a trace, so that one iteration compares with ten as equal."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import msgspec
import numpy as np

from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.nesting import NO_PARENT
from tracediff.model.trace import IntArray

COLD_FACTOR = 1.5
"""A leading iteration slower than this times the median of the later ones, and than each of them, is cold."""

_MARKERS = (
    (re.compile(r"^tracediff::iteration#(\d+)$"), "tracediff::iteration"),
    (re.compile(r"^ProfilerStep#(\d+)$"), "ProfilerStep"),
)
MARKERS = tuple(marker for _, marker in _MARKERS)
# "batch 3" counts repetitions, "layer 3" does not.
_COUNTED = re.compile(r"iter|step|batch|epoch|run|inference|forward|request|sample", re.IGNORECASE)
_COUNT = re.compile(r"\d+")
_LONGEST_LABEL = 1000


class Iteration(msgspec.Struct, frozen=True):
    """One repetition: the calls from `first` to `last` - 1 on the iteration's thread.

    Attributes:
        label: how the trace names it.
        first, last: indices of calls; the marker itself is not among them.
        depth: depth of the outermost of these calls.
        start_ns, end_ns: the interval.
        time_ns: its duration.
        capture: which of the side's captures it is of.
    """

    label: str
    first: int
    last: int
    depth: int
    start_ns: int
    end_ns: int
    time_ns: int
    capture: int = 0


class Iterations(msgspec.Struct, frozen=True):
    """The repetitions of one trace.

    Attributes:
        marker: what delimits them; None where the whole trace stands for one.
        thread: index of the thread that runs them; -1 in a trace without calls.
        kept: those that results are made from.
        cold: leading ones that were set aside.
        empty: labels of marked ones without any operator, left out where others have some.
        outside_ns: operators' self time on that thread outside of every iteration.
        cut: labels of those that a cut file holds only the beginning of, left out.
    """

    marker: str | None
    thread: int
    kept: tuple[Iteration, ...]
    cold: tuple[Iteration, ...]
    empty: tuple[str, ...]
    outside_ns: int
    cut: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """All iterations of the trace that did something, cold ones included."""
        return len(self.kept) + len(self.cold)


def find_iterations(tree: CallTree, marker: str | None = None) -> Iterations:
    """Looks for `tracediff::iteration#K`, then `ProfilerStep#N`, then a top-level annotation, then takes all as one.

    Args:
        tree: the calls.
        marker: take the annotations of this label instead, wherever they are.
    """
    calls = marked_calls(tree, marker) if marker is not None else []
    if not calls:
        marker, calls = _choose_marker(tree)
    if marker is None:
        thread, found = _whole_trace(tree)
    else:
        thread = int(tree.thread[calls[0]])
        found = [_iteration_below(tree, call) for call in calls]
    # A profile that is stopped inside its schedule ends with a step that was opened and holds nothing.
    is_busy = [bool(tree.is_operator[iteration.first : iteration.last].any()) for iteration in found]
    empty: list[Iteration] = []
    if any(is_busy):
        empty = [iteration for iteration, busy in zip(found, is_busy, strict=True) if not busy]
        found = [iteration for iteration, busy in zip(found, is_busy, strict=True) if busy]
    inside = np.zeros(len(tree), dtype=np.bool_)
    for iteration in found:
        inside[iteration.first : iteration.last] = True
    cut = [found.pop()] if tree.trace.read.truncated and _is_shortened(found) else []
    cold = _cold_leaders([iteration.time_ns for iteration in found])
    outside = (tree.thread == thread) & tree.is_operator & ~inside
    return Iterations(
        marker=marker,
        thread=thread,
        kept=tuple(found[cold:]),
        cold=tuple(found[:cold]),
        empty=tuple(iteration.label for iteration in empty),
        outside_ns=int(tree.self_ns[outside].sum()),
        cut=tuple(iteration.label for iteration in cut),
    )


def _is_shortened(found: Sequence[Iteration]) -> bool:
    """Whether the last of several iterations ran fewer calls than the one before it."""
    return len(found) > 1 and found[-1].last - found[-1].first < found[-2].last - found[-2].first


def marked_calls(tree: CallTree, marker: str) -> list[int]:
    """The outermost annotations of a label, on the thread that spends most time in them."""
    wanted = np.array([label_of(name) == marker for name in tree.trace.names], dtype=np.bool_)
    if not wanted.any():
        return []
    calls = np.flatnonzero(~tree.is_operator)
    calls = calls[wanted[tree.name[calls]]]
    if not len(calls):
        return []
    # A label inside an operator cuts that operator apart and is no iteration.
    reached = np.maximum.accumulate(np.where(tree.is_operator, tree.end, 0))
    calls = calls[reached[calls] <= calls]
    reach = np.maximum.accumulate(tree.end[calls])
    outermost = calls[np.concatenate(([True], calls[1:] >= reach[:-1]))] if len(calls) else calls
    return _on_busiest_thread(tree, outermost) if len(outermost) else []


def label_of(name: str) -> str:
    """An annotation's name without what counts repetitions: `ProfilerStep`, `batch #`; `layer 3` stays `layer 3`."""
    for pattern, marker in _MARKERS:
        if pattern.match(name):
            return marker
    return _COUNT.sub("#", name) if len(name) <= _LONGEST_LABEL and _COUNTED.search(name) else name


def _choose_marker(tree: CallTree) -> tuple[str | None, list[int]]:
    for _, marker in _MARKERS:
        calls = marked_calls(tree, marker)
        if calls:
            return marker, calls
    roots = np.flatnonzero(~tree.is_operator & (tree.parent == NO_PARENT))
    by_label: dict[str, list[int]] = defaultdict(list)
    for call in roots.tolist():
        by_label[label_of(tree.trace.names[int(tree.name[call])])].append(call)
    if not by_label:
        return None, []
    # A label that speaks of repetition comes before one that took longer.
    label, labelled = max(
        by_label.items(),
        key=lambda item: (_COUNTED.search(item[0]) is not None, int(tree.total_ns[item[1]].sum()), item[0]),
    )
    calls = _on_busiest_thread(tree, np.array(labelled))
    if (len(calls) == 1 and len(by_label) > 1) or not _covers_most(tree, calls):
        # Several different labels, each once, are phases of one run; a label over a part of it is just a label.
        return None, []
    return label, calls


def _covers_most(tree: CallTree, calls: list[int]) -> bool:
    thread = tree.thread[calls[0]]
    inside = sum(int(tree.self_ns[call : tree.end[call]].sum()) for call in calls)
    return 2 * inside >= int(tree.self_ns[tree.thread == thread].sum())


def _on_busiest_thread(tree: CallTree, calls: IntArray) -> list[int]:
    threads = tree.thread[calls]
    busiest = max(
        set(threads.tolist()), key=lambda thread: (int(tree.total_ns[calls[threads == thread]].sum()), -thread)
    )
    return sorted(calls[threads == busiest].tolist(), key=lambda call: int(tree.start_ns[call]))


def _iteration_below(tree: CallTree, call: int) -> Iteration:
    start, last = int(tree.start_ns[call]), int(tree.end[call])
    # The sum of the self times is the duration that counts where neighbouring steps overlap by rounding.
    time_ns = int(tree.self_ns[call:last].sum())
    return Iteration(
        label=tree.trace.names[int(tree.name[call])],
        first=call + 1,
        last=last,
        depth=int(tree.depth[call]) + 1,
        start_ns=start,
        end_ns=start + int(tree.total_ns[call]),
        time_ns=time_ns,
    )


def _whole_trace(tree: CallTree) -> tuple[int, list[Iteration]]:
    if not len(tree):
        return -1, []
    work = np.bincount(tree.thread, weights=tree.self_ns)
    present = np.flatnonzero(np.bincount(tree.thread))
    thread = int(present[work[present].argmax()])
    calls = np.flatnonzero(tree.thread == thread)
    first, last = int(calls[0]), int(calls[-1]) + 1
    start = int(tree.start_ns[first:last].min())
    end = int((tree.start_ns[first:last] + tree.total_ns[first:last]).max())
    return thread, [Iteration("whole trace", first, last, 0, start, end, end - start)]


def calls_beside(tree: CallTree, thread: int, iterations: Sequence[Iteration]) -> tuple[IntArray, IntArray]:
    """Calls on other threads than the iterations' that begin while one of them runs, and the place of that one."""
    other = np.flatnonzero(tree.thread != thread)
    order = sorted(range(len(iterations)), key=lambda place: (iterations[place].start_ns, iterations[place].end_ns))
    starts = np.array([iterations[place].start_ns for place in order], dtype=np.int64)
    # Neighbouring iterations may overlap by rounding.
    reach = np.maximum.accumulate([iterations[place].end_ns for place in order])
    last_begun = np.searchsorted(starts, tree.start_ns[other], side="right") - 1
    inside = (last_begun >= 0) & (tree.start_ns[other] < reach[last_begun])
    return other[inside], np.array(order)[last_begun[inside]]


def _cold_leaders(times: list[int]) -> int:
    """How many leading iterations are cold; at least two always remain to compare them with."""
    cold = 0
    while len(times) - cold >= 3:
        later = times[cold + 1 :]
        if times[cold] <= COLD_FACTOR * float(np.median(later)) or times[cold] <= max(later):
            break
        cold += 1
    return cold


def find_common_iterations(
    base: Sequence[CallTree], candidate: Sequence[CallTree]
) -> tuple[list[Iterations], list[Iterations]]:
    """The iterations of all captures, delimited by the same label where all have it, else where those of a side do.

    Each trace's own choice may differ for reasons that lie in the times; a trace's label that the other ones have too,
    wherever, is what all are cut by.
    """
    found = [find_iterations(tree) for tree in (*base, *candidate)]
    joint = _by_one_label((*base, *candidate), found)
    sides = found[: len(base)], found[len(base) :]
    if joint:
        return joint[: len(base)], joint[len(base) :]
    return _by_one_label(base, sides[0]) or sides[0], _by_one_label(candidate, sides[1]) or sides[1]


def _by_one_label(trees: Sequence[CallTree], found: list[Iterations]) -> list[Iterations] | None:
    markers = {one.marker for one in found}
    if len(markers) == 1:
        return found
    shared = [marker for marker in markers if marker and all(marked_calls(tree, marker) for tree in trees)]
    if not shared:
        return None
    # Where several would do, the one that all spend more time in.
    label = max(shared, key=lambda marker: (sum(_time_in(tree, marker) for tree in trees), marker))
    return [find_iterations(tree, label) for tree in trees]


def _time_in(tree: CallTree, marker: str) -> int:
    return int(tree.total_ns[marked_calls(tree, marker)].sum())
