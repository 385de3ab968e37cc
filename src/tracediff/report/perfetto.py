"""Both sides in one trace, as Perfetto and chrome://tracing open it: two processes, and the difference as counters.

The n-th iterations of both sides begin at the same time, so what one sees above one another is what belongs together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tracediff import phrases, units
from tracediff.analysis.growth import Compared, Growth, compare_calls, growth
from tracediff.model.diff import Diff, Total
from tracediff.model.timeline import IterationCalls, Timeline

_BASE, _CANDIDATE, _DIFFERENCE = 1, 2, 3
"""The processes."""
_ROLES = {_BASE: "base", _CANDIDATE: "candidate"}
_PAUSE = 20
"""Two iterations lie apart by the longer one's time divided by this."""
_MOST_COUNTERS = 40
"""Each is a track in the viewer: families with less of the difference share one."""


class _Pair(msgspec.Struct, frozen=True):
    """Two iterations and when they begin."""

    timeline: Timeline
    begin_ns: int
    growth: Sequence[Growth]

    @property
    def sides(self) -> tuple[tuple[int, IterationCalls], tuple[int, IterationCalls]]:
        """By process."""
        return (_BASE, self.timeline.base), (_CANDIDATE, self.timeline.candidate)


def render(diff: Diff) -> Iterator[str]:
    """All profiled iterations, cold ones too, an event a line."""
    if diff.timelines is None:
        return
    pairs = list(_placed(diff, diff.timelines.pairs()))
    kernels = [[phrases.side_kernels(side) for side in (row.base, row.candidate)] for row in diff.rows]
    series = list(dict.fromkeys(growth.series for pair in pairs for growth in pair.growth))
    yield f'{{"displayTimeUnit":"ms","otherData":{_json(_about(diff))},"traceEvents":[\n'
    yield ",\n".join(map(_json, _metadata(diff, pairs)))
    for pair in pairs:
        for event in (*_iterations(pair, diff), *_slices(pair, kernels), *_counters(pair, series)):
            yield f",\n{_json(event)}"
    yield "\n]}\n"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _about(diff: Diff) -> dict[str, Any]:
    return {
        "base": diff.base.path,
        "candidate": diff.candidate.path,
        "exporter": "tracediff",
        "result": phrases.headline(diff),
        "warnings": diff.warnings,
    }


