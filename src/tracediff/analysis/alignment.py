"""Matches the calls of both sides' typical iterations in their place in the call tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TypeAlias

import msgspec
import numpy as np

from tracediff.analysis.families import Families, bare_name
from tracediff.analysis.sequence import Pairs, match_in_order
from tracediff.analysis.side import Kind, TracedSide
from tracediff.model.trace import IntArray

MISSING = -1
_SIZES = re.compile(r"\d+")

Step: TypeAlias = tuple[int, int, int]
"""(depth, base call, candidate call), MISSING where a side has no such call."""


class Fusion(msgspec.Struct, frozen=True):
    """A fused call of one side and the calls of the other side that it replaced.

    Attributes:
        fused: the fused call.
        on_base: whether that is on the base side.
        replaced: the calls of the other side.
        partner: the call of the other side that the fused one was matched with, MISSING if none.
    """

    fused: int
    on_base: bool
    replaced: tuple[int, ...]
    partner: int


class Alignment(msgspec.Struct, frozen=True):
    """Both call trees merged into one.

    Attributes:
        steps: the merged tree in preorder.
        fusions: what was replaced by fused calls.
    """

    steps: list[Step] = msgspec.field(default_factory=list[Step])
    fusions: list[Fusion] = msgspec.field(default_factory=list[Fusion])


def align(base: TracedSide, candidate: TracedSide, families: Families) -> Alignment:
    """Aligns the first typical iteration of both sides, top down.

    Below matched calls the sequences of children are matched by name and shape, then what is left between those
    matches by family and shape, then by family and number of dimensions, then by families that are akin. Equal
    subtrees are recognised by their signature and matched whole. A wrapper that the other side has no counterpart of
    (an annotation, an operator without a family) is looked through. What is left is on one side only.
    """
    return _Aligner(base, candidate, families).run()


class _Task(msgspec.Struct, frozen=True):
    """A step still to be taken; `alone`: the call's children have tasks of their own."""

    depth: int
    base: int
    candidate: int
    alone: bool = False


class _Aligner:
    def __init__(self, base: TracedSide, candidate: TracedSide, families: Families) -> None:
        self._sides = (base, candidate)
        kinds = base.kinds.all
        self._tokens = _tokens(kinds, families)
        self._fused = {at: rule for at, kind in enumerate(kinds) if (rule := families.fused(kind.name))}
        self._wrappers = (_wrappers(base), _wrappers(candidate))
        self._result = Alignment()

    def run(self) -> Alignment:
        base, candidate = (
            _siblings(side, typical[0].first, typical[0].last) if (typical := side.typical) else []
            for side in self._sides
        )
        work = self._match(0, base, candidate)[::-1]
        steps = self._result.steps
        while work:
            task = work.pop()
            base_side, candidate_side = self._sides
            if task.alone:
                steps.append((task.depth, task.base, task.candidate))
            elif task.candidate == MISSING:
                steps.extend((depth, call, MISSING) for depth, call in _subtree(base_side, task.base, task.depth))
            elif task.base == MISSING:
                below = _subtree(candidate_side, task.candidate, task.depth)
                steps.extend((depth, MISSING, call) for depth, call in below)
            elif base_side.signature[task.base] == candidate_side.signature[task.candidate]:
                shift = task.candidate - task.base
                steps.extend((depth, call, call + shift) for depth, call in _subtree(base_side, task.base, task.depth))
            else:
                steps.append((task.depth, task.base, task.candidate))
                base = _children(base_side, task.base)
                candidate = _children(candidate_side, task.candidate)
                work.extend(self._match(task.depth + 1, base, candidate)[::-1])
        return self._result

    def _match(self, depth: int, base: list[int], candidate: list[int]) -> list[_Task]:
        """What becomes of the children of a matched pair, in an order that respects both sides."""
        base_names, candidate_names = self._wrapper_names(0, base), self._wrapper_names(1, candidate)
        base, base_opened = _look_through(self._sides[0], base, candidate_names)
        candidate, candidate_opened = _look_through(self._sides[1], candidate, base_names)
        base_closed = [call for call in base if call not in base_opened]
        candidate_closed = [call for call in candidate if call not in candidate_opened]
        pairs = self._pairs(base_closed, candidate_closed, level=0)
        self._note_fusions(base_closed, candidate_closed, pairs)
        tasks: list[_Task] = []
        base_rest, candidate_rest = iter(base), iter(candidate)
        for base_call, candidate_call in [*pairs, (MISSING, MISSING)]:
            for call in _until(base_call, base_rest):
                tasks.append(_Task(depth, call, MISSING, alone=call in base_opened))
            for call in _until(candidate_call, candidate_rest):
                tasks.append(_Task(depth, MISSING, call, alone=call in candidate_opened))
            if base_call != MISSING:
                tasks.append(_Task(depth, base_call, candidate_call))
        return tasks

    def _wrapper_names(self, side: int, siblings: list[int]) -> set[str]:
        """Names of the wrappers among some siblings and below them."""
        if not siblings:
            return set()
        of_side, wrappers = self._sides[side], self._wrappers[side]
        low, high = np.searchsorted(wrappers, (siblings[0], of_side.tree.end[siblings[-1]]))
        return {of_side.kind_of(call).name for call in wrappers[low:high].tolist()}

    def _pairs(self, base: list[int], candidate: list[int], level: int) -> Pairs:
        """Pairs of calls, by the strictest tokens first; gaps between those are searched by looser ones."""
        if not base or not candidate or level == len(self._tokens):
            return []
        token = self._tokens[level]
        found = match_in_order(
            [token[int(self._sides[0].kind[call])] for call in base],
            [token[int(self._sides[1].kind[call])] for call in candidate],
        )
        pairs: Pairs = []
        i = j = 0
        for next_i, next_j in [*found, (len(base), len(candidate))]:
            pairs.extend(self._pairs(base[i:next_i], candidate[j:next_j], level + 1))
            if next_i < len(base):
                pairs.append((base[next_i], candidate[next_j]))
            i, j = next_i + 1, next_j + 1
        return pairs

    def _note_fusions(self, base: list[int], candidate: list[int], pairs: Pairs) -> None:
        """Finds fused calls whose other side did the same in several, in the gaps between matched pairs."""
        if not self._fused:
            return
        for gap in _gaps(base, candidate, pairs):
            for side in (0, 1):
                self._fusion_in_gap(gap, side)

    def _fusion_in_gap(self, gap: _Gap, side: int) -> None:
        this, other = self._sides[side], self._sides[1 - side]
        left = list(gap.calls[1 - side])
        if gap.before is not None:
            fused, partner = gap.before[side], gap.before[1 - side]
            rule = self._fused.get(int(this.kind[fused]))
            if rule and not rule.needs and int(other.kind[partner]) not in self._fused:
                replaces = rule.replaces
                replaced = tuple(takewhile(lambda call: other.kind_of(call).family in replaces, left))
                if replaced:
                    self._result.fusions.append(Fusion(fused, side == 0, replaced, partner))
                    left = left[len(replaced) :]
        several = sum(int(this.kind[fused]) in self._fused for fused in gap.calls[side]) > 1
        for fused in gap.calls[side]:
            rule = self._fused.get(int(this.kind[fused]))
            if rule is None:
                continue
            replaced = [call for call in left if other.kind_of(call).family in rule.replaces]
            if several and rule.alone:
                # A compiled kernel bears the names of what it does: each takes its own, none takes them all.
                name = this.kind_of(fused).name
                replaced = [call for call in replaced if bare_name(other.kind_of(call).name) in name]
            families = {other.kind_of(call).family for call in replaced}
            if replaced and (rule.alone or (rule.needs and rule.needs <= families)):
                self._result.fusions.append(Fusion(fused, side == 0, tuple(replaced), MISSING))
                left = [call for call in left if call not in replaced]


