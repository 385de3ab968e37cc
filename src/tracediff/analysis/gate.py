"""Decides whether a comparison breaks a limit: `total>5%`, `latency>2ms`, `family:conv2d>10%`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from tracediff.errors import UsageError
from tracediff.model.diff import Diff, LedgerTerm, Total
from tracediff.model.gate import Condition, Outcome, Ruling, Sureness

_CONDITION = re.compile(
    r"\s*(total|latency|family:\s*(?P<family>.+?))\s*>\s*(\d+(?:\.\d+)?|\.\d+)\s*(%|ns|us|µs|ms|s)\s*"
)
_UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9}


def parse_condition(text: str) -> Condition:
    """Reads a condition.

    Raises:
        UsageError: it is none.
    """
    match = _CONDITION.fullmatch(text)
    if not match:
        raise UsageError(
            f"--fail-on {text!r} is no condition. Write total>5%, latency>2ms or family:conv2d>10%, in quotes"
        )
    subject, family, number, unit = match.groups()
    amount = Fraction(number)
    return Condition(
        text=text,
        subject=family or subject,
        is_family=family is not None,
        part=amount / 100 if unit == "%" else None,
        limit_ns=None if unit == "%" else amount * _UNITS[unit],
    )


def check(condition: Condition, diff: Diff) -> Outcome:
    """Holds a comparison to a condition.

    With one capture on a side the times decide. With repeated ones the estimate does, which is what is tested, and it
    counts only if the candidate is certainly slower: p and interval of this one subject, which the user chose before
    looking, so not adjusted. Where the means say otherwise than the estimate nothing is decided.

    Raises:
        UsageError: what the condition is about does not occur.
    """
    subject = _subject(condition, diff)
    several = min(diff.base.captures, diff.candidate.captures) > 1
    sure = _sureness(subject, diff) if several or subject.within_noise else None
    exceeds = {_exceeds(condition, subject.base_ns, subject.candidate_ns)}
    if several and subject.estimate is not None:
        exceeds.add(_estimate_exceeds(condition, subject, subject.estimate, diff))
    ruling: Ruling = "held"
    if True in exceeds:
        ruling = "exceeded" if exceeds == {True} and sure in ("certainly slower", None) else "inconclusive"
    return Outcome(
        condition=condition,
        ruling=ruling,
        base_ns=subject.base_ns,
        candidate_ns=subject.candidate_ns,
        estimate=subject.estimate,
        interval=subject.interval,
        sure=sure,
        is_disputed=len(exceeds) > 1,
    )


def _exceeds(condition: Condition, base_ns: int, candidate_ns: int) -> bool:
    allowed = condition.limit_ns if condition.part is None else condition.part * base_ns
    return allowed is not None and candidate_ns - base_ns > allowed


def _estimate_exceeds(condition: Condition, subject: Total | LedgerTerm, estimate: float, diff: Diff) -> bool:
    if condition.limit_ns is None:
        return condition.part is not None and estimate - 1 > condition.part
    # Only repeated captures pay for this.
    from tracediff.analysis.certainty import typical_base_ns

    return (estimate - 1) * typical_base_ns(subject, diff) > condition.limit_ns


def _subject(condition: Condition, diff: Diff) -> Total | LedgerTerm:
    if condition.is_family:
        term = next((term for term in diff.ledger if term.rows and term.term == condition.subject), None)
        if term is None:
            raise UsageError(
                f"--fail-on {condition.text!r}: no family {condition.subject} in this comparison. It has: "
                f"{_named([term.term for term in diff.ledger if term.rows])}"
            )
        return term
    if condition.subject == "total":
        return diff.total
    if diff.latency is None:
        raise UsageError(
            f"--fail-on {condition.text!r}: not all captures record a latency. Capture with tracediff, or use total"
        )
    return diff.latency


def _named(families: Sequence[str]) -> str:
    return ", ".join(sorted(families)) or "none"


def _sureness(subject: Total | LedgerTerm, diff: Diff) -> Sureness:
    if subject.within_noise:
        return "not certain"
    if subject.interval is None:
        # What one side never does at all is no matter of noise.
        return "certainly slower" if subject.base_ns == 0 < subject.candidate_ns else "not certain"
    # Without repeated captures nobody pays for the statistics.
    from tracediff.analysis.certainty import is_certain

    if not is_certain(subject.interval, subject.p, (diff.base.captures, diff.candidate.captures)):
        return "not certain"
    return "certainly slower" if subject.interval[0] > 1 else "certainly faster"
