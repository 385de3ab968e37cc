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