def _placed(diff: Diff, timelines: Iterator[Timeline]) -> Iterator[_Pair]:
    terms = sorted(diff.ledger, key=lambda term: -abs(term.delta_ns))
    small = frozenset(term.term for term in terms[_MOST_COUNTERS:])
    now = 0
    for timeline in timelines:
        sides = (timeline.base, timeline.candidate)
        # What runs beside an iteration may begin a rounding error before it, and end long after it.
        begin = now - min(int(side.start_ns.min(initial=0)) for side in sides)
        length = max(int((side.start_ns + side.dur_ns).max(initial=side.time_ns)) for side in sides)
        yield _Pair(timeline, begin, growth(timeline, small))
        # Whole microseconds, so that times are easily read.
        now = begin + length + (length // _PAUSE // 1000 + 1) * 1000


def _metadata(diff: Diff, pairs: Sequence[_Pair]) -> list[dict[str, Any]]:
    """What processes and threads are called, sorted."""
    events: list[dict[str, Any]] = []

    def tell(process: int, thread: int, what: str, **args: object) -> None:
        events.append({"ph": "M", "pid": process, "tid": thread, "name": what, "args": args})

    for at, ((process, role), side) in enumerate(zip(_ROLES.items(), (diff.base, diff.candidate), strict=True)):
        iterations = [pair.sides[at][1] for pair in pairs]
        tell(process, 0, "process_labels", labels=phrases.side_facts(side))
        tell(process, 0, "process_name", name=phrases.role(role, side))
        tell(process, 0, "process_sort_index", sort_index=process)
        for thread in sorted({thread for calls in iterations for thread in calls.used_threads}):
            tell(process, thread + 1, "thread_name", name=phrases.thread(iterations[0].threads[thread]))
            tell(process, thread + 1, "thread_sort_index", sort_index=thread)
    if any(pair.growth for pair in pairs):
        tell(_DIFFERENCE, 0, "process_name", name="difference so far")
        tell(_DIFFERENCE, 0, "process_sort_index", sort_index=_DIFFERENCE)
    return events


def _iterations(pair: _Pair, diff: Diff) -> Iterator[dict[str, Any]]:
    total = Total(pair.timeline.base.time_ns, pair.timeline.candidate.time_ns)
    both = all(calls.label for _, calls in pair.sides)
    for (process, calls), side in zip(pair.sides, (diff.base, diff.candidate), strict=True):
        if calls.label:
            args = {"capture": str(calls.capture + 1)} if side.captures > 1 else {}
            args |= {"set aside": "cold"} if calls.is_cold else {}
            args |= (
                _times(total.base_ns, total.candidate_ns, total.delta_ns)
                if both
                else {_ROLES[process]: units.duration(calls.time_ns)}
            )
            yield _slice(process, 0, calls.label, "iteration", pair.begin_ns, calls.time_ns, args)


def _slices(pair: _Pair, kernels: Sequence[Sequence[str]]) -> Iterator[dict[str, Any]]:
    timeline = pair.timeline
    for (process, calls), compared in zip(pair.sides, compare_calls(timeline) or (None, None), strict=True):
        above: list[int] = []
        for call, beside in zip(calls, _beside(calls, compared, process), strict=True):
            args: dict[str, str] = {}
            if call.family >= 0:
                args["family"] = units.printable(timeline.families[call.family])
            if call.shape >= 0:
                args["shape"] = timeline.shapes[call.shape]
            del above[call.depth :]
            # Kernels are known by row: they stand at the row's outermost call.
            if call.row >= 0 and call.row not in above[-1:] and kernels[call.row][process - _BASE]:
                args["kernels"] = kernels[call.row][process - _BASE]
            above.append(call.row)
            yield _slice(
                process,
                call.thread,
                timeline.names[call.name],
                args.get("family", "user_annotation"),
                pair.begin_ns + call.start_ns,
                call.dur_ns,
                args | beside,
            )


def _beside(calls: IterationCalls, compared: Compared | None, process: int) -> Iterator[dict[str, str]]:
    """The time of each call on both sides; on its own alone where it could not be compared."""
    if compared is None:
        yield from ({_ROLES[process]: units.duration(call.dur_ns)} for call in calls)
        return
    times = (compared.base_ns, compared.candidate_ns, compared.delta_ns)
    for call, is_matched, *of_call in zip(
        calls, compared.is_matched, *(column.tolist() for column in times), strict=True
    ):
        if call.node < 0:
            yield {_ROLES[process]: units.duration(call.dur_ns)}
        else:
            yield _times(*of_call) | ({} if is_matched else {_ROLES[_BASE + _CANDIDATE - process]: "no such call"})


def _times(base_ns: int, candidate_ns: int, delta_ns: int) -> dict[str, str]:
    return {
        "base": units.duration(base_ns),
        "candidate": units.duration(candidate_ns),
        "difference": units.difference(delta_ns),
    }


def _slice(
    process: int, thread: int, name: str, category: str, begin_ns: int, dur_ns: int, args: dict[str, str]
) -> dict[str, Any]:
    return {
        "ph": "X",
        "cat": category,
        "name": units.printable(name),
        "pid": process,
        "tid": thread + 1,
        "ts": _us(begin_ns),
        "dur": _us(dur_ns),
        "args": args,
    }


def _counters(pair: _Pair, series: Sequence[str]) -> Iterator[dict[str, Any]]:
    """All of them begin at zero, also in a pair that could not be compared or did not differ in them."""
    grown = {growth.series: growth for growth in pair.growth}
    for name in series:
        yield _count(name, pair.begin_ns, 0)
        if name in grown:
            times, values = grown[name].time_ns.tolist(), grown[name].delta_ns.tolist()
            for time, value in zip(times, values, strict=True):
                yield _count(name, pair.begin_ns + time, value)


def _count(name: str, at_ns: int, value_ns: int) -> dict[str, Any]:
    # The name of the value is the counter's unit in Perfetto.
    value = msgspec.Raw(f"{value_ns / 1_000_000:.6f}".encode())
    return {"ph": "C", "name": units.printable(name), "pid": _DIFFERENCE, "ts": _us(at_ns), "args": {"ms": value}}


def _us(ns: int) -> msgspec.Raw:
    """Microseconds with three decimals, as Kineto writes them: a float does not hold those of a long trace."""
    return msgspec.Raw(f"{ns // 1000}.{ns % 1000:03d}".encode())
