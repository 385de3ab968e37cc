"""The kernels of one trace as rows of text, which the reports lay out in their own ways."""

from __future__ import annotations

from collections.abc import Iterator

from tracediff import phrases, units
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
