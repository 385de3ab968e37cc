"""Says in short sentences why the sides differ: each by a rule, from rows of the ledger, with its numbers."""

from __future__ import annotations

from tracediff.analysis.families import Families
from tracediff.analysis.rules import backend, kernels, ledger, overhead
from tracediff.analysis.rules.evidence import Evidence, Rule
from tracediff.model.diff import Diff, Explanation

MOST = 10

RULES: tuple[Rule, ...] = (
    ledger.other_work,
    ledger.contributors,
    ledger.certain_rows,
    ledger.same_operators,
    ledger.changed_part,
    ledger.changes_without_effect,
    ledger.number_of_calls,
    ledger.one_side_only,
    backend.stayed_behind,
    backend.layout_work,
    kernels.other_kernels,
    kernels.same_kernels,
    kernels.reference_code,
    kernels.reorders,
    kernels.unproved_bf16,
    overhead.dispatch,
    overhead.gaps,
    overhead.profiler,
    overhead.noise,
)
"""To add one: a function from `Evidence` to findings, and its line here."""


_OF_NO_DIFFERENCE: tuple[Rule, ...] = (
    ledger.other_work,
    ledger.contributors,
    ledger.certain_rows,
    backend.stayed_behind,
    kernels.reference_code,
    kernels.unproved_bf16,
    overhead.profiler,
    overhead.noise,
)
"""Those that speak of what ran, or decide by themselves what is certain: all that is left to say of no difference."""


def explain(diff: Diff, families: Families) -> tuple[Explanation, ...]:
    """What the rules find: first where the difference went, then why, each by size."""
    evidence = Evidence(diff, families)
    uncertain = diff.total.verdict in ("no evidence", "same")
    findings = [
        finding
        for rule in (_OF_NO_DIFFERENCE if uncertain else RULES)
        for finding in rule(evidence)
        if rule in _OF_NO_DIFFERENCE or evidence.holds(finding)
    ]
    findings.sort(key=lambda finding: (not finding.first, -finding.weight_ns, finding.rows))
    return tuple(Explanation(finding.text, finding.rows) for finding in findings[:MOST])
