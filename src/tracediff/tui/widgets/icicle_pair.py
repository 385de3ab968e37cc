"""Both sides of a timeline above each other, which share the part on show and whose selected calls match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from tracediff.model.trace import BoolArray
from tracediff.tui.actions import Scope, bindings
from tracediff.tui.palette import Palette
from tracediff.tui.track import Stack, Track
from tracediff.tui.viewport import Viewport
from tracediff.tui.widgets.icicle import Icicle
from tracediff.tui.widgets.time_axis import TimeAxis

_ZOOM = 1.5
_PAN = 0.25


@dataclass(frozen=True, slots=True)
class Position:
    """What is on show: the part, whose side was looked at, and which call is selected there.

    Attributes:
        row, ns: where the call is.
        stack: what it is wherever it is, where stacks are added up.
    """

    view: Viewport
    side: int
    row: int
    ns: float
    stack: Stack = ()


class IciclePair(Vertical, inherit_bindings=False):
    """Base above candidate.

    Attributes:
        tracks: the two; empty before there is anything to show.
        view: the part of the time on show.
        side: 0 where the base's call is selected, 1 for the candidate's.
    """

    BINDINGS = bindings(Scope.TIMELINE)

    class Moved(Message):
        """Another call is selected, or another part on show."""

    class Opened(Message):
        """The row of the selected call was asked for."""

    def __init__(self, id: str) -> None:  # noqa: A002
        super().__init__(id=id)
        self.tracks: tuple[Track, ...] = ()
        self.view = Viewport.whole(1)
        self.side = 0
        self._lit: tuple[BoolArray, ...] = ()

    def compose(self) -> ComposeResult:
        yield TimeAxis(id="time-axis", markup=False)
        yield Icicle("base-icicle")
        yield Icicle("candidate-icicle")

    @property
    def icicles(self) -> tuple[Icicle, Icicle]:
        return self.query_one("#base-icicle", Icicle), self.query_one("#candidate-icicle", Icicle)

    @property
    def icicle(self) -> Icicle:
        """The side whose call is selected."""
        return self.icicles[self.side]

    @property
    def track(self) -> Track | None:
        """The same side."""
        return self.tracks[self.side] if self.tracks else None

    @property
    def call(self) -> int | None:
        """The selected call."""
        return self.icicle.cursor

    @property
    def position(self) -> Position | None:
        """What to give to `fill` later on, to see the same again."""
        if self.track is None or self.call is None:
            return None
        start, end = self.track.boxes.span(self.call)
        stack = self.track.stack(self.call)
        return Position(self.view, self.side, int(self.track.boxes.row[self.call]), (start + end) / 2, stack)

    def fill(self, tracks: tuple[Track, Track], palette: Palette, position: Position | None = None) -> None:
        """Shows two sides.

        Args:
            tracks: base and candidate.
            palette: the colours.
            position: where to look; None: all of it, and the first call.
        """
        self.tracks, self._lit = tracks, ()
        whole = max(track.calls.time_ns for track in tracks)
        self.view = position.view.of(whole) if position else Viewport.whole(whole)
        for icicle, track in zip(self.icicles, tracks, strict=True):
            icicle.fill(track, palette)
        self.side = position.side if position else 0
        if not len(tracks[self.side].calls):
            self.side = 1 - self.side
        self._select(self._call_at(position or Position(self.view, self.side, row=0, ns=0.0)))
        self._show(self.view)

    def _call_at(self, position: Position) -> int | None:
        """The same stack, on whichever side it is; else the call nearest to a position; None in an empty iteration."""
        for side in (self.side, 1 - self.side) if position.stack else ():
            if (found := self.tracks[side].call_of(position.stack)) is not None:
                self.side = side
                return found
        boxes = self.tracks[self.side].boxes
        if not boxes.rows:
            return None
        found = boxes.nearest(min(position.row, boxes.rows - 1), position.ns)
        return boxes.nearest(0, position.ns) if found is None else found

    def light(self, lit: tuple[BoolArray, ...]) -> None:
        """Lets only these calls of each side stand out; empty: all."""
        self._lit = lit
        for icicle, one in zip(self.icicles, lit or (None, None), strict=True):
            icicle.light(one)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(lambda: self._show(self.view))

    @on(Icicle.Viewed)
    def _show_wanted(self, viewed: Icicle.Viewed) -> None:
        viewed.stop()
        self._show(viewed.view)

    def _show(self, view: Viewport) -> None:
        self.view = view
        for icicle in self.icicles:
            icicle.show(view)
        self.query_one(TimeAxis).show(view, self.icicle.cells)
        self.post_message(self.Moved())

    @on(Icicle.Selected)
    def _select_clicked(self, selected: Icicle.Selected) -> None:
        selected.stop()
        if selected.call is not None:
            self.side = self.icicles.index(selected.icicle)
            self._select(selected.call)
            if selected.zooms:
                self.action_zoom_to_call()

    def _select(self, call: int | None) -> None:
        """Selects a call of the side, and on the other one what matches it."""
        for place, icicle in enumerate(self.icicles):
            icicle.set_class(place == self.side, "-active")
            icicle.select(call if place == self.side else self._counterpart(call))
        if self.is_on_screen:
            self.icicle.focus()
        self.post_message(self.Moved())

    def _counterpart(self, call: int | None) -> int | None:
        if self.track is None or call is None:
            return None
        return self.track.timeline.calls_of(int(self.track.calls.node[call]))[1 - self.side]

    def _go_to(self, call: int) -> None:
        """Selects a call and brings it into view."""
        self._select(call)
        if self.track:
            self._show(self.view.showing(*self.track.boxes.span(call)))

    @property
    def _middle_ns(self) -> float:
        """Of the selected call as far as it is in view; of the view where it is not."""
        view = self.view
        if self.track is not None and self.call is not None:
            start, end = self.track.boxes.span(self.call)
            if end >= view.start_ns and start <= view.end_ns:
                return (max(start, view.start_ns) + min(end, view.end_ns)) / 2
        return (view.start_ns + view.end_ns) / 2

    def action_beside(self, step: int) -> None:
        """To a call on the same level."""
        if self.track is not None and self.call is not None:
            self._go_to(self.track.boxes.neighbour(self.call, step))

    def action_first(self) -> None:
        """To the first call on the level."""
        if self.track is not None:
            self.action_beside(-len(self.track.calls))

    def action_last(self) -> None:
        """To the last call on the level."""
        if self.track is not None:
            self.action_beside(len(self.track.calls))

    def action_caller(self) -> None:
        """To the call above."""
        if self.track is not None and self.call is not None:
            self._go_to(self.track.boxes.caller(self.call))

    def action_callee(self) -> None:
        """To the first call below."""
        if self.track is not None and self.call is not None:
            self._go_to(self.track.boxes.callee(self.call))

    def action_counterpart(self) -> None:
        """To the matched call of the other side, or to what ran there at that time."""
        if self.track is None or self.call is None:
            return
        other = self.tracks[1 - self.side].boxes
        row = min(int(self.track.boxes.row[self.call]), other.rows - 1)
        found = self._counterpart(self.call)
        if found is None and row >= 0:
            self.notify("no call of the other side matches this one: here is what ran at its time", timeout=3)
            found = other.nearest(row, self._middle_ns)
        if found is not None:
            self.side = 1 - self.side
            self._go_to(found)

    def action_next_lit(self, step: int) -> None:
        """To the next call that the filter found."""
        if not self._lit or self.call is None:
            return
        found = np.flatnonzero(self._lit[self.side])
        if not len(found):
            self.notify("the filter found no call on this side", timeout=3)
            return
        place = int(np.searchsorted(found, self.call, side="right" if step > 0 else "left")) - (step < 0)
        self._go_to(int(found[place % len(found)]))

    def action_zoom(self, steps: int) -> None:
        """More detail around the selected call, or less."""
        self._show(self.view.zoomed(_ZOOM**steps, self._middle_ns))

    def action_zoom_to_call(self) -> None:
        """So that the selected call fills the view."""
        if self.track is not None and self.call is not None:
            self._show(self.view.fitted(*self.track.boxes.span(self.call)))

    def action_whole(self) -> None:
        """The whole iteration."""
        self._show(Viewport.whole(self.view.whole_ns))

    def action_pan(self, steps: int) -> None:
        """To the left or right, by a part of what is on show."""
        self._show(self.view.panned(steps * _PAN))

    def action_open(self) -> None:
        """Asks for the row of the selected call."""
        if self.call is not None:
            self.post_message(self.Opened())
