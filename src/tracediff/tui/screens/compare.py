"""The comparison: two run cards, the total, and a tab for each way to look at where it went."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, Input, Static, TabbedContent, TabPane
from textual.widgets.tabbed_content import ContentTabs

from tracediff import units
from tracediff.model.diff import Diff, LedgerTerm, OperatorPair, Row
from tracediff.tui import filtering
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.figures import Figures
from tracediff.tui.messages import ReadProgress, RowOpened
from tracediff.tui.palette import Palette
from tracediff.tui.widgets.call_tree import CallTreeView
from tracediff.tui.widgets.doubts import Doubts
from tracediff.tui.widgets.prose import Prose
from tracediff.tui.widgets.sortable_table import SortableTable
from tracediff.tui.widgets.summary import RunCards, headline
from tracediff.tui.widgets.tables import LedgerTable, OperatorsTable, RowsTable

TABS = ("rows", "operators", "calls", "ledger", "warnings")
_SHORT = 20
"""Below this many lines the cards give way to the table."""

_NO_TREE = "No call tree: one side is a printed table, which has no timeline."
_NOUNS = {"rows": "row", "operators": "operator", "ledger": "term"}
_MAIN = {"rows": "rows-table", "operators": "operators-table", "calls": "call-tree", "ledger": "ledger-table"}


class FilterInput(Input, inherit_bindings=False):
    """Where the filter's words are typed; the keys that edit text are Textual's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(Scope.FILTER),
        *(key for key in Input.BINDINGS if not isinstance(key, Binding) or key.key != "enter"),
    ]


