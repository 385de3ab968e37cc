"""Says which operator launched what ran on a device: found by the launch, since the work itself runs later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from tracediff import units
from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.nesting import NO_PARENT, innermost_around
from tracediff.model.device import DeviceTime
from tracediff.model.trace import ABSENT, DEVICE_CATEGORIES, RUNTIME_CATEGORIES, BoolArray, Events, IntArray, Trace

NO_CALL = NO_PARENT
"""Stands for what no operator launched."""


class DeviceWork(msgspec.Struct, frozen=True, eq=False):
    """What a trace's operators ran on devices: m events of n calls.

    Attributes:
        event: index into `trace.events`, shape (m,).
        launch: the runtime call that launched it, index into the same; ABSENT where the trace does not tell.
        call: the innermost operator around the launch, or NO_CALL.
        dur_ns: of the event.
        self_ns: what each call launched itself, shape (n,).
        total_ns: the same with what the calls below it launched.
        lost: events without times, which are not among the m.
        repeated: events that are in the trace once more, exactly the same; neither are they.
    """

    event: IntArray
    launch: IntArray
    call: IntArray
    dur_ns: IntArray
    self_ns: IntArray
    total_ns: IntArray
    lost: int
    repeated: int


def link_device(tree: CallTree) -> DeviceWork | None:
    """Finds the operators behind kernels, copies and fills, as `key_averages()` has them; None where there are none.

    Kernel and launch share a correlation id; the operator is the innermost one around the launch on its thread. Where
    that leads nowhere, an External id names the operator.
    """
    trace = tree.trace
    events = trace.events
    found = np.flatnonzero(trace.is_of(DEVICE_CATEGORIES))
    if not len(found):
        return None
    # Some versions of CUPTI lose times and write zeros, which lie before everything that ran.
    lost = (events.dur_ns[found] <= 0) & (events.start_ns[found] < tree.start_ns.min(initial=np.iinfo(np.int64).max))
    timed = found[~lost]
    event = timed[~_is_repeated(events, timed)]
    launch, call = _launched_by(tree, event)
    dur_ns = np.maximum(events.dur_ns[event], 0)
    self_ns = np.zeros(len(tree), dtype=np.int64)
    linked = call != NO_CALL
    np.add.at(self_ns, call[linked], dur_ns[linked])
    until = np.concatenate(([0], np.cumsum(self_ns)))
    return DeviceWork(
        event=event,
        launch=launch,
        call=call,
        dur_ns=dur_ns,
        self_ns=self_ns,
        total_ns=until[tree.end] - until[:-1],
        lost=int(lost.sum()),
        repeated=len(timed) - len(event),
    )


def pool_device(works: Sequence[DeviceWork | None], trees: Sequence[CallTree]) -> DeviceWork | None:
    """The same for repeated captures, whose calls and events `pooling.pool` concatenates."""
    if all(work is None for work in works):
        return None
    calls, events = (np.cumsum([0, *map(len, parts)]) for parts in (trees, [tree.trace.events for tree in trees]))
    parts = [work or _no_work(tree) for work, tree in zip(works, trees, strict=True)]
    return DeviceWork(
        event=np.concatenate([part.event + offset for part, offset in zip(parts, events[:-1], strict=True)]),
        launch=np.concatenate([_moved(part.launch, offset) for part, offset in zip(parts, events[:-1], strict=True)]),
        call=np.concatenate([_moved(part.call, offset) for part, offset in zip(parts, calls[:-1], strict=True)]),
        dur_ns=np.concatenate([part.dur_ns for part in parts]),
        self_ns=np.concatenate([part.self_ns for part in parts]),
        total_ns=np.concatenate([part.total_ns for part in parts]),
        lost=sum(part.lost for part in parts),
        repeated=sum(part.repeated for part in parts),
    )


def device_time(work: DeviceWork, trace: Trace) -> DeviceTime:
    """Time on devices over the whole trace."""
    start = trace.events.start_ns[work.event]
    return DeviceTime(
        total_ns=int(work.dur_ns.sum()),
        busy_ns=busy_ns(start, start + work.dur_ns),
        unlinked_ns=int(work.dur_ns[work.call == NO_CALL].sum()),
    )


def busy_ns(start: IntArray, end: IntArray) -> int:
    """Length of the union of intervals."""
    if not len(start):
        return 0
    order = np.argsort(start, kind="stable")
    start, end = start[order], end[order]
    reached = np.concatenate((start[:1], np.maximum.accumulate(end)[:-1]))
    return int(np.maximum(end - np.maximum(start, reached), 0).sum())


def device_doubts(work: DeviceWork | None, trace: Trace) -> Iterator[str]:
    """What one must know of the times on devices, and of the CPU's beside them."""
    if work is None:
        return
    if work.lost:
        yield f"{units.count(work.lost, 'device event')} without times (0 at 0): in no sum"
    if work.repeated:
        yield f"{units.count(work.repeated, 'device event')} listed more than once: counted once"
    unlinked = work.call == NO_CALL
    if unlinked.any():
        yield (
            f"{units.count(int(unlinked.sum()), 'device event')} launched by no operator of the trace: "
            f"{units.duration(int(work.dur_ns[unlinked].sum()))} of device time are no operator's"
        )
    if not RUNTIME_CATEGORIES.isdisjoint(trace.categories):
        yield "calls of the device's runtime (cudaLaunchKernel) count as their operators': torch lists them apart"


