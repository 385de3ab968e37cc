"""What each family and shape took on both sides, or each operator by its raw name."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.reactive import reactive

from tracediff import units
from tracediff.model.diff import OperatorPair, Row
from tracediff.tui import filtering
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.figures import Figures
from tracediff.tui.filtering import Narrowing
from tracediff.tui.messages import RowOpened
from tracediff.tui.panes.pane import Pane
from tracediff.tui.widgets.sortable_table import SortableTable
from tracediff.tui.widgets.tables import OperatorsTable, RowsTable

GROUPS = ("rows", "names")


class OperatorsPane(Pane, inherit_bindings=False):
    """The rows of the Diff.

    Attributes:
        group: what a line stands for.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.OPERATORS)
    tab: ClassVar[str] = "operators"
    noun: ClassVar[str] = "Operators"
    narrows: ClassVar[bool] = True
    details: ClassVar[bool] = True

    group: reactive[str] = reactive("rows")

    def compose(self) -> ComposeResult:
        yield RowsTable("rows-table")
        yield OperatorsTable("names-table")

    @property
    def main(self) -> RowsTable | OperatorsTable:
        return self.query_one(f"#{self.group}-table", RowsTable if self.group == "rows" else OperatorsTable)

    @property
    def row(self) -> Row | None:
        item = self.main.item_under_cursor()
        return item if isinstance(item, Row) else None

    def fill(self, figures: Figures) -> None:
        self._total_ns = figures.diff.total.delta_ns
        self._row_words = {id(row): filtering.row_words(row) for row in figures.diff.rows}
        self.query_one("#rows-table", RowsTable).fill(figures.diff.rows, figures)
        self.query_one(OperatorsTable).fill(figures.diff.operators, figures)

    def narrow(self, narrowing: Narrowing) -> None:
        def row_wanted(row: Row) -> bool:
            if narrowing.hides_unchanged and filtering.row_unchanged(row, self._total_ns):
                return False
            return filtering.matches(self._row_words[id(row)], narrowing.needle)

        def name_wanted(pair: OperatorPair) -> bool:
            if narrowing.hides_unchanged and filtering.operator_unchanged(pair.delta_ns, self._total_ns):
                return False
            return filtering.matches(filtering.operator_words(pair), narrowing.needle)

        self.query_one("#rows-table", RowsTable).keep(row_wanted)
        self.query_one(OperatorsTable).keep(name_wanted)

    def status(self) -> list[str]:
        table = self.main
        whole = units.count(table.total, "row" if self.group == "rows" else "operator")
        shown = whole if len(table.shown) == table.total else f"{len(table.shown):,} of {whole}"
        return [shown, *filter(None, [table.order])]

    def watch_group(self) -> None:
        for group in GROUPS:
            self.query_one(f"#{group}-table").display = group == self.group
        self.post_message(self.Arranged())

    def action_group(self) -> None:
        """Rows, or operators by their raw names."""
        had_focus = self.main.has_focus
        self.group = GROUPS[(GROUPS.index(self.group) + 1) % len(GROUPS)]
        if had_focus:
            self.main.focus()

    @on(SortableTable.Opened)
    def _open_item(self, event: SortableTable.Opened) -> None:
        event.stop()
        if isinstance(event.item, Row):
            self.post_message(RowOpened(event.item))
        elif isinstance(event.item, OperatorPair):
            self.group = "rows"
            self.post_message(self.RowsWanted(event.item.name))
