"""What each family and shape took on both sides, added up in several ways, or each operator by its raw name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.reactive import reactive

from tracediff.analysis.grouped import By, Group, grouped
from tracediff.model.diff import OperatorPair, Row
from tracediff.tui import filtering
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.figures import Figures
from tracediff.tui.filtering import Narrowing, RowSet
from tracediff.tui.messages import RowOpened
from tracediff.tui.panes.pane import Pane
from tracediff.tui.query import Subject
from tracediff.tui.widgets.groups_table import GroupsTable, name_of
from tracediff.tui.widgets.lines import LinesView
from tracediff.tui.widgets.sortable_table import SortableTable
from tracediff.tui.widgets.tables import OperatorsTable, RowsTable


@dataclass(frozen=True, slots=True)
class Grouping:
    """What a line may stand for.

    Attributes:
        table: what shows it.
        choice: in the menu.
        one, many: what lines are called.
        by: what rows are added up by.
    """

    table: type[RowsTable] | type[GroupsTable] | type[OperatorsTable]
    choice: str
    one: str
    many: str
    by: By | None = None


GROUPINGS = {
    "rows": Grouping(RowsTable, "family and shape", "row", "rows"),
    "family": Grouping(GroupsTable, "family", "family", "families", "family"),
    "shape": Grouping(GroupsTable, "input shapes", "shape", "shapes", "shape"),
    "module": Grouping(GroupsTable, "module of the model", "module", "modules", "module"),
    "kernel": Grouping(GroupsTable, "library kernel", "kernel", "kernels", "kernel"),
    "names": Grouping(OperatorsTable, "operator, by its own name", "operator", "operators"),
}


class OperatorsPane(Pane, inherit_bindings=False):
    """The rows of the Diff.

    Attributes:
        group: what a line stands for, a key of `GROUPINGS`.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.OPERATORS)
    tab: ClassVar[str] = "operators"
    noun: ClassVar[str] = "Operators"
    narrows: ClassVar[bool] = True
    hides: ClassVar[bool] = True
    details: ClassVar[bool] = True

    group: reactive[str] = reactive("rows", init=False)

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._figures: Figures | None = None
        self._narrowing = Narrowing()
        self._opened: tuple[str, RowSet] | None = None

    def compose(self) -> ComposeResult:
        yield RowsTable("rows-table")
        yield GroupsTable("groups-table")
        yield OperatorsTable("names-table")

    def on_mount(self) -> None:
        self._show_table()

    @property
    def main(self) -> RowsTable | GroupsTable | OperatorsTable:
        return self.query_one(GROUPINGS[self.group].table)

    @property
    def row(self) -> Row | None:
        item = self.main.item_under_cursor()
        return item if isinstance(item, Row) else None

    def fill(self, figures: Figures) -> None:
        self._figures = figures
        self._places = {id(row): place for place, row in enumerate(figures.diff.rows)}
        self._show_lines()

    def narrow(self, narrowing: Narrowing) -> None:
        before, self._narrowing = self._narrowing, narrowing
        if self._opened and before.only is self._opened[1] is not narrowing.only:
            grouping, self._opened = self._opened[0], None
            if narrowing.only is None and not narrowing.needle:
                self.group = grouping
        self._keep()

    def _show_lines(self) -> None:
        """Fills the table on show; the others wait until they are."""
        if self._figures is None:
            return
        table, diff = self.main, self._figures.diff
        if isinstance(table, RowsTable):
            table.fill(diff.rows, self._figures)
        elif isinstance(table, OperatorsTable):
            table.fill(diff.operators, self._figures)
        elif by := GROUPINGS[self.group].by:
            only = self._narrowing.only
            table.show(grouped(diff, by, only.rows if only else None), GROUPINGS[self.group].one, self._figures)

    def _keep(self) -> None:
        """Leaves in the table on show what the filter does."""
        if self._figures is None:
            return
        table, diff, narrowing, query = self.main, self._figures.diff, self._narrowing, self._narrowing.query
        total_ns, only = diff.total.delta_ns, narrowing.only
        rows = filtering.row_subjects(diff) if query.tests or self.group != "rows" else ()

        def passes(subject: Subject) -> bool:
            hidden = narrowing.hides_unchanged and not (subject.changed or subject.significant)
            return not hidden and query.keeps(subject)

        def row_wanted(row: Row) -> bool:
            place = self._places[id(row)]
            if only and place not in only.rows:
                return False
            if narrowing.hides_unchanged and filtering.row_unchanged(row, total_ns):
                return False
            return not query.tests or query.keeps(rows[place])

        if isinstance(table, RowsTable):
            table.keep(row_wanted)
        elif isinstance(table, OperatorsTable):
            names = "".join(rows[place].operators for place in only.rows) if only else None
            table.keep(
                lambda pair: (
                    (names is None or f"\n{pair.name.lower()}\n" in names)
                    and passes(filtering.operator_subject(pair, total_ns))
                )
            )
        else:
            by_module = self.group == "module"
            table.keep(lambda group: passes(filtering.group_subject(group, by_module, rows, total_ns)))

    def status(self) -> list[str]:
        table, grouping = self.main, GROUPINGS[self.group]
        whole = f"{table.total:,} {grouping.one if table.total == 1 else grouping.many}"
        shown = whole if len(table.shown) == table.total else f"{len(table.shown):,} of {whole}"
        return [shown, *filter(None, [table.order])]

    def watch_group(self) -> None:
        had_focus = any(table.has_focus for table in self.query(LinesView))
        self._show_table()
        self._show_lines()
        self._keep()
        if had_focus:
            self.main.focus()

    def _show_table(self) -> None:
        for table in self.query(LinesView):
            table.display = table is self.main

    def action_group_by_shape(self) -> None:
        """A line for each family, or for each of its shapes."""
        self.group = "family" if self.group == "rows" else "rows"

    def action_group_menu(self) -> None:
        """Asks what a line is to stand for."""
        from tracediff.tui.screens.menu import Menu

        diff = self._figures.diff if self._figures else None
        missing: set[str] = set()
        if diff and not any(row.sites for row in diff.rows):
            missing.add("module")
        if diff and not any(side and side.kernels for row in diff.rows for side in (row.base, row.candidate)):
            missing.add("kernel")
        choices = [
            (key, f"{grouping.choice} (none recorded)" if key in missing else grouping.choice)
            for key, grouping in GROUPINGS.items()
        ]
        self.app.push_screen(Menu("Group by", choices, self.group), self._group_chosen)  # pyright: ignore[reportUnknownMemberType]

    def _group_chosen(self, key: str | None) -> None:
        if key:
            self.group = key

    @on(SortableTable.Opened)
    def _open_item(self, event: SortableTable.Opened) -> None:
        event.stop()
        item = event.item
        if isinstance(item, Row):
            self.post_message(RowOpened(item))
        elif isinstance(item, OperatorPair):
            self.post_message(self.RowsWanted(f"op:{filtering.quoted(item.name)}"))
        elif isinstance(item, Group):
            rows = RowSet(frozenset(item.rows), f"{GROUPINGS[self.group].one} {name_of(item)}")
            self._opened = (self.group, rows)
            self.post_message(self.RowsWanted(only=rows))