def _no_work(tree: CallTree) -> DeviceWork:
    none, per_call = np.zeros(0, dtype=np.int64), np.zeros(len(tree), dtype=np.int64)
    return DeviceWork(none, none, none, none, per_call, per_call, lost=0, repeated=0)


def _moved(places: IntArray, offset: int) -> IntArray:
    return np.where(places < 0, places, places + offset)


def _is_repeated(events: Events, chosen: IntArray) -> BoolArray:
    """Which of the events there was before, by name, thread, times and correlation."""
    columns = [
        column[chosen] for column in (events.name, events.thread, events.start_ns, events.dur_ns, events.correlation)
    ]
    order = np.lexsort(columns)
    same = np.ones(max(0, len(chosen) - 1), dtype=np.bool_)
    for column in columns:
        same &= np.diff(column[order]) == 0
    repeated = np.zeros(len(chosen), dtype=np.bool_)
    repeated[order[1:][same]] = True
    return repeated


def _launched_by(tree: CallTree, event: IntArray) -> tuple[IntArray, IntArray]:
    """The runtime call and the operator behind each device event."""
    events = tree.trace.events
    operators = np.flatnonzero(tree.is_operator)
    operator_ids = events.external_id[tree.event[operators]]

    def named(which: IntArray) -> IntArray:
        """The operator whose External id these events bear; an id that repeats their correlation id names nothing."""
        wanted, own = events.external_id[which], events.correlation[which]
        return _look_up(np.where((wanted > 0) & (wanted != own), wanted, ABSENT), operator_ids, operators)

    launches = np.flatnonzero(tree.trace.is_of(RUNTIME_CATEGORIES))
    keys = _launch_keys(events, launches)
    launches, keys = launches[keys != ABSENT], keys[keys != ABSENT]
    around = _operators_around(tree, launches)
    # The ids of threads differ between operators and runtime calls in some old versions.
    elsewhere = (around == NO_CALL) & (events.correlation[launches] != ABSENT)
    around[elsewhere] = named(launches[elsewhere])

    wanted = _launch_keys(events, event)
    launch, call = _look_up(wanted, keys, launches), _look_up(wanted, keys, around)
    only_launch = (events.correlation[event] == ABSENT) & (launch != ABSENT)
    open_ = (call == NO_CALL) & ~only_launch
    call[open_] = named(event[open_])
    return launch, call


def _launch_keys(events: Events, which: IntArray) -> IntArray:
    """What a launch and what it launched have in common; ABSENT where nothing is written.

    ROCm's tracer writes the correlation id as "External id" and no other: kept apart, by odd numbers.
    """
    correlation, external = (ids[which].astype(np.int64) for ids in (events.correlation, events.external_id))
    return np.where(correlation != ABSENT, 2 * correlation, np.where(external > 0, 2 * external + 1, ABSENT))


def _look_up(wanted: IntArray, keys: IntArray, values: IntArray) -> IntArray:
    """The value of each wanted key; ABSENT for a key that is not there, or that stands for several values."""
    order = np.lexsort((values, keys))
    keys, values = keys[order], np.concatenate((values[order], [ABSENT]))
    first, last = np.searchsorted(keys, wanted, side="left"), np.searchsorted(keys, wanted, side="right") - 1
    known = (wanted != ABSENT) & (first <= last)
    return np.where(known & (values[first] == values[last]), values[first], ABSENT)


def _operators_around(tree: CallTree, which: IntArray) -> IntArray:
    """The innermost operator that each of these events begins in, on its thread; NO_CALL outside of all."""
    events = tree.trace.events
    thread, start_ns = events.thread[which], events.start_ns[which]
    # What takes time and begins where an operator ends is not in it.
    reach_ns = start_ns + (events.dur_ns[which] > 0)
    end_ns = np.where(tree.is_operator, tree.start_ns + tree.total_ns, np.iinfo(np.int64).min)
    return innermost_around((tree.thread, tree.start_ns, end_ns, tree.parent), thread, start_ns, reach_ns)
