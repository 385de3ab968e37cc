"""Rebuilds who called whom from intervals, by the rule of `torch.autograd.profiler_util`."""

from __future__ import annotations

import msgspec
import numpy as np

from tracediff.model.trace import ANNOTATION, OPERATOR, BoolArray, IntArray, Trace

NO_PARENT = -1

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
    clipped: int

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
    categories = {category: number for number, category in enumerate(trace.categories)}
    is_operator = events.category == categories.get(OPERATOR, -1)
    utility = np.array([name in _UTILITY_NAMES for name in trace.names], dtype=np.bool_)
    wanted = is_operator | (events.category == categories.get(ANNOTATION, -1))
    chosen = np.flatnonzero(wanted & ~utility[events.name]) if len(events) else np.arange(0)
    start, end = events.start_ns[chosen], (events.start_ns + np.maximum(events.dur_ns, 0))[chosen]
    order = np.lexsort((is_operator[chosen], events.external_id[chosen], -end, start, events.thread[chosen]))
    event, start, end = chosen[order], start[order], end[order]
    nested = _nest(events.thread[event], start, end, slack_ns)
    survivor = _fold_only_children(nested.parent, events.name[event])
    folded = survivor != np.arange(len(survivor))
    self_ns, torch_self_ns = np.zeros((2, len(survivor)), dtype=np.int64)
    np.add.at(self_ns, survivor, nested.self_ns)
    np.add.at(torch_self_ns, survivor, nested.torch_self_ns)
    kept = np.flatnonzero(~folded)
    # How many kept calls come before each index: that is where an index lands once the folded ones are gone.
    landing = np.concatenate(([0], np.cumsum(~folded)))
    parent = nested.parent[kept]
    return CallTree(
        trace=trace,
        event=event[kept],
        name=events.name[event[kept]],
        shapes=events.shapes[event[kept]],
        thread=events.thread[event[kept]],
        parent=np.where(parent >= 0, landing[survivor[parent]], NO_PARENT),
        end=landing[nested.end[kept]],
        depth=nested.depth[kept] - _enclosing(folded, nested.end)[kept],
        start_ns=start[kept],
        total_ns=(end - start)[kept],
        self_ns=self_ns[kept],
        torch_self_ns=np.maximum(torch_self_ns[kept], 0),
        is_operator=is_operator[event[kept]],
        clipped=nested.clipped,
    )


class _Nesting(msgspec.Struct, frozen=True, eq=False):
    parent: IntArray
    end: IntArray
    depth: IntArray
    self_ns: IntArray
    torch_self_ns: IntArray
    clipped: int


def _nest(thread: IntArray, start: IntArray, end: IntArray, slack_ns: int) -> _Nesting:
    """Nests the sorted intervals with a stack.

    Where rounding or clocks make two siblings overlap, the later one counts from the end of the earlier one on, so
    that no nanosecond is counted twice and no self time is negative.
    """
    count = len(start)
    begins: list[int] = start.tolist()
    finishes: list[int] = end.tolist()
    parents = [NO_PARENT] * count
    subtree_ends = [count] * count
    depths = [0] * count
    selves = [0] * count
    torch_selves: list[int] = (end - start).tolist()
    covered = [0] * count
    stack: list[int] = []
    clipped = frontier = 0
    current = NO_PARENT
    for index, on in enumerate(thread.tolist()):
        begin, finish = begins[index], finishes[index]
        if on != current:
            for open_call in stack:
                subtree_ends[open_call] = index
            stack.clear()
            current, frontier = on, begin
        while stack and (begin >= finishes[stack[-1]] or finish > finishes[stack[-1]] + slack_ns):
            subtree_ends[stack.pop()] = index
        parent = stack[-1] if stack else NO_PARENT
        if stack:
            torch_selves[parent] -= finish - begin
            finish = finishes[index] = min(finish, finishes[parent])
        reached = covered[parent] if stack else frontier
        if begin < reached:
            clipped += finish > begin
            begin = min(reached, finish)
        if stack:
            selves[parent] -= finish - begin
            covered[parent] = max(reached, finish)
        else:
            frontier = max(reached, finish)
        parents[index], depths[index] = parent, len(stack)
        selves[index], covered[index] = finish - begin, begin
        stack.append(index)
    return _Nesting(
        parent=np.array(parents, dtype=np.int64),
        end=np.array(subtree_ends, dtype=np.int64),
        depth=np.array(depths, dtype=np.int64),
        self_ns=np.array(selves, dtype=np.int64),
        torch_self_ns=np.array(torch_selves, dtype=np.int64),
        clipped=clipped,
    )


def _fold_only_children(parent: IntArray, name: IntArray) -> IntArray:
    """For each call the one that it is folded into; itself where it is not."""
    survivor = np.arange(len(parent))
    child = np.flatnonzero(parent >= 0)
    above = parent[child]
    children = np.bincount(above, minlength=len(parent))
    folded = child[(children[above] == 1) & (name[above] == name[child])]
    for index in folded.tolist():
        survivor[index] = survivor[parent[index]]
    return survivor


def _enclosing(chosen: BoolArray, end: IntArray) -> IntArray:
    """How many chosen calls each call lies below."""
    opened = np.flatnonzero(chosen)
    steps = np.zeros(len(chosen) + 1, dtype=np.int64)
    np.add.at(steps, opened + 1, 1)
    np.add.at(steps, end[opened], -1)
    return np.cumsum(steps)[:-1]
