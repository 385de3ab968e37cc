"""Sentences and cells that more than one view writes, from the numbers of a Diff."""

from __future__ import annotations

from collections.abc import Sequence

from tracediff import units
from tracediff.model.device import DeviceTime
from tracediff.model.diff import Diff, Latency, LedgerTerm, OperatorPair, Row, RowSide, Side, ThreadLedger, Total
from tracediff.model.distribution import Sample
from tracediff.model.gate import Condition, Outcome
from tracediff.model.kernels import Kernel, KernelCoverage, KernelName
from tracediff.model.sites import Site
from tracediff.model.trace import InputShapes, Summary, Thread

EMULATED = "emulated: structure and kernels are real, times are not"


_MUCH = 0.1
"""How far mean and median may lie apart before one must know of it."""


def headline(diff: Diff) -> str:
    """The total in one sentence, without the profiler where that was measured.

    Words of judgement stand there only where repeated captures allow them.
    """
    total, how = (diff.total, "") if diff.latency is None else (diff.latency, " without the profiler")
    sentence = (
        f"{name(diff.candidate)} took {units.duration(total.candidate_ns)} an iteration{how}, "
        f"{name(diff.base)} {units.duration(total.base_ns)}: {_change(total)}."
    )
    if diff.comparable.verdict == "different workload":
        return f"Different workloads, so not a difference of speed: {sentence}"
    return sentence


def beside_headline(diff: Diff) -> list[str]:
    """What one must know with it: what the traces measured, and how far means and medians lie apart."""
    total = diff.total
    lines: list[str] = []
    if diff.latency is not None:
        against = ", against the latency" if diff.latency_contradicts else ""
        lines.append(f"In the traces, which the ledger is of: {_spans(total)}: {_change(total)}{against}.")
    if means_mislead(total) and total.typical_ns:
        typical = Total(*total.typical_ns)
        direction = " and point the other way" if (typical.ratio - 1) * (total.ratio - 1) < 0 else ""
        lines.append(
            f"A few iterations carry these means: medians are {_spans(typical)}, {units.ratio(typical.ratio)} the "
            f"time{direction}."
        )
    return lines + device_difference(diff)


def device_difference(diff: Diff) -> list[str]:
    """What both sides ran on devices, which is no part of the ledger; nothing where neither did."""
    device = diff.device
    if device is None:
        return []
    base, candidate = device.base, device.candidate
    total, busy = Total(base.total_ns, candidate.total_ns), Total(base.busy_ns, candidate.busy_ns)
    sentence = f"On devices, beside the ledger: {_spans(total)} an iteration: {_change(total)}; busy {_spans(busy)}"
    if base.unlinked_ns or candidate.unlinked_ns:
        sentence += f"; of no operator {_spans(Total(base.unlinked_ns, candidate.unlinked_ns))}"
    return [f"{sentence}."]


def device_totals(time: DeviceTime) -> list[str]:
    """The lines below an operator table about time on devices, written as torch writes that of the CPU."""
    lines = [
        f"Self device time total: {units.torch_duration(time.total_ns / 1000)}",
        f"Device busy: {units.torch_duration(time.busy_ns / 1000)}",
    ]
    if time.unlinked_ns:
        lines.append(f"Device time of no operator: {units.torch_duration(time.unlinked_ns / 1000)}")
    return lines


def device_times(base_ns: int, candidate_ns: int) -> str:
    """`1.72 ms -> 1.65 ms` on devices; `-` for none on either side."""
    if not base_ns and not candidate_ns:
        return "-"
    return f"{units.duration(base_ns)} -> {units.duration(candidate_ns)}"


def row_device_times(row: Row) -> str:
    """The same of a row."""
    return device_times(*(side.device_ns if side else 0 for side in (row.base, row.candidate)))


def means_mislead(total: Total) -> bool:
    """Whether the typical iterations of both sides compare otherwise than the means do."""
    if not total.typical_ns or not all((total.base_ns, total.candidate_ns, *total.typical_ns)):
        return False
    typical_ratio = total.typical_ns[1] / total.typical_ns[0]
    return not 1 / (1 + _MUCH) <= typical_ratio / total.ratio <= 1 + _MUCH


def _spans(total: Total) -> str:
    return f"{units.duration(total.base_ns)} -> {units.duration(total.candidate_ns)}"


