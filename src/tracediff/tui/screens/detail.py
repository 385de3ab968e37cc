"""One row on a screen of its own: all that is known about it, and the tree of its first call."""

from __future__ import annotations

from dataclasses import replace

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Footer, Static

from tracediff import phrases
from tracediff.model.diff import Row
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.figures import Figures
from tracediff.tui.messages import RowOpened
from tracediff.tui.palette import Palette
from tracediff.tui.widgets.call_tree import CallTreeView
from tracediff.tui.widgets.row_detail import RowDetail


class DetailScreen(Screen[None], inherit_bindings=False):
    """A row and its first call.

    Args:
        row: the row.
        figures: how to write its numbers.
    """

    BINDINGS = bindings(Scope.BACK, Scope.FIGURES)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012

    def __init__(self, row: Row, figures: Figures) -> None:
        super().__init__()
        self.row = row
        self._figures = figures

    def compose(self) -> ComposeResult:
        with Container(id="row"):
            yield RowDetail("row-detail")
            yield CallTreeView("row-calls")
        yield Static(id="no-calls", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        tree = self._figures.diff.call_tree
        calls = self.query_one(CallTreeView)
        calls.display = tree is not None and self.row.node >= 0
        reason = self.query_one("#no-calls", Static)
        reason.display = not calls.display
        if tree is None:
            reason.update("No call tree: one side is a printed table, which has no timeline.")
        elif self.row.node < 0:
            reason.update("No call tree: none of this row's calls is in the iterations that the tree shows.")
        self.query_one(RowDetail).border_title = Text("row")
        number = phrases.calls(self.row)
        several = "its one call an iteration" if number == "1" else f"first of {number} calls"
        calls.border_title = Text(f"call tree of {several}")
        self.app.theme_changed_signal.subscribe(self, lambda theme: self._recolour())  # pyright: ignore[reportUnknownMemberType]
        self._fill()

    def _recolour(self) -> None:
        self._figures = replace(self._figures, palette=Palette.of(self.app.theme_variables))  # pyright: ignore[reportUnknownMemberType]
        self._fill()

    def _fill(self) -> None:
        row, figures = self.row, self._figures
        self.query_one(RowDetail).show(row, figures)
        if figures.diff.call_tree is not None and row.node >= 0:
            self.query_one(CallTreeView).fill(figures.diff.call_tree, figures, row.node, unfolded=True)

    @on(CallTreeView.Opened)
    def _open_other_row(self, event: CallTreeView.Opened) -> None:
        event.stop()
        rows = self._figures.diff.rows
        if event.row >= 0 and rows[event.row] is not self.row:
            self.post_message(RowOpened(rows[event.row]))

    def action_toggle_share(self) -> None:
        """Times as time or as share of the iteration."""
        self._figures = replace(self._figures, as_share=not self._figures.as_share)
        self._fill()
