"""What the two sides are, and what to know before believing a number of theirs."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.widget import Widget

from tracediff.model.diff import Diff
from tracediff.tui.figures import Figures
from tracediff.tui.panes.pane import Pane
from tracediff.tui.widgets.doubts import Doubts


class EnvironmentPane(Pane):
    """Comparability, inputs and warnings."""

    tab: ClassVar[str] = "environment"
    noun: ClassVar[str] = "Environment"

    def compose(self) -> ComposeResult:
        yield Doubts(id="doubts")

    def title(self, diff: Diff) -> str:
        mark = f" ({len(diff.warnings)})" if diff.warnings else ""
        return super().title(diff) + mark

    @property
    def main(self) -> Widget:
        return self.query_one(Doubts)

    def fill(self, figures: Figures) -> None:
        self.query_one(Doubts).fill_from(figures.diff, figures.palette)
