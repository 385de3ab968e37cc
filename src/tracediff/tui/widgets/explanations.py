"""Why there is a difference, each reason a link to its rows."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table as DrawnTable
from rich.text import Text
from textual import on
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tracediff import units
from tracediff.model.diff import Explanation
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.palette import Palette
from tracediff.tui.tabular import Table
from tracediff.tui.widgets.options import Options


class Explanations(Options, inherit_bindings=False):
    """Explanations of a Diff."""

    BINDINGS = bindings(Scope.MOVE, Scope.EXPLANATIONS)

    class Opened(Message):
        """The rows of one were asked for."""

        def __init__(self, explanation: Explanation) -> None:
            super().__init__()
            self.explanation = explanation

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(id=id, markup=False)
        self._shown: Sequence[Explanation] = ()

    def fill(self, explanations: Sequence[Explanation], palette: Palette) -> None:
        """Shows those of a Diff."""
        self._shown = explanations
        self.display = bool(explanations)
        under_cursor = self.highlighted
        self.set_options(Option(_item(one, palette)) for one in explanations)
        self.highlighted = under_cursor

    def as_table(self, raw: bool = False) -> Table:
        return Table(["explanation", "rows"], [[one.text, len(one.rows)] for one in self._shown], [False, True])

    def line_under_cursor(self) -> list[str] | None:
        if self.highlighted is None:
            return None
        explanation = self._shown[self.highlighted]
        return [explanation.text, f"{len(explanation.rows):,}"]

    def on_focus(self) -> None:
        """Has a cursor where it is of use."""
        if self.highlighted is None:
            self.action_first()

    @on(OptionList.OptionSelected)
    def _open_rows(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Opened(self._shown[event.option_index]))


def _item(explanation: Explanation, palette: Palette) -> DrawnTable:
    link = f"-> {units.count(len(explanation.rows), 'row')}" if explanation.rows else ""
    item = DrawnTable.grid(padding=(0, 1, 0, 0))
    item.add_row("-", Text.assemble(units.printable(explanation.text), " ", (link, palette.link)))
    return item
