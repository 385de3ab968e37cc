"""Rules about what is no work of an operator: dispatch, gaps, the profiler itself, and noise."""

from __future__ import annotations

from collections.abc import Iterator

from tracediff import units
from tracediff.analysis.rules.evidence import Evidence, Finding, spans
from tracediff.analysis.warnings import SMALL, overlap
from tracediff.model.diff import GAPS

_MUCH_DISPATCH = 0.1
_MUCH_INFLATION = 1.1


def dispatch(evidence: Evidence) -> Iterator[Finding]:
    """Time of the wrappers that only hand over: it counts where calls are many and small."""
    spent = [sum(part.dispatch_ns for part in parts if part) for _, _, parts in evidence.sides]
    shares = [ns / max(1, side.iteration_ns) for ns, (_, side, _) in zip(spent, evidence.sides, strict=True)]
    delta_ns = spent[1] - spent[0]
    if not evidence.is_material(delta_ns) and max(shares) < _MUCH_DISPATCH:
        return
    rows = tuple(
        at
        for at, row in enumerate(evidence.diff.rows)
        if any(part and part.dispatch_ns for part in (row.base, row.candidate))
    )
    text = (
        f"Dispatch, the wrappers' own time, is {units.percent(shares[0])} of base's iteration and "
        f"{units.percent(shares[1])} of candidate's ({spans(*spent)})"
    )
    yield Finding(abs(delta_ns), text, rows)


def gaps(evidence: Evidence) -> Iterator[Finding]:
    """Iteration time inside no operator."""
    for term in evidence.diff.ledger:
        if term.term == GAPS and evidence.is_material(term.delta_ns) and evidence.is_certain(term):
            text = (
                f"Time inside no operator (Python, the profiler) went {spans(term.base_ns, term.candidate_ns)}: "
                f"{evidence.share(term.delta_ns)}"
            )
            yield Finding(abs(term.delta_ns), text)


def profiler(evidence: Evidence) -> Iterator[Finding]:
    """Profiled iterations against those timed without the profiler."""
    total, plain = evidence.diff.total, evidence.diff.latency
    if plain is None or total.typical_ns is None or not (plain.base_ns and plain.candidate_ns):
        return
    latency = (plain.base_ns, plain.candidate_ns)
    inflation = [profiled / timed for profiled, timed in zip(total.typical_ns, latency, strict=True)]
    if max(inflation) < _MUCH_INFLATION and not evidence.diff.latency_contradicts:
        return
    text = (
        f"With the profiler iterations take {units.ratio(inflation[0])} the time in base and "
        f"{units.ratio(inflation[1])} in candidate; without it they take {spans(*latency)} "
        f"({units.difference(latency[1] - latency[0])})"
    )
    if evidence.diff.latency_contradicts:
        text = f"The traces contradict the latency, so this ledger does not explain it. {text}"
    yield Finding(abs(total.delta_ns - (latency[1] - latency[0])), text, first=evidence.diff.latency_contradicts)


def noise(evidence: Evidence) -> Iterator[Finding]:
    """Reasons to doubt that there is a difference at all."""
    total = evidence.diff.total
    sides = [side for _, side, _ in evidence.sides]
    samples = [side.samples_ns for side in sides]
    if evidence.diff.comparable.verdict == "different workload":
        return
    if evidence.diff.certainty is not None and total.interval is not None:
        if total.within_noise:
            text = (
                f"The difference is no more than the noise measured on this machine: {units.interval(total.interval)} "
                "at 95 %"
            )
            yield Finding(abs(total.delta_ns), text, first=True)
        elif total.verdict == "no evidence":
            of_traces = "The traces of " if evidence.diff.latency else ""
            text = (
                f"{of_traces}{sides[0].captures} + {sides[1].captures} captures give no evidence of a difference: "
                f"{units.interval(total.interval)} at 95 %"
            )
            yield Finding(abs(total.delta_ns), text, first=True)
    elif overlap(*samples):
        ranges = [f"{units.duration(min(times))} to {units.duration(max(times))}" for times in samples]
        text = f"The difference may be noise: base's iterations take {ranges[0]}, candidate's {ranges[1]}"
        yield Finding(abs(total.delta_ns), text, first=True)
    elif 0 < abs(total.delta_ns) < SMALL * max(total.base_ns, total.candidate_ns):
        part = units.percent(abs(total.delta_ns) / max(total.base_ns, total.candidate_ns))
        yield Finding(abs(total.delta_ns), f"The difference is only {part} of an iteration: it may be noise")
