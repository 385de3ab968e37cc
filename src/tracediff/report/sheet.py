"""CSV, for spreadsheets and scripts: integers in nanoseconds, one line a row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from msgspec.structs import astuple

from tracediff import phrases
from tracediff.model.diff import Diff, RowSide
from tracediff.model.noise import FamilyNoise, Noise
from tracediff.model.trace import Summary
from tracediff.report.base import ReportOptions

HOLDS_WARNINGS = False


def render_diff(diff: Diff, options: ReportOptions) -> str:
    """The rows; per iteration."""
    titles = ["family", "shape", "change", "match", "base_implementation", "candidate_implementation"]
    titles += [
        "base_calls",
        "candidate_calls",
        "base_ns",
        "candidate_ns",
        "delta_ns",
        "calls_effect_ns",
        "cost_effect_ns",
        "base_flops",
        "candidate_flops",
        "base_bytes",
        "candidate_bytes",
        "estimate",
        "interval_low",
        "interval_high",
        "p",
        "p_adjusted",
        "verdict",
        "within_noise",
    ]
    titles += ["base_kernels", "candidate_kernels", *(["base_device_ns", "candidate_device_ns"] if diff.device else [])]
    return render_table(
        titles,
        (
            [
                row.family,
                row.shape or "",
                row.change,
                row.match,
                phrases.implementation(row.base),
                phrases.implementation(row.candidate),
                *(_calls(side) for side in (row.base, row.candidate)),
                *(side.time_ns if side else "" for side in (row.base, row.candidate)),
                row.delta_ns,
                row.calls_effect_ns,
                row.cost_effect_ns,
                *(side.flops if side else None for side in (row.base, row.candidate)),
                *(side.bytes if side else None for side in (row.base, row.candidate)),
                "" if row.estimate is None else row.estimate,
                *(row.interval or ("", "")),
                *("" if value is None else value for value in (row.p, row.p_adjusted, row.verdict)),
                "yes" if row.within_noise else "",
                *(phrases.side_kernels(side) for side in (row.base, row.candidate)),
                *((side.device_ns if side else "" for side in (row.base, row.candidate)) if diff.device else ()),
            ]
            for row in diff.rows[: options.limit or None]
        ),
    )


def render_summary(summary: Summary, options: ReportOptions) -> str:
    """The operators, over all iterations; their kernels where those were asked for."""
    if summary.kernel_coverage:
        return _kernels(summary, options)
    titles = ["name", "calls", "self_cpu_ns", "cpu_total_ns", *(["input_shapes"] if summary.by_shape else [])]
    titles += ["self_device_ns", "device_total_ns"] if summary.device else []
    return render_table(
        titles,
        (
            [
                operator.name,
                operator.calls,
                operator.self_ns,
                operator.total_ns,
                *([str(phrases.as_lists(operator.input_shapes or ()))] if summary.by_shape else []),
                *((operator.self_device_ns, operator.device_total_ns) if summary.device else ()),
            ]
            for operator in summary.operators[: options.limit or None]
        ),
    )


def _kernels(summary: Summary, options: ReportOptions) -> str:
    titles = ["operator", "input_shapes", "library", "primitive", "implementation", "kind", "calls", "time_ns"]
    return render_table(
        titles,
        (
            [
                row.operator,
                row.shape or "",
                row.kernel.library,
                row.kernel.primitive,
                row.kernel.implementation,
                row.kernel.kind,
                int(row.kernel.calls),
                row.kernel.time_ns,
            ]
            for row in summary.kernels[: options.limit or None]
        ),
    )


def render_noise(noise: Noise, options: ReportOptions) -> str:
    """A line a label and family; parts of 1."""
    titles = ["label", "captures", "iterations", *FamilyNoise.__struct_fields__]
    return render_table(
        titles,
        (
            [label.label, label.captures, label.iterations, *astuple(one)]
            for label in noise.labels
            for one in label.families[: options.limit or None]
        ),
    )


def _calls(side: RowSide | None) -> float | str:
    return side.calls if side else ""


def render_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Any table; None is an empty cell."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows(rows)
    return out.getvalue()
