"""What the TUI can write into files: the reports, which it does not know itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracediff.model.diff import Diff
    from tracediff.tui.exporting import Exporter
    from tracediff.tui.tabular import Table


def exporters() -> list[Exporter]:
    """In the order of the menu; a report loads when somebody wants it."""
    from tracediff.tui.exporting import Exporter

    return [
        Exporter("CSV of what is shown, in nanoseconds", ".csv", of_table=_csv, raw=True),
        Exporter("Markdown of what is shown", ".md", of_table=_markdown),
        Exporter("JSON of the whole comparison", ".json", of_diff=partial(_report, "json")),
        Exporter("HTML report of the whole comparison", ".html", of_diff=partial(_report, "html")),
    ]


def _csv(table: Table) -> str:
    from tracediff.report import sheet

    return sheet.render_table(table.titles, table.rows)


def _markdown(table: Table) -> str:
    from tracediff.report import markdown

    return markdown.render_table(table.titles, table.rows, table.right)


def _report(name: str, diff: Diff) -> str:
    from tracediff.report.base import ReportOptions, load_report

    return load_report(name).render_diff(diff, ReportOptions())
