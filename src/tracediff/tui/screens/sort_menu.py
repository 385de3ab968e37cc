"""The menu of columns to sort by."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tracediff.tui.actions import Scope, bindings
from tracediff.tui.widgets.menu_list import MenuList


class SortMenu(ModalScreen[str | None], inherit_bindings=False):
    """Ends with the key of the chosen column, or None.

    Args:
        columns: keys and titles.
        current: key of the present one; choosing it turns the order round.
    """

    BINDINGS = bindings(Scope.MENU)

    def __init__(self, columns: Sequence[tuple[str, str]], current: str | None) -> None:
        super().__init__()
        self._columns = columns
        self._current = current

    def compose(self) -> ComposeResult:
        options = [
            Option(Text(f"{title} (now: choose to invert)" if key == self._current else title), id=key)
            for key, title in self._columns
        ]
        menu = MenuList(*options, id="sort-options", markup=False)
        menu.border_title = Text("Sort by")
        menu.highlighted = next((place for place, (key, _) in enumerate(self._columns) if key == self._current), 0)
        yield menu

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)
