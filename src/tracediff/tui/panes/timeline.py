"""An iteration of each side call by call on the same time scale, or its stacks as a flame graph."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Static

from tracediff import units
from tracediff.analysis.flame_graph import flame_graph
from tracediff.model.diff import Diff
from tracediff.model.timeline import Stacks, Timeline
from tracediff.model.trace import BoolArray
from tracediff.tui import filtering
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.figures import Figures
from tracediff.tui.filtering import Narrowing
from tracediff.tui.messages import RowOpened
from tracediff.tui.panes.pane import Pane
from tracediff.tui.track import Track, tracks
from tracediff.tui.widgets.icicle_pair import IciclePair, Position

_NO_TIMELINE = "No timeline: one side is a printed table, which says how long calls took but not when."
TIMELINE, FLAME = "timeline", "flame"
_SIDES = ("base", "candidate")


class TimelinePane(Pane, inherit_bindings=False):
    """The timeline, where both sides have one.

    Attributes:
        mode: calls by time, or stacks added up.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings(Scope.TIMELINE_PANE)
    tab: ClassVar[str] = "timeline"
    noun: ClassVar[str] = "Timeline"
    narrows: ClassVar[bool] = True

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.mode = TIMELINE
        self._figures: Figures | None = None
        self._narrowing = Narrowing()
        self._shown: str | None = None
        self._flame: Timeline | None = None
        self._positions: dict[str, Position | None] = {}
        self._found = 0

    def compose(self) -> ComposeResult:
        yield IciclePair("icicles")
        yield Static(id="call-facts", markup=False)
        yield Static(_NO_TIMELINE, id="no-timeline", markup=False)

    @property
    def _pair(self) -> IciclePair:
        return self.query_one(IciclePair)

    @property
    def main(self) -> Widget | None:
        return self._pair.icicle if self._figures and self._figures.diff.timelines else None

    def fill(self, figures: Figures) -> None:
        if self._figures is None or self._figures.diff is not figures.diff:
            self._flame = None
        self._figures = figures
        there = figures.diff.timelines is not None
        self._pair.display = self.query_one("#call-facts").display = there
        self.query_one("#no-timeline").display = not there
        if self.is_on_screen:
            self._show()

    def on_show(self) -> None:
        # Laying an iteration of 100,000 calls out is for those who look at it.
        self._show()

    def narrow(self, narrowing: Narrowing) -> None:
        self._narrowing = narrowing
        if self._shown:
            self._light()

    def _show(self) -> None:
        figures = self._figures
        timeline = self._timeline(figures.diff) if figures else None
        if figures is None or timeline is None:
            return
        if self._shown:
            self._positions[self._shown] = self._pair.position
        self._shown = self.mode
        self._pair.fill(tracks(timeline, figures.diff), figures.palette, self._positions.get(self.mode))
        self._light()

    def _timeline(self, diff: Diff) -> Timeline | None:
        timeline = diff.timeline
        if self.mode == TIMELINE or timeline is None or diff.call_tree is None:
            return timeline
        if self._flame is None:
            self._flame = flame_graph(diff.call_tree, diff.rows, timeline.families)
        return self._flame

    def _light(self) -> None:
        lit = tuple(map(self._lit_calls, self._pair.tracks)) if self._narrows_now else ()
        self._found = sum(int(one.sum()) for one in lit)
        self._pair.light(lit)
        self.post_message(self.Arranged())

    @property
    def _narrows_now(self) -> bool:
        return bool(self._narrowing.needle.strip())

    def _lit_calls(self, track: Track) -> BoolArray:
        if self._figures is None:
            return np.zeros(len(track.calls), dtype=np.bool_)
        diff = self._figures.diff
        return track.calls_with(self._narrowing.query.keeps, filtering.row_subjects(diff))

    def status(self) -> list[str]:
        if not self._shown:
            return []
        pair = self._pair
        sides = [f"{len(track.calls):,}" for track in pair.tracks]
        parts = [f"{self._shown}: {' | '.join(sides)} {'calls' if self._shown == TIMELINE else 'stacks'}"]
        if self._narrows_now:
            parts.append(f"{self._found:,} found (*)")
        view = pair.view
        if not view.is_whole:
            parts.append(f"{units.duration(round(view.span_ns))} of {units.duration(view.whole_ns)} on show")
        return [*parts, "< only base, > only candidate"]

    @on(IciclePair.Moved)
    def _say_what_is_selected(self, moved: IciclePair.Moved) -> None:
        moved.stop()
        self.query_one("#call-facts", Static).update(self._facts())
        self.post_message(self.Arranged())

    def _facts(self) -> Text:
        """The selected call in two lines: what it is, and its time on both sides."""
        pair, figures = self._pair, self._figures
        track, call = pair.track, pair.call
        if figures is None or track is None or call is None:
            return Text()
        writes = (figures.base, figures.candidate)
        here, there = pair.side, 1 - pair.side
        calls, timeline = track.calls, track.timeline
        facts = [Text(f"{_SIDES[here]} {writes[here](calls.total_ns(call))}", figures.palette.strong)]
        node = int(calls.node[call])
        matched = timeline.calls_of(node)[there]
        delta = timeline.delta_ns(node)
        if matched is not None and delta is not None:
            other = pair.tracks[there]
            name = "" if other.name(matched) == track.name(call) else f" {other.name(matched)}"
            facts.append(Text(f"{_SIDES[there]}{name} {writes[there](other.calls.total_ns(matched))}"))
            facts.append(figures.difference(delta))
        elif node >= 0:
            facts.append(Text(f"{track.mark} no such call in {_SIDES[there]}"))
        facts.append(Text(f"self {writes[here](int(calls.self_ns[call]))}"))
        if isinstance(calls, Stacks):
            facts.append(Text(units.count(int(calls.calls[call]), "call")))
        else:
            facts.append(Text(f"at {units.duration(int(calls.start_ns[call]))}"))
        family = track.family(call)
        what = [Text(track.name(call), figures.palette.strong), Text(f"family {family}" if family else "annotation")]
        what.append(Text(track.shape(call), figures.palette.muted))
        return Text("\n").join([Text("  ").join(what), Text("  ").join(facts)])

    def action_flame(self) -> None:
        """Calls by time, or stacks added up."""
        self.mode = TIMELINE if self.mode == FLAME else FLAME
        self._show()

    @on(IciclePair.Opened)
    def _open_row_of_call(self, event: IciclePair.Opened) -> None:
        event.stop()
        pair = self._pair
        if self._figures is None or pair.track is None or pair.call is None:
            return
        row = int(pair.track.calls.row[pair.call])
        if row >= 0:
            self.post_message(RowOpened(self._figures.diff.rows[row]))
        else:
            self.notify(_no_row(pair.track, pair.call), timeout=3)


def _no_row(track: Track, call: int) -> str:
    if track.calls.thread[call]:
        return "this call ran on another thread: it is in no row of the ledger"
    if not track.family(call):
        return "the time of this call itself is in no row: it is an annotation"
    return "these calls are of several rows, one for each shape"
