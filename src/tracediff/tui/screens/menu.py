"""A menu: choose a line, or none."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tracediff.tui.actions import Scope, bindings
from tracediff.tui.widgets.options import Options


class Menu(ModalScreen[str | None], inherit_bindings=False):
    """Ends with the key of the chosen line, or None.

    Args:
        title: what is chosen.
        choices: keys and texts.
        current: the key that the cursor begins on.
    """

    BINDINGS = bindings(Scope.MENU)

    def __init__(self, title: str, choices: Sequence[tuple[str, str]], current: str | None) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._current = current

    def compose(self) -> ComposeResult:
        choices = Choices(*(Option(Text(text), id=key) for key, text in self._choices), id="choices", markup=False)
        choices.border_title = Text(self._title)
        choices.highlighted = next((at for at, (key, _) in enumerate(self._choices) if key == self._current), 0)
        yield choices

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


class Choices(Options, inherit_bindings=False):
    """The lines of a menu."""

    BINDINGS = bindings(Scope.MOVE, Scope.MENU_LIST)
