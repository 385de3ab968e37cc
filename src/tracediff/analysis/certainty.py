"""Says of each difference between repeated captures whether it is one: intervals, p and verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import numpy as np
from msgspec import structs

from tracediff.analysis.certainty_doubts import doubts_about_certainty
from tracediff.analysis.noise import floors_of, is_within
from tracediff.analysis.samples import processes_of, samples_of, split
from tracediff.analysis.statistics import (
    FEWEST_CAPTURES,
    FEWEST_PAIRS,
    LEVEL,
    Processes,
    Test,
    adjusted,
    compare_processes,
    process_times,
)
from tracediff.model.diff import GAPS, REMAINDER, Certainty, Diff, LedgerTerm, Row, Side, Total, Verdict
from tracediff.model.noise import ITERATION, LATENCY, Noise

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
        self._captures = (diff.base.captures, diff.candidate.captures)
        self._floors = floors_of(thresholds.noise or Noise(()), self._captures)
        self._several = min(self._captures) > 1
        self._orders = _orders(diff.base, diff.candidate)

    def judged(self) -> Diff:
        diff = self._diff
        # A family's noise is that of its rows together: each of several is noisier.
        alone = {term.rows[0] for term in diff.ledger if len(term.rows) == 1}
        rows = self._all(
            diff.rows, [self._floors.get(row.family) if at in alone else None for at, row in enumerate(diff.rows)]
        )
        ledger = self._all(diff.ledger, [self._floors.get(term.term) for term in diff.ledger])
        result = structs.replace(
            diff,
            rows=tuple(rows),
            ledger=tuple(ledger),
            total=self._whole(diff.total, self._floors.get(ITERATION)),
            latency=self._whole(diff.latency, self._floors.get(LATENCY)) if diff.latency else None,
            certainty=Certainty("paired by block" if self._orders else "unpaired", self._captures)
            if self._several
            else None,
        )
        noise = self._thresholds.noise
        return structs.replace(result, warnings=(*diff.warnings, *doubts_about_certainty(result, noise)))

    def _all(self, items: Sequence[Measured], floors: Sequence[float | None]) -> list[Measured]:
        """Rows or terms, tested together."""
        sides = [_times(item) for item in items]
        result = [
            structs.replace(item, within_noise=is_within(_ratio(*times), floor))
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
            estimate, interval = _estimate(test, place)
            within = is_within(estimate or _ratio(*sides[at]), floors[at])
            result[at] = structs.replace(
                result[at],
                estimate=estimate,
                interval=interval,
                p=float(test.p[place]),
                p_adjusted=p_adjusted[place],
                verdict=self._verdict(interval, p_adjusted[place], within),
                within_noise=within,
            )
        return result

    def _whole(self, whole: Whole, floor: float | None) -> Whole:
        """The total or the latency: one test, planned before anything was seen, so not adjusted."""
        if not self._several or min(whole.base_ns, whole.candidate_ns) <= 0:
            return structs.replace(whole, within_noise=is_within(_ratio(whole.base_ns, whole.candidate_ns), floor))
        test = self._compare(*processes_of(whole, self._diff))
        (estimate, interval), p = _estimate(test, 0), float(test.p[0])
        within = is_within(estimate or whole.ratio, floor)
        verdict = self._verdict(interval, p, within)
        return structs.replace(whole, estimate=estimate, interval=interval, p=p, verdict=verdict, within_noise=within)

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
        """By the size of the sides; a choice by their difference would be one by what is tested."""
        floor, total = self._thresholds.materiality, self._diff.total
        return base_ns >= floor * total.base_ns or candidate_ns >= floor * total.candidate_ns

    def _verdict(self, interval: tuple[float, float] | None, p: float | None, within_noise: bool) -> Verdict | None:
        if interval is None:
            return "no evidence"
        band = 1 + self._thresholds.equivalence
        if interval[0] >= 1 / band and interval[1] <= band:
            return "same"
        if p is None:
            # Too small to be tested: that is no statement about evidence.
            return None
        if within_noise or not is_certain(interval, p, self._captures):
            return "no evidence"
        return "slower" if interval[0] > 1 else "faster"


def is_certain(interval: tuple[float, float], p: float | None, captures: tuple[int, int]) -> bool:
    """Whether the sides differ: by p, by the interval, and by captures enough to know how much processes differ."""
    outside = not interval[0] <= 1 <= interval[1]
    return outside and p is not None and p <= LEVEL and min(captures) >= FEWEST_CAPTURES


def typical_base_ns(what: Total | LedgerTerm, diff: Diff) -> float:
    """The base's part of the estimate: the geometric mean of its processes' medians, or means where those are 0."""
    times = process_times(*processes_of(what, diff))[0]
    return float(np.exp(np.log(np.maximum(times, 1.0)).mean()))


def _times(item: Row | LedgerTerm) -> tuple[int, int]:
    if isinstance(item, LedgerTerm):
        return item.base_ns, item.candidate_ns
    return (item.base.time_ns if item.base else 0), (item.candidate.time_ns if item.candidate else 0)


def _has_samples(item: Row | LedgerTerm) -> bool:
    return not isinstance(item, LedgerTerm) or item.term == GAPS or bool(item.rows and item.term != REMAINDER)


def _ratio(base_ns: int, candidate_ns: int) -> float:
    return candidate_ns / base_ns if base_ns > 0 and candidate_ns > 0 else 0.0


def _estimate(test: Test, at: int) -> tuple[float | None, tuple[float, float] | None]:
    """The ratio and its interval; None where some process lacks the row."""
    if np.isnan(test.ratio[at]):
        return None, None
    return float(test.ratio[at]), (float(test.low[at]), float(test.high[at]))


def _orders(base: Side, candidate: Side) -> tuple[list[int], list[int]] | None:
    """The captures of each side in the order of their blocks; None where they are not to be compared pairwise."""
    places = [{run.block: at for at, run in enumerate(side.runs)} for side in (base, candidate)]
    blocks = sorted(block for block in places[0] if block is not None)
    if places[0].keys() != places[1].keys() or len(blocks) < max(FEWEST_PAIRS, base.captures, candidate.captures):
        return None
    return [places[0][block] for block in blocks], [places[1][block] for block in blocks]
