"""All actions, as the table of actions and the user's keys have them."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer, Input

from tracediff.tui.actions import ACTIONS, Action, Scope, bindings, written
from tracediff.tui.query import GRAMMAR
from tracediff.tui.settings import CONFIG_VARIABLE, Settings
from tracediff.tui.widgets.filter_input import FilterInput
from tracediff.tui.widgets.prose import Prose


class HelpScreen(Screen[None], inherit_bindings=False):
    """The list of actions.

    Args:
        settings: of the user.
    """

    BINDINGS = bindings(Scope.BACK, Scope.HELP)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings

    def compose(self) -> ComposeResult:
        yield Prose(id="help")
        yield FilterInput(placeholder="key, action, what it does", compact=True, id="filter")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._input.display = False
        self._fill("")
        self.query_one(Prose).focus()

    def _fill(self, needle: str) -> None:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for scope in Scope:
            actions = [action for action in self._found(needle) if action.scope is scope]
            if actions:
                table.add_row(Text(scope.value, "bold"))
            for action in actions:
                table.add_row(Text(f"  {self._keys(action)}"), Text(action.label), Text(action.help))
        grammar = [line for line in GRAMMAR if _holds(" ".join(line), needle)]
        if grammar:
            table.add_row(Text("What a filter understands", "bold"))
        for words, meaning in grammar:
            table.add_row(Text(f"  {words}"), Text(), Text(meaning))
        about = Text(f"Settings: {self._settings.path} (or the file in {CONFIG_VARIABLE})\n")
        self.query_one(Prose).fill(about, table)

    def _found(self, needle: str) -> Iterator[Action]:
        for action in ACTIONS:
            words = f"{self._keys(action)} {action.label} {action.id} {action.help} {action.scope.value}"
            if _holds(words, needle):
                yield action

    def _keys(self, action: Action) -> str:
        return written(self._settings.keys.get(action.id, action.keys))

    @property
    def _input(self) -> FilterInput:
        return self.query_one(FilterInput)

    @on(Input.Changed)
    def _apply_filter(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _leave_filter(self) -> None:
        self._input.display = bool(self._input.value)
        self.query_one(Prose).focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "filter" or not self._input.takes_keys

    def action_filter(self) -> None:
        """Opens the filter."""
        self._input.open()

    def action_clear_filter(self) -> None:
        """Shows everything again."""
        self._input.value = ""
        self._leave_filter()


def _holds(words: str, needle: str) -> bool:
    return all(word in words.lower() for word in needle.lower().split())
