"""Where the difference went: terms that add up to it, and the explanations."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.widget import Widget
from textual.widgets import Static

from tracediff import phrases, units
from tracediff.model.diff import Row
from tracediff.tui import filtering
from tracediff.tui.figures import Figures
from tracediff.tui.filtering import RowSet
from tracediff.tui.messages import RowOpened
from tracediff.tui.panes.pane import Pane
from tracediff.tui.widgets.explanations import Explanations
from tracediff.tui.widgets.ledger_table import LedgerLine, LedgerTable
from tracediff.tui.widgets.sortable_table import SortableTable
from tracediff.tui.widgets.tables import RowsTable


class LedgerPane(Pane):
    """The ledger, the explanations, and what devices and other threads did beside it."""

    tab: ClassVar[str] = "ledger"
    noun: ClassVar[str] = "Ledger"

    def compose(self) -> ComposeResult:
        with Container(id="waterfall"):
            yield LedgerTable("ledger-table")
            yield Explanations("explanations")
        yield Static(id="beside-ledger", markup=False)
        yield RowsTable("other-rows-table")

    @property
    def main(self) -> Widget:
        return self.query_one(LedgerTable)

    def fill(self, figures: Figures) -> None:
        diff = figures.diff
        self._together = f"together {units.difference(diff.total.delta_ns)}"
        self.query_one(LedgerTable).show(figures)
        self.query_one(Explanations).fill(diff.explanations, figures.palette)
        others = diff.other_threads
        beside = phrases.device_difference(diff) + ([phrases.other_threads(others)] if others else [])
        note, table = self.query_one("#beside-ledger", Static), self.query_one(RowsTable)
        note.display, table.display = bool(beside), others is not None
        note.update("\n".join(beside))
        if others:
            table.fill(others.rows, figures)

    def status(self) -> list[str]:
        table = self.query_one(LedgerTable)
        # Its first and last line are the sums that the terms lead from and to.
        sums = [units.count(table.total - 2, "term"), self._together, table.axis]
        line = table.item_under_cursor()
        judged = phrases.certainty(line.of) if line and line.of else ""
        name = phrases.term_name(line.term) if line and line.term else "total"
        return [f"{name} {judged}", *sums] if judged else sums

    @on(LedgerTable.CursorMoved, "#ledger-table")
    def _say_certainty(self) -> None:
        self.post_message(self.Arranged())

    @on(SortableTable.Opened)
    def _open_line(self, event: SortableTable.Opened) -> None:
        event.stop()
        if isinstance(event.item, Row):
            self.post_message(RowOpened(event.item))
        elif isinstance(event.item, LedgerLine):
            self._open_rows_of(event.item)

    def _open_rows_of(self, line: LedgerLine) -> None:
        if line.term is None:
            self.post_message(self.RowsWanted())
        elif line.term.rows:
            self.post_message(self.RowsWanted(filtering.of_family(line.term.term)))
        else:
            self.notify(f"{line.term.term}: time inside no operator, so it has no rows", timeout=3)

    @on(Explanations.Opened)
    def _open_explained(self, event: Explanations.Opened) -> None:
        event.stop()
        explanation = event.explanation
        if explanation.rows:
            only = RowSet(frozenset(explanation.rows), f"those of: {units.printable(explanation.text)}")
            self.post_message(self.RowsWanted(only=only))
        else:
            self.notify("this explanation rests on no rows", timeout=3)
