"""The list of what a comparison is exported to for other programs; each is loaded only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from tracediff.errors import TraceFormatError

if TYPE_CHECKING:
    from tracediff.model.diff import Diff


class Export(Protocol):
    """One format. To add one: a module with this function, and its line in `EXPORTS`."""

    def render(self, diff: Diff) -> Iterator[str]:
        """The file, piece by piece; only for a comparison with a timeline."""
        ...


EXPORTS = {
    "perfetto": (
        "tracediff.report.perfetto",
        "both sides as processes of one trace (JSON), for Perfetto and chrome://tracing",
    ),
    "speedscope": ("tracediff.report.speedscope", "an iteration of each side (JSON), for speedscope"),
    "folded": (
        "tracediff.report.folded",
        "lines of `stack base candidate`, self time of an iteration in ns: what difffolded.pl makes for flamegraph.pl",
    ),
}
"""Format name -> (module, what it is)."""


def render(name: str, diff: Diff) -> Iterator[str]:
    """A comparison in the format of that name, piece by piece.

    Raises:
        TraceFormatError: a side is a printed table.
    """
    if diff.timelines is None:
        raise TraceFormatError(
            "a printed table has no timeline to export. Name files that torch.profiler exported",
            f"{diff.base.path}, {diff.candidate.path}",
        )
    export: Export = import_module(EXPORTS[name][0])  # pyright: ignore[reportAssignmentType]
    return export.render(diff)
