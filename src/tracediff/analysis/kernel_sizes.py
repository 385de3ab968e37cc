"""Says whether a line of a log can be of an operator, from the sizes of what both multiply."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import prod
from typing import TypeAlias

import msgspec

from tracediff.analysis.families import bare_name
from tracediff.model.kernels import LogLine
from tracediff.model.trace import InputShapes

Sizes: TypeAlias = tuple[int, ...]
"""The sizes of a product of matrices: rows, columns, inner size, but rising and without ones."""

UNLIMITED = 1 << 62

# Where the two factors stand among the inputs, by an operator's bare name.
_PRODUCTS = {
    **dict.fromkeys(("mm", "bmm", "mv", "dot", "vdot", "matmul", "linear", "_mkl_linear", "mkldnn_linear"), (0, 1)),
    **dict.fromkeys(("addmm", "_addmm_activation", "baddbmm", "addbmm", "addmv"), (1, 2)),
}
# `linear` takes its weight as (columns, inner size).
_TRANSPOSED = frozenset({"linear", "_mkl_linear", "mkldnn_linear"})
_CONVOLUTIONS = frozenset(
    {
        *("_slow_conv2d_forward", "slow_conv2d_forward", "slow_conv3d_forward", "slow_conv_dilated2d"),
        *("slow_conv_dilated3d", "slow_conv_transpose2d", "slow_conv_transpose3d", "mkldnn_convolution"),
        *("_nnpack_spatial_convolution", "_convolution_pointwise"),
    }
)
_ATTENTION = frozenset({"_scaled_dot_product_flash_attention_for_cpu"})

# Of these, the ones that a BLAS does when oneDNN does not.
_NOT_BLAS = frozenset({"mkldnn_linear", "mkldnn_convolution", "_convolution_pointwise", "_nnpack_spatial_convolution"})

_TRANSPOSITION = re.compile(r"[NTCntc]")
_DIMENSIONS = re.compile(r"\d+(?:x\d+)*(?::\d+(?:x\d+)*)+")
_NAMED_SIZE = re.compile(r"(mb|ic|oc|kd|kh|kw|od|oh|ow|g)(\d+)")


class Sized(msgspec.Struct, frozen=True):
    """What a line tells of its product.

    Attributes:
        sizes: None where it is of none, or does not say.
        is_batch: whether it is of several at once, of which MKL writes addresses and no sizes.
    """

    sizes: Sizes | None
    is_batch: bool


class Product(msgspec.Struct, frozen=True):
    """What a call multiplies.

    Attributes:
        sizes: those that are known; of a convolution not the size of its output, which the trace does not record.
        whole: whether no size is missing.
        most: how many products it is at most: of a batch, a line each, or one for all of them.
        bound: what no size may exceed; of attention, which multiplies block by block.
    """

    sizes: Sizes
    whole: bool
    most: int
    bound: int = UNLIMITED

    def fits(self, line: Sized) -> bool:
        """Whether the line can be one of the products."""
        if line.is_batch:
            return self.whole and self.most > 1
        if line.sizes is None:
            return False
        if self.whole:
            return line.sizes == self.sizes
        return Counter(self.sizes) <= Counter(line.sizes) and max(line.sizes, default=1) <= self.bound


def multiplies(name: str) -> bool:
    """Whether operators of that name multiply matrices, themselves or by those below them."""
    bare = bare_name(name)
    return bare in _PRODUCTS or bare in _CONVOLUTIONS or bare in _ATTENTION


def may_use_blas(name: str) -> bool:
    """Whether operators of that name call the BLAS of the build, in products of their whole input."""
    bare = bare_name(name)
    return (bare in _PRODUCTS or bare in _CONVOLUTIONS) and bare not in _NOT_BLAS


def product_of(name: str, shapes: InputShapes) -> Product | None:
    """What a call of an operator multiplies; None where its shapes do not say."""
    bare = bare_name(name)
    inputs = [_tensor(shape) for shape in shapes]
    places = _PRODUCTS.get(bare, (0, 1))
    if max(places) >= len(inputs):
        return None
    first, second = (inputs[place] for place in places)
    if not first or not second:
        return None
    if bare in _CONVOLUTIONS:
        groups = max(1, first[1] // second[1]) if len(first) > 1 and len(second) > 1 and second[1] else 1
        known = _without_ones(second[0] // groups, prod(second[1:]))
        return Product(known, whole=False, most=first[0] * groups)
    if bare in _ATTENTION:
        return Product(_without_ones(first[-1]), whole=False, most=UNLIMITED, bound=max(*first[-2:], *second[-2:]))
    columns = second[0] if bare in _TRANSPOSED else second[-1] if len(second) > 1 else 1
    batched = len(first) > 2 and len(second) > 2
    rows = first[-2] if batched else prod(first[:-1])
    return Product(_without_ones(rows, columns, first[-1]), whole=True, most=prod(first[:-2]) if batched else 1)


def sized(line: LogLine) -> Sized:
    """What a line tells of its product."""
    return Sized(_sizes(line), "_BATCH" in line.primitive)


def _sizes(line: LogLine) -> Sizes | None:
    if line.start_ns is None and "(" not in line.problem and line.primitive.isupper():
        return _blas_sizes(line)
    if line.primitive == "matmul" and (match := _DIMENSIONS.match(line.problem)):
        first, second = (tuple(map(int, part.split("x"))) for part in match.group().split(":")[:2])
        return _without_ones(*first[-2:], second[-1])
    named = {name: int(size) for name, size in _NAMED_SIZE.findall(line.problem)}
    if "ic" not in named or "oc" not in named:
        return None
    groups = named.get("g", 1)
    inner = prod(named.get(name, 1) for name in ("ic", "kd", "kh", "kw")) // groups
    outer = prod(named.get(name, 1) for name in ("od", "oh", "ow"))
    return _without_ones(
        named["oc"] // groups, inner, named.get("mb", 1) if line.primitive == "inner_product" else outer
    )


def _blas_sizes(line: LogLine) -> Sizes | None:
    """Of `SGEMM(T,N,128,1,1600,...)`, `SGEMV(t,44,33,...)`, `SDOT(33,...)`: the numbers before the first address."""
    count = 3 if "GEMM" in line.primitive else 2 if "GEMV" in line.primitive else 1 if "DOT" in line.primitive else 0
    arguments = [part.strip() for part in line.problem.split(",")]
    numbers = [part for part in arguments if not _TRANSPOSITION.fullmatch(part)][:count]
    if not count or len(numbers) < count or not all(map(str.isdecimal, numbers)):
        return None
    return _without_ones(*map(int, numbers))


def _without_ones(*sizes: int) -> Sizes:
    return tuple(sorted(size for size in sizes if size != 1))


def _tensor(shape: int | InputShapes) -> Sequence[int]:
    return [size for size in shape if isinstance(size, int)] if isinstance(shape, tuple) else []
