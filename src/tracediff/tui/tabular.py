"""What a widget shows as a table of text, so that it can be copied or written into a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import msgspec
from textual.screen import Screen

from tracediff import units

Cell: TypeAlias = str | int | float | None


class Table(msgspec.Struct, frozen=True):
    """Lines of cells.

    Attributes:
        titles: of the columns.
        rows: the lines.
        right: for each column, whether it is aligned right.
    """

    titles: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    right: Sequence[bool]


@runtime_checkable
class Tabular(Protocol):
    """A widget with lines."""

    def as_table(self, raw: bool = False) -> Table:
        """What is on show, in its order, also what scrolled away.

        Args:
            raw: times as integers in nanoseconds, with titles that say so, and other numbers as numbers; else as on the
                screen.
        """
        ...

    def line_under_cursor(self) -> Sequence[str] | None:
        """One line as on the screen; None where there is no cursor."""
        ...


def tab_separated(lines: Iterable[Sequence[Cell]]) -> str:
    """Lines as spreadsheets and shells take them."""
    return "\n".join("\t".join("" if cell is None else units.printable(str(cell)) for cell in line) for line in lines)


def tabular_of(screen: Screen[object]) -> Tabular | None:
    """The widget with the focus, or else the first one on show that has lines."""
    return next((widget for widget in (screen.focused, *screen.focus_chain) if isinstance(widget, Tabular)), None)
