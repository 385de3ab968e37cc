"""The one table of actions: bindings, footer, help and palette are made from it, so that they cannot disagree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from textual.binding import Binding, BindingType
from textual.keys import format_key


class Scope(Enum):
    """Where an action can be called; the values are the headings of the help screen."""

    APP = "Everywhere"
    COMPARE = "Comparison"
    FILTERED = "Comparison, captures"
    FIGURES = "Comparison, detail"
    MOVE = "Moving"
    RUNS = "Captures"
    LOADING = "While reading"
    TABLE = "Tables"
    DIFFERENCES = "Rows, operators, ledger"
    OPERATORS = "Operators"
    PANEL = "Row beside the table"
    TREE = "Call tree"
    HITS = "Calls that a filter found"
    EXPLANATIONS = "Explanations"
    TIMELINE = "Timeline"
    TIMELINE_PANE = "Timeline, flame graph"
    BACK = "Detail, help"
    FILTER = "Filter"
    HELP = "Help"
    MENU = "Menus"
    EXPORT = "Export"
    MENU_LIST = "Lines of both"


_COMPARISON = frozenset({Scope.APP, Scope.COMPARE, Scope.FILTERED, Scope.FIGURES, Scope.MOVE})
_CAPTURES = frozenset({Scope.APP, Scope.RUNS, Scope.FILTERED, Scope.MOVE})
HEARD_TOGETHER: tuple[frozenset[Scope], ...] = (
    _COMPARISON | {Scope.TABLE, Scope.DIFFERENCES, Scope.OPERATORS},
    _COMPARISON | {Scope.TREE, Scope.HITS},
    _COMPARISON | {Scope.PANEL},
    _COMPARISON | {Scope.EXPLANATIONS},
    (_COMPARISON | {Scope.TIMELINE, Scope.TIMELINE_PANE}) - {Scope.MOVE},
    _CAPTURES | {Scope.TABLE},
    frozenset({Scope.APP, Scope.LOADING}),
    frozenset({Scope.APP, Scope.BACK, Scope.FIGURES, Scope.MOVE, Scope.TREE, Scope.HITS}),
    frozenset({Scope.APP, Scope.BACK, Scope.HELP, Scope.MOVE}),
    frozenset({Scope.APP, Scope.FILTER}),
    frozenset({Scope.MENU, Scope.MENU_LIST, Scope.MOVE}),
    frozenset({Scope.EXPORT, Scope.MENU_LIST, Scope.MOVE}),
)
"""Scopes whose actions one and the same key press can reach, so that they need different keys."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key does.

    Attributes:
        id: what a user's keymap names it by.
        keys: as Textual writes them, separated by commas.
        run: the Textual action.
        label: for footer and palette.
        help: what it does, for the help screen.
        footer: whether the footer shows it.
        priority: whether it works while an input has the focus.
        takes_next_key: whether it must have happened before the next key is looked at: of keys that arrive together,
            those behind `/` belong to the filter. Its screen refuses it while the input has the focus.
    """

    id: str
    scope: Scope
    keys: str
    run: str
    label: str
    help: str
    footer: bool = False
    priority: bool = False
    takes_next_key: bool = False

    @property
    def shown_keys(self) -> str:
        """`PgUp`, `? F1`: those that nobody changed."""
        return written(self.keys)


def written(keys: str) -> str:
    """Keys, separated by commas, as people write them: `Ctrl+E`, `? F1`."""
    return " ".join(map(_written, keys.split(",")))


def _written(key: str) -> str:
    *modifiers, name = key.split("+") if len(key) > 1 else [key]
    name = _KEY_NAMES.get(name) or format_key(name)
    if (modifiers and len(name) == 1) or (name.startswith("f") and name[1:].isdigit()):
        name = name.upper()
    return "+".join([*map(str.capitalize, modifiers), name])


_KEY_NAMES = {
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "tab": "Tab",
    "backspace": "Backspace",
    "up": "Up",
    "down": "Down",
    "left": "Left",
    "right": "Right",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
}

ACTIONS: tuple[Action, ...] = (
    Action("runs.mark", Scope.RUNS, "space", "mark", "Mark", "mark as base, then as candidate; or not", footer=True),
    Action(
        "runs.compare",
        Scope.RUNS,
        "enter",
        "compare",
        "Compare",
        "compare what is marked; with one mark, that and the line under the cursor",
        footer=True,
    ),
    Action("runs.swap", Scope.RUNS, "x", "swap_marks", "Swap marks", "make the base the candidate, and back"),
    Action("runs.reload", Scope.RUNS, "r", "reload", "Reload", "look for captures once more", footer=True),
    Action("loading.cancel", Scope.LOADING, "escape", "cancel", "Cancel", "back to the captures", footer=True),
    Action("row.open", Scope.DIFFERENCES, "enter", "select_cursor", "Open", "open what the cursor is on", footer=True),
    Action("sort.menu", Scope.TABLE, "s", "sort_menu", "Sort", "choose the column to sort by", footer=True),
    Action("sort.left", Scope.TABLE, "<", "sort_column(-1)", "Sort left", "sort by the column to the left"),
    Action("sort.right", Scope.TABLE, ">", "sort_column(1)", "Sort right", "sort by the column to the right"),
    Action("sort.invert", Scope.TABLE, "I", "sort_invert", "Invert", "turn the order round"),
    Action(
        "rows.unchanged",
        Scope.DIFFERENCES,
        "u",
        "screen.toggle_unchanged",
        "Unchanged",
        "hide what went the same way and is not significant (under 1 % of the difference), or show it again",
        footer=True,
    ),
    Action(
        "change.previous",
        Scope.DIFFERENCES,
        "{",
        "next_change(-1)",
        "Previous change",
        "to the significant change above: by the verdict, without one from 1 % of the difference on",
    ),
    Action("change.next", Scope.DIFFERENCES, "}", "next_change(1)", "Next change", "to the one below"),
    Action(
        "group.menu",
        Scope.OPERATORS,
        "b",
        "group_menu",
        "Group by",
        "choose what a line stands for: family and shape, family, shape, module, kernel, operator",
    ),
    Action("group.shape", Scope.OPERATORS, "i", "group_by_shape", "By shape", "a line for each input shape, or not"),
    Action("hit.next", Scope.HITS, "n", "next_hit(1)", "Next hit", "to the next call that the filter found"),
    Action("hit.previous", Scope.HITS, "N", "next_hit(-1)", "Previous hit", "to the one before"),
    Action("row.open_shown", Scope.PANEL, "enter", "open", "Open", "open the row on a screen of its own", footer=True),
    Action("call.toggle", Scope.TREE, "space", "fold", "Toggle", "show or hide what a call called", footer=True),
    Action("call.expand", Scope.TREE, "+,=,right", "expand", "Expand", "show what a call called"),
    Action("call.collapse", Scope.TREE, "-,left", "collapse", "Collapse", "hide it; on a hidden one go to its caller"),
    Action("call.expand_all", Scope.TREE, "*", "expand_all", "All", "expand everything below the call", footer=True),
    Action(
        "call.hot_path", Scope.TREE, "e", "hot_path", "Hot path", "follow the largest difference downwards", footer=True
    ),
    Action("call.open", Scope.TREE, "enter", "open", "Open row", "open the row that the call's time went to"),
    Action(
        "explanation.open",
        Scope.EXPLANATIONS,
        "enter",
        "select",
        "Its rows",
        "show the rows that the explanation rests on",
        footer=True,
    ),
    Action("box.previous", Scope.TIMELINE, "left", "beside(-1)", "Previous", "to the call before on the same level"),
    Action("box.next", Scope.TIMELINE, "right", "beside(1)", "Next", "to the next call on the same level"),
    Action("box.caller", Scope.TIMELINE, "up,k", "caller", "Caller", "to the call that it was called by"),
    Action("box.callee", Scope.TIMELINE, "down,j", "callee", "Callee", "to the first call that it called"),
    Action("box.first", Scope.TIMELINE, "g,home", "first", "First", "to the first call on the level"),
    Action("box.last", Scope.TIMELINE, "G,end", "last", "Last", "to the last call on the level"),
    Action(
        "box.counterpart",
        Scope.TIMELINE,
        "m",
        "counterpart",
        "Other side",
        "to the matched call of the other side, or to what ran there at that time",
        footer=True,
    ),
    Action(
        "box.next_found", Scope.TIMELINE, "n", "next_lit(1)", "Next found", "to the next call that the filter found"
    ),
    Action("box.previous_found", Scope.TIMELINE, "N", "next_lit(-1)", "Previous found", "to the one before"),
    Action("box.open", Scope.TIMELINE, "enter", "open", "Open row", "open the row that the call's time went to"),
    Action("view.zoom_in", Scope.TIMELINE, "+,=", "zoom(1)", "Zoom in", "more detail around the call", footer=True),
    Action("view.zoom_out", Scope.TIMELINE, "-", "zoom(-1)", "Zoom out", "less detail"),
    Action("view.call", Scope.TIMELINE, "space", "zoom_to_call", "Zoom to call", "so that the call fills the view"),
    Action("view.whole", Scope.TIMELINE, "0", "whole", "Whole", "the whole iteration"),
    Action("view.left", Scope.TIMELINE, "h,shift+left", "pan(-1)", "Pan left", "to what ran before"),
    Action("view.right", Scope.TIMELINE, "l,shift+right", "pan(1)", "Pan right", "to what ran after"),
    Action(
        "timeline.flame",
        Scope.TIMELINE_PANE,
        "f",
        "flame",
        "Flame",
        "calls by time, or calls of the same stack added up, the longest first",
        footer=True,
    ),
    Action("move.up", Scope.MOVE, "up,k", "cursor_up", "Up", "one line up"),
    Action("move.down", Scope.MOVE, "down,j", "cursor_down", "Down", "one line down"),
    Action("move.page_up", Scope.MOVE, "pageup", "page_up", "Page up", "one page up"),
    Action("move.page_down", Scope.MOVE, "pagedown", "page_down", "Page down", "one page down"),
    Action("move.top", Scope.MOVE, "g,home", "scroll_top", "Top", "to the first line"),
    Action("move.bottom", Scope.MOVE, "G,end", "scroll_bottom", "Bottom", "to the last line"),
    Action("tab.ledger", Scope.COMPARE, "1", "show_tab('ledger')", "Ledger", "terms that add up to the difference"),
    Action(
        "tab.operators", Scope.COMPARE, "2", "show_tab('operators')", "Operators", "what each family and shape took"
    ),
    Action("tab.calls", Scope.COMPARE, "3", "show_tab('calls')", "Call tree", "both sides' calls as one tree"),
    Action(
        "tab.kernels", Scope.COMPARE, "4", "show_tab('kernels')", "Kernels", "what the libraries ran, by implementation"
    ),
    Action(
        "tab.timeline",
        Scope.COMPARE,
        "5",
        "show_tab('timeline')",
        "Timeline",
        "an iteration of each side call by call, or as a flame graph",
    ),
    Action(
        "tab.environment",
        Scope.COMPARE,
        "6",
        "show_tab('environment')",
        "Environment",
        "what the sides are, and what to know before believing a number",
    ),
    Action("tab.previous", Scope.COMPARE, "[", "turn_tab(-1)", "Previous tab", "the tab to the left"),
    Action("tab.next", Scope.COMPARE, "]", "turn_tab(1)", "Next tab", "the tab to the right"),
    Action(
        "filter.open",
        Scope.FILTERED,
        "/",
        "filter",
        "Filter",
        "only what contains these words, wherever they stand in a line",
        footer=True,
        takes_next_key=True,
    ),
    Action(
        "filter.clear",
        Scope.FILTERED,
        "escape",
        "clear_filter",
        "Clear filter",
        "show everything again; from a comparison without a filter, back to the captures",
    ),
    Action("figures.share", Scope.FIGURES, "%", "toggle_share", "Share", "times as time or as share", footer=True),
    Action(
        "row.panel",
        Scope.COMPARE,
        "d",
        "toggle_panel",
        "Detail",
        "show the row under the cursor beside the table or below it, or hide it",
    ),
    Action("filter.done", Scope.FILTER, "enter,down", "submit", "Keep", "back to the table, filtered", footer=True),
    Action(
        "filter.cancel", Scope.FILTER, "escape", "screen.clear_filter", "Clear", "show everything again", footer=True
    ),
    Action("sides.swap", Scope.COMPARE, "x", "app.swap", "Swap", "compare the other way round", footer=True),
    Action("sides.reload", Scope.COMPARE, "r", "app.reload", "Reload", "read both inputs once more"),
    Action("view.zoom", Scope.COMPARE, "z", "zoom", "Zoom", "all of the screen for the tab, or back"),
    Action("view.export", Scope.COMPARE, "ctrl+e", "app.export", "Export", "write what is shown into a file"),
    Action("copy.line", Scope.APP, "y", "app.copy_line", "Copy line", "the line under the cursor to the clipboard"),
    Action("copy.table", Scope.APP, "Y", "app.copy_table", "Copy all", "all lines on show to the clipboard"),
    Action("export.close", Scope.EXPORT, "escape", "dismiss", "Close", "write nothing"),
    Action("export.switch", Scope.EXPORT, "tab,shift+tab", "switch", "Switch", "between the list and the name"),
    Action(
        "help.filter",
        Scope.HELP,
        "/",
        "filter",
        "Filter",
        "only actions that contain these words",
        footer=True,
        takes_next_key=True,
    ),
    Action(
        "screen.back", Scope.BACK, "escape,backspace", "app.pop_screen", "Back", "to the screen before", footer=True
    ),
    Action("menu.close", Scope.MENU, "escape,s,b", "dismiss", "Close", "choose nothing"),
    Action("menu.quit", Scope.MENU, "q", "app.quit", "Quit", "leave tracediff"),
    Action("menu.choose", Scope.MENU_LIST, "enter", "select", "Choose", "take what the cursor is on"),
    Action("app.focus_next", Scope.APP, "tab", "app.focus_next", "Next pane", "to the next pane"),
    Action("app.focus_previous", Scope.APP, "shift+tab", "app.focus_previous", "Previous pane", "to the pane before"),
    Action("app.help", Scope.APP, "?,f1", "app.help", "Help", "this list", footer=True),
    Action("app.palette", Scope.APP, "ctrl+p", "app.command_palette", "Palette", "find an action by its name"),
    Action("app.quit", Scope.APP, "q", "app.quit", "Quit", "leave tracediff", footer=True),
    Action("app.quit_always", Scope.APP, "ctrl+q", "app.quit", "Quit", "leave, also while typing", priority=True),
    Action("app.interrupt", Scope.APP, "ctrl+c", "app.interrupt", "Interrupt", "leave at once", priority=True),
)


TABS = tuple(action.id.removeprefix("tab.") for action in ACTIONS if action.run.startswith("show_tab("))
"""Of a comparison, in their order."""


def bindings(*scopes: Scope) -> list[BindingType]:
    """The bindings of the actions of some scopes."""
    return [
        Binding(
            action.keys,
            action.run,
            action.label,
            show=action.footer,
            priority=action.priority or action.takes_next_key,
            tooltip=action.help,
            id=action.id,
        )
        for action in ACTIONS
        if action.scope in scopes
    ]
