"""The operator table: `key_averages()` recomputed from a trace, to the nanosecond."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.device import DeviceWork
from tracediff.analysis.grouping import group
from tracediff.model.diff import OperatorPair, OperatorTime
from tracediff.model.trace import InputShapes, Operator

_STEP = re.compile(r"^ProfilerStep#.*")


def operator_table(tree: CallTree, by_shape: bool = False, device: DeviceWork | None = None) -> tuple[Operator, ...]:
    """Groups the calls as `key_averages(group_by_input_shape=by_shape)` does, over all threads.

    Args:
        tree: the calls.
        by_shape: whether input shapes tell operators apart.
        device: what they ran on devices.

    Returns:
        The operators in the order in which they first ran; annotations are among them, as in torch.
    """
    names = [_STEP.sub("ProfilerStep*", name) for name in tree.trace.names]
    width = len(tree.trace.shapes) + 1
    shapes = tree.shapes + 1 if by_shape else 0
    # Only within a thread the first call of a group is the first that ran; torch keeps an operator and an annotation
    # of the same name apart.
    found = group(((tree.thread.astype(np.int64) * len(names) + tree.name) * width + shapes) * 2 + tree.is_operator)
    columns = [tree.torch_self_ns, tree.total_ns, *((device.self_ns, device.total_ns) if device else ())]
    sums = [found.counts(), *(found.sums(column) for column in columns)]
    groups: dict[tuple[str, bool, InputShapes | None], list[int]] = {}
    began: list[int] = np.lexsort((found.first, tree.start_ns[found.first])).tolist()
    for at in began:
        (code, shape), is_operator = divmod(int(found.codes[at]) // 2, width), bool(found.codes[at] % 2)
        shapes = without_lists(tree.trace.shapes[shape - 1]) if shape else ()
        total = groups.setdefault(
            (names[code % len(names)], is_operator, shapes if by_shape else None), [0] * len(sums)
        )
        for position, column in enumerate(sums):
            total[position] += int(column[at])
    operators: list[Operator] = []
    for (name, is_operator, shapes), (calls, self_ns, total_ns, *on_device) in groups.items():
        self_device_ns, device_total_ns = on_device or (0, 0)
        operators.append(
            Operator(
                name=name,
                calls=calls,
                self_ns=self_ns,
                total_ns=total_ns,
                input_shapes=shapes,
                is_annotation=not is_operator,
                self_device_ns=self_device_ns,
                device_total_ns=device_total_ns,
            )
        )
    return tuple(operators)


def without_lists(shapes: InputShapes) -> InputShapes:
    """The shapes as torch groups by them: a list of tensors counts as no shape at all."""
    return tuple(
        () if isinstance(shape, tuple) and any(isinstance(size, tuple) for size in shape) else shape for shape in shapes
    )


def pair_operators(base: Mapping[str, OperatorTime], candidate: Mapping[str, OperatorTime]) -> tuple[OperatorPair, ...]:
    """Operators of both sides by name, largest difference of self time first."""
    pairs = [OperatorPair(name, base.get(name), candidate.get(name)) for name in {**base, **candidate}]
    return tuple(sorted(pairs, key=lambda pair: (-abs(pair.delta_ns), pair.name)))