class CompareScreen(Screen[None], inherit_bindings=False):
    """A Diff.

    Args:
        diff: what to show.

    Attributes:
        figures: how its numbers are written.
        needle: the filter's words.
        hide_unchanged: whether rows that explain nothing are left out.
    """

    BINDINGS = bindings(Scope.COMPARE, Scope.FIGURES)

    def __init__(self, diff: Diff) -> None:
        super().__init__()
        self.figures = Figures(diff)
        self.needle = ""
        self.hide_unchanged = False
        self._row_words: dict[int, str] = {}

    @property
    def diff(self) -> Diff:
        """What is on show."""
        return self.figures.diff

    def compose(self) -> ComposeResult:
        yield RunCards(id="cards")
        yield Static(id="headline")
        with TabbedContent(initial="rows", id="tabs"):
            with TabPane("1 Rows", id="rows"):
                yield RowsTable("rows-table")
            with TabPane("2 Operators", id="operators"):
                yield OperatorsTable("operators-table")
            with TabPane("3 Call tree", id="calls"):
                yield CallTreeView("call-tree")
                yield Static(_NO_TREE, id="no-call-tree", markup=False)
            with TabPane("4 Ledger", id="ledger"):
                yield LedgerTable("ledger-table")
                yield Prose(id="explanations")
                yield Static(id="other-threads", markup=False)
                yield RowsTable("other-rows-table")
            with TabPane("5 Warnings", id="warnings"):
                yield Doubts(id="doubts")
        with Horizontal(id="status-line"):
            yield FilterInput(placeholder="family, shape, operator, implementation", compact=True, id="filter")
            yield Static(id="status", markup=False)
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.query_one(ContentTabs).can_focus = False
        self._input.display = False
        self.app.theme_changed_signal.subscribe(self, lambda theme: self._fill())  # pyright: ignore[reportUnknownMemberType]
        self.query_one("#rows-table", RowsTable).wanted = self._row_wanted
        self.query_one(OperatorsTable).wanted = self._operator_wanted
        self.show(self.diff)
        self._focus_main()

    def on_resize(self, event: Resize) -> None:
        """Gives the table what a small screen has."""
        self.set_class(event.size.height < _SHORT, "short")

    def show(self, diff: Diff) -> None:
        """Shows another Diff and keeps tab, filter and order."""
        self._row_words = {id(row): filtering.row_words(row) for row in diff.rows}
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
        self.query_one("#rows-table", RowsTable).fill(diff.rows, figures)
        self.query_one(OperatorsTable).fill(diff.operators, figures)
        self._fill_calls()
        self._fill_ledger()
        self.query_one(Doubts).fill_from(diff, figures.palette)
        label = f"5 Warnings ({len(diff.warnings)})" if diff.warnings else "5 Warnings"
        self.query_one(TabbedContent).get_tab("warnings").label = Content(label)

    def _palette(self) -> Palette:
        return Palette.of(self.app.theme_variables)  # pyright: ignore[reportUnknownMemberType]

    def _fill_calls(self) -> None:
        tree, view = self.diff.call_tree, self.query_one(CallTreeView)
        view.display = tree is not None
        self.query_one("#no-call-tree").display = tree is None
        if tree is not None:
            view.fill(tree, self.figures)
            view.keep(self.needle)

    def _fill_ledger(self) -> None:
        diff, figures = self.diff, self.figures
        explanations = self.query_one("#explanations", Prose)
        explanations.display = bool(diff.explanations)
        explanations.fill(*(Text(f"- {units.printable(one.text)}") for one in diff.explanations))
        self.query_one(LedgerTable).fill(diff.ledger, figures)
        others = diff.other_threads
        note, table = self.query_one("#other-threads", Static), self.query_one("#other-rows-table", RowsTable)
        note.display = table.display = others is not None
        if others:
            times = f"{units.duration(others.base_ns)} -> {units.duration(others.candidate_ns)}"
            note.update(f"Other threads, beside the iteration and not part of the total: {times}")
            table.fill(others.rows, figures)

    def _narrow(self) -> None:
        self.query_one("#rows-table", RowsTable).rebuild()
        self.query_one(OperatorsTable).rebuild()
        self.query_one(CallTreeView).keep(self.needle)
        self._say_what_is_shown()

    def _row_wanted(self, row: Row) -> bool:
        if self.hide_unchanged and filtering.row_unchanged(row, self.diff.total.delta_ns):
            return False
        return filtering.matches(self._row_words[id(row)], self.needle)

    def _operator_wanted(self, pair: OperatorPair) -> bool:
        if self.hide_unchanged and filtering.operator_unchanged(pair.delta_ns, self.diff.total.delta_ns):
            return False
        return filtering.matches(filtering.operator_words(pair), self.needle)

    @on(SortableTable.Arranged)
    @on(CallTreeView.Arranged)
    def _say_what_is_shown(self) -> None:
        parts: list[str] = []
        main = self._main
        if isinstance(main, RowsTable | OperatorsTable | LedgerTable):
            shown, total, noun = len(main.shown), main.total, _NOUNS[self._tab]
            parts.append(units.count(total, noun) if shown == total else f"{shown:,} of {units.count(total, noun)}")
            parts += [main.order] if main.order else []
            parts += [f"together {units.difference(self.diff.total.delta_ns)}"] if self._tab == "ledger" else []
            parts += ["unchanged hidden"] if self.hide_unchanged and self._tab in ("rows", "operators") else []
        elif isinstance(main, CallTreeView) and main.outline:
            parts.append(f"{len(main.outline.visible):,} of {units.count(len(main.outline.tree), 'call')}")
            base, candidate = main.outline.tree.base_iterations, main.outline.tree.candidate_iterations
            parts += [f"mean of {base[0]} | {candidate[0]} iterations", "< only base, > only candidate"]
        if self.figures.as_share:
            parts.append("% of the iteration")
        self._status.update(", ".join(parts))

    @property
    def _tab(self) -> str:
        return self.query_one(TabbedContent).active or TABS[0]

    @property
    def _main(self) -> Widget:
        """The widget that the present tab is about."""
        if self._tab == "calls" and self.diff.call_tree is None:
            return self.query_one("#no-call-tree")
        return self.query_one(f"#{_MAIN.get(self._tab, 'doubts')}")

    @property
    def _input(self) -> Input:
        return self.query_one("#filter", Input)

    @property
    def _status(self) -> Static:
        return self.query_one("#status", Static)

    def _focus_main(self) -> None:
        self.set_focus(self._main if self._main.can_focus else None)

    @on(TabbedContent.TabActivated)
    def _enter_tab(self) -> None:
        if not self._input.has_focus:
            self._focus_main()
        self._say_what_is_shown()

    @on(SortableTable.Opened)
    def _open_item(self, event: SortableTable.Opened) -> None:
        event.stop()
        match event.item:
            case Row():
                self.post_message(RowOpened(event.item))
            case LedgerTerm(rows=rows):
                if rows:
                    self._filter_rows(filtering.FAMILY + event.item.term)
            case OperatorPair():
                self._filter_rows(event.item.name)
            case _:
                pass

    @on(CallTreeView.Opened)
    def _open_row_of_call(self, event: CallTreeView.Opened) -> None:
        event.stop()
        if event.row >= 0:
            self.post_message(RowOpened(self.diff.rows[event.row]))
        else:
            self.notify("the time of this call itself is in no row: it is an annotation", timeout=3)

    def _filter_rows(self, needle: str) -> None:
        self.action_show_tab("rows")
        self._input.value = needle
        self._input.display = True

    @on(Input.Changed, "#filter")
    def _apply_filter(self, event: Input.Changed) -> None:
        self.needle = event.value
        self._narrow()

    @on(Input.Submitted, "#filter")
    def _leave_filter(self) -> None:
        self._input.display = bool(self.needle)
        self._focus_main()

    def action_filter(self) -> None:
        """Opens the filter."""
        if self._tab not in ("rows", "operators", "calls"):
            self.action_show_tab("rows")
        self._input.display = True
        self._input.focus()

    def action_clear_filter(self) -> None:
        """Shows everything again."""
        self._input.value = ""
        self._input.display = False
        self._focus_main()

    def action_toggle_unchanged(self) -> None:
        """Hides what did not change, or shows it again."""
        self.hide_unchanged = not self.hide_unchanged
        self._narrow()

    def action_toggle_share(self) -> None:
        """Times as time or as share of the iteration."""
        self.figures = Figures(self.diff, not self.figures.as_share)
        self._fill()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action not in ("filter", "toggle_share") or not self._input.has_focus

    def action_show_tab(self, tab: str) -> None:
        """Goes to a tab."""
        self.query_one(TabbedContent).active = tab

    def action_turn_tab(self, step: int) -> None:
        """Goes to the tab beside."""
        self.action_show_tab(TABS[(TABS.index(self._tab) + step) % len(TABS)])
