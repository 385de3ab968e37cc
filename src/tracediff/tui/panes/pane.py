"""What every tab of the comparison is."""

from __future__ import annotations

from typing import ClassVar

from textual.message import Message
from textual.widget import Widget
from textual.widgets import TabPane

from tracediff.model.diff import Diff, Row
from tracediff.tui.figures import Figures
from tracediff.tui.filtering import Narrowing, RowSet


class Pane(TabPane, inherit_bindings=False):
    """A tab: fills itself from a Diff, whenever there is another, and says what of it is on show.

    Args:
        number: the key that goes to it.

    Attributes:
        tab: what actions and tests name it by; the pane's id.
        noun: its title.
        narrows: whether the filter has anything to do here.
        hides: whether what did not change can be hidden here.
        details: whether the row under its cursor is shown in detail beside it.
    """

    tab: ClassVar[str]
    noun: ClassVar[str]
    narrows: ClassVar[bool] = False
    hides: ClassVar[bool] = False
    details: ClassVar[bool] = False

    class Arranged(Message):
        """Something else is on show, or in another order."""

    class RowsWanted(Message):
        """The rows that a filter leaves were asked for.

        Attributes:
            needle: the filter's words.
            only: rows that no words name.
        """

        def __init__(self, needle: str = "", only: RowSet | None = None) -> None:
            super().__init__()
            self.needle = needle
            self.only = only

    def __init__(self, number: int) -> None:
        super().__init__(f"{number} {self.noun}", id=self.tab)
        self.number = number

    def title(self, diff: Diff) -> str:
        """What stands on the tab."""
        return f"{self.number} {self.noun}"

    @property
    def main(self) -> Widget | None:
        """What takes the focus when the tab is entered."""
        raise NotImplementedError

    @property
    def row(self) -> Row | None:
        """The row under the cursor, if that is on one."""
        return None

    def fill(self, figures: Figures) -> None:
        """Shows a Diff, or the same with other figures; called once the tab is on show."""
        raise NotImplementedError

    def narrow(self, narrowing: Narrowing) -> None:
        """Shows what passes; called after every `fill` too."""

    def status(self) -> list[str]:
        """What is on show, in words for the status line."""
        return []
