"""The operator table: `key_averages()` recomputed from a trace, to the nanosecond."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from tracediff.analysis.call_tree import CallTree
from tracediff.model.diff import OperatorPair, OperatorTime
from tracediff.model.trace import ABSENT, InputShapes, Operator

_STEP = re.compile(r"^ProfilerStep#.*")


def operator_table(tree: CallTree, by_shape: bool = False) -> tuple[Operator, ...]:
    """Groups the calls as `key_averages(group_by_input_shape=by_shape)` does, over all threads.

    Returns:
        The operators by CPU total, largest first; annotations are among them, as in torch.
    """
    names = [_STEP.sub("ProfilerStep*", name) for name in tree.trace.names]
    groups: dict[tuple[str, InputShapes | None], list[int]] = {}
    shape_count = len(tree.trace.shapes) + 1
    code = tree.name * shape_count + (tree.shapes + 1 if by_shape else 0)
    codes, inverse = np.unique(code, return_inverse=True)
    calls = np.bincount(inverse, minlength=len(codes))
    self_ns, total_ns = np.zeros((2, len(codes)), dtype=np.int64)
    np.add.at(self_ns, inverse, tree.self_ns)
    np.add.at(total_ns, inverse, tree.total_ns)
    for group, number in enumerate(codes.tolist()):
        name, shape = divmod(number, shape_count)
        shapes = None
        if by_shape:
            shapes = () if shape - 1 == ABSENT else _without_lists(tree.trace.shapes[shape - 1])
        sums = groups.setdefault((names[name], shapes), [0, 0, 0])
        for position, column in enumerate((calls, self_ns, total_ns)):
            sums[position] += int(column[group])
    rows = [Operator(name, *sums, shapes) for (name, shapes), sums in groups.items()]
    return tuple(sorted(rows, key=lambda row: (-row.total_ns, row.name, str(row.input_shapes))))


def _without_lists(shapes: InputShapes) -> InputShapes:
    """The shapes as torch groups by them: a list of tensors counts as no shape at all."""
    return tuple(
        () if isinstance(shape, tuple) and any(isinstance(size, tuple) for size in shape) else shape for shape in shapes
    )


def pair_operators(
    base: Mapping[str, OperatorTime], candidate: Mapping[str, OperatorTime]
) -> tuple[OperatorPair, ...]:
    """Operators of both sides by name, largest difference of self time first."""
    pairs = [OperatorPair(name, base.get(name), candidate.get(name)) for name in {**base, **candidate}]
    return tuple(sorted(pairs, key=lambda pair: (-abs(_self_ns(pair.candidate) - _self_ns(pair.base)), pair.name)))


def _self_ns(operator: OperatorTime | None) -> int:
    return operator.self_ns if operator else 0
