"""Rebuilds who called whom from intervals, by the rule of `torch.autograd.profiler_util`."""

from __future__ import annotations

import msgspec
import numpy as np

from tracediff.analysis.grouping import group
from tracediff.analysis.nesting import Nesting, enclosing, nest
from tracediff.errors import TraceFormatError
from tracediff.model.trace import ABSENT, ANNOTATION, OPERATOR, BoolArray, IntArray, Trace

# `profiler_util._filter_name`: utility records that `key_averages()` leaves out before it nests.
_UTILITY_NAMES = frozenset(
    {
        "[memory]",
        "[OutOfMemory]",
        "profiler::_record_function_enter",
        "profiler::_record_function_enter_new",
        "profiler::_record_function_exit",
        "aten::is_leaf",
        "aten::output_nr",
        "aten::_version",
    }
)


class CallTree(msgspec.Struct, frozen=True, eq=False):
    """The calls of operators and annotations in preorder, thread by thread; every column has shape (n,).

    A call that is the only child of a call of the same name is folded into it (`EventList._remove_dup_nodes`).
    Descendants of call i are the calls i + 1 to end[i] - 1.

    Attributes:
        trace: whose calls these are.
        event: index into `trace.events`.
        name, shapes: index into `trace.names`, `trace.shapes` (-1 where not recorded).
        thread: index into `trace.threads`.
        parent: index of the calling call, or NO_PARENT.
        end: one past the last descendant.
        depth: 0 for roots.
        start_ns, total_ns: as recorded.
        self_ns: time inside no child; never negative, and sums to the time that the roots cover.
        torch_self_ns: total less the totals of the children, as torch has it; where siblings overlap it may differ
            from `self_ns`, and it does not sum to anything.
        is_operator: False for annotations.
        clipped: how many calls overlapped an earlier sibling and count only from its end on.
        duplicates: how many calls were left out because the trace lists them twice.
    """

    trace: Trace
    event: IntArray
    name: IntArray
    shapes: IntArray
    thread: IntArray
    parent: IntArray
    end: IntArray
    depth: IntArray
    start_ns: IntArray
    total_ns: IntArray
    self_ns: IntArray
    torch_self_ns: IntArray
    is_operator: BoolArray
    clipped: int = 0
    duplicates: int = 0

    def __len__(self) -> int:
        return len(self.event)


def build_call_tree(trace: Trace, slack_ns: int = 0) -> CallTree:
    """Nests `cpu_op` and `user_annotation` events per thread.

    Sorted by (start, -end), an event is the child of the innermost open event that it ends inside of. Equal
    intervals nest in the order in which the profiler saw them begin. `python_function` events stay out: they overlap
    annotations.

    Args:
        trace: whose events.
        slack_ns: how far a child may stick out of its parent. torch allows nothing, so `key_averages()` needs 0; in a
            trace of whole microseconds a comparison needs 1000, or rounding tears calls out of their step.
    """
    events = trace.events
    event, duplicates = _in_order(trace)
    name, thread, start = events.name[event], events.thread[event], events.start_ns[event]
    total_ns = np.maximum(events.dur_ns[event], 0)
    nested = nest(thread, start, start + total_ns, slack_ns)
    kept = ~_is_folded(nested, name)
    if not kept.all():
        nested = _without_folded(nested, kept)
        event, name, thread, start, total_ns = (column[kept] for column in (event, name, thread, start, total_ns))
    return CallTree(
        trace=trace,
        event=event.astype(np.int32),
        name=name,
        shapes=events.shapes[event],
        thread=thread,
        parent=nested.parent,
        end=nested.end,
        depth=nested.depth,
        start_ns=start,
        total_ns=total_ns,
        self_ns=nested.self_ns,
        torch_self_ns=np.maximum(nested.torch_self_ns, 0, out=nested.torch_self_ns),
        is_operator=trace.is_of({OPERATOR})[event],
        clipped=nested.clipped,
        duplicates=duplicates,
    )


def check_operators(tree: CallTree) -> None:
    """Makes sure that there is something to sum up.

    Raises:
        TraceFormatError: there are no operators.
    """
    if tree.is_operator.any():
        return
    where = " in what could be read of it" if tree.trace.read.lost_events else ""
    raise TraceFormatError(f"holds no operators (cpu_op){where}. Profile with ProfilerActivity.CPU", tree.trace.path)


