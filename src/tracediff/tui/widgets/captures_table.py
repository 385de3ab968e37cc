"""The captures that one can choose from, workload by workload, with the marks of base and candidate."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text

from tracediff import units
from tracediff.model.listing import Listed
from tracediff.model.run import Run
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.figures import MISSING
from tracediff.tui.palette import Palette
from tracediff.tui.widgets.column import Column
from tracediff.tui.widgets.sortable_table import SortableTable

UNKNOWN, UNREADABLE = "unknown workload", "cannot be read"
_ELSEWHERE = "…"
_RECORDED = ("backend", "torch", "latency")


@dataclass(frozen=True, slots=True)
class Marked:
    """How lines are written.

    Attributes:
        letters: by path, what it is marked as: `B` or `C`.
        palette: the styles.
    """

    letters: Mapping[str, str]
    palette: Palette


class CapturesTable(SortableTable[Listed, Marked], inherit_bindings=False):
    """A line for what can be a side of a comparison."""

    BINDINGS = bindings(Scope.TABLE, Scope.MOVE)

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(_COLUMNS, "name", id)
        self.sort_ascending = True

    def group(self, item: Listed) -> tuple[int, str]:
        if item.error:
            return 2, UNREADABLE
        if item.workload:
            return 0, units.printable(item.workload)
        folder = _folder_and_label(item)[0]
        return 1, f"{units.printable(folder)} ({UNKNOWN})" if folder else UNKNOWN

    def columns_for(self, width: int) -> Sequence[Column[Listed, Marked]]:
        """Without those of which no capture recorded anything: the names need their room."""
        look = self._look
        return [
            column
            for column in _COLUMNS
            if column.key not in _RECORDED
            or look is None
            or any(column.cell(item, look, column.width) != MISSING for item in self._items)
        ]

    def is_same(self, item: Listed, other: Listed) -> bool:
        # After another look at the folder a line is another object, of the same files.
        return item.path == other.path


def _folder_and_label(side: Listed) -> tuple[str, str]:
    folder, _, label = side.name.rpartition("/")
    return folder, label


def notes(side: Listed) -> str:
    """What is to know before believing its numbers, in words that fit a cell."""
    if side.error:
        return units.printable(side.error)
    parts = ["damaged"] if side.damage else []
    parts += ["printed table"] if side.is_table else []
    parts += ["emulated"] if any(run.emulated for run in side.runs) else []
    parts += [units.count(len(side.warnings), "warning")] if side.warnings else []
    return ", ".join(parts)


def _name(side: Listed, marked: Marked, width: int) -> Text:
    # Where it is the heading, the folder need not be told again.
    name = units.printable(side.name if side.workload or side.error else _folder_and_label(side)[1])
    room = width - 2
    if len(name) > room:
        # The folders that it is in tell less than what it is called.
        name = _ELSEWHERE + name[len(name) - room + 1 :]
    letter = marked.letters.get(side.path, " ")
    return Text.assemble((letter, "bold reverse" if letter.strip() else ""), " ", name)


def _recorded(value: Callable[[Run], str | None]) -> Callable[[Listed, Marked, int], str]:
    """The cell of something that captures record and plain traces do not."""
    return lambda side, marked, width: units.printable((side.run and value(side.run)) or MISSING)


def _version(side: Listed) -> tuple[int, ...]:
    """2.10 comes after 2.3."""
    return tuple(map(int, re.findall(r"\d{1,9}", (side.run and side.run.torch_version) or "")))


def _notes(side: Listed, marked: Marked, width: int) -> Text:
    return Text(notes(side), marked.palette.warning if side.error or side.damage else "")


_COLUMNS: tuple[Column[Listed, Marked], ...] = (
    Column("name", "capture", _name, lambda side: side.name.lower(), 18, right=False, elastic=True, ascending=True),
    Column("backend", "backend", _recorded(lambda run: run.backend), lambda side: (side.run and side.run.backend) or "",
           8, right=False, ascending=True),
    Column("torch", "torch", _recorded(lambda run: run.torch_version), _version, 10, rank=3, right=False),
    Column("captures", "captures", lambda side, marked, width: f"{side.captures:,}", lambda side: side.captures,
           9, rank=1),
    Column("iterations", "iterations",
           lambda side, marked, width: f"{side.iterations:,}" if side.iterations else MISSING,
           lambda side: side.iterations, 11, rank=6),
    Column("latency", "latency",
           lambda side, marked, width: MISSING if side.latency_ns is None else units.duration(side.latency_ns),
           lambda side: -1 if side.latency_ns is None else side.latency_ns, 10, rank=1, ascending=True),
    Column("date", "date", lambda side, marked, width: units.date(side.date_ns) if side.date_ns else MISSING,
           lambda side: side.date_ns, 16, rank=4, right=False),
    Column("size", "size", lambda side, marked, width: units.size(side.size), lambda side: side.size, 9, rank=5),
    Column("notes", "notes", _notes, notes, 12, rank=2, right=False, elastic=True, ascending=True),
)  # fmt: skip
