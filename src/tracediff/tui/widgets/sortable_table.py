"""A table that sorts, groups, filters and drops columns where the screen is narrow: what all tables share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from rich.text import Text
from textual import events, on
from textual.coordinate import Coordinate
from textual.message import Message
from textual.widgets import DataTable

from tracediff.tui.actions import Scope, bindings
from tracediff.tui.tabular import Table

Item = TypeVar("Item")
Look = TypeVar("Look")
"""What cells are written with: `Figures` for what is in a Diff."""

_NO_LIMIT = 1_000
"""More cells than any text needs."""

SortKey: TypeAlias = int | float | str | tuple[int | float | str, ...]


@dataclass(frozen=True, slots=True)
class Column(Generic[Item, Look]):
    """A column.

    Attributes:
        key: what sorting and tests name it by.
        title: its heading.
        cell: an item's text in so many cells.
        sort: what to sort by; None: it sorts by nothing.
        width: in cells; the least where it is elastic.
        rank: columns with a low rank are shown first where not all fit.
        right: aligned right.
        elastic: takes what is left over.
        ascending: the order that one wants first.
        ns: the nanoseconds that it shows, where it shows a time.
    """

    key: str
    title: str
    cell: Callable[[Item, Look, int], Text | str]
    sort: Callable[[Item], SortKey] | None
    width: int
    rank: int = 0
    right: bool = True
    elastic: bool = False
    ascending: bool = False
    ns: Callable[[Item], int | None] | None = None


class SortableTable(DataTable[Text], Generic[Item, Look], inherit_bindings=False):
    """Items as lines of a table, under headings where they are of groups.

    Attributes:
        columns_wanted: all columns, in their order.
        shown: the items on show, in their order.
        total: number of items before any filter.
    """

    BINDINGS = bindings(Scope.TABLE, Scope.DIFFERENCES, Scope.MOVE)

    class Opened(Message):
        """An item was chosen."""

        def __init__(self, table: SortableTable[Item, Look], item: Item) -> None:
            super().__init__()
            self.table = table
            self.item = item

        @property
        def control(self) -> SortableTable[Item, Look]:
            return self.table

    class Arranged(Message):
        """Other items are on show, or in another order."""

    def __init__(self, columns: Sequence[Column[Item, Look]], sort_key: str | None, id: str) -> None:  # noqa: A002
        super().__init__(id=id, cursor_type="row", cell_padding=1)
        self.columns_wanted = tuple(columns)
        self.sort_key = sort_key
        self.sort_ascending = False
        self._wanted: Callable[[Item], bool] = lambda item: True
        self.shown: list[Item] = []
        self._items: Sequence[Item] = ()
        self._lines: list[Item | Text] = []
        self._look: Look | None = None
        self._columns_shown: list[tuple[Column[Item, Look], int]] = []

    @property
    def total(self) -> int:
        return len(self._items)

    def fill(self, items: Sequence[Item], look: Look) -> None:
        """Shows other items, or the same with another look."""
        self._items = items
        self._look = look
        self.rebuild(relayout=True)

    def keep(self, wanted: Callable[[Item], bool]) -> None:
        """Shows only some of the items."""
        self._wanted = wanted
        self.rebuild()

    def sort_by(self, key: str) -> None:
        """Sorts by a column; by the same once more turns the order round."""
        column = next(column for column in self.columns_wanted if column.key == key)
        if column.sort is None:
            return
        self.sort_ascending = not self.sort_ascending if key == self.sort_key else column.ascending
        self.sort_key = key
        self.rebuild(relayout=True)

    @property
    def sortable(self) -> list[Column[Item, Look]]:
        """Columns that one can sort by, those that do not fit on the screen included."""
        return [column for column in self.columns_wanted if column.sort]

    @property
    def order(self) -> str:
        """`by difference, largest first`, in words for the status line."""
        column = next((column for column in self.columns_wanted if column.key == self.sort_key), None)
        return f"by {column.title} {'▲' if self.sort_ascending else '▼'}" if column else ""

    def rebuild(self, relayout: bool = False) -> None:
        """Filters, sorts and draws anew, and leaves the cursor on its item."""
        if self._look is None or not self.size.width:
            # Nothing to show, or no room yet: that comes with a resize, which finds other columns than these.
            self._columns_shown = []
            return
        under_cursor = self.item_under_cursor()
        kept = [item for item in self._items if self._wanted(item)]
        column = next((column for column in self.columns_wanted if column.key == self.sort_key), None)
        if column and column.sort:
            kept.sort(key=column.sort, reverse=not self.sort_ascending)
        kept.sort(key=self.group)
        self.shown = kept
        if relayout:
            self._columns_shown = self._fitting()
        self._lines = []
        self.clear(columns=True)
        for column, width in self._columns_shown:
            self.add_column(self._heading(column), width=width, key=column.key)
        lines = list(self._under_headings(kept))
        for line in lines:
            self.add_row(*self._cells(line))
        # Not before all rows are there: the cursor finds its way by them.
        self._lines = lines
        first = next((place for place, line in enumerate(self._lines) if not isinstance(line, Text)), 0)
        self.move_cursor(row=next(self._places(under_cursor), first), animate=False)
        self.post_message(self.Arranged())

    def redraw(self, look: Look, changed: Callable[[Item], bool]) -> None:
        """Writes some items anew, where they stand."""
        self._look = look
        for row, line in enumerate(self._lines):
            if not isinstance(line, Text) and changed(line):
                for column, cell in enumerate(self._cells(line)):
                    self.update_cell_at(Coordinate(row, column), cell)

    def group(self, item: Item) -> tuple[int, str]:
        """Where an item's group stands, and its heading; empty where items are of no groups."""
        return 0, ""

    def is_same(self, item: Item, other: Item) -> bool:
        """Whether the cursor on one of them belongs on the other, once it is there instead."""
        return item is other

    def item_under_cursor(self) -> Item | None:
        line = self._lines[self.cursor_row] if 0 <= self.cursor_row < len(self._lines) else None
        return None if isinstance(line, Text) else line

    def _places(self, item: Item | None) -> Iterator[int]:
        """The line that the item has, if it is on show."""
        for place, line in enumerate(self._lines):
            if item is not None and not isinstance(line, Text) and self.is_same(line, item):
                yield place

    def _under_headings(self, items: Sequence[Item]) -> Iterator[Item | Text]:
        before = ""
        for item in items:
            heading = self.group(item)[1]
            if heading != before:
                before = heading
                yield Text(heading, "bold underline", no_wrap=True, overflow="ellipsis")
            yield item

    def watch_cursor_coordinate(self, old_coordinate: Coordinate, new_coordinate: Coordinate) -> None:
        super().watch_cursor_coordinate(old_coordinate, new_coordinate)
        row = new_coordinate.row
        if row < len(self._lines) and isinstance(self._lines[row], Text):
            # Headings are passed over, the way that the cursor went.
            self.move_cursor(row=row - 1 if 0 < row < old_coordinate.row else row + 1)

    def as_table(self, raw: bool = False) -> Table:
        # What sorts by nothing is a bar.
        columns = self.sortable
        titles = [(f"{column.key}_ns" if column.ns else column.key) if raw else column.title for column in columns]
        rows = [
            [column.ns(item) if raw and column.ns else self._whole(item, column) for column in columns]
            for item in self.shown
        ]
        return Table(titles, rows, [column.right for column in columns])

    def line_under_cursor(self) -> list[str] | None:
        item = self.item_under_cursor()
        return None if item is None else [self._whole(item, column) for column in self.sortable]

    def _whole(self, item: Item, column: Column[Item, Look]) -> str:
        """A cell's text, however long."""
        return self._cell(item, column, _NO_LIMIT).plain

    def _fitting(self) -> list[tuple[Column[Item, Look], int]]:
        padding = 2 * self.cell_padding
        # A column for the scroll bar is kept free, so that its coming and going moves nothing.
        room = self.size.width - self.styles.scrollbar_size_vertical
        chosen: list[Column[Item, Look]] = []
        for column in sorted(self.columns_wanted, key=lambda column: column.rank):
            if chosen and column.width + padding > room:
                break
            chosen.append(column)
            room -= column.width + padding
        widths = {column.key: column.width for column in chosen}
        elastic = [column for column in chosen if column.elastic]
        for place, column in enumerate(elastic):
            extra = max(0, room) // (len(elastic) - place)
            grown = min(extra, max(0, self._widest(column) - column.width))
            widths[column.key] += grown
            room -= grown
        return [(column, widths[column.key]) for column in self.columns_wanted if column in chosen]

    def _widest(self, column: Column[Item, Look]) -> int:
        look = self._look
        if look is None:
            return 0
        cells = [column.cell(item, look, _NO_LIMIT) for item in self._items]
        if column is self.columns_wanted[0]:
            cells += {self.group(item)[1] for item in self._items}
        return max((cell.cell_len if isinstance(cell, Text) else Text(cell).cell_len for cell in cells), default=0)

    def _heading(self, column: Column[Item, Look]) -> Text:
        mark = ("▲" if self.sort_ascending else "▼") if column.key == self.sort_key else ""
        title = f"{mark}{column.title}" if column.right else f"{column.title}{mark}"
        return Text(title, justify="right" if column.right else "left", no_wrap=True, overflow="ellipsis")

    def _cells(self, line: Item | Text) -> list[Text]:
        if isinstance(line, Text):
            return [line, *(Text() for _ in self._columns_shown[1:])]
        return [self._cell(line, column, width) for column, width in self._columns_shown]

    def _cell(self, item: Item, column: Column[Item, Look], width: int) -> Text:
        if self._look is None:
            return Text()
        cell = column.cell(item, self._look, width)
        text = Text(cell) if isinstance(cell, str) else cell
        text.justify = "right" if column.right else "left"
        text.no_wrap = True
        text.overflow = "ellipsis"
        return text

    def on_resize(self, event: events.Resize) -> None:
        if event.size.width and self._fitting() != self._columns_shown:
            self.rebuild(relayout=True)

    @on(DataTable.HeaderSelected)
    def _sort_by_clicked(self, event: DataTable.HeaderSelected) -> None:
        event.stop()
        if event.column_key.value:
            self.sort_by(event.column_key.value)

    @on(DataTable.RowSelected)
    def _open_selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        item = self.item_under_cursor()
        if item is not None:
            self.post_message(self.Opened(self, item))

    def action_sort_column(self, step: int) -> None:
        """Sorts by the next column to the left or right that is on show."""
        keys = [column.key for column, _ in self._columns_shown if column.sort]
        if not keys:
            return
        if self.sort_key in keys:
            self.sort_by(keys[(keys.index(self.sort_key) + step) % len(keys)])
        else:
            self.sort_by(keys[0 if step > 0 else -1])

    def action_sort_invert(self) -> None:
        """Turns the order round."""
        if self.sort_key:
            self.sort_ascending = not self.sort_ascending
            self.rebuild(relayout=True)

    def action_sort_menu(self) -> None:
        """Asks for the column to sort by."""
        from tracediff.tui.screens.sort_menu import SortMenu

        titles = [(column.key, column.title) for column in self.sortable]
        menu = SortMenu(titles, self.sort_key)
        self.app.push_screen(menu, self._sort_by_chosen)  # pyright: ignore[reportUnknownMemberType]

    def _sort_by_chosen(self, key: str | None) -> None:
        if key:
            self.sort_by(key)
