"""Counts the arithmetic and the traffic that a call cannot avoid, from its shapes; None where those do not tell.

The conventions are those of FLOP counters: a multiplication and an addition are two, an elementwise operator one an
output, an inference batch norm two, a layer, group or instance norm five, pooling one for each element of a window.
Bytes are each input and output once. Kineto's traces are read without argument types, so an element has the size of
the dtype that the capture recorded, else four bytes (float32).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np

from tracediff.analysis.families import Families, bare_name
from tracediff.analysis.grouping import group
from tracediff.analysis.side import TracedSide
from tracediff.model.trace import InputShapes, IntArray

Sizes: TypeAlias = "tuple[int, ...]"

_SIZE_OF = {"fp64": 8, "fp32": 4, "bf16": 2, "fp16": 2}
_DEFAULT_SIZE = 4
_MOST = 2**63


class Work(NamedTuple):
    """Floating point operations and bytes; None where unknown."""

    flops: int | None
    bytes: int | None


class _Call(NamedTuple):
    """What is known about a call: sizes of its tensors in order, `()` for other arguments; values of those."""

    tensors: tuple[Sizes, ...]
    values: tuple[str, ...]

    def numbers(self, at: int, count: int) -> list[int] | None:
        """An argument like `[1, 1]` or `1`, once for each dimension."""
        try:
            found = msgspec.json.decode(self.values[at], type=int | list[int])
        except (IndexError, msgspec.DecodeError):
            return None
        if isinstance(found, int):
            return [found] * count
        return found * count if len(found) == 1 else found if len(found) == count else None


class _Counted(NamedTuple):
    """The FLOPs of a call and the sizes of its output, None where unknown."""

    flops: int | None
    output: Sizes | None


_UNKNOWN = _Counted(None, None)


def work_of_rows(side: TracedSide, calls: IntArray, rows: IntArray, families: Families) -> dict[int, Work]:
    """Adds up the work of calls by the row of each; a row with one call that is not understood is unknown.

    Args:
        side: whose calls they are.
        calls: the calls that own time, shape (n,).
        rows: the row of each, shape (n,).
        families: which operators are elementwise.
    """
    tree, trace = side.tree, side.tree.trace
    values = trace.events.values[tree.event[calls]]
    shaped = tree.name[calls].astype(np.int64) * (len(trace.shapes) + 1) + tree.shapes[calls] + 1
    kinds = group(shaped * (len(trace.values) + 1) + values + 1)
    size = _SIZE_OF.get(str(trace.run.settings.get("dtype")), _DEFAULT_SIZE)
    works: list[Work] = []
    for first in kinds.first.tolist():
        shapes, value = int(tree.shapes[calls[first]]), int(values[first])
        name = trace.names[int(tree.name[calls[first]])]
        works.append(
            work_of(
                name,
                families.family(name),
                trace.shapes[shapes] if shapes >= 0 else (),
                trace.values[value] if value >= 0 else (),
                size,
            )
        )
    found = group(rows * len(works) + kinds.inverse)
    total: dict[int, Work] = {}
    for code, count in zip(found.codes, found.counts(), strict=True):
        row, kind = divmod(int(code), len(works))
        before, work = total.get(row, Work(0, 0)), works[kind]
        total[row] = Work(_plus(before.flops, work.flops, int(count)), _plus(before.bytes, work.bytes, int(count)))
    return total


def _plus(total: int | None, one: int | None, times: int) -> int | None:
    added = None if total is None or one is None else total + one * times
    # Sizes in a damaged file can be anything.
    return added if added is not None and 0 <= added < _MOST else None


def work_of(operator: str, family: str | None, shapes: InputShapes, values: tuple[str, ...], size: int) -> Work:
    """The work of one call.

    Args:
        operator: its name.
        family: the family of that.
        shapes: "Input Dims".
        values: "Concrete Inputs"; empty where not recorded.
        size: bytes of an element.
    """
    tensors = tuple(_tensor(shape) for shape in shapes)
    name = bare_name(operator).rstrip("_") if not operator.endswith("__") else bare_name(operator)
    count = _COUNTERS.get(name) or _BY_FAMILY.get(family or "")
    if family is None or count is None or not tensors or None in tensors:
        return Work(None, None)
    known = tuple(tensor for tensor in tensors if tensor is not None)
    try:
        flops, output = count(_Call(known, values))
    except (IndexError, ValueError):
        # Fewer arguments or dimensions than the operator has: not the operator that the name promises.
        return Work(None, None)
    elements = sum(prod(tensor) for tensor in known if tensor)
    return Work(flops, None if output is None else (elements + prod(output)) * size)


def _tensor(shape: int | InputShapes) -> Sizes | None:
    """The sizes; None for a list of tensors."""
    if isinstance(shape, int):
        return None
    sizes = [size for size in shape if isinstance(size, int)]
    return tuple(sizes) if len(sizes) == len(shape) else None


def _convolution(
    stride: int, padding: int, dilation: int, transposed: int | None = None
) -> Callable[[_Call], _Counted]:
    """A counter for a convolution with these positions of its arguments."""

    def count(call: _Call) -> _Counted:
        image, weight = call.tensors[:2]
        spatial = len(weight) - 2
        if spatial < 1 or len(image) != len(weight):
            return _UNKNOWN
        if transposed is not None and call.values[transposed : transposed + 1] != ("False",):
            return _UNKNOWN
        window = _window(image[2:], weight[2:], *(call.numbers(at, spatial) for at in (stride, padding, dilation)))
        if window is None:
            return _UNKNOWN
        output = (image[0], weight[0], *window)
        return _Counted(2 * prod(output) * prod(weight[1:]), output)

    return count


def _window(
    image: Sequence[int],
    kernel: Sequence[int],
    stride: Sequence[int] | None,
    padding: Sequence[int] | None,
    dilation: Sequence[int] | None,
) -> list[int] | None:
    """Sizes of what a sliding window leaves."""
    if stride is None or padding is None or dilation is None or 0 in stride:
        return None
    sizes = [
        (size + 2 * pad - spread * (extent - 1) - 1) // step + 1
        for size, extent, step, pad, spread in zip(image, kernel, stride, padding, dilation, strict=True)
    ]
    return None if min(sizes) < 1 else sizes


def _pooling(dilation: int | None, ceil_mode: int) -> Callable[[_Call], _Counted]:
    """A counter for `max_pool2d(input, kernel, stride, padding, dilation, ceil_mode)`; `avg_pool2d` has no dilation."""

    def count(call: _Call) -> _Counted:
        image, spatial = call.tensors[0], 2
        kernel, padding = (call.numbers(at, spatial) for at in (1, 3))
        stride = kernel if call.values[2:3] == ("[]",) else call.numbers(2, spatial)
        spread = [1] * spatial if dilation is None else call.numbers(dilation, spatial)
        if kernel is None or call.values[ceil_mode : ceil_mode + 1] != ("False",):
            return _UNKNOWN
        window = _window(image[-spatial:], kernel, stride, padding, spread)
        output = None if window is None else (*image[:-spatial], *window)
        return _UNKNOWN if output is None else _Counted(prod(output) * prod(kernel), output)

    return count


def _adaptive_pooling(call: _Call) -> _Counted:
    """`adaptive_avg_pool2d(input, output_size)`: its windows cover each element of the input once, or a little more."""
    image, size = call.tensors[0], call.numbers(1, 2)
    return _UNKNOWN if size is None else _Counted(prod(image), (*image[:-2], *size))


def _linear(call: _Call) -> _Counted:
    image, weight = call.tensors[:2]
    output = (*image[:-1], weight[0])
    return _Counted(2 * prod(output) * image[-1], output) if image[-1:] == weight[1:] else _UNKNOWN


def _product(first: int) -> Callable[[_Call], _Counted]:
    """A counter for `matmul` and its kin; the factors begin at argument `first`."""

    def count(call: _Call) -> _Counted:
        one, other = call.tensors[first : first + 2]
        if len(one) < 2 or len(other) < 2 or one[-1] != other[-2]:
            return _UNKNOWN
        batch = _broadcast((one[:-2], other[:-2]))
        output = None if batch is None else (*batch, one[-2], other[-1])
        return _UNKNOWN if output is None else _Counted(2 * prod(output) * one[-1], output)

    return count


def _attention(call: _Call) -> _Counted:
    query, key, value = call.tensors[:3]
    if len(query) < 2 or len(query) != len(key) or query[:-2] != key[:-2] or key[:-1] != value[:-1]:
        return _UNKNOWN
    # Both products in full: a kernel that skips what a causal mask hides does less.
    products = 2 * prod(query[:-1]) * key[-2] * (query[-1] + value[-1])
    return _Counted(products, (*query[:-1], value[-1]))


def _elementwise(call: _Call) -> _Counted:
    output = _broadcast([tensor for tensor in call.tensors if tensor])
    return _UNKNOWN if not output else _Counted(prod(output), output)


def _each(flops: int) -> Callable[[_Call], _Counted]:
    """A counter for so many FLOPs an element of the first input."""
    return lambda call: _Counted(flops * prod(call.tensors[0]), call.tensors[0]) if call.tensors[0] else _UNKNOWN


def _broadcast(shapes: Sequence[Sizes]) -> tuple[int, ...] | None:
    rank = max(map(len, shapes), default=0)
    padded = [(*(1,) * (rank - len(shape)), *shape) for shape in shapes]
    sizes = [{*column} - {1} for column in zip(*padded, strict=True)]
    return None if any(len(found) > 1 for found in sizes) else tuple(found.pop() if found else 1 for found in sizes)


_NORM = 5
_COUNTERS: Mapping[str, Callable[[_Call], _Counted]] = {
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), _convolution(3, 4, 5)),
    **dict.fromkeys(("convolution", "_convolution"), _convolution(3, 4, 5, transposed=6)),
    "mkldnn_convolution": _convolution(4, 3, 5),
    **dict.fromkeys(("max_pool2d", "max_pool2d_with_indices"), _pooling(4, 5)),
    "avg_pool2d": _pooling(None, 4),
    **dict.fromkeys(("adaptive_avg_pool2d", "adaptive_max_pool2d"), _adaptive_pooling),
    "linear": _linear,
    **dict.fromkeys(("matmul", "mm", "bmm"), _product(0)),
    **dict.fromkeys(("addmm", "baddbmm"), _product(1)),
    "scaled_dot_product_attention": _attention,
    **dict.fromkeys(("batch_norm", "native_batch_norm"), _each(2)),
    **dict.fromkeys(("layer_norm", "native_layer_norm", "group_norm", "instance_norm"), _each(_NORM)),
    **dict.fromkeys(("dropout", "alpha_dropout", "feature_dropout", "glu"), lambda call: _UNKNOWN),
}
_BY_FAMILY: Mapping[str, Callable[[_Call], _Counted]] = {"elementwise": _elementwise, "activation": _elementwise}
