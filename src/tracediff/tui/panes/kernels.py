"""Which code of the libraries both sides ran, and what their logs say that it took."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from tracediff import phrases, units
from tracediff.analysis.kernels import NO_LOG
from tracediff.model.diff import Diff
from tracediff.model.kernels import KernelPair
from tracediff.tui import filtering
from tracediff.tui.figures import Figures
from tracediff.tui.filtering import Narrowing, RowSet
from tracediff.tui.panes.pane import Pane
from tracediff.tui.widgets.kernels_table import KernelsTable
from tracediff.tui.widgets.sortable_table import SortableTable


class KernelsPane(Pane):
    """Kernels by implementation, and what the logs cover."""

    tab: ClassVar[str] = "kernels"
    noun: ClassVar[str] = "Kernels"
    narrows: ClassVar[bool] = True
    hides: ClassVar[bool] = True

    def compose(self) -> ComposeResult:
        yield KernelsTable("kernels-table")
        yield Static(id="kernel-sources", markup=False)

    @property
    def main(self) -> Widget | None:
        table = self.query_one(KernelsTable)
        return table if table.display else None

    def fill(self, figures: Figures) -> None:
        self._diff = figures.diff
        kernels = figures.diff.kernels
        self.query_one("#kernel-sources", Static).update("\n".join(_sources(figures.diff)))
        table = self.query_one(KernelsTable)
        table.display = bool(kernels)
        table.fill(kernels, figures)

    def narrow(self, narrowing: Narrowing) -> None:
        query, total_ns = narrowing.query, self._diff.total.delta_ns
        rows = filtering.row_subjects(self._diff) if query.tests else ()

        def wanted(pair: KernelPair) -> bool:
            if narrowing.hides_unchanged and filtering.kernel_unchanged(pair, total_ns):
                return False
            return not query.tests or query.keeps(filtering.kernel_subject(pair, rows, total_ns))

        self.query_one(KernelsTable).keep(wanted)

    def status(self) -> list[str]:
        table = self.query_one(KernelsTable)
        whole = units.count(table.total, "kernel")
        shown = whole if len(table.shown) == table.total else f"{len(table.shown):,} of {whole}"
        return [shown, table.order] if table.total else []

    @on(SortableTable.Opened)
    def _open_rows(self, event: SortableTable.Opened) -> None:
        event.stop()
        pair = event.item
        if not isinstance(pair, KernelPair):
            return
        name = phrases.kernel_name(pair)
        if pair.rows:
            self.post_message(self.RowsWanted(only=RowSet(frozenset(pair.rows), f"those that ran {name}")))
        else:
            self.notify(f"{name} ran on other threads only", timeout=3)


def _sources(diff: Diff) -> Iterator[str]:
    """Where the kernels come from, and how much of the logs they explain."""
    for name, side in (("base", diff.base), ("candidate", diff.candidate)):
        yield f"{name}: {phrases.kernel_coverage(side.kernel_coverage) if side.kernel_coverage else NO_LOG}"
    if diff.kernels:
        yield (
            "Times are those of the libraries' logs, of the kernel pass where the capture has one: no part of the "
            "ledger."
        )
    if any(side and not side.time_ns for pair in diff.kernels for side in (pair.base, pair.candidate)):
        yield (
            "OpenBLAS writes no log: its calls are those of the operators that it works for; what ran in its place on "
            "the other side has no difference."
        )
