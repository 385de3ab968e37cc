"""Rebuilds who called whom from intervals, by the rule of `torch.autograd.profiler_util`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from tracediff.analysis.grouping import group
from tracediff.analysis.nesting import Nesting, enclosing, nest
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
    start, total_ns = events.start_ns[event], events.dur_ns[event]
    np.maximum(total_ns, 0, out=total_ns)
    nested = nest(events.thread[event], start, start + total_ns, slack_ns)
    folded = _is_folded(nested, events.name[event])
    if folded.any():
        nested = _kept(nested, folded)
        event, start, total_ns = (column[~folded] for column in (event, start, total_ns))
    return CallTree(
        trace=trace,
        event=event,
        name=events.name[event],
        shapes=events.shapes[event],
        thread=events.thread[event],
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


def _in_order(trace: Trace) -> tuple[IntArray, int]:
    """The events of calls as they nest, without exact duplicates, and how many of those there were."""
    events = trace.events
    utility = np.array([name in _UTILITY_NAMES for name in trace.names], dtype=np.bool_)
    is_operator = trace.is_of({OPERATOR})
    event = np.flatnonzero((is_operator | trace.is_of({ANNOTATION})) & ~utility[events.name]).astype(np.int32)
    start, total_ns = events.start_ns[event], np.maximum(events.dur_ns[event], 0)
    external_id = events.external_id[event]
    keys: list[IntArray] = [
        events.thread[event],
        start,
        -(start + total_ns),
        np.where(external_id < ABSENT, ABSENT - external_id, external_id),
        is_operator[event].view(np.int8),
    ]
    if not _is_sorted(keys):
        order = _sorted(keys)
        event, start, total_ns, external_id = (column[order] for column in (event, start, total_ns, external_id))
        keys = [key[order] for key in keys]
    # Nearly all differ in their start.
    alike = 1 + np.flatnonzero(start[1:] == start[:-1])
    # Calls that took no time and have no id cannot be told from one that is listed twice.
    alike = alike[(external_id[alike] != ABSENT) | (total_ns[alike] > 0)]
    for key in keys:
        alike = alike[key[alike] == key[alike - 1]]
    if not len(alike):
        return event, 0
    is_other = np.ones(len(event), dtype=np.bool_)
    is_other[alike] = False
    first = group(np.cumsum(is_other) * len(trace.names) + events.name[event]).first
    return event[np.sort(first)], len(event) - len(first)


def _is_sorted(keys: Sequence[IntArray]) -> bool:
    """Whether all are in the order of their keys already, as torch writes its calls."""
    follows = np.ones(max(0, len(keys[0]) - 1), dtype=np.bool_)
    for key in reversed(keys):
        follows = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & follows)
    return bool(follows.all())


def _sorted(keys: Sequence[IntArray]) -> IntArray:
    """The order by the first key, where that is equal by the second, and so on; nearly all differ in these two."""
    order = np.lexsort(keys[1::-1])
    is_tie = np.logical_and.reduce([key[order[1:]] == key[order[:-1]] for key in keys[:2]])
    if not is_tie.any():
        return order
    tied = np.flatnonzero(np.append(is_tie, False) | np.append(False, is_tie))
    members = order[tied]
    order[tied] = members[np.lexsort([key[members] for key in reversed(keys)])]
    return order


def _is_folded(nested: Nesting, name: IntArray) -> BoolArray:
    """Whether a call is the only child of one of the same name."""
    folded = np.zeros(len(name), dtype=np.bool_)
    # An only child comes right behind its parent, and with it ends all that is in the parent.
    behind = 1 + np.flatnonzero(name[1:] == name[:-1])
    folded[behind] = (nested.parent[behind] == behind - 1) & (nested.end[behind] == nested.end[behind - 1])
    return folded


def _kept(nested: Nesting, folded: BoolArray) -> Nesting:
    """What is left once each folded call has become part of its parent."""
    kept = np.flatnonzero(~folded)
    # How many kept calls come before each index: that is where an index lands once the folded ones are gone.
    landing = np.cumsum(np.concatenate(([False], ~folded)), dtype=np.int32)
    torch_self_ns = self_ns = np.add.reduceat(nested.self_ns, kept)
    if nested.torch_self_ns is not nested.self_ns:
        torch_self_ns = np.add.reduceat(nested.torch_self_ns, kept)
    return Nesting(
        # A folded call comes right behind the one that it is folded into, and NO_PARENT right before all.
        parent=landing[nested.parent[kept] + 1] - 1,
        end=landing[nested.end[kept]],
        depth=(nested.depth - enclosing(folded, nested.end))[kept],
        self_ns=self_ns,
        torch_self_ns=torch_self_ns,
        clipped=nested.clipped,
    )
