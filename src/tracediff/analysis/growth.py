"""Follows the difference between an iteration of each side from call to call, as counters draw it."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
import numpy as np

from tracediff.model.diff import GAPS
from tracediff.model.timeline import IterationCalls, Timeline
from tracediff.model.trace import BoolArray, IntArray

WHOLE = "iteration"
"""The series of the whole difference."""

OTHERS = "others"
"""The series of the families that have none of their own."""

_MISSING = -1


class Growth(msgspec.Struct, frozen=True, eq=False):
    """How much more of its time the candidate has spent on something than base had at the same place.

    Attributes:
        series: a family, `OTHERS`, `GAPS`, or `WHOLE`: how far the candidate is behind. In the end the rest add to it.
        time_ns: since the start of the candidate's iteration, growing, shape (n,).
        delta_ns: candidate less base up to there, shape (n,).
    """

    series: str
    time_ns: IntArray
    delta_ns: IntArray


class Compared(msgspec.Struct, frozen=True, eq=False):
    """The calls of one side beside those that they match; every column has shape (n,).

    Attributes:
        base_ns, candidate_ns: time of the call on each side; 0 where that side has no such call.
        delta_ns: candidate less base.
        is_matched: whether both sides have it.
    """

    base_ns: IntArray
    candidate_ns: IntArray
    delta_ns: IntArray
    is_matched: BoolArray


def compare_calls(pair: Timeline) -> tuple[Compared, Compared] | None:
    """The calls of base and those of the candidate; only those that have a node can be compared.

    None where one of the iterations has another structure than those that were matched, or there is none.
    """
    base, candidate = pair.base, pair.candidate
    if not _is_matched(pair):
        return None
    # A call without a node takes the last entry, which no call is at.
    of_base, of_candidate = (np.append(calls, _MISSING) for calls in _calls_of_nodes(pair))
    base_partner, candidate_partner = of_candidate[base.node], of_base[candidate.node]
    return (
        _compared(base.dur_ns, np.where(base_partner != _MISSING, candidate.dur_ns[base_partner], 0), base_partner),
        _compared(
            np.where(candidate_partner != _MISSING, base.dur_ns[candidate_partner], 0),
            candidate.dur_ns,
            candidate_partner,
        ),
    )


def _compared(base: IntArray, candidate: IntArray, partner: IntArray) -> Compared:
    return Compared(base, candidate, candidate - base, partner != _MISSING)


def growth(pair: Timeline, others: Collection[str] = ()) -> list[Growth]:
    """All series that are not zero throughout, `WHOLE` first; none where the calls of the pair are not matched.

    All time of a family's outermost call counts where the candidate's call ends; of one that only base made, where the
    candidate goes on.

    Args:
        pair: an iteration of each side.
        others: families that are one series together.
    """
    base, candidate = pair.base, pair.candidate
    if not _is_matched(pair):
        return []
    calls = _calls_of_nodes(pair)
    end_ns = candidate.start_ns + candidate.dur_ns
    when = _when(candidate, calls[1])
    on_thread = (np.flatnonzero(base.thread == 0), np.flatnonzero(candidate.thread == 0))
    own = (base.self_ns[on_thread[0]], candidate.self_ns[on_thread[1]])
    idle = (candidate.time_ns - own[1].sum()) - (base.time_ns - own[0].sum())
    # What is in no family is no operator: it is a gap like the time in no call at all.
    series = np.concatenate((base.family[on_thread[0]], candidate.family[on_thread[1]], [_MISSING]))
    time = np.concatenate(
        (
            when[base.node[_outermost(base)[on_thread[0]]]],
            end_ns[_outermost(candidate)[on_thread[1]]],
            [candidate.time_ns],
        )
    )
    delta = np.concatenate((-own[0], own[1], [idle]))
    grown = [_behind(pair, calls)]
    names = [*pair.families, OTHERS]
    series[np.isin(series, [at for at, family in enumerate(pair.families) if family in others])] = len(names) - 1
    numbers: list[int] = np.unique(series).tolist()
    for number in numbers:
        of_series = np.flatnonzero(series == number)
        of_series = of_series[np.argsort(time[of_series], kind="stable")]
        name = GAPS if number == _MISSING else names[number]
        grown.append(_last_of_each(name, time[of_series], np.cumsum(delta[of_series])))
    return [one for one in grown if one.delta_ns.any()]


def _outermost(calls: IterationCalls) -> IntArray:
    """The outermost call around each one, or itself, that is of its family and so are all between."""
    outermost: list[int] = []
    above: list[tuple[int, int]] = []
    for place, call in enumerate(calls):
        del above[call.depth :]
        family, owner = above[-1] if above else (_MISSING, place)
        owner = owner if call.family == family != _MISSING else place
        outermost.append(owner)
        above.append((call.family, owner))
    return np.array(outermost, dtype=np.int64)


def _is_matched(pair: Timeline) -> bool:
    return all(bool(np.any(side.node != _MISSING)) for side in (pair.base, pair.candidate))


def _calls_of_nodes(pair: Timeline) -> tuple[IntArray, IntArray]:
    """Base's call of each node and the candidate's, -1 where there is none."""
    count = 1 + int(max(pair.base.node.max(), pair.candidate.node.max()))
    base, candidate = np.full((2, count), _MISSING, dtype=np.int64)
    for calls, side in ((base, pair.base), (candidate, pair.candidate)):
        here = np.flatnonzero(side.node != _MISSING)
        calls[side.node[here]] = here
    return base, candidate


def _when(candidate: IterationCalls, calls: IntArray) -> IntArray:
    """The time on the candidate's axis at which each node counts."""
    is_there = calls != _MISSING
    begin = np.where(is_there, candidate.start_ns[calls], candidate.time_ns)
    goes_on = np.minimum.accumulate(begin[::-1])[::-1]
    return np.where(is_there, (candidate.start_ns + candidate.dur_ns)[calls], goes_on)


def _behind(pair: Timeline, calls: tuple[IntArray, IntArray]) -> Growth:
    """How much later than base's the candidate's calls end."""
    both = np.flatnonzero((calls[0] != _MISSING) & (calls[1] != _MISSING))
    base, candidate = (
        np.append((side.start_ns + side.dur_ns)[of_side[both]], side.time_ns)
        for side, of_side in zip((pair.base, pair.candidate), calls, strict=True)
    )
    order = np.argsort(candidate, kind="stable")
    return _last_of_each(WHOLE, candidate[order], (candidate - base)[order])


def _last_of_each(series: str, time: IntArray, delta: IntArray) -> Growth:
    """Of what counts at the same time only the last value."""
    is_last = np.append(time[1:] != time[:-1], True)
    return Growth(series, time[is_last], delta[is_last])
