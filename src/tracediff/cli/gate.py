"""`--fail-on` and `--strict`: what the exit code of a comparison says."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracediff import units
from tracediff.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from tracediff.model.diff import Diff
    from tracediff.model.gate import Condition


def add_gate(parser: ArgumentParser) -> None:
    """--fail-on, --strict."""
    gate = parser.add_argument_group("gate", "what the exit code says; then it prints, also on a terminal")
    gate.add_argument(
        "--fail-on",
        action="append",
        default=[],
        metavar="COND",
        help="exit 1 if so, 6 if that is uncertain: 'total>5%%', 'latency>2ms', 'family:conv2d>10%%'; repeatable",
    )
    gate.add_argument(
        "--strict", action="store_true", help="exit 5 if the sides did different work, or a capture lost events"
    )


def is_gated(options: Namespace) -> bool:
    """Whether the exit code is asked for."""
    return bool(options.fail_on or options.strict)


def conditions_of(options: Namespace) -> Sequence[Condition]:
    """The conditions, before anything is read.

    Raises:
        UsageError: one is malformed.
    """
    if not options.fail_on:
        return ()
    from tracediff.analysis.gate import parse_condition

    return [parse_condition(text) for text in options.fail_on]


def rule(diff: Diff, conditions: Sequence[Condition], strict: bool) -> tuple[ExitCode, Sequence[str]]:
    """The exit code, and the lines that say why.

    Raises:
        UsageError: a condition is about something that does not occur.
    """
    if not conditions and not strict:
        return ExitCode.OK, ()
    from tracediff import phrases
    from tracediff.analysis.losses import losses

    if lost := list(losses(diff)):
        more = f", and {units.count(len(lost) - 1, 'other capture')} did" if len(lost) > 1 else ""
        return ExitCode.NOT_COMPARABLE, [f"error: not comparable: {lost[0]}{more}. Copy or capture again"]
    if diff.comparable.verdict == "different workload":
        return ExitCode.NOT_COMPARABLE, [f"error: not comparable: {phrases.comparable(diff)}"]
    if not conditions:
        return ExitCode.OK, ()
    from tracediff.analysis.gate import check

    outcomes = [check(condition, diff) for condition in conditions]
    lines = [phrases.outcome(outcome) for outcome in outcomes]
    if any(outcome.sure is None for outcome in outcomes):
        lines.append("note: a side is one capture, so nothing tells these from noise: the estimates decide")
    lines += filter(None, (phrases.against_latency(one, diff.total, diff.latency) for one in conditions))
    rulings = {outcome.ruling for outcome in outcomes}
    if "exceeded" in rulings:
        return ExitCode.EXCEEDED, lines
    return ExitCode.INCONCLUSIVE if "inconclusive" in rulings else ExitCode.OK, lines


def notes(doubts: Sequence[str]) -> Sequence[str]:
    """The lines that say what is doubtful."""
    return [f"note: {doubt}" for doubt in doubts]


def say(lines: Sequence[str]) -> None:
    """Puts them on standard error."""
    for line in lines:
        print(f"tracediff: {units.printable(line)}", file=sys.stderr)
