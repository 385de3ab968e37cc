"""The merged call tree as a folding list that draws only the lines on screen: a trace may hold 100,000 calls."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region, Size, Spacing
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tracediff import units
from tracediff.model.merged_tree import MergedTree
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.figures import MISSING, Figures
from tracediff.tui.outline import EXPAND_LIMIT, Outline
from tracediff.tui.tabular import Cell, Table

ONLY_BASE, ONLY_CANDIDATE = "<", ">"
_INDENT = 2
_MOST_INDENT = 24
_TIME = 11
_DIFFERENCE = 13
_HEADER_LINES = 1
_TITLES = ("  call: base | candidate", "base", "candidate", "difference")
_SHAPES_FROM = 110


class CallTreeView(ScrollView, can_focus=True, inherit_bindings=False):
    """Both sides' calls, one line each.

    Attributes:
        cursor: the line under the cursor.
    """

    BINDINGS = bindings(Scope.TREE, Scope.MOVE)
    COMPONENT_CLASSES: ClassVar[set[str]] = {"call-tree--header", "call-tree--cursor"}

    cursor = reactive(0)

    class Opened(Message):
        """A call's row was asked for; -1: its time went to none."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

    class Arranged(Message):
        """Other lines are on show."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.outline: Outline | None = None
        self._figures: Figures | None = None

    def fill(self, tree: MergedTree, figures: Figures, root: int | None = None, unfolded: bool = False) -> None:
        """Shows a tree.

        Args:
            tree: both sides' calls.
            figures: how to write its numbers.
            root: only this call and those below it.
            unfolded: begin with everything expanded, as far as that is bounded.
        """
        self._figures = figures
        before, node = self.outline, self.node
        if before is None or before.tree is not tree:
            self.outline = Outline(tree, root)
            roots = self.outline.roots()
            if unfolded:
                for call in roots:
                    self.outline.expand_all(call)
            elif len(roots) == 1:
                self.outline.expand(*roots)
            same = self.outline.take_over(before, node) if before else None
            self.cursor = 0 if same is None else self.outline.reveal(same)
        self._show()

    def keep(self, needle: str) -> None:
        """Shows only calls whose names hold the words, with their callers."""
        if self.outline:
            node = self.node
            self.outline.keep(needle)
            self.cursor = 0 if node is None else self.outline.reveal(node)
            self._show()

    @property
    def node(self) -> int | None:
        """The call under the cursor."""
        lines = self.outline.visible if self.outline else []
        return lines[self.cursor] if self.cursor < len(lines) else None

    def line_text(self, node: int) -> Text:
        """A call's line, as wide as the widget."""
        outline, figures = self.outline, self._figures
        if outline is None or figures is None:
            return Text()
        tree, palette = outline.tree, figures.palette
        has_base, has_candidate = tree.base_name[node] >= 0, tree.candidate_name[node] >= 0
        mark = ONLY_BASE if not has_candidate else ONLY_CANDIDATE if not has_base else " "
        fold = " " if not outline.has_children(node) else "▾" if outline.is_expanded(node) else "▸"
        indent = min(_INDENT * outline.depth(node), _MOST_INDENT)
        name = Text.assemble((mark, palette.strong), " " * indent, (fold, palette.muted), " ", self.name_of(node))
        if self._width >= _SHAPES_FROM:
            shape = max(tree.base_shape[node], tree.candidate_shape[node])
            name.append(f"  {tree.shapes[shape]}" if shape >= 0 else "", palette.muted)
        delta = outline.delta(node)
        return self._line(
            name,
            Text(figures.base(int(tree.base_ns[node])) if has_base else MISSING),
            Text(figures.candidate(int(tree.candidate_ns[node])) if has_candidate else MISSING),
            figures.difference(delta),
        )

    def name_of(self, node: int) -> str:
        """The operator, or `base | candidate` where they differ."""
        if self.outline is None:
            return ""
        tree = self.outline.tree
        names = [
            units.short_name(tree.names[name])
            for name in (int(tree.base_name[node]), int(tree.candidate_name[node]))
            if name >= 0
        ]
        return " | ".join(dict.fromkeys(names))

    def as_table(self, raw: bool = False) -> Table:
        lines = self.outline.visible if self.outline else []
        titles = ["call", "base_ns", "candidate_ns", "difference_ns"] if raw else _TITLES
        return Table(titles, [self._cells(node, raw) for node in lines], [False, True, True, True])

    def line_under_cursor(self) -> list[str] | None:
        return None if self.node is None else [str(cell) for cell in self._cells(self.node, raw=False)]

    def _cells(self, node: int, raw: bool) -> list[Cell]:
        """A call's line, as deep as it stands: name, times, difference."""
        outline, figures = self.outline, self._figures
        if outline is None or figures is None:
            return []
        tree = outline.tree
        base = int(tree.base_ns[node]) if tree.base_name[node] >= 0 else None
        candidate = int(tree.candidate_ns[node]) if tree.candidate_name[node] >= 0 else None
        name, delta = "  " * outline.depth(node) + self.name_of(node), outline.delta(node)
        if raw:
            return [name, base, candidate, delta]
        return [name, figures.base(base), figures.candidate(candidate), figures.difference(delta).plain]

    @property
    def _width(self) -> int:
        return self.size.width - self.styles.scrollbar_size_vertical

    def _line(self, name: Text, base: Text, candidate: Text, difference: Text) -> Text:
        figures = Text()
        for cell, width in ((base, _TIME), (candidate, _TIME), (difference, _DIFFERENCE)):
            cell.align("right", width)
            figures.append_text(cell)
        name.truncate(max(1, self._width - figures.cell_len), overflow="ellipsis", pad=True)
        return name.append_text(figures)

    def render_line(self, y: int) -> Strip:
        style = self.rich_style
        lines = self.outline.visible if self.outline else []
        line = self.scroll_offset.y + y - _HEADER_LINES
        if y < _HEADER_LINES:
            text = self._line(*map(Text, _TITLES))
            over = self.get_component_rich_style("call-tree--header")
            text = Text(text.plain)
        elif line >= len(lines):
            return Strip.blank(self.size.width, style)
        else:
            text = self.line_text(lines[line])
            over = self.get_component_rich_style("call-tree--cursor") if line == self.cursor else Style()
            if line == self.cursor:
                text = Text(text.plain)
        console = self.app.console  # pyright: ignore[reportUnknownMemberType]
        segments = Segment.apply_style(text.render(console, end=""), style, over)
        return Strip(segments).adjust_cell_length(self.size.width, style + over)

    def on_resize(self, event: events.Resize) -> None:
        self._show()

    def _show(self) -> None:
        count = len(self.outline.visible) if self.outline else 0
        self.virtual_size = Size(max(1, self._width), count + _HEADER_LINES)
        self.cursor = min(self.cursor, max(0, count - 1))
        self.refresh()
        self.call_after_refresh(self._scroll_to_cursor)
        self.post_message(self.Arranged())

    def validate_cursor(self, cursor: int) -> int:
        count = len(self.outline.visible) if self.outline else 0
        return max(0, min(cursor, count - 1))

    def watch_cursor(self) -> None:
        self._scroll_to_cursor()
        self.refresh()

    def _scroll_to_cursor(self) -> None:
        if self.is_attached:
            region = Region(0, self.cursor + _HEADER_LINES, 1, 1)
            self.scroll_to_region(region, spacing=Spacing(_HEADER_LINES, 0, 0, 0), animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        line = self.scroll_offset.y + event.y - _HEADER_LINES
        if event.y >= _HEADER_LINES and self.outline and line < len(self.outline.visible):
            again = line == self.cursor
            self.cursor = line
            if again:
                self.action_fold()

    def action_cursor_up(self) -> None:
        """One line up."""
        self.cursor -= 1

    def action_cursor_down(self) -> None:
        """One line down."""
        self.cursor += 1

    def action_page_up(self) -> None:
        """One page up."""
        self.cursor -= max(1, self.size.height - _HEADER_LINES - 1)

    def action_page_down(self) -> None:
        """One page down."""
        self.cursor += max(1, self.size.height - _HEADER_LINES - 1)

    def action_scroll_top(self) -> None:
        """To the first line."""
        self.cursor = 0

    def action_scroll_bottom(self) -> None:
        """To the last line."""
        self.cursor = len(self.outline.visible) if self.outline else 0

    def action_fold(self) -> None:
        """Shows or hides what the call called."""
        node = self.node
        if self.outline is None or node is None:
            return
        if self.outline.is_expanded(node):
            self.outline.collapse(node)
        else:
            self.outline.expand(node)
        self._show()

    def action_expand(self) -> None:
        """Shows what the call called."""
        if self.outline is not None and (node := self.node) is not None:
            self.outline.expand(node)
            self._show()

    def action_collapse(self) -> None:
        """Hides what the call called, or goes to its caller where that is hidden."""
        if self.outline is None or (node := self.node) is None:
            return
        if self.outline.is_expanded(node):
            self.outline.collapse(node)
            self._show()
        elif (caller := self.outline.parent(node)) is not None:
            self.cursor = self.outline.reveal(caller)

    def action_expand_all(self) -> None:
        """Shows everything below the call."""
        if self.outline is None or (node := self.node) is None:
            return
        if not self.outline.expand_all(node):
            self.notify(f"expanded the first {EXPAND_LIMIT:,} calls only", severity="warning")
        self._show()

    def action_hot_path(self) -> None:
        """Follows the largest difference down to a call that called nothing."""
        if self.outline is None or (node := self.node) is None:
            return
        last = self.outline.hot_path(node)
        self.cursor = self.outline.reveal(last)
        self._show()

    def action_open(self) -> None:
        """Asks for the row that the call's time went to."""
        if self.outline is not None and (node := self.node) is not None:
            self.post_message(self.Opened(int(self.outline.tree.row[node])))
