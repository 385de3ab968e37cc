"""A list to choose from, with the keys that tables have."""

from __future__ import annotations

from textual.widgets import OptionList

from tracediff.tui.actions import Scope, bindings


class MenuList(OptionList, inherit_bindings=False):
    """The lines of a menu."""

    BINDINGS = bindings(Scope.MOVE, Scope.MENU_LIST)

    def action_scroll_top(self) -> None:
        """To the first line."""
        self.action_first()

    def action_scroll_bottom(self) -> None:
        """To the last line."""
        self.action_last()