def _change(total: Total) -> str:
    parts = [units.difference(total.delta_ns)]
    if total.base_ns:
        parts += [units.signed_percent(total.ratio - 1), f"{units.ratio(total.ratio)} the time"]
    judged = certainty(total)
    p = f", p {units.p_value(total.p)}" if total.p is not None else ""
    return ", ".join(parts) + (f": {judged}{p}" if judged else "")


def certainty(item: Row | LedgerTerm | Total) -> str:
    """`slower, +5.5 % (+4.1 % to +7.3 %)`, by what was tested; empty where nothing can be said."""
    noise = "within noise" if item.within_noise else ""
    estimate = _estimate(item)
    # Rows below the materiality floor are estimated, never tested.
    judged = item.verdict or ("too small to test" if estimate else "")
    return ", ".join(filter(None, (judged, estimate, noise)))


def _estimate(item: Row | LedgerTerm | Total | Outcome) -> str:
    if item.estimate is None or item.interval is None:
        return ""
    return f"{units.signed_percent(item.estimate - 1)} ({units.interval(item.interval)})"


def verdict(item: Row | LedgerTerm | Total) -> str:
    """The verdict alone."""
    return item.verdict or ("within noise" if item.within_noise else "")


def has_certainty(diff: Diff) -> bool:
    """Whether there is anything to show of it."""
    return any(map(certainty, (diff.total, *diff.rows, *diff.ledger)))


def against_latency(condition: Condition, total: Total, latency: Latency | None) -> str:
    """What one must know of a limit on the total while the latency moved the other way; empty where it did not."""
    if condition.is_family or condition.subject != "total" or latency is None or latency.delta_ns * total.delta_ns >= 0:
        return ""
    return (
        f"note: the latency without the profiler moved the other way: {_spans(latency)}, {_change(latency)}; gate on "
        f"latency>{condition.text.partition('>')[2].strip()}"
    )


def outcome(outcome: Outcome) -> str:
    """`--fail-on total>5%: exceeded: 9.873 ms -> 10.411 ms, +5.5 %: certainly slower, +5.8 % (+1.4 % to +10.1 %)`."""
    compared = Total(outcome.base_ns, outcome.candidate_ns)
    percent = f", {units.signed_percent(compared.ratio - 1)}" if compared.base_ns else ""
    disputed = "only one of means and medians exceeds the limit" if outcome.is_disputed else ""
    sure = ", ".join(filter(None, (outcome.sure, _estimate(outcome), disputed)))
    return (
        f"--fail-on {outcome.condition.text}: {outcome.ruling}: {units.duration(outcome.base_ns)} -> "
        f"{units.duration(outcome.candidate_ns)}, {units.difference(compared.delta_ns)}{percent}"
        + (f": {sure}" if sure else "")
    )


def name(side: Side) -> str:
    """What to call a side in a sentence."""
    return units.printable(side.run.label)


def role(name: str, side: Side) -> str:
    """What to call a side beside other processes: `base: openblas, backend openblas, emulated`."""
    run = side.run
    backend = f"backend {units.printable(run.backend)}" if run.backend else ""
    parts = [f"{name}: {units.printable(run.label)}", backend, "emulated" if run.emulated else ""]
    return ", ".join(filter(None, parts))


def thread(thread: Thread) -> str:
    """Its name, or its number where it has none."""
    return units.printable(thread.name or f"thread {thread.tid}")


def side_facts(side: Side) -> str:
    """What is known about a side, in one line: `torch 2.3.0, backend acl, gtsrb, 3 iterations of ProfilerStep`."""
    run = side.run
    facts = [
        f"torch {run.torch_version}" if run.torch_version else "",
        f"backend {run.backend}" if run.backend else "",
        run.workload or "",
        captures(side) if side.captures > 1 else "",
        units.count(side.iterations, "iteration") + (f" of {side.marker}" if side.marker else ""),
        cold(side),
        EMULATED if run.emulated else "",
    ]
    return units.printable(", ".join(filter(None, [*facts, _attributed(side)])))


def captures(side: Side) -> str:
    """`5 captures`; `8 ranks` of a distributed run are something else."""
    return units.count(side.captures, "rank" if side.ranks else "capture")


def _attributed(side: Side) -> str:
    """How much of the kernel log is explained, where that is not all."""
    coverage = side.kernel_coverage
    if coverage is None or coverage.attributed == coverage.lines:
        return ""
    return f"kernel log: {coverage.attributed:,} of {units.count(coverage.lines, 'line')} attributed"


