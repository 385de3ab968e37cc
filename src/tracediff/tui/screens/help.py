"""All actions, as the table of actions has them."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from tracediff.tui.actions import ACTIONS, Scope, bindings
from tracediff.tui.query import GRAMMAR
from tracediff.tui.widgets.prose import Prose


class HelpScreen(Screen[None], inherit_bindings=False):
    """The list of actions."""

    BINDINGS = bindings(Scope.BACK)

    def compose(self) -> ComposeResult:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for scope in Scope:
            table.add_row(Text(scope.value, "bold"))
            for action in ACTIONS:
                if action.scope is scope:
                    table.add_row(Text(f"  {action.shown_keys}"), Text(action.label), Text(action.help))
        table.add_row(Text("What a filter understands", "bold"))
        for words, meaning in GRAMMAR:
            table.add_row(Text(f"  {words}"), Text(), Text(meaning))
        yield Prose(table, id="help")
        yield Footer(show_command_palette=False)
