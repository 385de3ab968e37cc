"""Prepares the captures of a side for comparison: which calls own the time, and which subtrees are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from tracediff.analysis.call_tree import CallTree, build_call_tree, check_operators
from tracediff.analysis.device import DeviceWork, link_device, pool_device
from tracediff.analysis.families import Families
from tracediff.analysis.grouping import group
from tracediff.analysis.iterations import Iteration, Iterations, find_common_iterations, find_iterations
from tracediff.analysis.modules import Modules, find_modules
from tracediff.analysis.pooling import pool
from tracediff.model.run import Run
from tracediff.model.trace import OPERATOR, Captures, InputShapes, IntArray, Trace

HashArray: TypeAlias = NDArray[np.uint64]

NO_OWNER = -1
_BASE = 0x9E3779B97F4A7C15
_DEPTH_WEIGHT = np.uint64(0xC2B2AE3D27D4EB4F)


class Kind(msgspec.Struct, frozen=True):
    """What calls of one name and shape have in common.

    Attributes:
        name: the operator or annotation.
        shape: its input shapes as text, `[1,3,32,32] [32]`; None where not recorded or not asked for.
        family: None for annotations and for operators without one.
    """

    name: str
    shape: str | None
    family: str | None

    @property
    def group(self) -> str:
        """The family, or the name of an operator that has none: what a row is about."""
        return self.family or self.name


class Kinds:
    """Numbers the kinds of both sides of a comparison, so that equal numbers mean equal names and shapes.

    Args:
        families: which operators do the same job.
        with_shapes: whether shapes tell kinds apart.
    """

    def __init__(self, families: Families, with_shapes: bool = True) -> None:
        self.families = families
        self.all: list[Kind] = []
        self._with_shapes = with_shapes
        self._numbers: dict[Kind, int] = {}

    def number(self, name: str, shapes: InputShapes | None) -> int:
        """The number of an operator's kind; of an annotation's where `shapes` is None."""
        family = text = None
        if shapes is not None:
            family = self.families.family(name, rank_of(shapes) if self._with_shapes else None)
            text = shape_text(shapes) if self._with_shapes else None
        kind = Kind(name, text, family)
        if kind not in self._numbers:
            self._numbers[kind] = len(self.all)
            self.all.append(kind)
        return self._numbers[kind]


class TracedSide(msgspec.Struct, frozen=True, eq=False):
    """One side of a comparison; every column has one entry per call of `tree`.

    Attributes:
        kinds: what `kind` points into; shared by both sides.
        kind: the call's name and shape.
        owner: the outermost call around it that has a family, else the innermost operator: the call whose row the
            call's self time belongs to; NO_OWNER for annotations outside of operators.
        signature: equal for calls whose subtrees have the same names and shapes in the same order.
        typical: the kept iterations with the most common structure: call k of one corresponds to call k of the others.
        runs: the process of each capture.
        logged: the captures that carry a log of the libraries.
        device: what the calls ran on devices; None where nothing did.
        modules: where in the model the calls are; None where no trace tells.
    """

    tree: CallTree
    iterations: Iterations
    kinds: Kinds
    kind: IntArray
    owner: IntArray
    signature: HashArray
    typical: tuple[Iteration, ...]
    runs: tuple[Run, ...]
    logged: tuple[Trace, ...]
    device: DeviceWork | None
    modules: Modules | None

    def kind_of(self, call: int) -> Kind:
        return self.kinds.all[int(self.kind[call])]

    def is_typical(self, iteration: Iteration) -> bool:
        """Whether an iteration, cold or kept, has the structure of the typical ones."""
        first, *_ = self.typical
        return _structure(iteration, self.tree, self.signature) == _structure(first, self.tree, self.signature)


def prepare_sides(base: Captures, candidate: Captures, families: Families) -> tuple[TracedSide, TracedSide]:
    """Nests the traces, finds their iterations, and says of each call what it is and whom its time belongs to.

    Raises:
        TraceFormatError: a trace holds no operators.
    """
    # Shapes tell rows apart only where all captures have them.
    kinds = Kinds(families, with_shapes=all(map(has_shapes, (*base.traces, *candidate.traces))))
    base_trees, candidate_trees = ([_nested(trace) for trace in side.traces] for side in (base, candidate))
    base_iterations, candidate_iterations = find_common_iterations(base_trees, candidate_trees)
    return (
        _prepare(base_trees, base_iterations, kinds, base),
        _prepare(candidate_trees, candidate_iterations, kinds, candidate),
    )


def _nested(trace: Trace) -> CallTree:
    tree = build_call_tree(trace, slack_ns=trace.resolution_ns // 1000 * 1000)
    check_operators(tree)
    return tree


def prepare_pass(trace: Trace, kinds: Kinds) -> TracedSide:
    """Prepares the kernel pass of a side, with the kinds that the sides share."""
    tree = build_call_tree(trace, slack_ns=trace.resolution_ns // 1000 * 1000)
    return _prepare([tree], [find_iterations(tree)], kinds, Captures(trace.path, trace.run.label, (trace,)))


def has_shapes(trace: Trace) -> bool:
    """Whether the trace was taken with record_shapes: most operators then have some."""
    categories = {category: number for number, category in enumerate(trace.categories)}
    operators = trace.events.category == categories.get(OPERATOR, -1)
    return 0 < int(operators.sum()) <= 2 * int((trace.events.shapes[operators] >= 0).sum())


def _prepare(trees: Sequence[CallTree], found: Sequence[Iterations], kinds: Kinds, captures: Captures) -> TracedSide:
    tree, iterations = pool(trees, found, captures.path, captures.label)
    kind = _kind_of_calls(tree, kinds)
    signature = _signatures(tree, kind)
    return TracedSide(
        tree=tree,
        iterations=iterations,
        kinds=kinds,
        kind=kind,
        owner=_owners(tree, np.array([one.family is not None for one in kinds.all], dtype=np.bool_)[kind]),
        signature=signature,
        typical=_typical(iterations.kept, tree, signature),
        runs=tuple(trace.run for trace in captures.traces),
        logged=tuple(trace for trace in captures.traces if trace.kernel_log is not None),
        device=pool_device(list(map(link_device, trees)), trees),
        modules=find_modules(trees),
    )


def _typical(kept: Sequence[Iteration], tree: CallTree, signature: HashArray) -> tuple[Iteration, ...]:
    structures = [_structure(iteration, tree, signature) for iteration in kept]
    most_common = Counter(structures).most_common(1)
    return tuple(
        iteration for iteration, structure in zip(kept, structures, strict=True) if structure == most_common[0][0]
    )


def _structure(iteration: Iteration, tree: CallTree, signature: HashArray) -> bytes:
    calls = slice(iteration.first, iteration.last)
    return signature[calls][tree.depth[calls] == iteration.depth].tobytes()


def rank_of(shapes: InputShapes) -> int | None:
    """Number of dimensions of the first input."""
    first = shapes[0] if shapes else ()
    return len(first) if isinstance(first, tuple) and first else None


def shape_text(shapes: InputShapes) -> str | None:
    """Input shapes without the scalars, `[1,3,32,32] [32,3,5,5] [32]`; None where only scalars are left."""
    return " ".join(_bracketed(shape) for shape in shapes if isinstance(shape, tuple) and shape) or None


def sizes_of(text: str | None) -> list[list[Any]]:
    """The inputs of a `shape_text`: one list of sizes each, of lists for a tensor list."""
    return msgspec.json.decode(f"[{(text or '').replace('] [', '],[')}]", type=list[list[Any]])


def _bracketed(shape: InputShapes) -> str:
    return "[" + ",".join(str(size) if isinstance(size, int) else _bracketed(size) for size in shape) + "]"


def _kind_of_calls(tree: CallTree, kinds: Kinds) -> IntArray:
    trace = tree.trace
    width = len(trace.shapes) + 1
    # An annotation may bear the name of an operator, so what it is belongs to the code.
    found = group((tree.name.astype(np.int64) * width + tree.shapes + 1) * 2 + tree.is_operator)
    numbers: list[int] = []
    codes: list[int] = found.codes.tolist()
    for code in codes:
        (name, shapes), is_operator = divmod(code // 2, width), code % 2
        recorded = trace.shapes[shapes - 1] if shapes else ()
        numbers.append(kinds.number(trace.names[name], recorded if is_operator else None))
    return np.array(numbers, dtype=np.int32)[found.inverse]


def _owners(tree: CallTree, has_family: NDArray[np.bool_]) -> IntArray:
    count = len(tree)
    owner = np.where(tree.is_operator, np.arange(count, dtype=np.int32), np.int32(NO_OWNER))
    opened = np.flatnonzero(has_family)
    if len(opened):
        reach = np.maximum.accumulate(tree.end[opened])
        outermost = opened[np.concatenate(([True], opened[1:] >= reach[:-1]))]
        last = np.searchsorted(outermost, np.arange(count), side="right") - 1
        inside = (last >= 0) & (np.arange(count) < tree.end[outermost[last]])
        owner[inside] = outermost[last[inside]]
    for annotation in np.flatnonzero(owner == NO_OWNER).tolist():
        parent = int(tree.parent[annotation])
        if parent >= 0:
            owner[annotation] = owner[parent]
    return owner


def _signatures(tree: CallTree, kind: IntArray) -> HashArray:
    """A rolling hash of each subtree's (kind, depth below its root) in preorder, from prefix sums modulo 2^64."""
    token = _scrambled(kind.astype(np.uint64))
    count = len(tree)
    power = np.cumprod(np.full(count + 1, _BASE, dtype=np.uint64))
    inverse = np.cumprod(np.full(count + 1, pow(_BASE, -1, 2**64), dtype=np.uint64))
    depth = tree.depth.astype(np.uint64)
    tokens = _prefix_sums((token + _DEPTH_WEIGHT * depth) * power[:count])
    powers = _prefix_sums(power[:count])
    start, end = np.arange(count), tree.end
    below = (tokens[end] - tokens[start]) - _DEPTH_WEIGHT * depth * (powers[end] - powers[start])
    return below * inverse[:count]


def _prefix_sums(values: HashArray) -> HashArray:
    return np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(values, dtype=np.uint64)))


def _scrambled(numbers: HashArray) -> HashArray:
    """Small numbers as 64 well-mixed bits (splitmix64), so that sums of them do not collide."""
    mixed = (numbers + np.uint64(1)) * np.uint64(_BASE)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
