"""The row under the cursor, beside the table that the cursor is in."""

from __future__ import annotations

from tracediff.tui.actions import Scope, bindings
from tracediff.tui.messages import RowOpened
from tracediff.tui.widgets.row_detail import RowDetail


class RowPanel(RowDetail, inherit_bindings=False):
    """A row's detail that one can open on a screen of its own."""

    BINDINGS = bindings(Scope.PANEL, Scope.MOVE)

    def action_open(self) -> None:
        """Opens the row."""
        if self.row is not None:
            self.post_message(RowOpened(self.row))
