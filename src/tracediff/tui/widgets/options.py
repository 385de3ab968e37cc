"""Lines that one chooses from, with the keys of everything else."""

from __future__ import annotations

from textual.widgets import OptionList

from tracediff.tui.actions import Scope, bindings


class Options(OptionList, inherit_bindings=False):
    """A list of choices."""

    BINDINGS = bindings(Scope.MOVE)

    def action_scroll_top(self) -> None:
        """To the first one."""
        self.action_first()

    def action_scroll_bottom(self) -> None:
        """To the last one."""
        self.action_last()
