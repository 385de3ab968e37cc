"""The ledger as a waterfall: from base's total, term by term, to candidate's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from rich.style import Style
from rich.text import Text

from tracediff import phrases
from tracediff.analysis.significance import is_significant
from tracediff.model.diff import Diff, LedgerTerm, Total
from tracediff.tui.figures import Figures
from tracediff.tui.widgets.column import Column
from tracediff.tui.widgets.sortable_table import SortableTable
from tracediff.waterfall import Bar, waterfall


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """A bar of the waterfall.

    Attributes:
        bar: where it is.
        of: the difference that it is; None for the base, which the rest is a difference from. The total is
            candidate's line.
        is_broken: whether the bar's foot is not at zero.
    """

    bar: Bar
    of: LedgerTerm | Total | None
    is_broken: bool = False

    @property
    def term(self) -> LedgerTerm | None:
        """What the line stands for, where it is no total."""
        return self.of if isinstance(self.of, LedgerTerm) else None


class LedgerTable(SortableTable[LedgerLine, Figures]):
    """The terms in the order of the Diff, which the waterfall needs: nothing sorts them otherwise.

    Attributes:
        axis: what the bars' column spans.
    """

    axis: str = ""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__((), None, id)

    def is_same(self, item: LedgerLine, other: LedgerLine) -> bool:
        names = [line.term.term if line.term else None for line in (item, other)]
        return names[0] == names[1] and isinstance(item.of, Total) == isinstance(other.of, Total)

    def is_significant(self, item: LedgerLine) -> bool:
        return bool(item.term and self._look and is_significant(item.term, self._look.diff.total.delta_ns))

    def show(self, figures: Figures) -> None:
        """Shows the ledger of a Diff."""
        diff = figures.diff
        fall = waterfall(diff.ledger, diff.total)
        self.axis = f"bars from {fall.begins} to {fall.ends}"
        columns = [_TERM, _BAR, _BASE, _CANDIDATE, _DIFFERENCE, _SHARE]
        columns += [_certainty_column(diff)] if phrases.has_certainty(diff) else []
        columns += [_DEVICES] if diff.device else []
        self.columns_wanted = tuple(columns)
        terms = (LedgerLine(bar, term) for bar, term in zip(fall.terms, diff.ledger, strict=True))
        ends = (LedgerLine(bar, of, fall.is_truncated) for bar, of in ((fall.base, None), (fall.candidate, diff.total)))
        self.fill([next(ends), *terms, *ends], figures)


def _name(line: LedgerLine, figures: Figures, width: int) -> Text | str:
    if line.term:
        return phrases.term_name(line.term)
    total = figures.diff.total
    text = f"candidate {figures.candidate(total.candidate_ns)}" if line.of else f"base {figures.base(total.base_ns)}"
    return Text(text, figures.palette.strong)


def _fall(line: LedgerLine, figures: Figures, width: int) -> Text:
    style = figures.palette.sign(line.term.delta_ns) if line.term else Style()
    bar = figures.span(line.bar.start, line.bar.width, width, style)
    # A gap near its foot breaks a bar that does not begin at zero.
    return Text.assemble(bar[:1], " ", bar[2:]) if line.is_broken else bar


def _raw_name(line: LedgerLine, figures: Figures) -> str:
    return line.term.term if line.term else "candidate" if line.of else "base"


def _base_ns(line: LedgerLine, figures: Figures) -> int:
    return (line.of or figures.diff.total).base_ns


def _device_ns(line: LedgerLine, figures: Figures) -> tuple[int, int] | None:
    if line.term:
        return line.term.base_device_ns, line.term.candidate_device_ns
    device = figures.diff.device if line.of else None
    return (device.base.total_ns, device.candidate.total_ns) if device else None


def _devices(line: LedgerLine, figures: Figures, width: int) -> str:
    times = _device_ns(line, figures)
    return phrases.device_times(*times) if times else ""


def _certainty(line: LedgerLine, figures: Figures, width: int, widest: int) -> str:
    """With intervals where there is room for all of them, else the verdicts alone."""
    if line.of is None:
        return ""
    return phrases.certainty(line.of) if widest <= width else phrases.verdict(line.of)


def _certainty_column(diff: Diff) -> Column[LedgerLine, Figures]:
    widest = max(len(phrases.certainty(one)) for one in (*diff.ledger, diff.total))
    cell = partial(_certainty, widest=widest)
    return Column("verdict", "verdict", cell, None, 14, rank=1, right=False, elastic=True)


_TERM: Column[LedgerLine, Figures] = Column(
    "term", "term", _name, None, 20, right=False, elastic=True, raw={"term": _raw_name}
)
_BAR: Column[LedgerLine, Figures] = Column("bar", "waterfall", _fall, None, 16, right=False, elastic=True, copied=False)
_BASE: Column[LedgerLine, Figures] = Column(
    "base", "base", lambda line, figures, width: figures.base(_base_ns(line, figures)), None, 10, rank=3,
    raw={"base_ns": _base_ns},
)  # fmt: skip
_CANDIDATE: Column[LedgerLine, Figures] = Column(
    "candidate", "candidate",
    lambda line, figures, width: figures.candidate(line.of.candidate_ns) if line.of else "", None, 10, rank=3,
    raw={"candidate_ns": lambda line, figures: line.of and line.of.candidate_ns},
)  # fmt: skip
_DIFFERENCE: Column[LedgerLine, Figures] = Column(
    "difference", "difference",
    lambda line, figures, width: figures.difference(line.of.delta_ns) if line.of else "", None, 11,
    raw={"difference_ns": lambda line, figures: line.of and line.of.delta_ns},
)  # fmt: skip
_SHARE: Column[LedgerLine, Figures] = Column(
    "share", "share",
    lambda line, figures, width: phrases.share(line.of.delta_ns, figures.diff) if line.of else "", None, 8, rank=2,
    raw={"share": lambda line, figures: line.of and figures.diff.total.share(line.of.delta_ns)},
)  # fmt: skip
_DEVICES: Column[LedgerLine, Figures] = Column(
    "devices", "on devices", _devices, None, 24, rank=4,
    raw={
        "base_device_ns": lambda line, figures: (_device_ns(line, figures) or (None, None))[0],
        "candidate_device_ns": lambda line, figures: (_device_ns(line, figures) or (None, None))[1],
    },
)  # fmt: skip
