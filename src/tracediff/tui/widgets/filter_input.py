"""Where the words of a filter are typed."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from tracediff.tui.actions import Scope, bindings


class FilterInput(Input, inherit_bindings=False):
    """The filter of a screen; the keys that edit text are Textual's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.FILTER),
        *(key for key in Input.BINDINGS if not isinstance(key, Binding) or key.key != "enter"),
    ]

    @property
    def takes_keys(self) -> bool:
        """Whether the next key is typed into it; `has_focus` says so only when it has heard of it."""
        return self.screen.focused is self

    def open(self) -> None:
        """Appears, and takes the next key already."""
        self.display = True
        self.screen.set_focus(self)
