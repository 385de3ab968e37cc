"""What the libraries ran on both sides, by what they call it."""

from __future__ import annotations

from rich.text import Text

from tracediff import phrases, units
from tracediff.model.kernels import Kernel, KernelPair
from tracediff.tui.figures import MISSING, Figures
from tracediff.tui.widgets.column import Column
from tracediff.tui.widgets.sortable_table import SortableTable

_BAR = 11


class KernelsTable(SortableTable[KernelPair, Figures]):
    """Kernels of a Diff; their times are never shares of the iteration, for they were not measured in it."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(_COLUMNS, "difference", id)

    def is_same(self, item: KernelPair, other: KernelPair) -> bool:
        return phrases.kernel_name(item) == phrases.kernel_name(other) and item.library == other.library


def _calls(pair: KernelPair, figures: Figures, width: int) -> str:
    base, candidate = (units.calls(side.calls) if side else MISSING for side in (pair.base, pair.candidate))
    return base if base == candidate else f"{base} -> {candidate}"


def _families(pair: KernelPair) -> str:
    return ", ".join(map(units.short_name, pair.families))


def _bf16(pair: KernelPair) -> str:
    sides = [
        phrases.kernel_notes((side,)) if side and side.kind == "exec" else "" for side in (pair.base, pair.candidate)
    ]
    return units.change_of_ways(*sides) if any(sides) else ""


def _measured_ns(kernel: Kernel | None) -> int | None:
    """None also where the library writes no times."""
    return (kernel.time_ns or None) if kernel else None


def _time(kernel: Kernel | None) -> str:
    time_ns = _measured_ns(kernel)
    return MISSING if time_ns is None else units.duration(time_ns)


def _time_key(kernel: Kernel | None) -> int:
    return kernel.time_ns if kernel else -1


def _difference(pair: KernelPair, figures: Figures, width: int) -> Text:
    if pair.delta_ns is None:
        return Text(MISSING)
    return Text(units.difference(pair.delta_ns), figures.palette.sign(pair.delta_ns))


def _bar(pair: KernelPair, figures: Figures, width: int) -> Text:
    largest = max((abs(each.delta_ns or 0) for each in figures.diff.kernels[:1]), default=0)
    return figures.bar(pair.delta_ns or 0, largest, _BAR)


_COLUMNS: tuple[Column[KernelPair, Figures], ...] = (
    Column("kernel", "kernel", lambda pair, figures, width: phrases.kernel_name(pair), phrases.kernel_name, 28,
           right=False, elastic=True, ascending=True),
    Column("library", "library", lambda pair, figures, width: pair.library, lambda pair: pair.library, 8, rank=3,
           right=False, ascending=True),
    Column("calls", "calls", _calls,
           lambda pair: max(side.calls for side in (pair.base, pair.candidate) if side), 8,
           raw={"base_calls": lambda pair, figures: pair.base and pair.base.calls,
                "candidate_calls": lambda pair, figures: pair.candidate and pair.candidate.calls}),
    Column("base", "base", lambda pair, figures, width: _time(pair.base), lambda pair: _time_key(pair.base), 10,
           raw={"base_ns": lambda pair, figures: _measured_ns(pair.base)}),
    Column("candidate", "candidate", lambda pair, figures, width: _time(pair.candidate),
           lambda pair: _time_key(pair.candidate), 10,
           raw={"candidate_ns": lambda pair, figures: _measured_ns(pair.candidate)}),
    Column("difference", "difference", _difference, lambda pair: abs(pair.delta_ns or 0), 11,
           raw={"difference_ns": lambda pair, figures: pair.delta_ns}),
    Column("bar", "less│more", _bar, None, _BAR, rank=2, right=False, copied=False),
    Column("families", "ran for", lambda pair, figures, width: _families(pair), _families, 14, rank=1, right=False,
           elastic=True, ascending=True),
    Column("rows", "rows", lambda pair, figures, width: f"{len(pair.rows):,}", lambda pair: len(pair.rows), 5, rank=4,
           raw={"rows": lambda pair, figures: len(pair.rows)}),
    Column("bf16", "data type", lambda pair, figures, width: _bf16(pair), _bf16, 10, rank=5,
           right=False, elastic=True),
)  # fmt: skip
