"""Rows added up by what they have in common."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from tracediff import phrases, units
from tracediff.analysis.grouped import Group
from tracediff.analysis.significance import is_material, is_significant
from tracediff.tui.figures import Figures
from tracediff.tui.widgets.column import Column
from tracediff.tui.widgets.sortable_table import SortableTable
from tracediff.tui.widgets.tables import LARGEST_BAR, LEAST_BAR, ratio_cell

_NOT_RECORDED = "none recorded"


class GroupsTable(SortableTable[Group, Figures]):
    """A line for each family, shape, module or kernel.

    Attributes:
        noun: what a line is.
    """

    noun: str = "group"

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(_COLUMNS, "difference", id)

    def show(self, groups: Sequence[Group], noun: str, figures: Figures) -> None:
        """Shows groups of one kind."""
        self.noun = noun
        self._judged = any(group.term and phrases.verdict(group.term) for group in groups)
        self._largest_ns = max((abs(group.delta_ns) for group in groups[:1]), default=0)
        self.fill(groups, figures)

    def columns_for(self, width: int) -> Sequence[Column[Group, Figures]]:
        name: Column[Group, Figures] = Column(
            "name", self.noun, lambda group, figures, width: name_of(group), lambda group: group.name or "", 24,
            right=False, elastic=True, ascending=True,
        )  # fmt: skip
        bar: Column[Group, Figures] = Column(
            "bar", "less│more",
            lambda group, figures, width: figures.bar(group.delta_ns, self._largest_ns, min(width, LARGEST_BAR)),
            None, LEAST_BAR, rank=2, right=False, elastic=True, centred=True, copied=False,
        )  # fmt: skip
        columns = [name, *_COLUMNS, bar, *_AFTER_BAR]
        return [*columns, _VERDICT] if self._judged else columns

    def is_same(self, item: Group, other: Group) -> bool:
        # They are added up anew for each Diff.
        return item.name == other.name

    def is_significant(self, item: Group) -> bool:
        if self._look is None:
            return False
        total_ns = self._look.diff.total.delta_ns
        return is_significant(item.term, total_ns) if item.term else is_material(item.delta_ns, total_ns)


def name_of(group: Group) -> str:
    """What its rows have in common."""
    return _NOT_RECORDED if group.name is None else units.short_name(group.name)


def _calls(group: Group, figures: Figures, width: int) -> str:
    return units.change_of_ways(units.calls(group.base_calls), units.calls(group.candidate_calls))


def _verdict(group: Group, figures: Figures, width: int) -> Text | str:
    if group.term is None:
        return ""
    whole = phrases.certainty(group.term)
    return whole if len(whole) <= width else phrases.verdict(group.term)


_COLUMNS: tuple[Column[Group, Figures], ...] = (
    Column("rows", "rows", lambda group, figures, width: f"{len(group.rows):,}", lambda group: len(group.rows), 6,
           rank=5, raw={"rows": lambda group, figures: len(group.rows)}),
    Column("calls", "calls", _calls, lambda group: max(group.base_calls, group.candidate_calls), 9, rank=4,
           raw={"base_calls": lambda group, figures: group.base_calls,
                "candidate_calls": lambda group, figures: group.candidate_calls}),
    Column("base", "base", lambda group, figures, width: figures.base(group.base_ns), lambda group: group.base_ns, 10,
           raw={"base_ns": lambda group, figures: group.base_ns}),
    Column("candidate", "candidate", lambda group, figures, width: figures.candidate(group.candidate_ns),
           lambda group: group.candidate_ns, 10, raw={"candidate_ns": lambda group, figures: group.candidate_ns}),
    Column("difference", "difference", lambda group, figures, width: figures.difference(group.delta_ns),
           lambda group: abs(group.delta_ns), 11, raw={"difference_ns": lambda group, figures: group.delta_ns}),
)  # fmt: skip

_AFTER_BAR: tuple[Column[Group, Figures], ...] = (
    Column("ratio", "ratio", lambda group, figures, width: ratio_cell(group.ratio), lambda group: group.ratio or -1, 6,
           rank=3, raw={"ratio": lambda group, figures: group.ratio}),
    Column("share", "share", lambda group, figures, width: phrases.share(group.delta_ns, figures.diff),
           lambda group: group.share, 8, rank=6,
           raw={"share": lambda group, figures: figures.diff.total.share(group.delta_ns)}),
)  # fmt: skip

_VERDICT: Column[Group, Figures] = Column(
    "verdict", "verdict", _verdict, lambda group: phrases.verdict(group.term) if group.term else "", 12, rank=1,
    right=False, elastic=True, ascending=True,
)  # fmt: skip
