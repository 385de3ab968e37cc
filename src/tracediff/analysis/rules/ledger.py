"""Rules that read the ledger: where the difference went, and whether the operators there changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tracediff import units
from tracediff.analysis.rules.evidence import Evidence, Finding, change_of_ways, more_or_less, spans
from tracediff.model.diff import GAPS, REMAINDER, LedgerTerm, Row

_MOST_WITH = 3
_MOST_AGAINST = 2
_MOST_NAMED = 3
_FEW_WAYS = 2
_LONGEST_SHAPE = 60


def other_work(evidence: Evidence) -> Iterator[Finding]:
    """Two workloads: times then say nothing about speed."""
    comparable = evidence.diff.comparable
    if comparable.verdict == "different workload":
        text = f"The sides did not do the same work, so this is no difference of speed: {comparable.reasons[0]}"
        yield Finding(evidence.gross_ns + 1, text, (), first=True)


def contributors(evidence: Evidence) -> Iterator[Finding]:
    """The families that carry the difference, and those that moved against it."""
    total_ns = evidence.diff.total.delta_ns
    terms = [
        term
        for term in evidence.diff.ledger
        if term.term not in (GAPS, REMAINDER) and evidence.is_material(term.delta_ns) and evidence.is_certain(term)
    ]
    against = [term for term in terms if term.delta_ns * total_ns < 0]
    for term in [term for term in terms if term not in against][:_MOST_WITH]:
        yield _contribution(evidence, term, f": {evidence.share(term.delta_ns)}")
    for term in against[:_MOST_AGAINST]:
        yield _contribution(evidence, term, f", against the total: {evidence.share(term.delta_ns)}")


def _contribution(evidence: Evidence, term: LedgerTerm, share: str) -> Finding:
    rows = [evidence.diff.rows[at] for at in term.rows]
    changed = [row for row in rows if row.change == "implementation"]
    if 2 * sum(row.delta_ns for row in changed) * (1 if term.delta_ns > 0 else -1) < abs(term.delta_ns):
        changed = []  # A part that moved little, or the other way, does not explain the whole.
    if evidence.diff.comparable.verdict == "different workload":
        moved = f"took {more_or_less(term.delta_ns)}"
    else:
        moved = f"got {'slower' if term.delta_ns > 0 else 'faster'} by {units.duration(abs(term.delta_ns))}"
    text = f"{units.with_operator(term.term, term.outermost)} {moved} ({spans(term.base_ns, term.candidate_ns)}){share}"
    if changed and len({*_chains(changed)}) <= 2 * _FEW_WAYS:
        joint = "although" if term.delta_ns * evidence.diff.total.delta_ns < 0 else "and"
        part = "its implementation" if len(changed) == len(rows) else "some of its implementations"
        text += f", {joint} {part} changed ({change_of_ways(changed)})"
    elif rows and all(row.change == "same" for row in rows):
        text += ", with the same operators on both sides"
    return Finding(abs(term.delta_ns), text, term.rows, first=True)


def certain_rows(evidence: Evidence) -> Iterator[Finding]:
    """Rows that moved for certain in a family of which that cannot be said: there they may cancel."""
    if evidence.diff.certainty is None:
        return
    for term in evidence.diff.ledger:
        rows = [at for at in term.rows if not evidence.is_certain(term) and evidence.counts(evidence.diff.rows[at])]
        rows = [at for at in rows if evidence.is_material(evidence.diff.rows[at].delta_ns)]
        for at in sorted(rows, key=lambda at: -abs(evidence.diff.rows[at].delta_ns))[:_MOST_WITH]:
            row = evidence.diff.rows[at]
            if row.estimate is None or row.interval is None:
                continue
            shape = row.shape or ""
            if len(shape) > _LONGEST_SHAPE:
                shape = f"{shape[:_LONGEST_SHAPE]}..."
            text = (
                f"{f'{row.family} {shape}'.strip()} got {row.verdict}: {units.signed_percent(row.estimate - 1)} "
                f"({units.interval(row.interval)} at 95 %)"
            )
            if row.change == "implementation":
                text += f", and its implementation changed ({change_of_ways([row])})"
            text += f"; of {term.term} as a whole there is {term.verdict or 'no verdict'}"
            yield Finding(abs(row.delta_ns), text, (at,))


def _chains(rows: list[Row]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        for side in (row.base, row.candidate):
            yield from (way.chain for way in side.implementations) if side else ()


def same_operators(evidence: Evidence) -> Iterator[Finding]:
    """What moved although both sides ran the same operators as often."""
    same = [
        at
        for at, row in enumerate(evidence.diff.rows)
        if row.change == "same"
        and row.delta_ns
        and evidence.counts(row)
        # Where both logs speak, the rules about kernels say more.
        and not (row.base and row.base.kernels and row.candidate and row.candidate.kernels)
    ]
    delta_ns = _sum(evidence, same)
    others = [at for at, row in enumerate(evidence.diff.rows) if row.change == "implementation"]
    if not evidence.is_material(delta_ns) or abs(delta_ns) < abs(_sum(evidence, others)):
        return
    beside = f", those with another implementation {units.difference(_sum(evidence, others))}" if others else ""
    few = min(evidence.diff.base.iterations, evidence.diff.candidate.iterations)
    cold = ["a cold start"] if few == 1 else []
    text = (
        f"Rows with the same operators on both sides took {more_or_less(delta_ns)} ({evidence.share(delta_ns)})"
        f"{beside}: suspect {evidence.suspects('the kernel below the operator', 'memory', 'the clock', *cold)}, "
        "not the choice of operator"
    )
    yield Finding(abs(delta_ns), text, tuple(same))


def changed_part(evidence: Evidence) -> Iterator[Finding]:
    """A family of which only some calls are done in another way: what those brought, and what the rest did."""
    for family, rows in _by_family(evidence).items():
        changed = [at for at in rows if evidence.diff.rows[at].change == "implementation"]
        rest = [at for at in rows if evidence.diff.rows[at].change == "same"]
        both = _sum(evidence, changed), _sum(evidence, rest)
        if changed and rest and any(map(evidence.is_material, both)):
            text = (
                f"{family}: rows with another implementation ({units.number_of_calls(_calls(evidence, changed))}) took "
                f"{more_or_less(both[0])}, those with the same one ({units.number_of_calls(_calls(evidence, rest))}) "
                f"{more_or_less(both[1])}"
            )
            yield Finding(max(map(abs, both)), text, tuple(changed + rest))


def changes_without_effect(evidence: Evidence) -> Iterator[Finding]:
    """Implementations that changed and moved hardly anything."""
    found: list[tuple[int, str, list[int]]] = []
    for family, rows in _by_family(evidence).items():
        changed = [at for at in rows if evidence.diff.rows[at].change == "implementation"]
        delta_ns = _sum(evidence, changed)
        if changed and not evidence.is_material(delta_ns):
            found.append((delta_ns, family, changed))
    if not found:
        return
    found.sort(key=lambda one: (-abs(one[0]), one[1]))
    named = ", ".join(f"{family} {units.difference(delta_ns)}" for delta_ns, family, _ in found[:_MOST_NAMED])
    more = f" and {len(found) - _MOST_NAMED} more families" if len(found) > _MOST_NAMED else ""
    yield Finding(
        max(abs(one[0]) for one in found),
        f"Implementations that changed with little effect: {named}{more}",
        tuple(sorted(at for one in found for at in one[2])),
    )


def number_of_calls(evidence: Evidence) -> Iterator[Finding]:
    """Families that both sides ran, one of them more often."""
    for family, rows in _by_family(evidence).items():
        members = [at for at in rows if evidence.diff.rows[at].match != "none"]
        effect_ns = sum(evidence.diff.rows[at].calls_effect_ns for at in members)
        if members and evidence.is_material(effect_ns):
            base, candidate = (
                sum(of_rows[at].calls for at in members if of_rows[at])  # pyright: ignore[reportOptionalMemberAccess]
                for _, _, of_rows in evidence.sides
            )
            text = (
                f"{family} was called {units.calls(candidate)} times an iteration instead of {units.calls(base)}: "
                f"that alone is {more_or_less(effect_ns)}"
            )
            yield Finding(abs(effect_ns), text, tuple(members))


def one_side_only(evidence: Evidence) -> Iterator[Finding]:
    """Families with work that the other side has no counterpart of."""
    for family, rows in _by_family(evidence).items():
        for change in ("only base", "only candidate"):
            members = [at for at in rows if evidence.diff.rows[at].change == change]
            delta_ns = _sum(evidence, members)
            if evidence.is_material(delta_ns):
                text = (
                    f"{family}: {units.number_of_calls(_calls(evidence, members))} an iteration without a counterpart "
                    f"ran in {change.removeprefix('only ')} only: {more_or_less(delta_ns)}"
                )
                yield Finding(abs(delta_ns), text, tuple(members))


def _by_family(evidence: Evidence) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(evidence.diff.rows):
        rows[row.family].append(at)
    return rows


def _sum(evidence: Evidence, rows: list[int]) -> int:
    return sum(evidence.diff.rows[at].delta_ns for at in rows)


def _calls(evidence: Evidence, rows: list[int]) -> float:
    """The calls of some rows, on the side that has more of them."""
    return max(sum(side.calls for at in rows if (side := of_rows[at]) is not None) for _, _, of_rows in evidence.sides)
