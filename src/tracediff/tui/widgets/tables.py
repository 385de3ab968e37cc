"""The columns of the two tables of operators: by row, and by their raw names."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rich.cells import cell_len
from rich.text import Text

from tracediff import phrases, units
from tracediff.analysis.implementation import working_self_ns
from tracediff.analysis.significance import is_material, is_significant
from tracediff.model.diff import OperatorPair, OperatorTime, Row, RowSide
from tracediff.tui.figures import MISSING, Figures
from tracediff.tui.widgets.column import Column
from tracediff.tui.widgets.sortable_table import SortableTable

_SHORT_CHANGES = {"implementation": "impl", "only candidate": "only cand"}
_TIME = 10
_DIFFERENCE = 11
LEAST_BAR, LARGEST_BAR = 9, 21
"""Cells of a bar; it grows with the screen."""
_INTERVALS_FROM, _IMPLEMENTATIONS_APART_FROM, _KERNELS_APART_FROM = 170, 190, 230
"""From so many cells on there is room: for intervals, and for what both sides ran in two columns instead of one."""


class RowsTable(SortableTable[Row, Figures]):
    """What each family and shape took on both sides."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(_ROW_NUMBERS, "difference", id)
        self._has_verdicts = self._has_kernels = self._has_devices = False

    def fill(self, items: Sequence[Row], look: Figures) -> None:
        self._has_verdicts = phrases.has_certainty(look.diff)
        self._has_kernels = phrases.has_kernels(look.diff)
        self._has_devices = look.diff.device is not None
        super().fill(items, look)

    def columns_for(self, width: int) -> Sequence[Column[Row, Figures]]:
        columns = [*_ROW_NUMBERS]
        if self._has_verdicts:
            columns.append(_CERTAINTY if width >= _INTERVALS_FROM else _VERDICT)
        columns += _IMPLEMENTATIONS if width >= _IMPLEMENTATIONS_APART_FROM else [_IMPLEMENTATION]
        if self._has_kernels:
            columns += _KERNELS if width >= _KERNELS_APART_FROM else [_KERNEL]
        return [*columns, _DEVICE] if self._has_devices else columns

    def is_significant(self, item: Row) -> bool:
        return self._look is not None and is_significant(item, self._look.diff.total.delta_ns)

    def is_same(self, item: Row, other: Row) -> bool:
        return (item.family, item.shape) == (other.family, other.shape)


