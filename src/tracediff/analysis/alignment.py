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

_Run: TypeAlias = tuple[int, int, int, int]
"""(depth, base call, candidate call, how many from these on): calls that follow one another on each side that has any.

MISSING stands for a side without.
"""


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


class Alignment(msgspec.Struct, frozen=True, eq=False):
    """Both call trees merged into one, in preorder; every column has shape (m,).

    Attributes:
        depth: 0 for the outermost.
        calls: those of base and of candidate; MISSING where a side has no such call.
        fusions: what was replaced by fused calls.
    """

    depth: IntArray
    calls: tuple[IntArray, IntArray]
    fusions: tuple[Fusion, ...]


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


class _Calls:
    """One side's calls, to be read one by one: a buffer is read several times faster than its array."""

    def __init__(self, side: TracedSide) -> None:
        has_family = np.array([kind.family is not None for kind in side.kinds.all], dtype=np.bool_)
        is_wrapper = ~has_family[side.kind] & (side.tree.end > np.arange(len(side.tree)) + 1)
        self.end = side.tree.end.data
        self.signature = side.signature.data
        self.is_wrapper = is_wrapper.data
        self.wrappers = np.flatnonzero(is_wrapper)

    def size(self, call: int) -> int:
        """Of its subtree, itself included."""
        return self.end[call] - call

    def siblings(self, first: int, last: int) -> list[int]:
        """The outermost ones from the first to before the last."""
        siblings: list[int] = []
        while first < last:
            siblings.append(first)
            first = self.end[first]
        return siblings

    def children(self, call: int) -> list[int]:
        return self.siblings(call + 1, self.end[call])


class _Aligner:
    def __init__(self, base: TracedSide, candidate: TracedSide, families: Families) -> None:
        self._sides = (base, candidate)
        kinds = base.kinds.all
        self._tokens = _tokens(kinds, families)
        self._fused = {at: rule for at, kind in enumerate(kinds) if (rule := families.fused(kind.name))}
        self._calls = (_Calls(base), _Calls(candidate))
        self._kind = (base.kind.data, candidate.kind.data)
        self._runs: list[_Run] = []
        self._fusions: list[Fusion] = []

    def run(self) -> Alignment:
        base_calls, candidate_calls = self._calls
        base, candidate = (
            calls.siblings(typical[0].first, typical[0].last) if (typical := side.typical) else []
            for calls, side in zip(self._calls, self._sides, strict=True)
        )
        work = self._match(0, base, candidate)[::-1]
        while work:
            task = work.pop()
            count = 1
            if task.candidate == MISSING:
                count = 1 if task.alone else base_calls.size(task.base)
            elif task.base == MISSING:
                count = 1 if task.alone else candidate_calls.size(task.candidate)
            elif base_calls.signature[task.base] == candidate_calls.signature[task.candidate]:
                count = base_calls.size(task.base)
            else:
                base, candidate = base_calls.children(task.base), candidate_calls.children(task.candidate)
                work.extend(self._match(task.depth + 1, base, candidate)[::-1])
            self._runs.append((task.depth, task.base, task.candidate, count))
        return self._laid_out()

    def _laid_out(self) -> Alignment:
        runs = np.array(self._runs, dtype=np.int64).reshape(-1, 4)
        count = runs[:, 3]
        run = np.repeat(np.arange(len(runs)), count)
        depth, base, candidate = runs[run, :3].T
        place = np.arange(len(run)) - (np.cumsum(count) - count)[run]
        calls: list[IntArray] = []
        below: list[IntArray] = []
        for side, first in zip(self._sides, (base, candidate), strict=True):
            of_side = np.where(first == MISSING, MISSING, first + place)
            calls.append(of_side)
            below.append(side.tree.depth[of_side] - side.tree.depth[first])
        # Subtrees that are matched whole are alike, so either side's depths will do.
        depth = depth + np.where(base == MISSING, below[1], below[0])
        return Alignment(depth, (calls[0], calls[1]), tuple(self._fusions))

    def _match(self, depth: int, base: list[int], candidate: list[int]) -> list[_Task]:
        """What becomes of the children of a matched pair, in an order that respects both sides."""
        base_names, candidate_names = self._wrapper_names(0, base), self._wrapper_names(1, candidate)
        base, base_opened = self._look_through(0, base, base_names - candidate_names)
        candidate, candidate_opened = self._look_through(1, candidate, candidate_names - base_names)
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
        of_side, wrappers = self._sides[side], self._calls[side].wrappers
        low, high = np.searchsorted(wrappers, (siblings[0], of_side.tree.end[siblings[-1]]))
        kinds: list[int] = of_side.kind[wrappers[low:high]].tolist()
        return {of_side.kinds.all[kind].name for kind in set(kinds)}

    def _look_through(self, side: int, siblings: list[int], names: set[str]) -> tuple[list[int], set[int]]:
        """Puts the children of the wrappers of these names behind them; returns those wrappers too."""
        opened: set[int] = set()
        if not names:
            return siblings, opened
        calls, kind, kinds = self._calls[side], self._kind[side], self._sides[side].kinds.all
        result: list[int] = []
        work = siblings[::-1]
        while work:
            call = work.pop()
            result.append(call)
            if calls.is_wrapper[call] and kinds[kind[call]].name in names:
                opened.add(call)
                work.extend(calls.children(call)[::-1])
        return result, opened

    def _pairs(self, base: list[int], candidate: list[int], level: int) -> Pairs:
        """Pairs of calls, by the strictest tokens first; gaps between those are searched by looser ones."""
        if level == len(self._tokens):
            return []
        token = self._tokens[level]
        base_kind, candidate_kind = self._kind
        found = match_in_order(
            [token[base_kind[call]] for call in base], [token[candidate_kind[call]] for call in candidate]
        )
        pairs: Pairs = []
        i = j = 0
        for next_i, next_j in [*found, (len(base), len(candidate))]:
            if i < next_i and j < next_j:
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
                    self._fusions.append(Fusion(fused, side == 0, replaced, partner))
                    left = left[len(replaced) :]
        kinds, this_kind, other_kind = this.kinds.all, self._kind[side], self._kind[1 - side]
        fused_calls = [call for call in gap.calls[side] if this_kind[call] in self._fused]
        kinds_left = {other_kind[call] for call in left}
        # Whatever a second call of a kind could replace, the first one has taken.
        first_calls: dict[int, int] = {}
        for call in fused_calls:
            first_calls.setdefault(this_kind[call], call)
        for number, fused in first_calls.items():
            rule = self._fused[number]
            wanted = {kind for kind in kinds_left if kinds[kind].family in rule.replaces}
            if len(fused_calls) > 1 and rule.alone:
                # A compiled kernel bears the names of what it does: each takes its own, none takes them all.
                wanted = {kind for kind in wanted if bare_name(kinds[kind].name) in kinds[number].name}
            families = {kinds[kind].family for kind in wanted}
            if wanted and (rule.alone or (rule.needs and rule.needs <= families)):
                replaced = tuple(call for call in left if other_kind[call] in wanted)
                self._fusions.append(Fusion(fused, side == 0, replaced, MISSING))
                left = [call for call in left if other_kind[call] not in wanted]
                kinds_left -= wanted


class _Gap(msgspec.Struct, frozen=True):
    """Calls of both sides that are unmatched between two matched pairs."""

    before: tuple[int, int] | None
    calls: tuple[list[int], list[int]]


def _until(stop: int, rest: Iterator[int]) -> list[int]:
    """The calls before `stop`, which is taken too; all that are left where it does not come."""
    return list(takewhile(stop.__ne__, rest))


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
