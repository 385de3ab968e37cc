"""Folded stacks with a column for each side, as `difffolded.pl` writes them: nanoseconds of a mean iteration."""

from __future__ import annotations

from collections.abc import Iterator

from tracediff import units
from tracediff.analysis.stacks import Frame, add_up
from tracediff.model.diff import Diff


def render(diff: Diff) -> Iterator[str]:
    """A line a stack: frames from the outermost on, base's self time, the candidate's."""
    if diff.timelines is None or diff.call_tree is None:
        return
    for stack in add_up(diff, diff.timelines, diff.call_tree):
        yield f"{';'.join(map(_text, stack.frames))} {stack.base_ns} {stack.candidate_ns}\n"


def _text(frame: Frame) -> str:
    # A semicolon would be two frames.
    return units.change_of_ways(*map(units.printable, frame)).replace(";", ":")
