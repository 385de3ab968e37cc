"""The merged call tree as a folding list that draws only the lines on screen: a trace may hold 100,000 calls."""

from __future__ import annotations

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message

from tracediff import units
from tracediff.model.merged_tree import MergedTree
from tracediff.model.trace import BoolArray
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.figures import MISSING, Figures
from tracediff.tui.outline import EXPAND_LIMIT, Outline
from tracediff.tui.tabular import Cell, Table
from tracediff.tui.widgets.lines import LinesView

ONLY_BASE, ONLY_CANDIDATE = "<", ">"
_INDENT = 2
_MOST_INDENT = 24
_TIME = 11
_DIFFERENCE = 13
_TITLES = ("  call: base | candidate", "base", "candidate", "difference")
_SHAPES_FROM = 110
_UNDERLINED = Style(underline=True)


class CallTreeView(LinesView, inherit_bindings=False):
    """Both sides' calls, one line each."""

    BINDINGS = bindings(Scope.TREE, Scope.HITS, Scope.MOVE)

    class Opened(Message):
        """A call's row was asked for; -1: its time went to none."""

        def __init__(self, row: int) -> None:
            super().__init__()
            self.row = row

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

    def keep(self, found: BoolArray | None) -> None:
        """Shows only calls that a filter found, with their callers.

        Args:
            found: of each call of the tree; None: no filter.
        """
        if self.outline:
            node = self.node
            self.outline.keep(found)
            self._show(node)

    @property
    def line_count(self) -> int:
        return len(self.outline.visible) if self.outline else 0

    def heading(self) -> Text:
        return self._line(*map(Text, _TITLES))

    def draw(self, line: int) -> Text:
        return self.line_text(self.outline.visible[line]) if self.outline else Text()

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
        found = palette.strong + _UNDERLINED if outline.is_hit(node) else ""
        name = Text.assemble(
            (mark, palette.strong), " " * indent, (fold, palette.muted), " ", (self.name_of(node), found)
        )
        if self.line_width >= _SHAPES_FROM:
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

    def _line(self, name: Text, base: Text, candidate: Text, difference: Text) -> Text:
        figures = Text()
        for cell, width in ((base, _TIME), (candidate, _TIME), (difference, _DIFFERENCE)):
            cell.align("right", width)
            figures.append_text(cell)
        name.truncate(max(1, self.line_width - figures.cell_len), overflow="ellipsis", pad=True)
        return name.append_text(figures)

    def on_resize(self, event: events.Resize) -> None:
        self._show()

    def _show(self, node: int | None = None) -> None:
        """Draws anew, with the cursor on a call, else on the line that it was on."""
        self.rearrange(self.cursor if node is None or self.outline is None else self.outline.reveal(node))

    def line_clicked(self) -> None:
        self.action_fold()

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
        self._show(self.outline.hot_path(node))

    def action_next_hit(self, step: int) -> None:
        """To the next call that the filter found, or the one before; round the ends."""
        if self.outline and (node := self.outline.hit_beside(self.node, step)) is not None:
            self.cursor = self.outline.reveal(node)

    def action_open(self) -> None:
        """Asks for the row that the call's time went to."""
        if self.outline is not None and (node := self.node) is not None:
            self.post_message(self.Opened(int(self.outline.tree.row[node])))
