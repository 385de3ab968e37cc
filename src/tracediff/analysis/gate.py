"""Decides whether a comparison breaks a limit: `total>5%`, `latency>2ms`, `family:conv2d>10%`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from tracediff.errors import UsageError
from tracediff.model.diff import Diff, LedgerTerm, Total
from tracediff.model.gate import Condition, Outcome, Ruling

_CONDITION = re.compile(r"\s*(total|latency|family:(?P<family>.+?))\s*>\s*(\d+(?:\.\d+)?|\.\d+)\s*(%|ns|us|µs|ms|s)\s*")
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

    The estimate decides whether the limit is exceeded. With repeated captures that counts only if the candidate is
    certainly slower: p and interval of this one subject, which the user chose before looking, so not adjusted.

    Raises:
        UsageError: what the condition is about does not occur.
    """
    subject = _subject(condition, diff)
    base_ns, candidate_ns = subject.base_ns, subject.candidate_ns
    allowed = condition.limit_ns if condition.part is None else condition.part * base_ns
    exceeds = allowed is not None and candidate_ns - base_ns > allowed
    certain = None
    if subject.within_noise or min(diff.base.captures, diff.candidate.captures) > 1:
        certain = _certainly_slower(subject)
    ruling: Ruling = "held"
    if exceeds:
        ruling = "inconclusive" if certain is False else "exceeded"
    return Outcome(condition, ruling, base_ns, candidate_ns, subject.interval, certain)


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


def _certainly_slower(subject: Total | LedgerTerm) -> bool:
    if subject.interval is None:
        # What one side never does at all is no matter of noise.
        return subject.base_ns == 0 and not subject.within_noise
    # Without repeated captures nobody pays for the statistics.
    from tracediff.analysis.statistics import LEVEL

    return subject.interval[0] > 1 and subject.p is not None and subject.p <= LEVEL and not subject.within_noise
