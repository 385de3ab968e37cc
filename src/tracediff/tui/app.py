"""The application: starts comparisons, and goes between the screens."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import App, SystemCommand
from textual.screen import Screen

from tracediff import units
from tracediff.errors import TracediffError
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.loading import Loading, comparing
from tracediff.tui.messages import ComparisonLeft, DiffReady, LoadFailed, PairChosen, ReadProgress, RowOpened
from tracediff.tui.screens.compare import CompareScreen
from tracediff.tui.screens.detail import DetailScreen
from tracediff.tui.screens.help import HelpScreen
from tracediff.tui.screens.loading import LoadingScreen
from tracediff.tui.screens.runs import RunsScreen

if TYPE_CHECKING:
    from tracediff.compare import CompareOptions

EXIT_OK, EXIT_UNREADABLE, EXIT_INTERRUPTED = 0, 3, 130


class TracediffApp(App[int], inherit_bindings=False):
    """Base against candidate; without both, the captures to choose them from.

    Args:
        base, candidate: the inputs as the user named them. Without a candidate the base is what is marked at first.
        options: how to compare.
        folder: below which captures are looked for.

    Attributes:
        error: why there is nothing to show.
    """

    CSS_PATH = "app.tcss"
    TITLE = "tracediff"
    BINDINGS = bindings(Scope.APP)
    ENABLE_COMMAND_PALETTE = True

    def __init__(
        self,
        base: str | None = None,
        candidate: str | None = None,
        options: CompareOptions | None = None,
        folder: str = ".",
    ) -> None:
        super().__init__()
        self.error: BaseException | None = None
        self._inputs = self._asked = (base, candidate) if base is not None and candidate is not None else None
        self._options = options
        self._loading: Loading | None = None
        self._runs = RunsScreen(folder, base) if self._inputs is None else None
        self._reading: LoadingScreen | None = None
        self._compare: CompareScreen | None = None

    def run_to_exit_code(self) -> int:
        """Runs until the user leaves.

        Raises:
            TracediffError: an input could not be read.
        """
        code = self.run()
        if self.error:
            raise self.error
        # Without a value it was the signal, which Textual takes for a quiet end, or a defect, which has a code.
        return self.return_code or EXIT_INTERRUPTED if code is None else code

    def on_mount(self) -> None:
        if self._runs:
            self.push_screen(self._runs)
        if self._inputs:
            self._open(*self._inputs)

    def on_unmount(self) -> None:
        self._stop_loading()

    def _open(self, base: str, candidate: str) -> None:
        self._reading = LoadingScreen(base, candidate, is_chosen=self._runs is not None)
        self.push_screen(self._reading)
        self._load(base, candidate)

    def _load(self, base: str, candidate: str) -> None:
        self._asked = (base, candidate)
        self._loading = comparing(self, base, candidate, self._options)
        self._loading.start()

    def _stop_loading(self) -> None:
        if self._loading:
            self._loading.cancel()
            self._loading = None

    @on(ReadProgress)
    def _show_progress(self, progress: ReadProgress) -> None:
        # The thread may still speak while the app is closing, when there is no screen any more.
        screen = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(screen, LoadingScreen | CompareScreen) and self._loading:
            screen.show_progress(progress)

    @on(DiffReady)
    def _show_diff(self, ready: DiffReady) -> None:
        below = self._compare or self._reading
        if not self.screen_stack or below is None:
            return
        self._loading = None
        self._inputs = self._asked
        self._go_back_to(below)
        if self._compare is None:
            self._compare = CompareScreen(ready.diff)
            self.switch_screen(self._compare)  # pyright: ignore[reportUnknownMemberType]
            return
        self._compare.show(ready.diff)

    def _go_back_to(self, below: Screen[None]) -> None:
        while self.screen is not below:
            # Help or a detail of what is no more.
            self.pop_screen()

    @on(LoadFailed)
    def _give_up(self, failed: LoadFailed) -> None:
        if self._runs and isinstance(failed.error, TracediffError):
            self._leave_comparison()
            self.notify(units.printable(str(failed.error)), severity="error", markup=False)
            return
        self._loading = None
        self.error = failed.error
        self.exit(EXIT_UNREADABLE)

    @on(PairChosen)
    def _open_pair(self, chosen: PairChosen) -> None:
        # A second enter may come before the first has changed the screen.
        if self.screen is self._runs:
            self._open(chosen.base, chosen.candidate)

    @on(ComparisonLeft)
    def _leave_comparison(self) -> None:
        if self._runs:
            self._stop_loading()
            self._go_back_to(self._runs)
            self._reading = self._compare = None

    @on(RowOpened)
    def _open_row(self, opened: RowOpened) -> None:
        if self._compare:
            self.push_screen(DetailScreen(opened.row, self._compare.figures))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The actions that have a key where the palette was called from, and the theme."""
        yield SystemCommand("Theme", "choose other colours", self.action_change_theme)
        seen: set[str] = set()
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.action in seen or not active.enabled or not binding.description:
                continue
            seen.add(binding.action)
            run = partial(self.run_action, binding.action, active.node)
            yield SystemCommand(binding.description, binding.tooltip, run)

    def action_swap(self) -> None:
        """Compares the other way round."""
        if self._loading is None and self._inputs:
            if self._options:
                self._options = self._options.swapped()
            self._load(*self._inputs[::-1])

    def action_help(self) -> None:
        """Lists all actions."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    async def action_quit(self) -> None:
        """Leaves, also while a file is being read."""
        self._stop_loading()
        self.exit(EXIT_OK)

    def action_interrupt(self) -> None:
        """Leaves as Ctrl+C does."""
        self._stop_loading()
        self.exit(EXIT_INTERRUPTED)
