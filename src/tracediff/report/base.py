"""What every report is, and the list of them; each is loaded only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from tracediff.model.diff import Diff
    from tracediff.model.noise import Noise
    from tracediff.model.trace import Summary


class ReportOptions(msgspec.Struct, frozen=True):
    """How a report is laid out.

    Attributes:
        limit: rows to show at most; None for the report's own choice, 0 for all.
        width: columns of the terminal; None where the output is none.
        color: whether escape codes may be used.
    """

    limit: int | None = None
    width: int | None = None
    color: bool = False


class Report(Protocol):
    """One format. To add one: a module with these functions, and its line in `REPORTS`.

    Attributes:
        HOLDS_WARNINGS: whether the text says what is doubtful; else the command says it on standard error.
    """

    HOLDS_WARNINGS: bool

    def render_diff(self, diff: Diff, options: ReportOptions) -> str:
        """The comparison as text, ending in a line break."""
        ...

    def render_summary(self, summary: Summary, options: ReportOptions) -> str:
        """The operator table of one input as text, ending in a line break."""
        ...

    def render_noise(self, noise: Noise, options: ReportOptions) -> str:
        """The noise of a machine as text, ending in a line break."""
        ...


REPORTS = {
    "table": ("tracediff.report.terminal", (".txt",)),
    "markdown": ("tracediff.report.markdown", (".md",)),
    "json": ("tracediff.report.records", (".json",)),
    "csv": ("tracediff.report.sheet", (".csv",)),
    "html": ("tracediff.report.html", (".html", ".htm")),
}
"""Format name -> (module, file suffixes)."""


def load_report(name: str) -> Report:
    """The module of a format, which is the report."""
    module: Report = import_module(REPORTS[name][0])  # pyright: ignore[reportAssignmentType]
    return module


def format_of(path: str) -> str | None:
    """The format that a file's suffix asks for."""
    return next((name for name, (_, suffixes) in REPORTS.items() if path.endswith(suffixes)), None)