class OperatorsTable(SortableTable[OperatorPair, Figures]):
    """Operators by their raw names."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(_OPERATOR_COLUMNS, "difference", id)

    def is_significant(self, item: OperatorPair) -> bool:
        return self._look is not None and is_material(item.delta_ns, self._look.diff.total.delta_ns)

    def is_same(self, item: OperatorPair, other: OperatorPair) -> bool:
        return item.name == other.name


def _row_name(row: Row, figures: Figures, width: int) -> Text:
    shape = phrases.shapes(row)
    if len(row.family) + 1 + len(shape) > width:
        # Sizes are what tells rows of a family apart: brackets go before digits do.
        shape = shape.replace("] [", " ").replace("[", "").replace("]", "")
    return Text.assemble((row.family, figures.palette.strong), f" {shape}" if shape else "")


def _row_implementation(row: Row, figures: Figures, width: int) -> str:
    whole = phrases.implementations(row)
    # Where all does not fit, the operators at the ends of the chains say most.
    return whole if cell_len(whole) <= width else phrases.implementations(row, innermost=True)


def _side_implementation(row: Row, figures: Figures, width: int, which: str) -> str:
    side = _side(row, which)
    whole = phrases.implementation(side)
    return (whole if cell_len(whole) <= width else phrases.implementation(side, innermost=True)) or MISSING


def _side(row: Row, which: str) -> RowSide | None:
    return row.base if which == "base" else row.candidate


def _side_ns(side: RowSide | None) -> int | None:
    return side.time_ns if side else None


def _side_time(side: RowSide | None) -> int:
    return side.time_ns if side else -1


def _side_self(row: Row, which: str) -> int | None:
    side = _side(row, which)
    return working_self_ns(side) if side else None


def _row_change(row: Row, figures: Figures, width: int) -> str:
    change = phrases.change(row)
    return change if len(change) <= width else _SHORT_CHANGES.get(row.change, row.change)


def _row_bar(row: Row, figures: Figures, width: int) -> Text:
    largest = max((abs(each.delta_ns) for each in figures.diff.rows[:1]), default=0)
    return figures.bar(row.delta_ns, largest, min(width, LARGEST_BAR))


def _row_verdict(row: Row, figures: Figures, width: int) -> str:
    """With its interval, where there is room."""
    whole = phrases.certainty(row)
    return whole if cell_len(whole) <= width else phrases.verdict(row)


def ratio_cell(ratio: float | None) -> str:
    """`1.23x`; `-` where a side has none."""
    return MISSING if ratio is None else units.ratio(ratio)


def _implementation_column(which: str) -> Column[Row, Figures]:
    return Column(f"{which}_implementation", f"{which} implementation", partial(_side_implementation, which=which),
                  lambda row: phrases.implementation(_side(row, which)), 18, rank=6, right=False, elastic=True,
                  ascending=True)  # fmt: skip


def _kernel_column(which: str) -> Column[Row, Figures]:
    return Column(f"{which}_kernel", f"{which} kernel",
                  lambda row, figures, width: phrases.side_kernels(_side(row, which)) or MISSING,
                  lambda row: phrases.side_kernels(_side(row, which)), 12, rank=7, right=False, elastic=True,
                  ascending=True)  # fmt: skip


_ROW_NUMBERS: tuple[Column[Row, Figures], ...] = (
    Column("row", "family, shape", _row_name, lambda row: (row.family, row.shape or ""), 21, right=False,
           elastic=True, ascending=True),
    Column("calls", "calls", lambda row, figures, width: phrases.calls(row),
           lambda row: max(side.calls for side in (row.base, row.candidate) if side), 8, rank=4,
           raw={"base_calls": lambda row, figures: row.base and row.base.calls,
                "candidate_calls": lambda row, figures: row.candidate and row.candidate.calls}),
    Column("base_self", "base self", lambda row, figures, width: figures.base(_side_self(row, "base")),
           lambda row: _side_self(row, "base") or -1, _TIME, rank=10,
           raw={"base_self_ns": lambda row, figures: _side_self(row, "base")}),
    Column("candidate_self", "cand. self", lambda row, figures, width: figures.candidate(_side_self(row, "candidate")),
           lambda row: _side_self(row, "candidate") or -1, _TIME, rank=10,
           raw={"candidate_self_ns": lambda row, figures: _side_self(row, "candidate")}),
    Column("base", "base", lambda row, figures, width: figures.base(_side_ns(row.base)),
           lambda row: _side_time(row.base), _TIME,
           raw={"base_ns": lambda row, figures: _side_ns(row.base)}),
    Column("candidate", "candidate",
           lambda row, figures, width: figures.candidate(_side_ns(row.candidate)),
           lambda row: _side_time(row.candidate), _TIME,
           raw={"candidate_ns": lambda row, figures: _side_ns(row.candidate)}),
    Column("difference", "difference", lambda row, figures, width: figures.difference(row.delta_ns),
           lambda row: abs(row.delta_ns), _DIFFERENCE,
           raw={"difference_ns": lambda row, figures: row.delta_ns}),
    Column("bar", "less│more", _row_bar, None, LEAST_BAR, rank=2, right=False, elastic=True,
           centred=True, copied=False),
    Column("ratio", "ratio", lambda row, figures, width: ratio_cell(row.ratio), lambda row: row.ratio or -1, 6, rank=3,
           raw={"ratio": lambda row, figures: row.ratio}),
    Column("share", "share", lambda row, figures, width: phrases.share(row.delta_ns, figures.diff),
           lambda row: row.delta_ns, 8, rank=8,
           raw={"share": lambda row, figures: figures.diff.total.share(row.delta_ns)}),
    Column("change", "change", _row_change, lambda row: row.change, 9, rank=9, right=False, elastic=True,
           ascending=True),
)  # fmt: skip

_VERDICT: Column[Row, Figures] = Column(
    "verdict", "verdict", lambda row, figures, width: phrases.verdict(row), phrases.verdict, 12, rank=1, right=False,
    ascending=True,
)  # fmt: skip
_CERTAINTY: Column[Row, Figures] = Column(
    "verdict", "verdict, 95 % interval", _row_verdict, phrases.verdict, 43, rank=1, right=False, ascending=True,
)  # fmt: skip

_IMPLEMENTATION: Column[Row, Figures] = Column(
    "implementation", "implementation", _row_implementation, phrases.implementations, 22, rank=6, right=False,
    elastic=True, ascending=True,
)  # fmt: skip
_IMPLEMENTATIONS = (_implementation_column("base"), _implementation_column("candidate"))

_KERNEL: Column[Row, Figures] = Column(
    "kernel", "kernel", lambda row, figures, width: phrases.kernels(row) or MISSING, phrases.kernels, 18, rank=7,
    right=False, elastic=True, ascending=True,
)  # fmt: skip
_KERNELS = (_kernel_column("base"), _kernel_column("candidate"))

_DEVICE: Column[Row, Figures] = Column(
    "device", "on devices", lambda row, figures, width: phrases.row_device_times(row),
    lambda row: max(side.device_ns for side in (row.base, row.candidate) if side), 24, rank=5,
    raw={"base_device_ns": lambda row, figures: row.base and row.base.device_ns,
         "candidate_device_ns": lambda row, figures: row.candidate and row.candidate.device_ns},
)  # fmt: skip


def _operator_ns(pair: OperatorPair, side: str, what: str) -> int | None:
    operator: OperatorTime | None = pair.base if side == "base" else pair.candidate
    if operator is None:
        return None
    return operator.self_ns if what == "self" else operator.total_ns


def _operator_cell(pair: OperatorPair, figures: Figures, width: int, side: str, what: str) -> str:
    return (figures.base if side == "base" else figures.candidate)(_operator_ns(pair, side, what))


def _operator_key(pair: OperatorPair, side: str, what: str) -> int:
    ns = _operator_ns(pair, side, what)
    return -1 if ns is None else ns


def _operator_column(side: str, what: str, title: str, width: int, rank: int) -> Column[OperatorPair, Figures]:
    return Column(
        f"{side}_{what}",
        title,
        partial(_operator_cell, side=side, what=what),
        partial(_operator_key, side=side, what=what),
        width,
        rank,
        raw={f"{side}_{what}_ns": lambda pair, figures: _operator_ns(pair, side, what)},
    )


def _operator_bar(pair: OperatorPair, figures: Figures, width: int) -> Text:
    largest = max((abs(each.delta_ns) for each in figures.diff.operators[:1]), default=0)
    return figures.bar(pair.delta_ns, largest, min(width, LARGEST_BAR))


_OPERATOR_COLUMNS: tuple[Column[OperatorPair, Figures], ...] = (
    Column("name", "operator", lambda pair, figures, width: pair.name, lambda pair: pair.name, 26, right=False,
           elastic=True, ascending=True),
    Column("calls", "calls", lambda pair, figures, width: phrases.operator_calls(pair),
           lambda pair: max(side.calls for side in (pair.base, pair.candidate) if side), 8,
           raw={"base_calls": lambda pair, figures: pair.base and pair.base.calls,
                "candidate_calls": lambda pair, figures: pair.candidate and pair.candidate.calls}),
    _operator_column("base", "self", "base self", 10, 0),
    _operator_column("base", "total", "base total", 11, 5),
    _operator_column("candidate", "self", "cand. self", 11, 0),
    _operator_column("candidate", "total", "cand. total", 12, 5),
    Column("difference", "self diff.", lambda pair, figures, width: figures.difference(pair.delta_ns),
           lambda pair: abs(pair.delta_ns), _DIFFERENCE,
           raw={"difference_ns": lambda pair, figures: pair.delta_ns}),
    Column("bar", "less│more", _operator_bar, None, LEAST_BAR, rank=1, right=False, elastic=True,
           centred=True, copied=False),
)  # fmt: skip
