"""What is on screen while the inputs are read."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Footer, ProgressBar, Static

from tracediff import units
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.messages import ComparisonLeft, ReadProgress


class LoadingScreen(Screen[None], inherit_bindings=False):
    """Two inputs, and how far they have been read.

    Args:
        base, candidate: the inputs as the user named them.
        is_chosen: there is a list that they were chosen from.
    """

    BINDINGS = bindings(Scope.LOADING)

    def __init__(self, base: str, candidate: str, is_chosen: bool) -> None:
        super().__init__()
        self._inputs = (base, candidate)
        self._is_chosen = is_chosen

    def compose(self) -> ComposeResult:
        with Vertical(id="loading"):
            for name, path in zip(("base", "candidate"), self._inputs, strict=True):
                yield Static(Text(f"{name}: {units.printable(path)}", no_wrap=True, overflow="ellipsis"))
            yield ProgressBar(show_eta=False)
            yield Static("reading", id="stage", markup=False)
        yield Footer(show_command_palette=False)

    def show_progress(self, progress: ReadProgress) -> None:
        """Moves the bar, and says how many bytes that is."""
        # While the app closes, the screen is empty already.
        for bar in self.query(ProgressBar):
            bar.update(total=progress.total or None, progress=progress.done)
        for stage in self.query("#stage").results(Static):
            stage.update(units.reading(progress.done, progress.total))

    def action_cancel(self) -> None:
        """Reads no further."""
        self.post_message(ComparisonLeft())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "cancel" or self._is_chosen
