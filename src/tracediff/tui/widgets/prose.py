"""Text that scrolls with the same keys as everything else."""

from __future__ import annotations

from rich.console import Console, Group, RenderableType
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from tracediff.tui.actions import Scope, bindings
from tracediff.tui.tabular import Table


class Prose(VerticalScroll, can_focus=True, inherit_bindings=False):
    """A scrolling text."""

    BINDINGS = bindings(Scope.MOVE)

    def __init__(self, *parts: RenderableType, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self._parts = parts
        self._lines: Table | None = None

    def compose(self) -> ComposeResult:
        yield Static(Group(*self._parts))

    def fill(self, *parts: RenderableType, lines: Table | None = None) -> None:
        """Shows other text.

        Args:
            parts: what is drawn, one below the other.
            lines: the same to copy and to export; None: as it is drawn.
        """
        self._parts, self._lines = parts, lines
        for static in self.query(Static):
            static.update(Group(*parts))

    def as_table(self, raw: bool = False) -> Table:
        if self._lines:
            return self._lines
        console = Console(width=self.scrollable_content_region.width, color_system=None)
        with console.capture() as capture:
            console.print(*self._parts, sep="\n")
        lines = [[line.rstrip()] for line in capture.get().splitlines()]
        return Table([""], lines, [False])

    def line_under_cursor(self) -> None:
        """There is no cursor."""

    def action_cursor_up(self) -> None:
        """One line up."""
        self.scroll_up(animate=False)

    def action_cursor_down(self) -> None:
        """One line down."""
        self.scroll_down(animate=False)

    def action_scroll_top(self) -> None:
        """To the first line."""
        self.scroll_home(animate=False)

    def action_scroll_bottom(self) -> None:
        """To the last line."""
        self.scroll_end(animate=False)