def cold(side: Side) -> str:
    """The iterations that were set aside; by number where several captures have some."""
    if side.captures > 1 and side.cold_iterations:
        return f"{units.count(len(side.cold_iterations), 'cold iteration')} set aside"
    return f"cold, set aside: {', '.join(side.cold_iterations)}" if side.cold_iterations else ""


def term_name(term: LedgerTerm) -> str:
    """The term, with its operator where there is one and the family's name does not say it."""
    return units.with_operator(term.term, term.outermost)


def implementation(side: RowSide | None, innermost: bool = False) -> str:
    """How one side did a row; with `innermost` only by the last operator of each chain."""
    ways = side.implementations if side else ()
    return units.ways([(way.chain[-1:] if innermost else way.chain, way.calls) for way in ways])


def implementations(row: Row, innermost: bool = False) -> str:
    """How both sides did a row, said once where they agree."""
    return units.change_of_ways(implementation(row.base, innermost), implementation(row.candidate, innermost))


def change(row: Row) -> str:
    """What changed; `same operators` because the kernels below may still be others."""
    return "same operators" if row.change == "same" else row.change


def shapes(row: Row) -> str:
    """The row's shape, or both sides' where those differ."""
    base, candidate = (side.shape if side else None for side in (row.base, row.candidate))
    if row.base and row.candidate and base != candidate:
        return f"{base or 'no shape'} -> {candidate or 'no shape'}"
    return row.shape or ""


def calls(row: Row) -> str:
    """`53`, or `53 -> 49`."""
    base, candidate = (units.calls(side.calls) if side else "0" for side in (row.base, row.candidate))
    return base if base == candidate else f"{base} -> {candidate}"


def operator_calls(pair: OperatorPair) -> str:
    """`53`, or `53 -> 49`; 0 for a side that has no such operator."""
    base, candidate = (units.calls(side.calls) if side else "0" for side in (pair.base, pair.candidate))
    return base if base == candidate else f"{base} -> {candidate}"


def time(side: RowSide | None) -> str:
    """A side's time, `-` where it has none."""
    return units.duration(side.time_ns) if side else "-"


def module(site: Site) -> str:
    """Where in the model."""
    return "outside of all modules" if site.module is None else units.printable(site.module)


def sample(times: Sample) -> str:
    """`median 92.7 us, quartiles 91.2 us to 94.0 us, 271 iterations of 14 captures`."""
    lower, median, upper = map(units.duration, times.quartiles_ns)
    count = units.count(times.iterations, "iteration")
    if times.iterations == 1:
        return f"{median}, {count}"
    captures = f" of {len(times.captures_ns):,} captures" if len(times.captures_ns) > 1 else ""
    return f"median {median}, quartiles {lower} to {upper}, {count}{captures}"


def share(delta_ns: int, diff: Diff) -> str:
    """The part of the total difference; `-` where there is none."""
    part = diff.total.share(delta_ns)
    return "-" if part is None else units.percent(part)


def matched(diff: Diff) -> list[Row]:
    """Rows that both sides have."""
    return [row for row in diff.rows if row.match != "none"]


def unmatched(diff: Diff) -> list[Row]:
    """Rows of one side only."""
    return [row for row in diff.rows if row.match == "none"]


def comparable(diff: Diff) -> str:
    """`same workload`, or the verdict and why."""
    reasons = "; ".join(diff.comparable.reasons)
    return diff.comparable.verdict + (f": {reasons}" if reasons else "")


def numerics(diff: Diff) -> str:
    """How far the outputs agree, in one line; empty where they were not compared."""
    found = diff.numerics
    if found is None:
        return ""
    top = {True: "same top-1, ", False: "other top-1, ", None: ""}[found.top1_agrees]
    shared = "" if found.top5_shared is None else f"{units.percent(found.top5_shared)} of the top 5 shared, "
    return (
        f"{top}{shared}cosine {found.cosine:.6f}, largest difference {found.largest_absolute:.2g} "
        f"({found.largest_relative:.1e} of the largest value)"
    )


def limited(rows: Sequence[Row], limit: int | None, default: int) -> tuple[Sequence[Row], str]:
    """The rows to show, and what to say about the rest."""
    most = default if limit is None else limit
    if not most or len(rows) <= most:
        return rows, ""
    return rows[:most], f"{units.count(len(rows) - most, 'more row')}, each no larger: --limit 0 shows all"


