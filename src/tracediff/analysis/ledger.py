"""Makes rows of the accounts of both sides, and of the rows a ledger that adds up to the nanosecond."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction

from msgspec import structs

from tracediff import units
from tracediff.analysis.accounts import Account, RowKey
from tracediff.analysis.sites import pair_sites
from tracediff.model.diff import GAPS, REMAINDER, Change, LedgerTerm, Match, Row, RowSide, Total


def make_rows(
    keys: Sequence[RowKey],
    structural: Collection[int],
    base: Mapping[int, Account],
    candidate: Mapping[int, Account],
    iterations: tuple[int, int],
    nodes: Mapping[int, int],
) -> list[tuple[int, Row]]:
    """The rows with their numbers in `keys`, largest |delta_ns| first.

    Args:
        keys: family and shapes of each row.
        structural: rows whose calls were matched by their place alone.
        base: the accounts of that side by row number.
        candidate: the accounts of the other side.
        iterations: how many iterations each side's accounts add up.
        nodes: first node of each row in the merged call tree.
    """
    rows: list[tuple[int, Row]] = []
    for number in sorted({*base, *candidate}):
        sides = [
            account.per_iteration(count) if (account := accounts.get(number)) else None
            for accounts, count in zip((base, candidate), iterations, strict=True)
        ]
        calls = [
            Fraction(account.calls, count) if (account := accounts.get(number)) else Fraction(0)
            for accounts, count in zip((base, candidate), iterations, strict=True)
        ]
        key = keys[number]
        times = [side.time_ns if side else 0 for side in sides]
        delta = times[1] - times[0]
        calls_effect = _calls_effect(calls, times)
        change, match = _change_and_match(sides[0], sides[1], number in structural)
        rows.append(
            (
                number,
                Row(
                    family=key.group,
                    shape=_row_shape(key),
                    base=sides[0],
                    candidate=sides[1],
                    delta_ns=delta,
                    calls_effect_ns=calls_effect,
                    cost_effect_ns=delta - calls_effect,
                    change=change,
                    match=match,
                    node=nodes.get(number, -1),
                    sites=pair_sites((base.get(number), candidate.get(number)), iterations),
                ),
            )
        )
    return sorted(rows, key=lambda item: (-abs(item[1].delta_ns), item[1].family, item[1].shape or ""))


def _row_shape(key: RowKey) -> str | None:
    if key.base_shape == key.candidate_shape:
        return key.base_shape
    return " | ".join(sorted(shape or "no shape" for shape in (key.base_shape, key.candidate_shape)))


def _calls_effect(calls: Sequence[Fraction], times: Sequence[int]) -> int:
    """The difference in calls at the mean cost of both sides; all of the difference where one side has no calls."""
    if calls[0] == calls[1]:
        return 0
    if 0 in calls:
        return times[1] - times[0]
    return round((calls[1] - calls[0]) * (times[0] / calls[0] + times[1] / calls[1]) / 2)


def _change_and_match(base: RowSide | None, candidate: RowSide | None, structural: bool) -> tuple[Change, Match]:
    if base is None:
        return "only candidate", "none"
    if candidate is None:
        return "only base", "none"
    change: Change = "implementation"
    if _mix(base) == _mix(candidate):
        change = "same" if base.calls == candidate.calls else "calls"
    if structural:
        return change, "structural"
    exact = change != "implementation" and set(base.outermost) == set(candidate.outermost)
    return change, "exact" if exact else "family"


def _mix(side: RowSide) -> dict[tuple[str, ...], float]:
    """Which part of the calls went which way."""
    calls = sum(way.calls for way in side.implementations)
    return {way.chain: round(way.calls / calls, 9) if calls else 0.0 for way in side.implementations}


def make_ledger(rows: Sequence[Row], total: Total, gaps_ns: tuple[int, int]) -> tuple[LedgerTerm, ...]:
    """A term per family, the gaps, and what is left.

    Args:
        rows: of the thread that runs the iteration.
        total: the difference to explain.
        gaps_ns: time of an iteration inside no operator, on each side.
    """
    by_family: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        by_family[row.family].append(at)
    terms = [_term(family, [rows[at] for at in numbers], numbers, total) for family, numbers in by_family.items()]
    terms.sort(key=lambda term: (-abs(term.delta_ns), term.term))
    terms.append(_other_term(GAPS, *gaps_ns, total))
    left = [
        whole - sum(term_ns)
        for whole, term_ns in (
            (total.base_ns, [term.base_ns for term in terms]),
            (total.candidate_ns, [term.candidate_ns for term in terms]),
        )
    ]
    terms.append(_other_term(REMAINDER, left[0], left[1], total))
    return tuple(terms)


def shortened(ledger: Sequence[LedgerTerm], total: Total, most: int) -> tuple[LedgerTerm, ...]:
    """The ledger with its smallest families added up as one term, so that it still adds up to the total.

    Args:
        ledger: families, largest difference first, then gaps, then remainder.
        total: what it adds up to.
        most: families to keep.
    """
    *families, gaps, remainder = ledger
    smaller = families[most:]
    if len(smaller) < 2:
        return tuple(ledger)
    sums = sum(term.base_ns for term in smaller), sum(term.candidate_ns for term in smaller)
    together = _other_term(units.count(len(smaller), "smaller term"), *sums, total)
    together = structs.replace(
        together,
        base_device_ns=sum(term.base_device_ns for term in smaller),
        candidate_device_ns=sum(term.candidate_device_ns for term in smaller),
    )
    return (*families[:most], together, gaps, remainder)


def _term(family: str, rows: Sequence[Row], numbers: Iterable[int], total: Total) -> LedgerTerm:
    sides = [
        [side for side in column if side] for column in ([row.base for row in rows], [row.candidate for row in rows])
    ]
    base_ns, candidate_ns = (sum(side.time_ns for side in column) for column in sides)
    outermost = sorted({name for column in sides for side in column for name in side.outermost})
    return LedgerTerm(
        term=family,
        base_ns=base_ns,
        candidate_ns=candidate_ns,
        delta_ns=candidate_ns - base_ns,
        share=total.share(candidate_ns - base_ns) or 0.0,
        outermost=tuple(outermost),
        rows=tuple(numbers),
        base_device_ns=sum(side.device_ns for side in sides[0]),
        candidate_device_ns=sum(side.device_ns for side in sides[1]),
    )


def _other_term(term: str, base_ns: int, candidate_ns: int, total: Total) -> LedgerTerm:
    delta = candidate_ns - base_ns
    return LedgerTerm(term, base_ns, candidate_ns, delta, total.share(delta) or 0.0)
