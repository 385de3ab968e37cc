"""JSON: the documents that other programs rely on, in the shapes that the shipped schemas describe."""

from __future__ import annotations

import msgspec

from tracediff import phrases
from tracediff.model.device import DeviceTime
from tracediff.model.diff import (
    Diff,
    LedgerTerm,
    Numerics,
    OperatorTime,
    Row,
    RowSide,
    Side,
    ThreadLedger,
    Total,
)
from tracediff.model.kernels import Kernel, KernelCoverage, KernelPair
from tracediff.model.noise import Noise
from tracediff.model.trace import Operator, Summary
from tracediff.report.base import ReportOptions
from tracediff.report.documents import (
    DeviceTimeRecord,
    DiffDocument,
    KernelCoverageRecord,
    KernelPairRecord,
    KernelRecord,
    KernelSumsRecord,
    LedgerRecord,
    NumericsRecord,
    OperatorRecord,
    OperatorSumsRecord,
    OperatorTimeRecord,
    RowRecord,
    RowSideRecord,
    ShowDocument,
    SideRecord,
    ThreadsRecord,
    TotalRecord,
)

HOLDS_WARNINGS = True


def render_diff(diff: Diff, options: ReportOptions) -> str:
    """The comparison as one JSON document; the limit does not apply."""
    return _text(diff_document(diff))


def render_summary(summary: Summary, options: ReportOptions) -> str:
    """The operator table as one JSON document."""
    return _text(show_document(summary))


def render_noise(noise: Noise, options: ReportOptions) -> str:
    """The noise as one JSON document, which `--noise` reads; the limit does not apply."""
    return _text(noise)


def diff_document(diff: Diff) -> DiffDocument:
    """The comparison as the contract's dict."""
    device = diff.device
    document: DiffDocument = {
        "schema_version": 1,
        "base": _side(diff.base),
        "candidate": _side(diff.candidate),
        "comparable": {"verdict": diff.comparable.verdict, "reasons": list(diff.comparable.reasons)},
        "total": _total(diff.total),
        "latency": _total(diff.latency) if diff.latency else None,
        "rows": [_row(row, device is not None) for row in diff.rows],
        "ledger": [_term(term, device is not None) for term in diff.ledger],
        "operators": [
            {
                "name": pair.name,
                "base": _sums(pair.base, device is not None),
                "candidate": _sums(pair.candidate, device is not None),
            }
            for pair in diff.operators
        ],
        "kernels": [_kernel_pair(pair) for pair in diff.kernels],
        "explanations": [{"text": one.text, "rows": list(one.rows)} for one in diff.explanations],
        "numerics": _numerics(diff.numerics),
        "other_threads": _threads(diff.other_threads, device is not None),
        "certainty": {"test": diff.certainty.test, "captures": diff.certainty.captures} if diff.certainty else None,
        "warnings": list(diff.warnings),
    }
    if device:
        document["device"] = {
            "base": _device(device.base),
            "candidate": _device(device.candidate),
            "delta_ns": device.delta_ns,
            "busy_delta_ns": device.busy_delta_ns,
        }
    return document


def show_document(summary: Summary) -> ShowDocument:
    """The operator table as the contract's dict."""
    read = summary.read
    document: ShowDocument = {
        "schema_version": 1,
        "trace": {
            "path": summary.path,
            "events": summary.event_count,
            "torch_version": summary.run.torch_version,
            "iterations": summary.iterations,
            "span_ns": summary.span_ns,
            "resolution_ns": summary.resolution_ns,
        },
        "operators": [
            _operator(operator, summary.kernel_coverage is not None, summary.device is not None)
            for operator in summary.operators
        ],
        "read": {
            "bytes": read.bytes,
            "events_read": read.events_read,
            "events_dropped": read.events_dropped,
            "dropped_at": list(read.dropped_at),
            "repairs": dict(read.repairs),
            "truncated": read.truncated,
        },
        "warnings": list(summary.warnings),
    }
    if summary.kernel_coverage:
        document["kernel_coverage"] = _coverage(summary.kernel_coverage)
    if summary.device:
        document["device"] = _device(summary.device)
    return document


def _text(document: ShowDocument | DiffDocument | Noise) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n"


def _device(time: DeviceTime) -> DeviceTimeRecord:
    return {"total_ns": time.total_ns, "busy_ns": time.busy_ns, "unlinked_ns": time.unlinked_ns}


def _operator(operator: Operator, with_kernels: bool, with_device: bool) -> OperatorRecord:
    record: OperatorRecord = {
        "name": operator.name,
        "calls": operator.calls,
        "self_cpu_ns": operator.self_ns,
        "cpu_total_ns": operator.total_ns,
    }
    if with_device:
        record["self_device_ns"] = operator.self_device_ns
        record["device_total_ns"] = operator.device_total_ns
    if operator.input_shapes is not None:
        record["input_shapes"] = phrases.as_lists(operator.input_shapes)
    if with_kernels:
        record["kernels"] = [
            {
                "library": kernel.library,
                "primitive": kernel.primitive,
                "implementation": kernel.implementation,
                "kind": kernel.kind,
                "calls": int(kernel.calls),
                "time_ns": kernel.time_ns,
            }
            for kernel in operator.kernels
        ]
    return record


def _coverage(coverage: KernelCoverage) -> KernelCoverageRecord:
    return {
        "lines": coverage.lines,
        "attributed": coverage.attributed,
        "ambiguous": coverage.ambiguous,
        "outside": coverage.outside,
    }


def _total(total: Total) -> TotalRecord:
    return {
        "base_ns": total.base_ns,
        "candidate_ns": total.candidate_ns,
        "delta_ns": total.delta_ns,
        "ratio": total.ratio if total.base_ns or not total.candidate_ns else None,
        "estimate": total.estimate,
        "interval": total.interval,
        "verdict": total.verdict,
        "p": total.p,
        "within_noise": total.within_noise,
    }


