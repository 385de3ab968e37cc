"""One side's calls as an icicle, depth downwards, of which only the rows and cells on screen are computed."""

from __future__ import annotations

from math import ceil
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region, Size, Spacing
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tracediff import units
from tracediff.model.trace import BoolArray, Thread
from tracediff.tui.boxes import Piece
from tracediff.tui.palette import Palette
from tracediff.tui.track import Track
from tracediff.tui.viewport import Viewport

_HEADER_LINES = 1
LEFT_EDGE, _RIGHT_EDGE = "▏", "▕"
HATCH = "╱"  # noqa: RUF001 - a line from corner to corner
"""Fills a call that the other side has nothing for."""
_SHADES = "░▒▓"
"""A cell that shorter calls share, from few to full."""
_RULE, _END = "─", "┤"
_CURSOR_EDGE, _SMALL_CURSOR = "▶", "┃"
"""Of the selected call, in place of its edge; and where it is shorter than a cell."""
_LEAST_NAME = 3
_LIT = "*"
"""Stands before the name of a call that the filter found."""
_WHEEL_ZOOM = 1.25
_WHEEL_PAN = 0.1


class Icicle(ScrollView, can_focus=True, inherit_bindings=False):
    """Draws a track; what is on show and selected is told it.

    Attributes:
        track: what to draw.
        view: the part of the time on show.
        cursor: the call that is selected, or matches the selected one of the other side; None: there is none.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"icicle--cursor", "icicle--counterpart", "icicle--header"}

    class Selected(Message):
        """A call was clicked on; `call` is None for the place where none is."""

        def __init__(self, icicle: Icicle, call: int | None, zooms: bool) -> None:
            super().__init__()
            self.icicle = icicle
            self.call = call
            self.zooms = zooms

    class Viewed(Message):
        """Another part is wanted."""

        def __init__(self, view: Viewport) -> None:
            super().__init__()
            self.view = view

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.track: Track | None = None
        self.view = Viewport.whole(1)
        self.cursor: int | None = None
        self._lit: BoolArray | None = None
        self._palette = Palette()

    def fill(self, track: Track, palette: Palette) -> None:
        """Draws another track, or the same with other colours."""
        self.track = track
        self._palette = palette
        self._lit = None
        self.cursor = None if self.cursor is None or self.cursor >= len(track.calls) else self.cursor
        self.styles.max_height = _HEADER_LINES + track.boxes.rows
        self._lay_out()

    def light(self, lit: BoolArray | None) -> None:
        """Lets only these calls stand out; None: all."""
        self._lit = lit
        self.refresh()

    def show(self, view: Viewport) -> None:
        """Draws another part."""
        self.view = view
        self.refresh()

    def select(self, call: int | None) -> None:
        """Marks a call and scrolls to its row."""
        self.cursor = call
        self.refresh()
        self._scroll_to_cursor()

    @property
    def cells(self) -> int:
        """How many the time axis has: the scroll bar's are kept free, so that its coming and going moves nothing."""
        return max(1, self.size.width - self.styles.scrollbar_size_vertical)

    def on_resize(self, event: events.Resize) -> None:
        self._lay_out()

    def _lay_out(self) -> None:
        if self.track:
            self.virtual_size = Size(self.cells, _HEADER_LINES + self.track.boxes.rows)
            self.refresh()
            self.call_after_refresh(self._scroll_to_cursor)

    def _scroll_to_cursor(self) -> None:
        if self.track and self.cursor is not None and self.is_attached:
            region = Region(0, _HEADER_LINES + int(self.track.boxes.row[self.cursor]), 1, 1)
            self.scroll_to_region(region, spacing=Spacing(_HEADER_LINES, 0, 0, 0), animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        row = self.scroll_offset.y + y - _HEADER_LINES
        strip = Strip([])
        if self.track and y < _HEADER_LINES:
            strip = self._header(self.track)
        elif self.track and row < self.track.boxes.rows:
            strip = self._row(self.track, row)
        return strip.adjust_cell_length(self.size.width).apply_style(self.rich_style)

    def _header(self, track: Track) -> Strip:
        heading = Text(track.heading, no_wrap=True)
        heading.truncate(self.cells, overflow="ellipsis")
        text = f"{heading.plain} "
        end = self._end_cell(track)
        if heading.cell_len < end:
            text += _RULE * (end - heading.cell_len - 1)
            text = text[: self.cells] if end > self.cells else text[: self.cells - 1] + _END
        return Strip([Segment(text, self.get_component_rich_style("icicle--header"))])

    def _end_cell(self, track: Track) -> int:
        """Where the iteration ends, in cells; the right edge is in view."""
        return min(self.cells + 1, max(-1, ceil(self.view.cell_at(track.calls.time_ns, self.cells))))

    def _row(self, track: Track, row: int) -> Strip:
        if row in track.boxes.captions:
            thread = track.calls.threads[track.boxes.captions[row]]
            return Strip([Segment(_thread_name(thread), self._palette.muted)])
        segments: list[Segment] = []
        pieces = self.pieces(row)
        place = 0
        for number, piece in enumerate(pieces):
            segments.append(self._gap(track, place, piece.first))
            following = pieces[number + 1] if number + 1 < len(pieces) else None
            abutting = following is not None and following.first == piece.last and following.covered is None
            segments.append(self._piece(track, piece, abutting))
            place = piece.last
        segments.append(self._gap(track, place, self.cells))
        strip = Strip(segments).simplify()
        if self.cursor is not None and track.boxes.row[self.cursor] == row:
            strip = self._with_small_cursor(track, self.cursor, pieces, strip)
        return strip

    def pieces(self, row: int) -> list[Piece]:
        """What is drawn in a row."""
        return self.track.boxes.pieces(row, self.view, self.cells, self._lit) if self.track else []

    def _gap(self, track: Track, first: int, past: int) -> Segment:
        end = self._end_cell(track)
        blank = " " * (past - first)
        if first <= end < past:
            blank = blank[: end - first] + _END + blank[end - first + 1 :]
        return Segment(blank, self._palette.muted)

    def _piece(self, track: Track, piece: Piece, abutting: bool) -> Segment:
        colour = int(track.colour[piece.call])
        dark = self._lit is not None and not self._lit[piece.call]
        if piece.covered is not None:
            style = self._palette.muted if dark else self._palette.shade(colour)
            return Segment(_SHADES[min(2, int(3 * piece.covered))], style)
        style = self._palette.muted if dark else self._palette.fill(colour)
        if piece.call == self.cursor:
            style = self._cursor_style
        return Segment(self._box(track, piece, abutting), style)

    def _box(self, track: Track, piece: Piece, abutting: bool) -> str:
        start, end = track.boxes.span(piece.call)
        left = LEFT_EDGE if start >= self.view.start_ns else " "
        if piece.call == self.cursor and self.has_class("-active"):
            left = _CURSOR_EDGE
        width = piece.last - piece.first
        right = _RIGHT_EDGE if end <= self.view.end_ns and width > _LEAST_NAME and not abutting else ""
        room = width - len(left) - len(right)
        unmatched = bool(track.unmatched[piece.call])
        mark = f"{track.mark} " if unmatched else ""
        if self._lit is not None and self._lit[piece.call]:
            mark = f"{_LIT}{mark}"
        label = Text(f"{mark}{track.name(piece.call)}", no_wrap=True)
        time = f" {units.duration(track.calls.total_ns(piece.call))}"
        if label.cell_len + len(time) < room:
            label.append(time)
        if label.cell_len > room:
            if room < _LEAST_NAME:
                label = Text(mark[:room])
            else:
                label.truncate(room - 1)
                label.append("…")
        rest = room - label.cell_len
        filler = " " + HATCH * (rest - 1) if unmatched and rest else " " * rest
        return f"{left}{label.plain}{filler}{right}"

    @property
    def _cursor_style(self) -> Style:
        chosen = self.has_class("-active")
        return self.get_component_rich_style("icicle--cursor" if chosen else "icicle--counterpart")

    def _with_small_cursor(self, track: Track, cursor: int, pieces: list[Piece], strip: Strip) -> Strip:
        """The strip with a mark where the selected call is, if it is shorter than a cell."""
        if any(piece.call == cursor and piece.covered is None for piece in pieces):
            return strip
        cell = track.boxes.cell_of(cursor, self.view, self.cells)
        if not 0 <= cell < self.cells:
            return strip
        before, _, behind = strip.divide([cell, cell + 1, self.cells])
        return Strip.join([before, Strip([Segment(_SMALL_CURSOR, self._cursor_style)]), behind])

    def _call_at(self, x: int, y: int) -> int | None:
        row = self.scroll_offset.y + y - _HEADER_LINES
        if self.track is None or y < _HEADER_LINES or row >= self.track.boxes.rows or row in self.track.boxes.captions:
            return None
        return next((piece.call for piece in self.pieces(row) if piece.first <= x < piece.last), None)

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Selected(self, self._call_at(event.x, event.y), zooms=event.chain > 1))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn_wheel(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn_wheel(event, 1)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._turn_wheel(event, -1, pans=True)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._turn_wheel(event, 1, pans=True)

    def _turn_wheel(self, event: events.MouseEvent, direction: int, pans: bool = False) -> None:
        # A scroll view would scroll its rows; those follow the selected call.
        event.stop()
        event.prevent_default()
        if pans or event.ctrl or event.shift:
            view = self.view.panned(direction * _WHEEL_PAN)
        else:
            view = self.view.zoomed(_WHEEL_ZOOM**-direction, self.view.ns_at(event.x + 0.5, self.cells))
        self.post_message(self.Viewed(view))


def _thread_name(thread: Thread) -> str:
    name = f", {units.printable(thread.name)}" if thread.name else ""
    return f"thread {units.printable(thread.tid)}{name}"
