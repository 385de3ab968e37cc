"""The application: starts comparisons, and goes between the screens."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding
from textual.filter import LineFilter
from textual.screen import Screen

from tracediff import units
from tracediff.errors import TracediffError
from tracediff.tui.actions import Scope, bindings, written
from tracediff.tui.exporting import Exporter, Offer, file_stem, offers_of
from tracediff.tui.glyphs import AsciiOnly, is_utf8
from tracediff.tui.loading import Loading, comparing
from tracediff.tui.messages import ComparisonLeft, DiffReady, LoadFailed, PairChosen, ReadProgress, RowOpened
from tracediff.tui.palette import readable
from tracediff.tui.screens.compare import TABS, CompareScreen
from tracediff.tui.screens.detail import DetailScreen
from tracediff.tui.screens.export import ExportDialog
from tracediff.tui.screens.help import HelpScreen
from tracediff.tui.screens.loading import LoadingScreen
from tracediff.tui.screens.runs import RunsScreen
from tracediff.tui.settings import read_settings
from tracediff.tui.tabular import tab_separated, tabular_of

if TYPE_CHECKING:
    from tracediff.compare import CompareOptions

EXIT_OK, EXIT_UNREADABLE, EXIT_INTERRUPTED = 0, 3, 130
_SHORT_S, _LONG_S = 3, 15
"""For how long messages stay that one expects, and those that one has to read."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """What is compared, and how."""

    base: str
    candidate: str
    options: CompareOptions | None

    def swapped(self) -> _Pair:
        return _Pair(self.candidate, self.base, self.options.swapped() if self.options else None)


class TracediffApp(App[int], inherit_bindings=False):
    """Base against candidate; without both, the captures to choose them from.

    Args:
        base, candidate: the inputs as the user named them. Without a candidate the base is what is marked at first.
        options: how to compare.
        folder: below which captures are looked for.
        exporters: what can be made of a comparison beside a picture.
        ascii_only: whether to draw in ASCII only; None: as the user's settings or the locale say.

    Attributes:
        error: why there is nothing to show.
        settings: what the user wants every time.
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
        super().__init__()
        self.error: BaseException | None = None
        self.settings = read_settings(self.available_themes, TABS)
        self._ascii = AsciiOnly(self._wants_ascii(ascii_only))
        self._exporters = exporters
        self._options = options
        self._shown = self._asked = _Pair(base, candidate, options) if base is not None and candidate else None
        self._loading: Loading | None = None
        self._runs = RunsScreen(folder, base) if self._shown is None else None
        self._reading: LoadingScreen | None = None
        self._compare: CompareScreen | None = None

    def _wants_ascii(self, asked: bool | None) -> bool:
        wishes = (asked, self.settings.ascii, not is_utf8(os.environ))
        return next(wish for wish in wishes if wish is not None)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), *([self._ascii] if self._ascii.enabled else [])]

    def get_css_variables(self) -> dict[str, str]:
        self.theme_variables = readable(super().get_css_variables())
        return self.theme_variables

    def get_key_display(self, binding: Binding) -> str:
        return written(binding.key)

    def run_to_exit_code(self) -> int:
        """Runs until the user leaves.

        Raises:
            TracediffError: an input could not be read.
            Exception: a defect, of which Textual would print a page.
        """
        code = self.run()
        if error := self.error or self._exception:
            raise error
        # Without a value it was the signal, which Textual takes for a quiet end.
        return EXIT_INTERRUPTED if code is None else code

    def _fatal_error(self) -> None:
        # Whoever runs the app says what happened, once the terminal is itself again.
        self._close_messages_no_wait()

    def on_mount(self) -> None:
        self.theme = self.settings.theme or self.theme
        self.set_keymap(self.settings.keys)
        if self._runs:
            self.push_screen(self._runs)
        if self._shown:
            self._open(self._shown)
        if self.settings.problems:
            what = units.printable(self.settings.path)
            self.notify(
                "\n".join(map(units.printable, self.settings.problems)),
                title=what,
                severity="warning",
                timeout=_LONG_S,
                markup=False,
            )

    def on_unmount(self) -> None:
        self._stop_loading()

    def _open(self, pair: _Pair) -> None:
        self._reading = LoadingScreen(pair.base, pair.candidate, is_chosen=self._runs is not None)
        self.push_screen(self._reading)
        self._load(pair)

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
        screen = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(screen, LoadingScreen | CompareScreen) and self._loading:
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
        self.notify(units.printable(str(failed.error)), severity="error", timeout=_LONG_S, markup=False)

    @on(PairChosen)
    def _open_pair(self, chosen: PairChosen) -> None:
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
            yield SystemCommand(f"{binding.description} ({written(binding.key)})", binding.tooltip, run)

    def action_swap(self) -> None:
        """Compares the other way round."""
        if self._loading is None and self._shown:
            self._load(self._shown.swapped())

    def action_reload(self) -> None:
        """Compares once more."""
        if self._loading is None and self._shown:
            self._load(self._shown)

    def action_copy_line(self) -> None:
        """Copies the line under the cursor."""
        shown = tabular_of(self.screen)
        line = shown.line_under_cursor() if shown else None
        if line is None:
            self.notify("no line under the cursor", severity="warning", timeout=_SHORT_S)
        else:
            self._copy(tab_separated([line]), " ".join(filter(None, map(str.strip, line))))

    def action_copy_table(self) -> None:
        """Copies all lines on show, with their titles."""
        if shown := tabular_of(self.screen):
            table = shown.as_table()
            lines = [table.titles, *table.rows] if any(table.titles) else table.rows
            self._copy(tab_separated(lines), units.count(len(table.rows), "line"))
        else:
            self.notify("no lines here", severity="warning", timeout=_SHORT_S)

    def _copy(self, text: str, what: str) -> None:
        self.copy_to_clipboard(text)
        self.notify(units.printable(what), title="Copied", timeout=_SHORT_S, markup=False)

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
            self.notify(units.printable(str(written)), title="Written", timeout=_LONG_S, markup=False)

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
