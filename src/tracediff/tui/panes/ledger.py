"""Where the difference went: terms that add up to it, and the explanations."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from tracediff import units
from tracediff.model.diff import LedgerTerm
from tracediff.tui import filtering
from tracediff.tui.figures import Figures
from tracediff.tui.panes.pane import Pane
from tracediff.tui.widgets.prose import Prose
from tracediff.tui.widgets.sortable_table import SortableTable
from tracediff.tui.widgets.tables import LedgerTable, RowsTable


class LedgerPane(Pane):
    """The ledger, the explanations, and what other threads did beside it."""

    tab: ClassVar[str] = "ledger"
    noun: ClassVar[str] = "Ledger"

    def compose(self) -> ComposeResult:
        yield LedgerTable("ledger-table")
        yield Prose(id="explanations")
        yield Static(id="other-threads", markup=False)
        yield RowsTable("other-rows-table")

    @property
    def main(self) -> Widget:
        return self.query_one(LedgerTable)

    def fill(self, figures: Figures) -> None:
        diff = figures.diff
        self._total = units.difference(diff.total.delta_ns)
        explanations = self.query_one("#explanations", Prose)
        explanations.display = bool(diff.explanations)
        explanations.fill(*(Text(f"- {units.printable(one.text)}") for one in diff.explanations))
        self.query_one(LedgerTable).fill(diff.ledger, figures)
        others = diff.other_threads
        note, table = self.query_one("#other-threads", Static), self.query_one("#other-rows-table", RowsTable)
        note.display = table.display = others is not None
        if others:
            times = f"{units.duration(others.base_ns)} -> {units.duration(others.candidate_ns)}"
            note.update(f"Other threads, beside the iteration and not part of the total: {times}")
            table.fill(others.rows, figures)

    def status(self) -> list[str]:
        table = self.query_one(LedgerTable)
        return [units.count(table.total, "term"), *filter(None, [table.order]), f"together {self._total}"]

    @on(SortableTable.Opened, "#ledger-table")
    def _open_term(self, event: SortableTable.Opened) -> None:
        event.stop()
        if isinstance(event.item, LedgerTerm) and event.item.rows:
            self.post_message(self.RowsWanted(filtering.FAMILY + event.item.term))
