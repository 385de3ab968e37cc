"""The comparison: two run cards, the total, and a tab for each way to look at where it went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import cast

from textual import on
from textual.app import ComposeResult, SystemCommand
from textual.binding import Binding
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Input, Static, TabbedContent
from textual.widgets.tabbed_content import ContentTabs

from tracediff import units
from tracediff.model.diff import Diff
from tracediff.tui.actions import TABS, Scope, bindings, written
from tracediff.tui.figures import Figures
from tracediff.tui.filtering import Narrowing
from tracediff.tui.messages import ComparisonLeft, ReadProgress
from tracediff.tui.palette import Palette
from tracediff.tui.panes import PANES, OperatorsPane, Pane
from tracediff.tui.query import PLACEHOLDER
from tracediff.tui.widgets.filter_input import FilterInput
from tracediff.tui.widgets.lines import LinesView
from tracediff.tui.widgets.row_panel import RowPanel
from tracediff.tui.widgets.summary import RunCards, headline

_TALL = 30
"""From this many lines on the cards have room for some of what the sides differ by."""

_KEY_REPEAT_S = 0.1
"""The panel waits so long for another movement of the cursor: longer than a held key takes to repeat."""

_ZOOMED = "zoomed"


class CompareScreen(Screen[None], inherit_bindings=False):
    """A Diff.

    Args:
        diff: what to show.
        tab: which tab comes first.

    Attributes:
        figures: how its numbers are written.
        narrowing: what of it is left out.
        wants_panel: whether the row under the cursor is shown in detail where there is room.
    """

    BINDINGS = bindings(Scope.COMPARE, Scope.FILTERED, Scope.FIGURES)
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-medium"), (36, "-tall")]  # noqa: RUF012

    def __init__(self, diff: Diff, tab: str = TABS[0]) -> None:
        super().__init__()
        self._first_tab = tab
        self.figures = Figures(diff)
        self.narrowing = Narrowing()
        self.wants_panel = True
        self._until_rest: Timer | None = None
        self._filled: dict[str, tuple[Figures, Narrowing]] = {}

    @property
    def diff(self) -> Diff:
        """What is on show."""
        return self.figures.diff

    def compose(self) -> ComposeResult:
        yield RunCards(id="cards")
        yield Static(id="headline")
        with Container(id="body"):
            with TabbedContent(initial=self._first_tab, id="tabs"):
                for number, pane in enumerate(PANES, start=1):
                    yield pane(number)
            yield RowPanel("row-panel")
        with Horizontal(id="status-line"):
            yield FilterInput(placeholder=PLACEHOLDER, compact=True, id="filter")
            yield Static(id="status", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(ContentTabs).can_focus = False
        self._input.display = False
        self.app.theme_changed_signal.subscribe(self, lambda theme: self._fill())  # pyright: ignore[reportUnknownMemberType]
        self._fill()
        self._focus_main()

    def on_resize(self, event: Resize) -> None:
        """Gives the table what a small screen has."""
        self.query_one(RunCards).most_fields = 1 if event.size.height < _TALL else 3

    def show(self, diff: Diff) -> None:
        """Shows another Diff and keeps tab, filter and order."""
        # Rows are named by their places in the one before.
        self.narrowing = replace(self.narrowing, only=None)
        self.figures = Figures(diff, self.figures.as_share)
        self._fill()

    def show_progress(self, progress: ReadProgress) -> None:
        """Says how far reading the inputs once more has come."""
        self._status.update(units.reading(progress.done, progress.total))

    def _fill(self) -> None:
        diff = self.diff
        figures = self.figures = Figures(diff, self.figures.as_share, self._palette())
        self.query_one(RunCards).fill(diff, figures.palette)
        self.query_one("#headline", Static).update(headline(diff, figures.palette))
        for pane in self.query(Pane):
            self.query_one(TabbedContent).get_tab(pane).label = Content(pane.title(diff))
        self._fill_pane()

    def _fill_pane(self) -> None:
        """Brings the tab on show up to date; the others wait until they are shown, so that nothing waits for them."""
        pane = self._pane
        figures, narrowing = self._filled.get(pane.tab, (None, None))
        self._filled[pane.tab] = (self.figures, self.narrowing)
        if figures is not self.figures:
            pane.fill(self.figures)
        if figures is not self.figures or narrowing != self.narrowing:
            pane.narrow(self.narrowing)

    def _palette(self) -> Palette:
        return Palette.of(self.app.theme_variables)  # pyright: ignore[reportUnknownMemberType]

    def _narrow(self, narrowing: Narrowing) -> None:
        self.narrowing = narrowing
        self._fill_pane()
        self.say_what_is_shown()

    @on(Pane.Arranged)
    @on(LinesView.Arranged)
    def say_what_is_shown(self) -> None:
        """Puts it into the status line."""
        self._fill_panel()
        parts = [error] if (error := self.narrowing.query.error) and self._pane.narrows else []
        parts += self._pane.status()
        if self.narrowing.only and isinstance(self._pane, OperatorsPane):
            parts.append(f"esc shows all, not only {self.narrowing.only.reason}")
        parts += ["unchanged hidden"] if self.narrowing.hides_unchanged and self._pane.hides else []
        parts += ["% of each side's iteration, differences of the base's"] if self.figures.as_share else []
        parts += [f"zoomed, {self._zoom_key} ends that"] if self.has_class(_ZOOMED) else []
        self._status.update(", ".join(parts))

    @on(LinesView.CursorMoved)
    def _follow_cursor(self) -> None:
        """Fills the panel once the cursor rests: drawing it at each step would hold the cursor up."""
        if self._until_rest:
            self._until_rest.stop()
        self._until_rest = self.set_timer(_KEY_REPEAT_S, self._fill_panel)

    def _fill_panel(self) -> None:
        pane = self._pane
        self.set_class(self.wants_panel and pane.details, "with-panel")
        self.query_one(RowPanel).show(pane.row, self.figures)

    @property
    def _zoom_key(self) -> str:
        """As the user has it: the footer, which would say so, is hidden."""
        bound = (active.binding for active in self.active_bindings.values())
        return next((written(binding.key) for binding in bound if binding.action == "zoom"), "")

    @property
    def _pane(self) -> Pane:
        tabs = self.query_one(TabbedContent)
        return cast("Pane", tabs.get_pane(tabs.active or self._first_tab))

    @property
    def _input(self) -> FilterInput:
        return self.query_one(FilterInput)

    @property
    def _status(self) -> Static:
        return self.query_one("#status", Static)

    def _focus_main(self) -> None:
        self.set_focus(self._pane.main)

    @on(TabbedContent.TabActivated)
    def _enter_tab(self) -> None:
        self._fill_pane()
        if not self._input.takes_keys:
            self._focus_main()
        self.say_what_is_shown()

    @on(Pane.RowsWanted)
    def _filter_rows(self, wanted: Pane.RowsWanted) -> None:
        self.query_one(OperatorsPane).group = "rows"
        self.action_show_tab(OperatorsPane.tab)
        self._input.value = wanted.needle
        self._input.display = bool(wanted.needle)
        self._narrow(replace(self.narrowing, needle=wanted.needle, only=wanted.only))

    @on(Input.Changed, "#filter")
    def _apply_filter(self, event: Input.Changed) -> None:
        if event.value != self.narrowing.needle:
            self._narrow(replace(self.narrowing, needle=event.value))

    @on(Input.Submitted, "#filter")
    def _leave_filter(self) -> None:
        self._input.display = bool(self.narrowing.needle)
        self._focus_main()

    def action_filter(self) -> None:
        """Opens the filter."""
        if not self._pane.narrows:
            self.action_show_tab(OperatorsPane.tab)
        self._input.open()

    def action_clear_filter(self) -> None:
        """Shows everything again; where it does already, goes back to where this was chosen."""
        if not self._input.display and self.narrowing.only is None:
            self.post_message(ComparisonLeft())
        self._input.value = ""
        self._input.display = False
        self._narrow(replace(self.narrowing, needle="", only=None))
        self._focus_main()

    def action_toggle_unchanged(self) -> None:
        """Hides what did not change, or shows it again."""
        self._narrow(replace(self.narrowing, hides_unchanged=not self.narrowing.hides_unchanged))

    def action_toggle_panel(self) -> None:
        """Shows the row under the cursor in detail, or hides it."""
        self.wants_panel = not self.wants_panel
        if self.query_one(RowPanel).has_focus:
            self._focus_main()
        self._fill_panel()
        if self.wants_panel and self._pane.details:
            self.call_after_refresh(self._say_where_it_is)

    def _say_where_it_is(self) -> None:
        if not self.query_one(RowPanel).display:
            self.notify("no room for the row beside the table: enter opens it")

    def action_zoom(self) -> None:
        """All of the screen for the tab, or back."""
        self.toggle_class(_ZOOMED)
        self.say_what_is_shown()

    def action_toggle_share(self) -> None:
        """Times as time or as share of the iteration."""
        self.figures = Figures(self.diff, not self.figures.as_share)
        self._fill()

    def commands_of_other_tabs(self) -> Iterator[SystemCommand]:
        """What the tabs that are not on show can do, for the palette; it goes to the tab first."""
        for pane in self.query(Pane):
            if pane is self._pane:
                continue
            for binding in pane.BINDINGS:
                if isinstance(binding, Binding):
                    run = partial(self._run_in_tab, pane, binding.action)
                    yield SystemCommand(f"{binding.description} ({pane.noun})", binding.tooltip, run)

    def _run_in_tab(self, pane: Pane, action: str) -> None:
        self.action_show_tab(pane.tab)
        self.call_after_refresh(self.app.run_action, action, pane)  # pyright: ignore[reportUnknownMemberType]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "toggle_unchanged":
            return self._pane.hides
        return action not in ("filter", "toggle_share") or not self._input.takes_keys

    def action_show_tab(self, tab: str) -> None:
        """Goes to a tab."""
        self.query_one(TabbedContent).active = tab

    def action_turn_tab(self, step: int) -> None:
        """Goes to the tab beside."""
        self.action_show_tab(TABS[(TABS.index(self._pane.tab) + step) % len(TABS)])
