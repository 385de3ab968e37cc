"""Both sides' calls as one tree."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Static

from tracediff import units
from tracediff.model.diff import Row
from tracediff.tui.figures import Figures
from tracediff.tui.filtering import Narrowing, calls_found, row_subjects
from tracediff.tui.messages import RowOpened
from tracediff.tui.panes.pane import Pane
from tracediff.tui.widgets.call_tree import CallTreeView

_NO_TREE = "No call tree: one side is a printed table, which has no timeline."


class CallsPane(Pane):
    """The merged call tree, where both sides have one."""

    tab: ClassVar[str] = "calls"
    noun: ClassVar[str] = "Call tree"
    narrows: ClassVar[bool] = True
    details: ClassVar[bool] = True

    def compose(self) -> ComposeResult:
        yield CallTreeView("call-tree")
        yield Static(_NO_TREE, id="no-call-tree", markup=False)

    @property
    def main(self) -> Widget | None:
        view = self.query_one(CallTreeView)
        return view if view.outline else None

    @property
    def row(self) -> Row | None:
        view = self.query_one(CallTreeView)
        place = -1 if view.outline is None or view.node is None else int(view.outline.tree.row[view.node])
        return self._diff.rows[place] if place >= 0 else None

    def fill(self, figures: Figures) -> None:
        diff, view = figures.diff, self.query_one(CallTreeView)
        self._diff = diff
        view.display = diff.call_tree is not None
        self.query_one("#no-call-tree").display = diff.call_tree is None
        if diff.call_tree is not None:
            view.fill(diff.call_tree, figures)

    def narrow(self, narrowing: Narrowing) -> None:
        query, tree = narrowing.query, self._diff.call_tree
        if tree is not None:
            found = (
                calls_found(tree, row_subjects(self._diff), query, self._diff.total.delta_ns) if query.tests else None
            )
            self.query_one(CallTreeView).keep(found)

    def status(self) -> list[str]:
        outline = self.query_one(CallTreeView).outline
        if outline is None:
            return []
        base, candidate = outline.tree.base_iterations[0], outline.tree.candidate_iterations[0]
        return [
            f"{len(outline.visible):,} of {units.count(len(outline.tree), 'call')}",
            f"mean of {base} | {candidate} iterations",
            "< only base, > only candidate",
        ]

    @on(CallTreeView.Opened)
    def _open_row_of_call(self, event: CallTreeView.Opened) -> None:
        event.stop()
        if event.row >= 0:
            self.post_message(RowOpened(self._diff.rows[event.row]))
        else:
            self.notify("the time of this call itself is in no row: it is an annotation", timeout=3)
