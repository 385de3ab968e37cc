"""The captures below a folder: two of them are marked, and compared."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer, Input, Static

from tracediff import units
from tracediff.errors import TracediffError
from tracediff.model.listing import Listed, Listing
from tracediff.tui import filtering
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.loading import Loading, looking
from tracediff.tui.marks import Marks
from tracediff.tui.messages import ListingReady, LoadFailed, PairChosen, ReadProgress
from tracediff.tui.palette import Palette
from tracediff.tui.widgets.capture_facts import CaptureFacts
from tracediff.tui.widgets.captures_table import CapturesTable, Marked, notes
from tracediff.tui.widgets.filter_input import FilterInput
from tracediff.tui.widgets.sortable_table import SortableTable

_NOTHING = """\
No captures below {folder}.

Capture a model on two backends, then look again with r:

    tracediff capture --backend native --backend onednn -o runs

or look at those that come with the source of tracediff:

    tracediff tui sample_traces

Traces (.json, .json.gz, .json.zst) of torch.profiler and printed key_averages() tables (.txt) are found too."""


class RunsScreen(Screen[None], inherit_bindings=False):
    """What can be compared.

    Args:
        folder: where to look.
        base: what is marked as the base at first.
    """

    BINDINGS = bindings(Scope.RUNS, Scope.FILTERED)
    VERTICAL_BREAKPOINTS = [(0, "-short"), (20, "-medium"), (36, "-tall")]  # noqa: RUF012

    def __init__(self, folder: str, base: str | None = None) -> None:
        super().__init__()
        self._folder = folder
        self._place = "this folder" if folder == "." else units.printable(folder)
        self._marks = Marks(base)
        self._listing: Listing | None = None
        self._words: dict[str, str] = {}
        self._loading: Loading | None = None

    def compose(self) -> ComposeResult:
        yield Static(id="where", markup=False)
        yield Static(id="marks")
        yield CapturesTable("captures-table")
        yield Static(id="no-captures", markup=False)
        yield CaptureFacts(id="capture-facts")
        yield Static(id="left-out", markup=False)
        with Horizontal(id="status-line"):
            yield FilterInput(placeholder="capture, backend, torch, workload", compact=True, id="filter")
            yield Static(id="status", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self._input.display = False
        self.query_one("#where", Static).update(f"Captures below {self._place}")
        self.app.theme_changed_signal.subscribe(self, lambda theme: self._fill())  # pyright: ignore[reportUnknownMemberType]
        self._show("")
        self._table.focus()
        self.action_reload()

    def on_unmount(self) -> None:
        if self._loading:
            self._loading.cancel()

    @on(ReadProgress)
    def _say_progress(self, progress: ReadProgress) -> None:
        progress.stop()
        self._status.update(f"looked at {progress.done:,} of {units.count(progress.total, 'file')}")

    @on(ListingReady)
    def _take_listing(self, ready: ListingReady) -> None:
        ready.stop()
        self._loading = None
        before, self._listing = self._listing, ready.listing
        if before is None:
            self._marks = Marks(self._line_of(self._marks.base), self._marks.candidate)
        else:
            gone = {side.path for side in before.sides} - {side.path for side in self._sides}
            self._marks = self._marks.without(gone)
        self._show(_NOTHING.format(folder=self._place))
        if before is None:
            self._go_to_counterpart()

    def _go_to_counterpart(self) -> None:
        """To what can be compared with the marked base: enter is the next thing to press."""
        table, base = self._table, next((side for side in self._sides if side.path == self._marks.base), None)
        if base:
            table.go_to(lambda side: side is not base and not side.error and table.group(side) == table.group(base))

    @on(LoadFailed)
    def _say_why_not(self, failed: LoadFailed) -> None:
        if isinstance(failed.error, TracediffError):
            failed.stop()
            self._loading = self._listing = None
            self._show(units.printable(str(failed.error)))

    def _show(self, nothing: str) -> None:
        """Shows the listing; where it is empty, what to say instead."""
        left_out = map(units.printable, self._listing.warnings if self._listing else ())
        for widget, text in (("#no-captures", "" if self._sides else nothing), ("#left-out", "\n".join(left_out))):
            self.query_one(widget, Static).update(text)
            self.query_one(widget).display = bool(text)
        self.set_class(self.query_one("#no-captures").display, "empty")
        self._fill()

    def _fill(self) -> None:
        self._words = {side.path: filtering.capture_words(side, notes(side)) for side in self._sides}
        self._table.fill(self._sides, Marked(self._marks.letters, self._palette()))
        self._table.keep(self._wanted)
        self.query_one("#marks", Static).update(self._marks_in_words())

    def _mark(self, marks: Marks) -> None:
        self._marks = marks
        self._table.redraw(Marked(marks.letters, self._palette()))
        self.query_one("#marks", Static).update(self._marks_in_words())

    def _marks_in_words(self) -> Text:
        """What is marked, and what to do next."""
        base, candidate = self._marks.base, self._marks.candidate
        if base is None and candidate is None:
            return Text("Space marks the base, then the candidate; enter compares them." if self._sides else "")
        palette, sides = self._palette(), {side.path: side for side in self._sides}
        parts: list[Text] = []
        for letter, what, path in (("B", "base", base), ("C", "candidate", candidate)):
            if path is not None:
                name = units.printable(sides[path].name if path in sides else path)
                parts.append(Text.assemble((f" {letter} ", "bold reverse"), f" {what} ", (name, palette.strong)))
        if base is None or candidate is None:
            parts.append(Text("enter compares it with the line under the cursor", palette.muted))
        elif len({sides[path].workload for path in (base, candidate) if path in sides and sides[path].workload}) > 1:
            parts.append(Text("different workloads", palette.warning))
        return Text("   ").join(parts)

    def _wanted(self, side: Listed) -> bool:
        return filtering.matches(self._words[side.path], self._input.value)

    def _line_of(self, path: str | None) -> str | None:
        """The line that what the user named is in; else that itself."""
        if path is None:
            return None
        real = os.path.realpath(path)
        own = (real, str(Path(real).parent))
        return next((side.path for side in self._sides if os.path.realpath(side.path) in own), path)

    @property
    def _sides(self) -> Sequence[Listed]:
        return self._listing.sides if self._listing else ()

    def _palette(self) -> Palette:
        return Palette.of(self.app.theme_variables)  # pyright: ignore[reportUnknownMemberType]

    @property
    def _table(self) -> CapturesTable:
        return self.query_one(CapturesTable)

    @property
    def _input(self) -> FilterInput:
        return self.query_one(FilterInput)

    @property
    def _status(self) -> Static:
        return self.query_one("#status", Static)

    @on(CapturesTable.CursorMoved)
    def _say_what_is_known(self) -> None:
        self.query_one(CaptureFacts).fill_from(self._table.item_under_cursor(), self._palette())

    @on(SortableTable.Arranged)
    def _say_what_is_shown(self) -> None:
        table = self._table
        whole = units.count(table.total, "line")
        shown = whole if len(table.shown) == table.total else f"{len(table.shown):,} of {whole}"
        if self._listing:
            parts = [filtering.ignored(self._input.value), shown, table.order]
            self._status.update(", ".join(filter(None, parts)) if self._sides else "")
        self._say_what_is_known()

    @on(Input.Changed, "#filter")
    def _apply_filter(self) -> None:
        self._table.keep(self._wanted)

    @on(Input.Submitted, "#filter")
    def _leave_filter(self) -> None:
        self._input.display = bool(self._input.value)
        self._table.focus()

    @on(SortableTable.Opened)
    def _compare_clicked(self, event: SortableTable.Opened) -> None:
        event.stop()
        self.action_compare()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action == "clear_filter" or not self._input.takes_keys

    def action_filter(self) -> None:
        """Opens the filter."""
        self._input.open()

    def action_clear_filter(self) -> None:
        """Shows everything again."""
        self._input.value = ""
        self._input.display = False
        self._table.focus()

    def action_reload(self) -> None:
        """Looks for captures once more."""
        if self._loading is None:
            self._loading = looking(self, self._folder)
            self._loading.start()
            self._status.update("looking for captures")

    def action_mark(self) -> None:
        """Marks the line under the cursor, or takes its mark away."""
        side = self._table.item_under_cursor()
        if side and side.error:
            self.notify(f"{side.path}: {side.error}", severity="warning")
        elif side:
            self._mark(self._marks.toggled(side.path))

    def action_swap_marks(self) -> None:
        """Makes the base the candidate."""
        self._mark(self._marks.swapped())

    def action_compare(self) -> None:
        """Compares what is marked, or the one that is with the line under the cursor."""
        under_cursor = self._table.item_under_cursor()
        if pair := self._marks.pair(under_cursor.path if under_cursor and not under_cursor.error else None):
            self.post_message(PairChosen(*pair))
        elif self._marks.letters:
            self.notify("go to what to compare it with, and press enter there")
        else:
            self.notify("mark the base with space first")
