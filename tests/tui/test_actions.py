"""Bindings, help and palette come from one table, and every action in it exists."""

from __future__ import annotations

from textual.binding import Binding
from textual.dom import DOMNode
from textual.pilot import Pilot

from tracediff.tui.actions import ACTIONS, TABS, Scope
from tracediff.tui.app import TracediffApp
from tracediff.tui.panes import PANES, OperatorsPane, TimelinePane
from tracediff.tui.screens.compare import CompareScreen
from tracediff.tui.screens.detail import DetailScreen
from tracediff.tui.screens.export import ExportDialog
from tracediff.tui.screens.help import HelpScreen
from tracediff.tui.screens.loading import LoadingScreen
from tracediff.tui.screens.menu import Choices, Menu
from tracediff.tui.screens.runs import RunsScreen
from tracediff.tui.widgets.call_tree import CallTreeView
from tracediff.tui.widgets.captures_table import CapturesTable
from tracediff.tui.widgets.explanations import Explanations
from tracediff.tui.widgets.filter_input import FilterInput
from tracediff.tui.widgets.icicle_pair import IciclePair
from tracediff.tui.widgets.prose import Prose
from tracediff.tui.widgets.row_panel import RowPanel
from tracediff.tui.widgets.sortable_table import SortableTable
from tui.driver import opened

HOMES: dict[Scope, tuple[type[DOMNode], ...]] = {
    Scope.APP: (TracediffApp,),
    Scope.COMPARE: (CompareScreen,),
    Scope.FIGURES: (CompareScreen, DetailScreen),
    Scope.FILTERED: (CompareScreen, RunsScreen),
    Scope.RUNS: (RunsScreen,),
    Scope.LOADING: (LoadingScreen,),
    Scope.MOVE: (SortableTable, CapturesTable, CallTreeView, Prose, Choices, Explanations, RowPanel),
    Scope.TABLE: (SortableTable, CapturesTable),
    Scope.DIFFERENCES: (SortableTable,),
    Scope.OPERATORS: (OperatorsPane,),
    Scope.PANEL: (RowPanel,),
    Scope.TREE: (CallTreeView,),
    Scope.HITS: (CallTreeView,),
    Scope.EXPLANATIONS: (Explanations,),
    Scope.TIMELINE: (IciclePair,),
    Scope.TIMELINE_PANE: (TimelinePane,),
    Scope.BACK: (DetailScreen, HelpScreen),
    Scope.FILTER: (FilterInput,),
    Scope.HELP: (HelpScreen,),
    Scope.EXPORT: (ExportDialog,),
    Scope.MENU: (Menu,),
    Scope.MENU_LIST: (Choices,),
}


def test_every_action_exists_where_it_is_bound() -> None:
    for action in ACTIONS:
        name = action.run.split("(")[0]
        for home in HOMES[action.scope]:
            owner = {"app": TracediffApp, "screen": CompareScreen}.get(name.split(".")[0], home)
            assert hasattr(owner, f"action_{name.split('.')[-1]}"), (action.id, owner)


def test_ids_and_keys_are_unique() -> None:
    ids = [action.id for action in ACTIONS]
    assert len(ids) == len(set(ids))
    for home in {home for homes in HOMES.values() for home in homes}:
        scopes = [scope for scope, homes in HOMES.items() if home in homes]
        keys = [key for action in ACTIONS if action.scope in scopes for key in action.keys.split(",")]
        assert len(keys) == len(set(keys)), home


def test_every_tab_has_its_action() -> None:
    assert tuple(pane.tab for pane in PANES) == TABS


def test_nothing_else_binds_keys() -> None:
    known = {action.id for action in ACTIONS}
    for home in {home for homes in HOMES.values() for home in homes} - {FilterInput}:
        for binding in home.BINDINGS:
            assert isinstance(binding, Binding)
            assert binding.id in known
        if home is not TracediffApp:
            assert not home._inherit_bindings, home


async def choose(pilot: Pilot[int], name: str) -> None:
    """Runs from the palette what its search finds first."""
    await pilot.press("ctrl+p")
    await pilot.pause(0.1)
    await pilot.press(*name)
    await pilot.pause(0.3)
    await pilot.press("enter")
    await pilot.pause(0.2)
    await pilot.press("enter")
    await pilot.pause(0.3)


async def test_help_lists_every_action_and_palette_runs_them() -> None:
    async with opened() as pilot:
        await pilot.press("?")
        await pilot.pause()
        assert isinstance(pilot.app.screen, HelpScreen)
        _, table = pilot.app.screen.query_one(Prose)._parts
        keys, _, helps = ([cell.plain for cell in column.cells if hasattr(cell, "plain")] for column in table.columns)
        for action in ACTIONS:
            assert action.help in helps
            assert f"  {action.shown_keys}" in keys
        await pilot.press("escape")
        await choose(pilot, "Call tree")
        assert isinstance(pilot.app.screen, CompareScreen)
        assert pilot.app.focused is not None
        assert pilot.app.focused.id == "call-tree"


async def test_the_palette_finds_what_another_tab_can_do() -> None:
    async with opened(tab="operators") as pilot:
        await choose(pilot, "flame (")
        pane = pilot.app.screen.query_one(TimelinePane)
        assert pane.is_on_screen
        assert "flame: 29 | 29 stacks" in pane.status()[0]
