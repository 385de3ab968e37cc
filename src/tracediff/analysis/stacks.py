"""Adds the self times of all iterations up by stack, both sides in one list, as scripts for flame graphs read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec
import numpy as np

from tracediff.analysis.accounts import mean_ns
from tracediff.model.diff import Diff
from tracediff.model.merged_tree import MergedTree
from tracediff.model.timeline import IterationCalls, Timeline, Timelines

ITERATION = "iteration"
"""The outermost frame on the thread that runs the iterations; its own time is that inside no call."""
OTHER_THREADS = "other threads"
"""The outermost frame of what ran beside them."""

Frame = tuple[str, str]
"""What base and candidate call it: the same on both sides but for matched calls of different names."""


class Stack(msgspec.Struct, frozen=True):
    """Calls from the outermost on, and the self time of the innermost, per iteration.

    Those below `ITERATION` add up to the total of each side, to the nanosecond.
    """

    frames: tuple[Frame, ...]
    base_ns: int
    candidate_ns: int


def add_up(diff: Diff, timelines: Timelines, tree: MergedTree) -> list[Stack]:
    """The stacks of all kept iterations in the order in which they first appear, without those that took no time."""
    sums: dict[tuple[Frame, ...], list[int]] = defaultdict(lambda: [0, 0])
    sums[_root(ITERATION),] = [0, 0]
    frames = _frames_of_nodes(tree)
    for pair in timelines.pairs():
        for at, calls in enumerate((pair.base, pair.candidate)):
            if not calls.is_cold:
                _add(calls, at, pair, frames, sums)
    ordered = sorted(sums.items(), key=lambda item: item[0][0] == _root(OTHER_THREADS))
    base, candidate = (
        _means([times[at] for _, times in ordered], side.iterations)
        for at, side in enumerate((diff.base, diff.candidate))
    )
    stacks = (Stack(stack, *times) for (stack, _), *times in zip(ordered, base, candidate, strict=True))
    return [stack for stack in stacks if stack.base_ns or stack.candidate_ns]


def _root(name: str) -> Frame:
    return name, name


def _frames_of_nodes(tree: MergedTree) -> list[Frame]:
    pairs = zip(tree.base_name.tolist(), tree.candidate_name.tolist(), strict=True)
    return [
        (tree.names[candidate if base < 0 else base], tree.names[base if candidate < 0 else candidate])
        for base, candidate in pairs
    ]


def _add(
    calls: IterationCalls,
    side: int,
    pair: Timeline,
    frames: Sequence[Frame],
    sums: dict[tuple[Frame, ...], list[int]],
) -> None:
    sums[_root(ITERATION),][side] += calls.time_ns - int(calls.self_ns[calls.thread == 0].sum())
    path: list[tuple[Frame, ...]] = []
    for call in calls:
        del path[call.depth :]
        around = path[-1] if path else (_root(OTHER_THREADS if call.thread else ITERATION),)
        path.append((*around, frames[call.node] if call.node >= 0 else _root(pair.names[call.name])))
        sums[path[-1]][side] += call.self_ns


def _means(sums: Sequence[int], iterations: int) -> list[int]:
    """Rounded so that each part of the list from its beginning on adds up to its own rounded mean."""
    ends = [mean_ns(end, iterations) for end in np.cumsum(sums).tolist()]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]