def _in_order(trace: Trace) -> tuple[IntArray, int]:
    """The events of calls as they nest, without exact duplicates, and how many of those there were."""
    events = trace.events
    is_call = trace.is_of({OPERATOR, ANNOTATION})
    for number, name in enumerate(trace.names):
        if name in _UTILITY_NAMES:
            is_call &= events.name != number
    event = np.flatnonzero(is_call)
    if not _is_sorted(trace, event):
        event = _sorted(trace, event)
    # Nearly all differ in their start.
    start = events.start_ns[event]
    alike = 1 + np.flatnonzero(start[1:] == start[:-1])
    # Calls that took no time and have no id cannot be told from one that is listed twice.
    alike = alike[(events.external_id[event[alike]] != ABSENT) | (events.dur_ns[event[alike]] > 0)]
    before, after = _keys(trace, event[alike - 1]), _keys(trace, event[alike])
    alike = alike[np.logical_and.reduce([key == other for key, other in zip(before, after, strict=True)])]
    if not len(alike):
        return event, 0
    is_other = np.ones(len(event), dtype=np.bool_)
    is_other[alike] = False
    first = group(np.cumsum(is_other) * len(trace.names) + events.name[event]).first
    return event[np.sort(first)], len(event) - len(first)


def _keys(trace: Trace, event: IntArray) -> list[IntArray]:
    """By what calls are in order: by the first, where that is equal by the second, and so on.

    Made for the few that need more than the first two.
    """
    events = trace.events
    start, external_id = events.start_ns[event], events.external_id[event]
    is_operator = np.array([category == OPERATOR for category in trace.categories], dtype=np.int8)
    return [
        events.thread[event],
        start,
        -(start + np.maximum(events.dur_ns[event], 0)),
        np.where(external_id < ABSENT, ABSENT - external_id, external_id),
        is_operator[events.category[event]],
    ]


def _is_sorted(trace: Trace, event: IntArray) -> bool:
    """Whether calls are in the order of their keys already, as torch writes them."""
    thread, start = trace.events.thread[event], trace.events.start_ns[event]
    # Nearly all start after the one before, on its thread.
    others = 1 + np.flatnonzero((thread[1:] != thread[:-1]) | (start[1:] <= start[:-1]))
    follows = np.ones(len(others), dtype=np.bool_)
    keys = zip(_keys(trace, event[others - 1]), _keys(trace, event[others]), strict=True)
    for before, after in reversed(list(keys)):
        follows = (after > before) | ((after == before) & follows)
    return bool(follows.all())


def _sorted(trace: Trace, event: IntArray) -> IntArray:
    """The calls in the order of their keys; nearly all differ in the first two."""
    thread, start = trace.events.thread[event], trace.events.start_ns[event]
    order = np.lexsort((start, thread))
    thread, start, event = thread[order], start[order], event[order]
    is_tie = (thread[1:] == thread[:-1]) & (start[1:] == start[:-1])
    tied = np.flatnonzero(np.append(is_tie, False) | np.append(False, is_tie))
    members = event[tied]
    event[tied] = members[np.lexsort(_keys(trace, members)[::-1])]
    return event


def _is_folded(nested: Nesting, name: IntArray) -> BoolArray:
    """Whether a call is the only child of one of the same name."""
    folded = np.zeros(len(name), dtype=np.bool_)
    # An only child comes right behind its parent, and with it ends all that is in the parent.
    behind = 1 + np.flatnonzero(name[1:] == name[:-1])
    folded[behind] = (nested.parent[behind] == behind - 1) & (nested.end[behind] == nested.end[behind - 1])
    return folded


def _without_folded(nested: Nesting, kept: BoolArray) -> Nesting:
    """What is left once each call that is not kept has become part of its parent."""
    gone = np.flatnonzero(~kept)
    # How many kept calls come before each index: that is where an index lands once the folded ones are gone.
    landing = np.cumsum(np.append(False, kept), dtype=np.int32)

    def merged(time_ns: IntArray) -> IntArray:
        # A folded call comes right behind the one that it is folded into.
        left = time_ns[kept]
        np.add.at(left, landing[gone] - 1, time_ns[gone])
        return left

    self_ns = merged(nested.self_ns)
    return Nesting(
        # NO_PARENT comes right before all.
        parent=landing[nested.parent[kept] + 1] - 1,
        end=landing[nested.end[kept]],
        depth=(nested.depth - enclosing(gone, nested.end))[kept],
        self_ns=self_ns,
        torch_self_ns=self_ns if nested.torch_self_ns is nested.self_ns else merged(nested.torch_self_ns),
        clipped=nested.clipped,
    )
