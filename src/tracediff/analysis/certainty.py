"""Says of each difference between repeated captures whether it is one: intervals, p and verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import comb
from typing import TypeVar

import msgspec
import numpy as np
from msgspec import structs

from tracediff import units
from tracediff.analysis.noise import floors_of, is_within
from tracediff.analysis.samples import samples_of, split
from tracediff.analysis.statistics import (
    FEWEST_PAIRS,
    LEVEL,
    FloatArray,
    Processes,
    Test,
    adjusted,
    compare_processes,
)
from tracediff.model.diff import GAPS, REMAINDER, Diff, LedgerTerm, Row, Side, Total, Verdict
from tracediff.model.noise import ITERATION, Noise

Measured = TypeVar("Measured", Row, LedgerTerm)
Whole = TypeVar("Whole", bound=Total)


class Thresholds(msgspec.Struct, frozen=True):
    """What counts as a difference.

    Attributes:
        equivalence: an interval within 1 / (1 + this) and 1 + this means the same.
        materiality: rows below this part of the iteration on both sides are not tested.
        noise: what the machine does by itself, where that was measured.
    """

    equivalence: float = 0.03
    materiality: float = 0.01
    noise: Noise | None = None


def judge(diff: Diff, thresholds: Thresholds) -> Diff:
    """The same Diff with what repeated captures and measured noise let one say; numbers stay as they are.

    With one capture on a side nothing is judged: there, only what lies within the noise is marked.
    """
    return _Judge(diff, thresholds).judged()


class _Judge:
    def __init__(self, diff: Diff, thresholds: Thresholds) -> None:
        self._diff = diff
        self._thresholds = thresholds
        captures = (diff.base.captures, diff.candidate.captures)
        self._floors = floors_of(thresholds.noise or Noise(()), captures)
        self._several = min(captures) > 1
        self._orders = _orders(diff.base, diff.candidate)

    def judged(self) -> Diff:
        diff = self._diff
        latency = diff.latency
        rows = self._all(diff.rows, [self._floors.get(row.family) for row in diff.rows])
        ledger = self._all(diff.ledger, [self._floors.get(term.term) for term in diff.ledger])
        total = self._whole(diff.total, [split(one[None], side.kept) for one, side in self._of(diff.total)])
        if latency:
            runs = (diff.base.runs, diff.candidate.runs)
            latency = self._whole(latency, [[np.array([run.latency_ns], float) for run in side] for side in runs])
        result = structs.replace(diff, rows=tuple(rows), ledger=tuple(ledger), total=total, latency=latency)
        return structs.replace(result, warnings=(*diff.warnings, *_doubts(result, self._floors)))

    def _all(self, items: Sequence[Measured], floors: Sequence[float | None]) -> list[Measured]:
        """Rows or terms, tested together."""
        sides = [_times(item) for item in items]
        result = [
            structs.replace(item, within_noise=is_within(*times, floor))
            for item, times, floor in zip(items, sides, floors, strict=True)
        ]
        tested = [at for at, times in enumerate(sides) if min(times) > 0 and _has_samples(items[at])]
        if not self._several or not tested:
            return result
        samples = [samples_of(items[at], self._diff) for at in tested]
        base, candidate = (
            split(np.stack([one[which] for one in samples]), side.kept)
            for which, side in enumerate((self._diff.base, self._diff.candidate))
        )
        test = self._compare(base, candidate)
        material = np.array([self._is_material(*sides[at]) for at in tested], dtype=np.bool_)
        # Between all alike, where five a side could call none of seven rows, and by the time alone.
        importance = np.sqrt([self._share(*sides[at]) for at in tested])
        p_adjusted: list[float | None] = [None] * len(tested)
        found = adjusted(test.p[material], importance[material]).tolist()
        for place, p in zip(np.flatnonzero(material).tolist(), found, strict=True):
            p_adjusted[place] = p
        for place, at in enumerate(tested):
            interval, p = _certainty(test, place)
            result[at] = structs.replace(
                result[at],
                interval=interval,
                p=p,
                p_adjusted=p_adjusted[place],
                verdict=self._verdict(interval, p_adjusted[place], result[at].within_noise),
            )
        return result

    def _whole(self, whole: Whole, processes: Sequence[Processes]) -> Whole:
        """The total or the latency: one test, planned before anything was seen, so not adjusted."""
        within = is_within(whole.base_ns, whole.candidate_ns, self._floors.get(ITERATION))
        if not self._several or min(whole.base_ns, whole.candidate_ns) <= 0:
            return structs.replace(whole, within_noise=within)
        interval, p = _certainty(self._compare(*processes), 0)
        verdict = self._verdict(interval, p, within)
        return structs.replace(whole, interval=interval, p=p, verdict=verdict, within_noise=within)

    def _of(self, what: Total) -> list[tuple[FloatArray, Side]]:
        return list(zip(samples_of(what, self._diff), (self._diff.base, self._diff.candidate), strict=True))

    def _compare(self, base: Processes, candidate: Processes) -> Test:
        if self._orders is None:
            return compare_processes(base, candidate)
        base, candidate = (
            [side[at] for at in order] for side, order in zip((base, candidate), self._orders, strict=True)
        )
        return compare_processes(base, candidate, paired=True)

    def _share(self, base_ns: int, candidate_ns: int) -> float:
        """Part of the iteration, both sides alike."""
        return base_ns / self._diff.total.base_ns + candidate_ns / self._diff.total.candidate_ns

    def _is_material(self, base_ns: int, candidate_ns: int) -> bool:
        floor, total = self._thresholds.materiality, self._diff.total
        return (
            base_ns >= floor * total.base_ns
            or candidate_ns >= floor * total.candidate_ns
            or abs(candidate_ns - base_ns) >= floor * min(total.base_ns, total.candidate_ns)
        )

    def _verdict(self, interval: tuple[float, float], p: float | None, within_noise: bool) -> Verdict:
        low, high = interval
        band = 1 + self._thresholds.equivalence
        if low >= 1 / band and high <= band:
            return "same"
        if p is None or p > LEVEL or within_noise or low <= 1 <= high:
            return "no evidence"
        return "slower" if low > 1 else "faster"


def _times(item: Row | LedgerTerm) -> tuple[int, int]:
    if isinstance(item, LedgerTerm):
        return item.base_ns, item.candidate_ns
    return (item.base.time_ns if item.base else 0), (item.candidate.time_ns if item.candidate else 0)


def _has_samples(item: Row | LedgerTerm) -> bool:
    return not isinstance(item, LedgerTerm) or item.term == GAPS or bool(item.rows and item.term != REMAINDER)


def _certainty(test: Test, at: int) -> tuple[tuple[float, float], float]:
    return (float(test.low[at]), float(test.high[at])), float(test.p[at])


def _orders(base: Side, candidate: Side) -> tuple[list[int], list[int]] | None:
    """The captures of each side in the order of their blocks; None where they are not to be compared pairwise."""
    places = [{run.block: at for at, run in enumerate(side.runs)} for side in (base, candidate)]
    blocks = sorted(block for block in places[0] if block is not None)
    if places[0].keys() != places[1].keys() or len(blocks) < max(FEWEST_PAIRS, base.captures, candidate.captures):
        return None
    return [places[0][block] for block in blocks], [places[1][block] for block in blocks]


def _doubts(diff: Diff, floors: Mapping[str, float]) -> Iterator[str]:
    counts = (diff.base.captures, diff.candidate.captures)
    if min(counts) == 1 < max(counts):
        yield "one side is a single capture: nothing can be called faster, slower or the same"
    if min(counts) > 1:
        smallest = (2 if counts[0] == counts[1] else 1) / comb(sum(counts), counts[0])
        if smallest > LEVEL:
            yield (
                f"{counts[0]} + {counts[1]} captures: the smallest p that they can give is {smallest:.2g}, so nothing "
                "can be called faster or slower; 5 + 5 can"
            )
        interval = diff.total.interval
        if interval and not interval[0] <= diff.total.ratio <= interval[1]:
            yield (
                f"the means differ by {units.ratio(diff.total.ratio)}, the medians by {units.ratio(interval[0])} to "
                f"{units.ratio(interval[1])}: the difference rests on few iterations or processes"
            )
    noisy = sum(row.within_noise for row in diff.rows)
    if noisy:
        yield f"{units.count(noisy, 'row')} of {len(diff.rows)} differ by no more than this machine's noise"
    unknown = sorted({row.family for row in diff.rows} - set(floors)) if floors else []
    if unknown:
        yield f"no noise was measured for {', '.join(unknown)}"