def as_lists(shapes: InputShapes) -> list[object]:
    """Input shapes as JSON and torch write them."""
    return [shape if isinstance(shape, int) else as_lists(shape) for shape in shapes]


def other_threads(threads: ThreadLedger) -> str:
    """What ran beside the iteration's thread."""
    return (
        f"Other threads, not part of the total: {units.duration(threads.base_ns)} -> "
        f"{units.duration(threads.candidate_ns)} ({units.difference(threads.delta_ns)}) an iteration"
    )


def has_kernels(diff: Diff) -> bool:
    """Whether any row says which library kernels it ran."""
    return any(side and side.kernels for row in diff.rows for side in (row.base, row.candidate))


def kernel_name(kernel: KernelName) -> str:
    """`convolution gemm:acl`, marked where the implementation is a slow, portable one."""
    mark = " [reference code]" if kernel.is_reference else ""
    return units.printable(f"{kernel.primitive} {kernel.implementation}{mark}")


def kernel_notes(kernels: Sequence[Kernel]) -> str:
    """What else the kernels of an operator or row tell: `23.1 % reorder, bf16 in 4 of 6 calls`."""
    computing = [kernel for kernel in kernels if kernel.kind == "exec"]
    reorder_ns = sum(kernel.time_ns for kernel in kernels if kernel.kind == "reorder")
    whole_ns = sum(kernel.time_ns for kernel in kernels)
    calls, bf16 = (sum(values) for values in ([k.calls for k in computing], [k.bf16_calls for k in computing]))
    notes = [f"{units.percent(reorder_ns / whole_ns)} reorder"] if reorder_ns else []
    if bf16:
        notes.append("bf16" if bf16 == calls else f"bf16 in {units.calls(bf16)} of {units.calls(calls)} calls")
    elif any(kernel.bf16_allowed_calls for kernel in computing):
        notes.append("bf16 allowed, not used")
    return ", ".join(notes)


def kernels(row: Row) -> str:
    """What the libraries ran on both sides, said once where they agree: `convolution gemm:acl -> indirect_gemm:acl`."""
    sides = [side.kernels if side else () for side in (row.base, row.candidate)]
    base, candidate = map(_kernel_names, sides)
    if not base and not candidate:
        return ""
    if base == candidate:
        notes = units.change_of_ways(*map(kernel_notes, sides))
        return f"{base} ({notes})" if notes else base
    base, candidate = side_kernels(row.base), side_kernels(row.candidate)
    primitives = {kernel.primitive for side in sides for kernel in side if kernel.kind == "exec"}
    if base and len(primitives) == 1:
        candidate = candidate.replace(f"{primitives.pop()} ", "")
    return units.change_of_ways(base, candidate)


def side_kernels(side: RowSide | None) -> str:
    """What the libraries ran on one side."""
    ran = side.kernels if side else ()
    notes = kernel_notes(ran)
    return _kernel_names(ran) + (f" ({notes})" if notes else "")


def _kernel_names(kernels: Sequence[Kernel]) -> str:
    """The kernels that computed, with their calls if there are several; reorders where nothing else ran."""
    shown = [kernel for kernel in kernels if kernel.kind == "exec"] or list(kernels)
    several = len(shown) > 1
    return " + ".join(kernel_name(kernel) + (f" ({units.calls(kernel.calls)})" if several else "") for kernel in shown)


def kernel_coverage(coverage: KernelCoverage) -> str:
    """What became of a log's lines, in one sentence."""
    parts = [f"{coverage.attributed:,} attributed"]
    parts += [f"{coverage.ambiguous:,} ambiguous"] if coverage.ambiguous else []
    parts += [f"{coverage.outside:,} outside of every operator"] if coverage.outside else []
    return f"{units.count(coverage.lines, 'kernel')} in the log: {', '.join(parts)}"


def explained(summary: Summary) -> list[str]:
    """How much of each operator's own time its kernels explain, for operators that have any."""
    return [
        f"log lines explain {units.percent(operator.kernel_share)} of {units.printable(operator.name)}"
        + (f" {as_lists(operator.input_shapes)}" if operator.input_shapes else "")
        for operator in summary.operators
        if operator.kernel_share is not None
    ]
