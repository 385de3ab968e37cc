"""What the two sides are, and what to know before believing a number of theirs."""

from __future__ import annotations

from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.widget import Widget

from tracediff import units
from tracediff.model.diff import Diff
from tracediff.recorded_fields import Field, fields_of_both
from tracediff.tui import filtering
from tracediff.tui.figures import MISSING, Figures
from tracediff.tui.filtering import Narrowing
from tracediff.tui.panes.pane import Pane
from tracediff.tui.reliability import sections
from tracediff.tui.widgets.prose import Prose

_MARKS = {"differs": "≠ differs", "same": "same", "only base": "only base", "only candidate": "only cand."}


class EnvironmentPane(Pane):
    """Every recorded field, differences first; then comparability, inputs, damage and warnings."""

    tab: ClassVar[str] = "environment"
    noun: ClassVar[str] = "Environment"
    narrows: ClassVar[bool] = True

    def compose(self) -> ComposeResult:
        yield Prose(id="surroundings")

    def title(self, diff: Diff) -> str:
        mark = f" ({len(diff.warnings)})" if diff.warnings else ""
        return super().title(diff) + mark

    @property
    def main(self) -> Widget:
        return self.query_one(Prose)

    def fill(self, figures: Figures) -> None:
        self._figures = figures
        self._fields = fields_of_both(figures.diff.base, figures.diff.candidate)
        self._sections = dict(sections(figures.diff))
        self.narrow(Narrowing())

    def narrow(self, narrowing: Narrowing) -> None:
        def wanted(*words: str) -> bool:
            return filtering.matches(" ".join(words).lower(), narrowing.needle)

        strong = self._figures.palette.strong
        self._shown = [
            field for field in self._fields if wanted(_state(field), field.name, field.base, field.candidate)
        ]
        parts: list[RenderableType] = [self._table()] if self._shown else []
        for title, lines in self._sections.items():
            if kept := [line for line in lines if wanted(title, line)]:
                parts += [Text(), Text(title, strong), *(Text(f"- {units.printable(line)}") for line in kept)]
        self.query_one(Prose).fill(*parts or [Text("nothing here contains these words", self._figures.palette.muted)])

    def status(self) -> list[str]:
        whole = units.count(len(self._fields), "field")
        shown = whole if len(self._shown) == len(self._fields) else f"{len(self._shown):,} of {whole}"
        return [shown, f"{sum(field.differs for field in self._fields):,} differ"] if self._fields else []

    def _table(self) -> Table:
        """The fields, folded where a value is long: what differs may be at its end."""
        palette, diff = self._figures.palette, self._figures.diff
        table = Table(box=None, pad_edge=False, expand=True, header_style=palette.strong)
        table.add_column("", no_wrap=True)
        table.add_column("recorded", ratio=2, overflow="fold")
        for name, side in (("base", diff.base), ("candidate", diff.candidate)):
            table.add_column(Text(f"{name}: {units.printable(side.run.label)}"), ratio=3, overflow="fold")
        for field in self._shown:
            style = palette.warning if field.differs else palette.muted if field.base == field.candidate else ""
            cells = (_MARKS[_state(field)], field.name, field.base or MISSING, field.candidate or MISSING)
            table.add_row(*(Text(cell, style) for cell in cells))
        return table


def _state(field: Field) -> str:
    if field.differs:
        return "differs"
    if field.base == field.candidate:
        return "same"
    return "only base" if field.base else "only candidate"
