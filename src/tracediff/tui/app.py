"""The application: starts comparisons, and goes between the screens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import SystemCommand
from textual.screen import Screen

from tracediff.errors import TracediffError
from tracediff.tui.actions import TABS, Scope, bindings
from tracediff.tui.exporting import Exporter, Offer, file_stem, offers_of
from tracediff.tui.loading import Loading, comparing
from tracediff.tui.messages import ComparisonLeft, DiffReady, LoadFailed, PairChosen, ReadProgress, RowOpened
from tracediff.tui.screens.export import ExportDialog
from tracediff.tui.screens.help import HelpScreen
from tracediff.tui.screens.loading import LoadingScreen
from tracediff.tui.tabular import tabular_of
from tracediff.tui.terminal_app import LONG_S, TerminalApp

if TYPE_CHECKING:
    from tracediff.compare import CompareOptions
    from tracediff.tui.screens.compare import CompareScreen
    from tracediff.tui.screens.runs import RunsScreen

EXIT_OK, EXIT_UNREADABLE, EXIT_INTERRUPTED = 0, 3, 130


@dataclass(frozen=True, slots=True)
class _Pair:
    """What is compared, and how."""

    base: str
    candidate: str
    options: CompareOptions | None

    def swapped(self) -> _Pair:
        return _Pair(self.candidate, self.base, self.options.swapped() if self.options else None)


class TracediffApp(TerminalApp, inherit_bindings=False):
    """Base against candidate; without both, the captures to choose them from.

    What shows either stands on numpy, which takes as long to import as Textual: it loads once something is on screen.

    Args:
        base, candidate: the inputs as the user named them. Without a candidate the base is what is marked at first.
        options: how to compare.
        folder: below which captures are looked for.
        exporters: what can be made of a comparison beside a picture.
        ascii_only: whether to draw in ASCII only; None: as the user's settings or the locale say.
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
        exporters: Sequence[Exporter] = (),
        ascii_only: bool | None = None,
    ) -> None:
        super().__init__(ascii_only)
        self._exporters = exporters
        self._options = options
        self._named = (base, folder)
        self._shown = self._asked = _Pair(base, candidate, options) if base is not None and candidate else None
        self._loading: Loading | None = None
        self._runs: RunsScreen | None = None
        self._reading: LoadingScreen | None = None
        self._compare: CompareScreen | None = None

    def run_to_exit_code(self) -> int:
        """Runs until the user leaves.

        Raises:
            TracediffError: an input could not be read.
            Exception: a defect, of which Textual would print a page.
        """
        code = self.run()
        if self.error:
            raise self.error
        # Without a value it was the signal, which Textual takes for a quiet end.
        return EXIT_INTERRUPTED if code is None else code

    def on_mount(self) -> None:
        if self._shown:
            self._open(self._shown)
            return
        from tracediff.tui.screens.runs import RunsScreen

        base, folder = self._named
        self._runs = RunsScreen(folder, base)
        self.push_screen(self._runs)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        if self._compare is not None and screen is self._compare:
            yield from self._compare.commands_of_other_tabs()

    def on_unmount(self) -> None:
        self._stop_loading()

    def _open(self, pair: _Pair) -> None:
        self._reading = LoadingScreen(pair.base, pair.candidate, is_chosen=self._runs is not None)
        self.push_screen(self._reading)
        # What it loads would hold up the first paint.
        self.call_after_refresh(self._load, pair)

    def _load(self, pair: _Pair) -> None:
        self._asked = pair
        self._loading = comparing(self, pair.base, pair.candidate, pair.options)
        self._loading.start()

    def _stop_loading(self) -> None:
        if self._loading:
            self._loading.cancel()
            self._loading = None

    @on(ReadProgress)
    def _show_progress(self, progress: ReadProgress) -> None:
        # The thread may still speak while the app is closing, when there is no screen any more.
        on_top = self.screen_stack[-1] if self.screen_stack and self._loading else None
        for screen in (self._reading, self._compare):
            if screen is not None and screen is on_top:
                screen.show_progress(progress)

    @on(DiffReady)
    def _show_diff(self, ready: DiffReady) -> None:
        below = self._compare or self._reading
        if not self.screen_stack or below is None:
            return
        self._loading = None
        self._shown = self._asked
        self._go_back_to(below)
        if self._compare is None:
            from tracediff.tui.screens.compare import CompareScreen

            self._compare = CompareScreen(ready.diff, self.settings.tab or TABS[0])
            self.switch_screen(self._compare)  # pyright: ignore[reportUnknownMemberType]
            return
        self._compare.show(ready.diff)

    def _go_back_to(self, below: Screen[None]) -> None:
        while self.screen is not below:
            # Help or a detail of what is no more.
            self.pop_screen()

    @on(LoadFailed)
    def _give_up(self, failed: LoadFailed) -> None:
        self._loading = None
        stays = self._compare or self._runs
        if stays is None or not isinstance(failed.error, TracediffError):
            self.error = failed.error
            self.exit(EXIT_UNREADABLE)
            return
        if self._compare:
            # What was there before is still true.
            self._compare.say_what_is_shown()
        else:
            self._leave_comparison()
        self.tell(str(failed.error), "error", LONG_S)

    @on(PairChosen)
    def _open_pair(self, chosen: PairChosen) -> None:
        # A second enter may come before the first has changed the screen.
        if self.screen is self._runs:
            self._open(_Pair(chosen.base, chosen.candidate, self._options))

    @on(ComparisonLeft)
    def _leave_comparison(self) -> None:
        if self._runs:
            self._stop_loading()
            self._go_back_to(self._runs)
            self._reading = self._compare = None

    @on(RowOpened)
    def _open_row(self, opened: RowOpened) -> None:
        if self._compare:
            from tracediff.tui.screens.detail import DetailScreen

            self.push_screen(DetailScreen(opened.row, self._compare.figures))

    def action_swap(self) -> None:
        """Compares the other way round."""
        if self._loading is None and self._shown:
            self._load(self._shown.swapped())

    def action_reload(self) -> None:
        """Compares once more."""
        if self._loading is None and self._shown:
            self._load(self._shown)

    def action_export(self) -> None:
        """Asks what to write into which file."""
        if self._compare and self.screen is self._compare:
            offers = offers_of(self._compare.diff, tabular_of(self.screen), self._exporters)
            # The picture is of the screen without the dialog.
            offers.append(Offer("Picture of the screen", ".svg", partial(str, self.export_screenshot())))
            stem = file_stem(self._compare.diff)
            self.push_screen(ExportDialog(offers, stem), self._say_where)  # pyright: ignore[reportUnknownMemberType]

    def _say_where(self, written: Path | None) -> None:
        if written:
            self.tell(str(written), timeout=LONG_S, title="Written")

    def action_help(self) -> None:
        """Lists all actions."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.settings))

    async def action_quit(self) -> None:
        """Leaves, also while a file is being read."""
        self._stop_loading()
        self.exit(EXIT_OK)

    def action_interrupt(self) -> None:
        """Leaves as Ctrl+C does."""
        self._stop_loading()
        self.exit(EXIT_INTERRUPTED)
