"""Lines under a heading with a cursor, of which only those on screen are drawn: there may be 100,000."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region, Size, Spacing
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

HEADER_LINES = 1


class LinesView(ScrollView, can_focus=True, inherit_bindings=False):
    """What the tables and the call tree share: drawing, the cursor and how it moves.

    Attributes:
        cursor: the line under the cursor.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"lines--header", "lines--cursor"}

    cursor = reactive(0)

    class CursorMoved(Message):
        """The cursor is on another line, or that has become another one."""

        def __init__(self, view: LinesView) -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> LinesView:
            return self.view

    class Arranged(Message):
        """Other lines are on show, or in another order."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._drawn: dict[int, Strip] = {}

    @property
    def line_count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    def heading(self) -> Text:
        """What stands above the lines, as wide as they are."""
        raise NotImplementedError

    def draw(self, line: int) -> Text:
        """A line, as wide as `line_width`."""
        raise NotImplementedError

    def is_passed_over(self, line: int) -> bool:
        """Whether the cursor cannot stand on a line."""
        return False

    @property
    def line_width(self) -> int:
        """Cells of a line; the scroll bar's are kept free, so that its coming and going moves nothing."""
        return self.size.width - self.styles.scrollbar_size_vertical

    def rearrange(self, cursor: int) -> None:
        """Draws all lines anew.

        Args:
            cursor: the line that it then is on.
        """
        self.forget_drawn()
        self.virtual_size = Size(max(1, self.line_width), self.line_count + HEADER_LINES)
        moved = self.cursor != self.validate_cursor(cursor)
        self.cursor = cursor
        self.call_after_refresh(self._scroll_to_cursor)
        self.post_message(self.Arranged())
        if not moved:
            self.post_message(self.CursorMoved(self))

    def forget_drawn(self) -> None:
        """Draws what is on screen once more."""
        self._drawn.clear()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        style = self.rich_style
        line = self.scroll_offset.y + y - HEADER_LINES
        if y < HEADER_LINES:
            return self._strip(Text(self.heading().plain), style, self.get_component_rich_style("lines--header"))
        if line >= self.line_count:
            return Strip.blank(self.size.width, style)
        if line == self.cursor:
            return self._strip(Text(self.draw(line).plain), style, self.get_component_rich_style("lines--cursor"))
        if line not in self._drawn:
            self._drawn[line] = self._strip(self.draw(line), style, Style())
        return self._drawn[line]

    def _strip(self, text: Text, style: Style, over: Style) -> Strip:
        console = self.app.console  # pyright: ignore[reportUnknownMemberType]
        segments = Segment.apply_style(text.render(console, end=""), style, over)
        return Strip(segments).adjust_cell_length(self.size.width, style + over)

    def validate_cursor(self, cursor: int) -> int:
        last = max(0, self.line_count - 1)
        wanted = max(0, min(cursor, last))
        onward = range(wanted, last + 1), range(wanted, -1, -1)
        for line in (*onward[wanted < self.cursor], *onward[wanted >= self.cursor]):
            if not self.is_passed_over(line):
                return line
        return wanted

    def watch_cursor(self) -> None:
        self._scroll_to_cursor()
        self.refresh()
        self.post_message(self.CursorMoved(self))

    def _scroll_to_cursor(self) -> None:
        if self.is_attached:
            region = Region(0, self.cursor + HEADER_LINES, 1, 1)
            self.scroll_to_region(region, spacing=Spacing(HEADER_LINES, 0, 0, 0), animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        if event.y < HEADER_LINES:
            self.heading_clicked(event.x)
            return
        line = self.scroll_offset.y + event.y - HEADER_LINES
        if line < self.line_count and not self.is_passed_over(line):
            again = line == self.cursor
            self.cursor = line
            if again:
                self.line_clicked()

    def heading_clicked(self, x: int) -> None:
        """The heading was clicked at a cell."""

    def line_clicked(self) -> None:
        """The line under the cursor was clicked."""

    def action_cursor_up(self) -> None:
        """One line up."""
        self.cursor -= 1

    def action_cursor_down(self) -> None:
        """One line down."""
        self.cursor += 1

    def action_page_up(self) -> None:
        """One page up."""
        self.cursor -= max(1, self.size.height - HEADER_LINES - 1)

    def action_page_down(self) -> None:
        """One page down."""
        self.cursor += max(1, self.size.height - HEADER_LINES - 1)

    def action_scroll_top(self) -> None:
        """To the first line."""
        self.cursor = 0

    def action_scroll_bottom(self) -> None:
        """To the last line."""
        self.cursor = self.line_count