def _side(side: Side) -> SideRecord:
    record: SideRecord = {
        "path": side.path,
        "label": side.run.label,
        "backend": side.run.backend,
        "torch_version": side.run.torch_version,
        "captures": side.captures,
        "iterations": side.iterations,
        "iteration_ns": side.iteration_ns,
        "cold_iterations": list(side.cold_iterations),
        "marker": side.marker,
        "emulated": side.run.emulated,
        "samples_ns": list(side.samples_ns),
        "kernel_coverage": _coverage(side.kernel_coverage) if side.kernel_coverage else None,
        "kept_iterations": list(side.kept),
    }
    if side.ranks:
        record["ranks"] = list(side.ranks)
    return record


def _row(row: Row, with_device: bool) -> RowRecord:
    return {
        "family": row.family,
        "shape": row.shape,
        "base": _row_side(row.base, with_device),
        "candidate": _row_side(row.candidate, with_device),
        "delta_ns": row.delta_ns,
        "calls_effect_ns": row.calls_effect_ns,
        "cost_effect_ns": row.cost_effect_ns,
        "change": row.change,
        "match": row.match,
        "estimate": row.estimate,
        "interval": row.interval,
        "p": row.p,
        "p_adjusted": row.p_adjusted,
        "verdict": row.verdict,
        "within_noise": row.within_noise,
    }


def _row_side(side: RowSide | None, with_device: bool) -> RowSideRecord | None:
    if side is None:
        return None
    record: RowSideRecord = {
        "shape": side.shape,
        "operators": [_operator_time(operator) for operator in side.operators],
        "implementations": [
            {"chain": list(way.chain), "calls": way.calls, "time_ns": way.time_ns} for way in side.implementations
        ],
        "calls": side.calls,
        "time_ns": side.time_ns,
        "dispatch_ns": side.dispatch_ns,
        "samples_ns": list(side.samples_ns),
        "flops": side.flops,
        "bytes": side.bytes,
        "gflops_per_s": side.gflops_per_s,
        "gbytes_per_s": side.gbytes_per_s,
        "flops_share": side.flops_share,
        "bytes_share": side.bytes_share,
        "kernels": [_kernel(kernel) for kernel in side.kernels],
    }
    if with_device:
        record["device_ns"] = side.device_ns
    return record


def _kernel(kernel: Kernel) -> KernelRecord:
    return {
        "library": kernel.library,
        "primitive": kernel.primitive,
        "implementation": kernel.implementation,
        "kind": kernel.kind,
        "calls": kernel.calls,
        "time_ns": kernel.time_ns,
        "bf16_calls": kernel.bf16_calls,
        "bf16_allowed_calls": kernel.bf16_allowed_calls,
    }


def _operator_time(operator: OperatorTime) -> OperatorTimeRecord:
    return {
        "name": operator.name,
        "calls": operator.calls,
        "self_cpu_ns": operator.self_ns,
        "cpu_total_ns": operator.total_ns,
    }


def _term(term: LedgerTerm, with_device: bool) -> LedgerRecord:
    record: LedgerRecord = {
        "term": term.term,
        "delta_ns": term.delta_ns,
        "share": term.share,
        "base_ns": term.base_ns,
        "candidate_ns": term.candidate_ns,
        "operators": list(term.outermost),
        "estimate": term.estimate,
        "interval": term.interval,
        "p": term.p,
        "p_adjusted": term.p_adjusted,
        "verdict": term.verdict,
        "within_noise": term.within_noise,
    }
    if with_device:
        record["base_device_ns"] = term.base_device_ns
        record["candidate_device_ns"] = term.candidate_device_ns
    return record


def _sums(operator: OperatorTime | None, with_device: bool) -> OperatorSumsRecord | None:
    if operator is None:
        return None
    record: OperatorSumsRecord = {
        "calls": operator.calls,
        "self_cpu_ns": operator.self_ns,
        "cpu_total_ns": operator.total_ns,
    }
    if with_device:
        record["self_device_ns"] = operator.self_device_ns
        record["device_total_ns"] = operator.device_total_ns
    return record


def _kernel_pair(pair: KernelPair) -> KernelPairRecord:
    return {
        "library": pair.library,
        "primitive": pair.primitive,
        "implementation": pair.implementation,
        "kind": pair.kind,
        "base": _kernel_sums(pair.base) if pair.base else None,
        "candidate": _kernel_sums(pair.candidate) if pair.candidate else None,
        "delta_ns": pair.delta_ns,
        "families": list(pair.families),
        "rows": list(pair.rows),
    }


def _kernel_sums(kernel: Kernel) -> KernelSumsRecord:
    return {
        "calls": kernel.calls,
        "time_ns": kernel.time_ns,
        "bf16_calls": kernel.bf16_calls,
        "bf16_allowed_calls": kernel.bf16_allowed_calls,
    }


def _numerics(numerics: Numerics | None) -> NumericsRecord | None:
    if numerics is None:
        return None
    return {
        "outputs": numerics.outputs,
        "top1_agrees": numerics.top1_agrees,
        "top5_shared": numerics.top5_shared,
        "cosine": numerics.cosine,
        "largest_absolute": numerics.largest_absolute,
        "largest_relative": numerics.largest_relative,
        "tolerance": numerics.tolerance,
    }


def _threads(threads: ThreadLedger | None, with_device: bool) -> ThreadsRecord | None:
    if threads is None:
        return None
    return {
        "base_ns": threads.base_ns,
        "candidate_ns": threads.candidate_ns,
        "rows": [_row(row, with_device) for row in threads.rows],
    }
