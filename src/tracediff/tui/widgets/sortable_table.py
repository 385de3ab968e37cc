"""A table that sorts, groups, filters and drops columns where the screen is narrow: what all tables share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Generic

from rich.cells import cell_len
from rich.text import Text
from textual import events
from textual.message import Message

from tracediff import units
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.tabular import Cell, Table
from tracediff.tui.widgets.column import Column, Item, Look
from tracediff.tui.widgets.lines import LinesView

_NO_LIMIT = 1_000
"""More cells than any text needs."""

_PADDING = 1
"""Cells on either side of a column."""
COMFORT_RANK = 7
"""Columns from this rank on are there only where elastic ones before them have twice their least width, if need be."""
_MEASURED = 500
"""So many items say how wide an elastic column may grow: more would be felt, and differ by little."""


class SortableTable(LinesView, Generic[Item, Look], inherit_bindings=False):
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

    def __init__(self, columns: Sequence[Column[Item, Look]], sort_key: str | None, id: str) -> None:  # noqa: A002
        super().__init__(id)
        self.columns_wanted = tuple(columns)
        self._sorted_by = self._column(sort_key)
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
        """Shows other items, or the same with another look; all of them, until `keep` says otherwise."""
        self._wanted = lambda item: True
        self._items = items
        self._look = look
        self.rebuild(relayout=True)

    def keep(self, wanted: Callable[[Item], bool]) -> None:
        """Shows only some of the items."""
        self._wanted = wanted
        self.rebuild()

    def sort_by(self, key: str) -> None:
        """Sorts by a column; by the same once more turns the order round."""
        column = self._column(key)
        if column is None or column.sort is None:
            return
        self.sort_ascending = not self.sort_ascending if key == self.sort_key else column.ascending
        self._sorted_by = column
        self.rebuild(relayout=True)

    def _column(self, key: str | None) -> Column[Item, Look] | None:
        return next((column for column in self.columns_wanted if column.key == key), None)

    @property
    def sortable(self) -> list[Column[Item, Look]]:
        """Columns that one can sort by, those that do not fit on the screen included."""
        return [column for column in self.columns_wanted if column.sort]

    @property
    def sort_key(self) -> str | None:
        """The key of the column that the lines are in the order of."""
        return self._sorted_by.key if self._sorted_by else None

    @property
    def order(self) -> str:
        """`by difference, largest first`, in words for the status line."""
        column = self._sorted_by
        return f"by {column.title} {'▲' if self.sort_ascending else '▼'}" if column else ""

    def rebuild(self, relayout: bool = False) -> None:
        """Filters, sorts and draws anew, and leaves the cursor on its item."""
        if self._look is None or not self.size.width:
            # Nothing to show, or no room yet: that comes with a resize, which finds other columns than these.
            self._columns_shown = []
            return
        under_cursor = self.item_under_cursor()
        kept = [item for item in self._items if self._wanted(item)]
        column = self._sorted_by
        if column and column.sort:
            kept.sort(key=column.sort, reverse=not self.sort_ascending)
        kept.sort(key=self.group)
        self.shown = kept
        if relayout:
            self._columns_shown = self._fitting()
        self._lines = list(self._under_headings(kept))
        self.rearrange(next(self._places(under_cursor), 0))

    def redraw(self, look: Look) -> None:
        """Writes the same items anew, where they stand."""
        self._look = look
        self.forget_drawn()

    def group(self, item: Item) -> tuple[int, str]:
        """Where an item's group stands, and its heading; empty where items are of no groups."""
        return 0, ""

    def is_same(self, item: Item, other: Item) -> bool:
        """Whether the cursor on one of them belongs on the other, once it is there instead."""
        return item is other

    def item_under_cursor(self) -> Item | None:
        line = self._lines[self.cursor] if 0 <= self.cursor < len(self._lines) else None
        return None if isinstance(line, Text) else line

    def go_to(self, wanted: Callable[[Item], bool]) -> None:
        """Puts the cursor on the first item that is wanted, if there is one."""
        items = ((line, item) for line, item in enumerate(self._lines) if not isinstance(item, Text))
        self.cursor = next((line for line, item in items if wanted(item)), self.cursor)

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

    def columns_for(self, width: int) -> Sequence[Column[Item, Look]]:
        """All columns, in their order, for lines of so many cells; those that do not fit are left out."""
        return self.columns_wanted

    def as_table(self, raw: bool = False) -> Table:
        columns, look = self._copied, self._look
        if not raw or look is None:
            rows = [self._whole_line(item) for item in self.shown]
            return Table([column.title for column in columns], rows, [column.right for column in columns])
        fields = [
            (title, column.right, value)
            for column in columns
            for title, value in (column.raw or {column.key: self._as_text(column)}).items()
        ]
        titles, right, values = zip(*fields, strict=True)
        return Table(titles, [[value(item, look) for value in values] for item in self.shown], right)

    def line_under_cursor(self) -> list[str] | None:
        item = self.item_under_cursor()
        return None if item is None else self._whole_line(item)

    @property
    def _copied(self) -> list[Column[Item, Look]]:
        return [column for column in self.columns_wanted if column.copied]

    def _as_text(self, column: Column[Item, Look]) -> Callable[[Item, Look], Cell]:
        return lambda item, look: self._whole(item, column)

    def _whole_line(self, item: Item) -> list[str]:
        return [self._whole(item, column) for column in self._copied]

    def _whole(self, item: Item, column: Column[Item, Look]) -> str:
        """A cell's text, however long."""
        return self._cell(item, column, _NO_LIMIT).plain

    def _fitting(self) -> list[tuple[Column[Item, Look], int]]:
        padding = 2 * _PADDING
        room = self.line_width
        self.columns_wanted = tuple(self.columns_for(room))
        # Where another width shows other columns instead, the order stays what it was.
        self._sorted_by = self._column(self.sort_key) or self._sorted_by
        # How far elastic ones may grow: until they say all, and at first to twice their least width.
        growth = {one.key: max(0, self._widest(one) - one.width) for one in self.columns_wanted if one.elastic}
        comfort = {one.key: min(one.width, growth[one.key]) for one in self.columns_wanted if one.elastic}
        chosen: list[Column[Item, Look]] = []
        by_rank = sorted(self.columns_wanted, key=lambda column: column.rank)
        for (rank, _), together in groupby(by_rank, key=lambda column: (column.rank, column.rank or column.key)):
            columns = list(together)
            taken = sum(column.width + padding for column in columns)
            before = sum(comfort.get(one.key, 0) for one in chosen) if rank >= COMFORT_RANK else 0
            if chosen and taken + before > room:
                break
            chosen += columns
            room -= taken
        room = max(0, room)
        widths = {column.key: column.width for column in chosen}
        elastic = [column for column in chosen if column.elastic]
        for column in elastic:
            grown = min(room, comfort[column.key])
            widths[column.key] += grown
            growth[column.key] -= grown
            room -= grown
        for place, column in enumerate(elastic):
            grown = min(room // (len(elastic) - place), growth[column.key])
            widths[column.key] += grown
            room -= grown
        return [(column, widths[column.key]) for column in self.columns_wanted if column in chosen]

    def _widest(self, column: Column[Item, Look]) -> int:
        look = self._look
        if look is None:
            return 0
        cells = [column.cell(item, look, _NO_LIMIT) for item in self._items[:_MEASURED]]
        if column is self.columns_wanted[0]:
            cells += {self.group(item)[1] for item in self._items[:_MEASURED]}
        return max((cell.cell_len if isinstance(cell, Text) else cell_len(cell) for cell in cells), default=0)

    @property
    def line_count(self) -> int:
        return len(self._lines)

    def is_passed_over(self, line: int) -> bool:
        return line < len(self._lines) and isinstance(self._lines[line], Text)

    def heading(self) -> Text:
        return self._joined([Text(self._title(column, width)) for column, width in self._columns_shown])

    def draw(self, line: int) -> Text:
        item = self._lines[line]
        if isinstance(item, Text):
            heading = item.copy()
            heading.truncate(max(0, self.line_width - 2 * _PADDING), overflow="ellipsis")
            return Text(" " * _PADDING) + heading
        return self._joined([self._cell(item, column, width) for column, width in self._columns_shown])

    def texts(self, key: str) -> list[Text]:
        """The cells of a column that is on show, line by line; headings stand in the first one.

        Raises:
            KeyError: the column is not on show.
        """
        shown = {column.key: (column, width) for column, width in self._columns_shown}
        column, width = shown[key]
        heading = column is self._columns_shown[0][0]
        return [
            (line if heading else Text()) if isinstance(line, Text) else self._cell(line, column, width)
            for line in self._lines
        ]

    def _title(self, column: Column[Item, Look], width: int) -> str:
        if column.centred:
            # What has a middle is odd, also where one cell more is left over.
            return column.title.center(width - 1 + width % 2)
        mark = ("▲" if self.sort_ascending else "▼") if column.key == self.sort_key else ""
        return f"{mark}{column.title}" if column.right else f"{column.title}{mark}"

    def _joined(self, cells: Sequence[Text]) -> Text:
        line = Text(no_wrap=True, end="")
        for cell, (column, width) in zip(cells, self._columns_shown, strict=True):
            cell.truncate(width, overflow="ellipsis")
            space = " " * (width - cell.cell_len)
            before, after = (space, "") if column.right else ("", space)
            line.append(" " * _PADDING + before).append_text(cell).append(after + " " * _PADDING)
        return line

    def _cell(self, item: Item, column: Column[Item, Look], width: int) -> Text:
        if self._look is None:
            return Text()
        cell = column.cell(item, self._look, width)
        text = Text(cell) if isinstance(cell, str) else cell
        # A name in a trace must not break the line.
        return text if text.plain.isprintable() else Text(units.printable(text.plain))

    def on_resize(self, event: events.Resize) -> None:
        if event.size.width:
            self.rebuild(relayout=True)

    def heading_clicked(self, x: int) -> None:
        """Sorts by the column that was clicked."""
        end = 0
        for column, width in self._columns_shown:
            end += width + 2 * _PADDING
            if x < end:
                self.sort_by(column.key)
                return

    def line_clicked(self) -> None:
        self.action_select_cursor()

    def action_select_cursor(self) -> None:
        """Opens what the cursor is on."""
        item = self.item_under_cursor()
        if item is not None:
            self.post_message(self.Opened(self, item))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self.sortable) or not action.startswith("sort_")

    def is_significant(self, item: Item) -> bool:
        """Whether `{` and `}` stop at an item."""
        return False

    def action_next_change(self, step: int) -> None:
        """To the next significant change below, or above."""
        lines = range(self.cursor + step, len(self._lines) if step > 0 else -1, step)
        for line in lines:
            item = self._lines[line]
            if not isinstance(item, Text) and self.is_significant(item):
                self.cursor = line
                return
        self.notify("no significant change further on", timeout=2)

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
        from tracediff.tui.screens.menu import Menu

        titles = [
            (column.key, f"{column.title} (now: choose to invert)" if column.key == self.sort_key else column.title)
            for column in self.sortable
        ]
        menu = Menu("Sort by", titles, self.sort_key)
        self.app.push_screen(menu, self._sort_by_chosen)  # pyright: ignore[reportUnknownMemberType]

    def _sort_by_chosen(self, key: str | None) -> None:
        if key:
            self.sort_by(key)
