"""The kernels of one trace, and of both sides, as text, which the reports lay out in their own ways."""

from __future__ import annotations

from collections.abc import Iterator

from tracediff import phrases, units
from tracediff.analysis.kernels import NO_LOG
from tracediff.model.diff import Diff
from tracediff.model.kernels import Kernel, KernelPair
from tracediff.model.trace import Summary

TITLES = ("Operator", "Input Shapes", "Library", "Kernel", "Calls", "Time", "Of self CPU")
LEFT = 4
"""How many of the columns are words."""


def kernel_cells(summary: Summary, limit: int | None) -> list[list[str]]:
    """A row for each operator, shape and kernel.

    Args:
        summary: with kernels.
        limit: rows at most; None or 0 for all.
    """
    return [
        [
            units.printable(row.operator),
            row.shape or "",
            row.kernel.library,
            ", ".join(filter(None, (phrases.kernel_name(row.kernel), phrases.kernel_notes((row.kernel,)))))
            if row.kernel.kind == "exec"
            else phrases.kernel_name(row.kernel),
            units.calls(row.kernel.calls),
            units.duration(row.kernel.time_ns) if row.kernel.time_ns else "-",
            units.percent(row.share) if row.share is not None else "-",
        ]
        for row in summary.kernels[: limit or None]
    ]


def kernel_sentences(summary: Summary) -> Iterator[str]:
    """What became of the log's lines, and how much of the operators' time they explain."""
    if summary.kernel_coverage:
        yield phrases.kernel_coverage(summary.kernel_coverage)
    yield from phrases.explained(summary)


def pair_calls(pair: KernelPair) -> str:
    """`53`, or `53 -> -`: that a side without a log ran none is not known."""
    base, candidate = (units.calls(side.calls) if side else "-" for side in (pair.base, pair.candidate))
    return base if base == candidate else f"{base} -> {candidate}"


def pair_time(kernel: Kernel | None) -> str:
    """By the library's log; `-` where the side did not run it, and where the library writes no times."""
    return units.duration(kernel.time_ns) if kernel and kernel.time_ns else "-"


def pair_sources(diff: Diff) -> Iterator[str]:
    """What became of the logs of both sides."""
    for name, side in (("Base", diff.base), ("Candidate", diff.candidate)):
        yield f"{name}: {phrases.kernel_coverage(side.kernel_coverage) if side.kernel_coverage else NO_LOG}."