class _Gap(msgspec.Struct, frozen=True):
    """Calls of both sides that are unmatched between two matched pairs."""

    before: tuple[int, int] | None
    calls: tuple[list[int], list[int]]


def _until(stop: int, rest: Iterator[int]) -> list[int]:
    """The calls before `stop`, which is taken too; all that are left where it does not come."""
    return list(takewhile(lambda call: call != stop, rest))


def _gaps(base: list[int], candidate: list[int], pairs: Pairs) -> Iterator[_Gap]:
    base_rest, candidate_rest = iter(base), iter(candidate)
    before = None
    for pair in [*pairs, (MISSING, MISSING)]:
        calls = (
            _until(pair[0], base_rest),
            _until(pair[1], candidate_rest),
        )
        if any(calls):
            yield _Gap(before, calls)
        before = pair


def _siblings(side: TracedSide, first: int, last: int) -> list[int]:
    siblings: list[int] = []
    while first < last:
        siblings.append(first)
        first = int(side.tree.end[first])
    return siblings


def _children(side: TracedSide, call: int) -> list[int]:
    return _siblings(side, call + 1, int(side.tree.end[call]))


def _subtree(side: TracedSide, call: int, depth: int) -> Iterator[tuple[int, int]]:
    end = int(side.tree.end[call])
    shift = depth - int(side.tree.depth[call])
    return zip((side.tree.depth[call:end] + shift).tolist(), range(call, end), strict=True)


def _is_wrapper(side: TracedSide, call: int) -> bool:
    return side.kind_of(call).family is None and int(side.tree.end[call]) > call + 1


def _wrappers(side: TracedSide) -> IntArray:
    """All calls that are wrappers, rising."""
    has_family = np.array([kind.family is not None for kind in side.kinds.all], dtype=np.bool_)
    return np.flatnonzero(~has_family[side.kind] & (side.tree.end > np.arange(len(side.tree)) + 1))


def _look_through(side: TracedSide, calls: list[int], counterparts: set[str]) -> tuple[list[int], set[int]]:
    """Puts the children of wrappers without a counterpart behind them; returns those wrappers too."""
    result: list[int] = []
    opened: set[int] = set()
    work = calls[::-1]
    while work:
        call = work.pop()
        result.append(call)
        if _is_wrapper(side, call) and side.kind_of(call).name not in counterparts:
            opened.add(call)
            work.extend(_children(side, call)[::-1])
    return result, opened


def _tokens(kinds: Sequence[Kind], families: Families) -> list[list[int]]:
    """Per level, strictest first, a token for each kind; numbered by content, not by side.

    In the end sizes are ignored, so that another batch size still matches. The number of dimensions is not, but for
    the families that define a model: a `view` or an `add` of other dimensions is another one.
    """
    return [
        _numbered([(kind.name, kind.shape or "") for kind in kinds]),
        _numbered([(kind.group, kind.shape or "") for kind in kinds]),
        _numbered([(kind.group, "" if kind.family in families.defining else _ranks(kind.shape)) for kind in kinds]),
        _numbered([(families.kin(kind.group), _ranks(kind.shape)) for kind in kinds]),
    ]


def _ranks(shape: str | None) -> str:
    return _SIZES.sub("", shape or "")


def _numbered(contents: Sequence[tuple[str, str]]) -> list[int]:
    numbers = {content: number for number, content in enumerate(sorted(set(contents)))}
    return [numbers[content] for content in contents]
