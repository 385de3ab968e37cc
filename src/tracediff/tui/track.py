"""The two sides of a timeline with the texts and colours of their calls, without any drawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tracediff import units
from tracediff.model.diff import Diff, Side
from tracediff.model.timeline import IterationCalls, Stacks, Timeline
from tracediff.model.trace import BoolArray, IntArray
from tracediff.tui import filtering
from tracediff.tui.boxes import Boxes
from tracediff.tui.query import Subject
from tracediff.tui.widgets.call_tree import ONLY_BASE, ONLY_CANDIDATE

Stack: TypeAlias = tuple[frozenset[str], ...]
"""The names of a call and its callers, the outermost first: those of both sides, whichever side has which."""


@dataclass(frozen=True, slots=True)
class Track:
    """One side.

    Attributes:
        timeline: what it is a side of.
        boxes: where its calls are.
        heading: which run and iteration it is.
        colour: of each call, counted from 0: that of its family on the base, so that calls that match share it; -1
            without a family, shape (n,).
        mark: what stands before calls that are on this side only.
        unmatched: calls that the other side has nothing for, shape (n,); those of other threads are matched by nobody.
    """

    timeline: Timeline
    boxes: Boxes
    heading: str
    colour: IntArray
    mark: str
    unmatched: BoolArray

    @property
    def calls(self) -> IterationCalls:
        return self.boxes.calls

    def name(self, call: int) -> str:
        return units.short_name(self.timeline.names[int(self.calls.name[call])])

    def shape(self, call: int) -> str:
        """Shapes of the inputs; empty where unknown."""
        return _at(self.timeline.shapes, int(self.calls.shape[call]))

    def family(self, call: int) -> str:
        """Whose time it is; empty for an annotation."""
        return _at(self.timeline.families, int(self.calls.family[call]))

    def stack(self, call: int) -> Stack:
        """Which stack a call is, where stacks are added up; empty where calls of one stack have places of their own."""
        if not isinstance(self.calls, Stacks):
            return ()
        names = [self._names(call)]
        while self.calls.depth[call]:
            call = self.boxes.caller(call)
            names.append(self._names(call))
        return tuple(reversed(names))

    def call_of(self, stack: Stack) -> int | None:
        """The call that is a stack."""
        level = np.flatnonzero(self.calls.depth == len(stack) - 1).tolist()
        alike = (call for call in level if self._names(call) == stack[-1])
        return next((call for call in alike if self.stack(call) == stack), None)

    def _names(self, call: int) -> frozenset[str]:
        sides = self.timeline.base, self.timeline.candidate
        matched = self.timeline.calls_of(int(self.calls.node[call]))
        return frozenset(
            self.timeline.names[int(side.name[at])] for side, at in zip(sides, matched, strict=True) if at is not None
        )

    def calls_with(self, wanted: Callable[[Subject], bool], rows: Sequence[Subject]) -> BoolArray:
        """Which calls a filter wants, shape (n,).

        Args:
            wanted: the filter.
            rows: what it looks at in each row of the diff.
        """
        calls = self.calls
        number = calls.name.astype(np.int64)
        for column, count in ((calls.shape, len(self.timeline.shapes)), (calls.family, len(self.timeline.families))):
            number = number * (count + 1) + column + 1
        _, first, kind = np.unique(number * (len(rows) + 1) + calls.row + 1, return_index=True, return_inverse=True)
        subjects = (self._subject(call, rows) for call in first.tolist())
        return np.array([wanted(subject) for subject in subjects], dtype=np.bool_)[kind]

    def _subject(self, call: int, rows: Sequence[Subject]) -> Subject:
        row = int(self.calls.row[call])
        return filtering.call_subject(
            self.name(call), self.shape(call), self.family(call), rows[row] if row >= 0 else None
        )


def tracks(timeline: Timeline, diff: Diff) -> tuple[Track, Track]:
    """Base and candidate.

    Args:
        timeline: an iteration of each, or their stacks.
        diff: what it is of.
    """
    base, candidate = timeline.base, timeline.candidate
    nodes = 1 + max(int(calls.node.max(initial=-1)) for calls in (base, candidate))
    colour_of_node = np.full(nodes, -1, dtype=np.int64)
    for calls in (candidate, base):
        placed = calls.node >= 0
        colour_of_node[calls.node[placed]] = calls.family[placed]

    def track(word: str, mark: str, side: Side, calls: IterationCalls, other: IterationCalls) -> Track:
        placed = calls.node >= 0
        return Track(
            timeline,
            Boxes(calls),
            f"{word}: {units.printable(side.run.label)}, {_extent(calls, side)}",
            np.where(placed, colour_of_node[calls.node] if nodes else -1, calls.family),
            mark,
            placed & ~np.isin(calls.node, other.node),
        )

    return (
        track("base", ONLY_BASE, diff.base, base, candidate),
        track("candidate", ONLY_CANDIDATE, diff.candidate, candidate, base),
    )


def _extent(calls: IterationCalls, side: Side) -> str:
    duration = units.duration(calls.time_ns)
    if not isinstance(calls, Stacks):
        capture = f" of capture {calls.capture + 1} of {side.captures}" if side.captures > 1 else ""
        return f"{units.printable(calls.label)}{capture}, {duration}"
    part, whole = calls.iterations
    of = f"{part} of " if part != whole else ""
    return f"{duration} in calls, mean of {of}{units.count(whole, 'iteration')}"


def _at(texts: tuple[str, ...], place: int) -> str:
    return units.printable(texts[place]) if place >= 0 else ""
