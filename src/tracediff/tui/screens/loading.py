"""What is on screen while the inputs are read."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Footer, ProgressBar, Static

from tracediff.tui.messages import ReadProgress


class LoadingScreen(Screen[None], inherit_bindings=False):
    """Two files and how far each has been read.

    Args:
        base, candidate: the inputs as the user named them.
    """

    def __init__(self, base: str, candidate: str) -> None:
        super().__init__()
        self._inputs = (base, candidate)

    def compose(self) -> ComposeResult:
        with Vertical(id="loading"):
            for place, (name, path) in enumerate(zip(("base", "candidate"), self._inputs, strict=True)):
                yield Static(Text(f"{name}: {path}", no_wrap=True, overflow="ellipsis"))
                yield ProgressBar(total=None if place == 0 else 1, show_eta=False, id=f"read-{place}")
            yield Static("reading base", id="stage", markup=False)
        yield Footer(show_command_palette=False)

    def show_progress(self, progress: ReadProgress) -> None:
        """Moves the bar of the side that is being read."""
        if progress.side:
            self._bar(0).update(total=1, progress=1)
        self._bar(progress.side).update(total=max(1, progress.total), progress=progress.done)
        done = progress.side and progress.done >= progress.total
        stage = "comparing" if done else f"reading {('base', 'candidate')[progress.side]}"
        self.query_one("#stage", Static).update(stage)

    def _bar(self, side: int) -> ProgressBar:
        return self.query_one(f"#read-{side}", ProgressBar)
