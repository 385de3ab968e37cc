"""The columns of the three tables: rows, operators and ledger."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rich.text import Text

from tracediff import phrases
from tracediff.model.diff import LedgerTerm, OperatorPair, OperatorTime, Row, RowSide
from tracediff.tui.figures import Figures
from tracediff.tui.widgets.sortable_table import Column, SortableTable

_SHORT_CHANGES = {"implementation": "impl", "only candidate": "only cand"}
_TIME = 10
_DIFFERENCE = 11
_BAR = 11


class RowsTable(SortableTable[Row, Figures]):
    """What each family and shape took on both sides."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(_ROW_COLUMNS, "difference", id)

    def fill(self, items: Sequence[Row], look: Figures) -> None:
        self.columns_wanted = (*_ROW_COLUMNS, _VERDICT) if phrases.has_certainty(look.diff) else _ROW_COLUMNS
        super().fill(items, look)

    def is_same(self, item: Row, other: Row) -> bool:
        return (item.family, item.shape) == (other.family, other.shape)


class OperatorsTable(SortableTable[OperatorPair, Figures]):
    """Operators by their raw names."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(_OPERATOR_COLUMNS, "difference", id)

    def is_same(self, item: OperatorPair, other: OperatorPair) -> bool:
        return item.name == other.name


class LedgerTable(SortableTable[LedgerTerm, Figures]):
    """The terms that add up to the total difference, in the order of the Diff."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(_LEDGER_COLUMNS, None, id)

    def fill(self, items: Sequence[LedgerTerm], look: Figures) -> None:
        judged = phrases.has_certainty(look.diff)
        self.columns_wanted = (*_LEDGER_COLUMNS, _CERTAINTY) if judged else _LEDGER_COLUMNS
        super().fill(items, look)

    def is_same(self, item: LedgerTerm, other: LedgerTerm) -> bool:
        return item.term == other.term


def _row_name(row: Row, figures: Figures, width: int) -> Text:
    shape = phrases.shapes(row)
    if len(row.family) + 1 + len(shape) > width:
        # Sizes are what tells rows of a family apart: brackets go before digits do.
        shape = shape.replace("] [", " ").replace("[", "").replace("]", "")
    return Text.assemble((row.family, figures.palette.strong), f" {shape}" if shape else "")


def _row_implementation(row: Row, figures: Figures, width: int) -> str:
    whole = phrases.implementations(row)
    # Where all does not fit, the operators at the ends of the chains say most.
    return whole if len(whole) <= width else phrases.implementations(row, innermost=True)


def _side_ns(side: RowSide | None) -> int | None:
    return side.time_ns if side else None


def _side_time(side: RowSide | None) -> int:
    return side.time_ns if side else -1


def _row_change(row: Row, figures: Figures, width: int) -> str:
    change = phrases.change(row)
    return change if len(change) <= width else _SHORT_CHANGES.get(row.change, row.change)


def _row_bar(row: Row, figures: Figures, width: int) -> Text:
    return figures.bar(row.delta_ns, max((abs(each.delta_ns) for each in figures.diff.rows[:1]), default=0), _BAR)


_ROW_COLUMNS: tuple[Column[Row, Figures], ...] = (
    Column("row", "family, shape", _row_name, lambda row: (row.family, row.shape or ""), 27, right=False,
           elastic=True, ascending=True),
    Column("implementation", "implementation",
           _row_implementation, phrases.implementations,
           22, rank=4, right=False, elastic=True, ascending=True),
    Column("calls", "calls", lambda row, figures, width: phrases.calls(row),
           lambda row: max(side.calls for side in (row.base, row.candidate) if side), 7, rank=6),
    Column("base", "base", lambda row, figures, width: figures.base(_side_ns(row.base)),
           lambda row: _side_time(row.base), _TIME, ns=lambda row: _side_ns(row.base)),
    Column("candidate", "candidate",
           lambda row, figures, width: figures.candidate(_side_ns(row.candidate)),
           lambda row: _side_time(row.candidate), _TIME, ns=lambda row: _side_ns(row.candidate)),
    Column("difference", "difference", lambda row, figures, width: figures.difference(row.delta_ns),
           lambda row: abs(row.delta_ns), _DIFFERENCE, ns=lambda row: row.delta_ns),
    Column("bar", "less│more", _row_bar, None, _BAR, rank=3, right=False),
    Column("share", "share", lambda row, figures, width: phrases.share(row.delta_ns, figures.diff),
           lambda row: row.delta_ns, 8, rank=5),
    Column("change", "change", _row_change, lambda row: row.change, 9, right=False, elastic=True, ascending=True),
)  # fmt: skip


_VERDICT: Column[Row, Figures] = Column(
    "verdict", "verdict", lambda row, figures, width: phrases.verdict(row), phrases.verdict, 12, rank=1, right=False,
    ascending=True,
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
        ns=partial(_operator_ns, side=side, what=what),
    )


def _operator_bar(pair: OperatorPair, figures: Figures, width: int) -> Text:
    largest = max((abs(each.delta_ns) for each in figures.diff.operators[:1]), default=0)
    return figures.bar(pair.delta_ns, largest, _BAR)


_OPERATOR_COLUMNS: tuple[Column[OperatorPair, Figures], ...] = (
    Column("name", "operator", lambda pair, figures, width: pair.name, lambda pair: pair.name, 26, right=False,
           elastic=True, ascending=True),
    Column("calls", "calls", lambda pair, figures, width: phrases.operator_calls(pair),
           lambda pair: max(side.calls for side in (pair.base, pair.candidate) if side), 8),
    _operator_column("base", "self", "base self", 10, 0),
    _operator_column("base", "total", "base total", 11, 5),
    _operator_column("candidate", "self", "cand. self", 11, 0),
    _operator_column("candidate", "total", "cand. total", 12, 5),
    Column("difference", "self diff.", lambda pair, figures, width: figures.difference(pair.delta_ns),
           lambda pair: abs(pair.delta_ns), _DIFFERENCE, ns=lambda pair: pair.delta_ns),
    Column("bar", "less│more", _operator_bar, None, _BAR, rank=6, right=False),
)  # fmt: skip


def _ledger_bar(term: LedgerTerm, figures: Figures, width: int) -> Text:
    return figures.bar(term.delta_ns, max((abs(each.delta_ns) for each in figures.diff.ledger), default=0), _BAR)


_LEDGER_COLUMNS: tuple[Column[LedgerTerm, Figures], ...] = (
    Column("term", "term", lambda term, figures, width: phrases.term_name(term), lambda term: term.term, 16,
           right=False, elastic=True, ascending=True),
    Column("base", "base", lambda term, figures, width: figures.base(term.base_ns), lambda term: term.base_ns, _TIME,
           ns=lambda term: term.base_ns),
    Column("candidate", "candidate", lambda term, figures, width: figures.candidate(term.candidate_ns),
           lambda term: term.candidate_ns, _TIME, ns=lambda term: term.candidate_ns),
    Column("difference", "difference", lambda term, figures, width: figures.difference(term.delta_ns),
           lambda term: abs(term.delta_ns), _DIFFERENCE, ns=lambda term: term.delta_ns),
    Column("share", "share", lambda term, figures, width: phrases.share(term.delta_ns, figures.diff),
           lambda term: term.share, 8),
    Column("bar", "less│more", _ledger_bar, None, _BAR, right=False),
)  # fmt: skip


_CERTAINTY: Column[LedgerTerm, Figures] = Column(
    "verdict", "verdict", lambda term, figures, width: phrases.certainty(term), phrases.verdict, 14, right=False,
    elastic=True, ascending=True,
)  # fmt: skip
