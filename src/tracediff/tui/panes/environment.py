"""What the two sides are, and what to know before believing a number of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.console import RenderableType
from rich.table import Table as DrawnTable
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
from tracediff.tui.tabular import Cell, Table
from tracediff.tui.widgets.prose import Prose

_DIFFERS, _MEASURED, _SAME = "differs", "measured", "same"
_UNEQUAL = "≠"


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
        self._ignored = filtering.ignored(narrowing.needle)

        def wanted(*words: str) -> bool:
            return filtering.matches(" ".join(words).lower(), narrowing.needle)

        strong = self._figures.palette.strong
        self._shown = [field for field in self._fields if wanted(_mark(field), field.name, field.base, field.candidate)]
        parts: list[RenderableType] = [self._table()] if self._shown else []
        rows: list[Sequence[Cell]] = [[_mark(field), field.name, field.base, field.candidate] for field in self._shown]
        for title, lines in self._sections.items():
            if kept := [line for line in lines if wanted(title, line)]:
                parts += [Text(), Text(title, strong), *(Text(f"- {units.printable(line)}") for line in kept)]
                rows += [[title, line, None, None] for line in kept]
        nothing = Text(f"nothing here contains {narrowing.needle}: esc shows everything", self._figures.palette.muted)
        table = Table(["what", "recorded", "base", "candidate"], rows, [False] * 4)
        self.query_one(Prose).fill(*parts or [nothing], lines=table)

    def status(self) -> list[str]:
        whole = units.count(len(self._fields), "field")
        shown = whole if len(self._shown) == len(self._fields) else f"{len(self._shown):,} of {whole}"
        differing = sum(_mark(field) == _DIFFERS for field in self._fields)
        return [*filter(None, [self._ignored]), *([shown, f"{differing:,} differ"] if self._fields else [])]

    def _table(self) -> DrawnTable:
        """The fields, folded where a value is long: what differs may be at its end."""
        palette, diff = self._figures.palette, self._figures.diff
        table = DrawnTable(box=None, pad_edge=False, expand=True, header_style=palette.strong)
        table.add_column("", no_wrap=True)
        table.add_column("recorded", ratio=2, overflow="fold")
        for name, side in (("base", diff.base), ("candidate", diff.candidate)):
            table.add_column(Text(f"{name}: {units.printable(side.run.label)}"), ratio=3, overflow="fold")
        for field in self._shown:
            mark = _mark(field)
            style = palette.warning if mark == _DIFFERS else palette.muted
            values = (field.base or MISSING, field.candidate or MISSING)
            table.add_row(
                Text(f"{_UNEQUAL} {mark}" if field.differs else mark, style),
                Text(field.name, style if mark == _DIFFERS else ""),
                *(Text(value, palette.muted if mark == _SAME else "") for value in values),
            )
        return table


def _mark(field: Field) -> str:
    """What a measurement differs by was not chosen, and is no reason by itself."""
    if field.differs:
        return _MEASURED if field.is_measured else _DIFFERS
    if field.base == field.candidate:
        return _SAME
    return "only base" if field.base else "only cand."
