"""What one must know about certainty: what cannot be called, and where means and medians say different things."""

from __future__ import annotations

from collections.abc import Iterator
from math import comb

from tracediff import units
from tracediff.analysis.noise import doubts_about_noise, floors_of
from tracediff.analysis.statistics import FEWEST_CAPTURES, LEVEL
from tracediff.model.diff import GAPS, REMAINDER, Diff, LedgerTerm, Row, Total
from tracediff.model.noise import LATENCY, Noise

_MOST_LISTED = 3


def doubts_about_certainty(diff: Diff, noise: Noise | None) -> Iterator[str]:
    """The doubts about a Diff that was judged."""
    yield from _about_captures((diff.base.captures, diff.candidate.captures))
    yield from _about_means(diff)
    if noise:
        yield from _about_noise(diff, noise)


def _about_captures(counts: tuple[int, int]) -> Iterator[str]:
    if min(counts) == 1 < max(counts):
        yield "one side is a single capture: nothing can be called faster, slower or the same"
    if not 1 < min(counts) < FEWEST_CAPTURES:
        return
    smallest = (2 if counts[0] == counts[1] else 1) / comb(sum(counts), counts[0])
    if smallest > LEVEL:
        yield (
            f"{counts[0]} + {counts[1]} captures: the smallest p that they can give is {smallest:.2g}, so nothing "
            "can be called faster or slower; 5 + 5 can"
        )
    else:
        yield (
            f"{counts[0]} + {counts[1]} captures: fewer than {FEWEST_CAPTURES} on a side do not show how much its "
            "processes differ, so nothing can be called faster or slower; 5 + 5 can"
        )


def _about_means(diff: Diff) -> Iterator[str]:
    """What differs otherwise in its means, which the ledger is of, than in its medians, which are tested."""
    only = {term.rows[0] for term in diff.ledger if len(term.rows) == 1}
    items: list[tuple[str, Row | LedgerTerm | Total | None]] = [
        ("total", diff.total),
        ("latency", diff.latency),
        *((term.term, term) for term in diff.ledger),
        # A term of one row is that row.
        *((f"{row.family} {row.shape or ''}".strip(), row) for at, row in enumerate(diff.rows) if at not in only),
    ]
    found = [f"{name} {said}" for name, item in items if item and (said := _contradiction(item))]
    if found:
        left = len(found) - _MOST_LISTED
        yield (
            f"means and medians differ by other factors: {', '.join(found[:_MOST_LISTED])}"
            + (f" and {left} more" if left > 0 else "")
            + ": these differences rest on few iterations or processes"
        )


def _contradiction(item: Row | LedgerTerm | Total) -> str:
    """`1.63x by the means, 0.84x to 0.96x by the medians`; empty where the first lies within."""
    if item.interval is None or item.estimate is None:
        return ""
    if isinstance(item, Row):
        base_ns, candidate_ns = (side.time_ns if side else 0 for side in (item.base, item.candidate))
    else:
        base_ns, candidate_ns = item.base_ns, item.candidate_ns
    means, (low, high) = candidate_ns / base_ns, item.interval
    # Times are whole nanoseconds: what rounding alone moves out of an interval of no width is still in it.
    rounding = 1 / min(base_ns, candidate_ns)
    if low / (1 + rounding) <= means <= high * (1 + rounding):
        return ""
    return f"{units.ratio(means)} by the means, {units.ratio(low)} to {units.ratio(high)} by the medians"


def _about_noise(diff: Diff, noise: Noise) -> Iterator[str]:
    floors = floors_of(noise, (diff.base.captures, diff.candidate.captures))
    families = [term for term in diff.ledger if term.term not in (GAPS, REMAINDER)]
    noisy = sum(term.within_noise for term in families)
    if noisy:
        yield f"{units.count(noisy, 'term')} of {len(families)} differ by no more than this machine's noise"
    unknown = sorted({term.term for term in families} - set(floors))
    if unknown:
        yield f"no noise was measured for {', '.join(unknown)}"
    if diff.latency and LATENCY not in floors:
        yield "no noise was measured for the latency without the profiler: nothing says which difference of it is none"
    yield from doubts_about_noise(noise, (diff.base, diff.candidate))
