"""Adds the lines of a log up to the kernels of operators: what `show --kernels` shows."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

import numpy as np
from msgspec import structs

from tracediff import units
from tracediff.analysis.accounts import mean_ns
from tracediff.analysis.call_tree import CallTree, build_call_tree
from tracediff.analysis.kernel_join import Joined, join_log
from tracediff.analysis.operators import without_lists
from tracediff.analysis.side import shape_text
from tracediff.model.kernels import Kernel, KernelLog, LogLine, OperatorKernel
from tracediff.model.trace import InputShapes, Operator, Trace

K = TypeVar("K", bound=Hashable)

NO_LOG = "no log of the libraries: capture with tracediff capture, or name one with --kernel-log"
MEASURED_APART = "kernel times are those of the kernel pass, an iteration of its own with the libraries' logs on"
NOT_OF_THIS_TRACE = "none of the {:,} kernels in the log ran inside an operator of this trace: is it another run's log?"

# Both spellings of a descriptor, oneDNN 2's `wei_bf16::` and 3's `wei:bf16::`. A reorder to bf16 computes nothing.
_BF16 = re.compile(r"(?:^| )(?:src|wei|data)\w*?[_:]bf16\b")
_BF16_ALLOWED = re.compile(r"attr-fpmath:bf16\b")


def join_trace(trace: Trace, tree: CallTree) -> Joined | None:
    """Joins a trace's log to the trace that was taken beside it: its kernel pass, or itself.

    Args:
        trace: with or without a log.
        tree: its calls.
    """
    if trace.kernel_log is None:
        return None
    beside = trace.kernel_pass
    return join_log(build_call_tree(beside) if beside else tree, trace.kernel_log, trace.run.blas)


def kernels_of(lines: Iterable[LogLine], iterations: int = 1) -> tuple[Kernel, ...]:
    """The lines added up by kernel, per iteration; most time first."""
    found: dict[tuple[str, str, str, str], list[LogLine]] = defaultdict(list)
    for line in lines:
        found[line.library, line.primitive, line.implementation, line.kind].append(line)
    kernels = [_kernel(alike, iterations) for alike in found.values()]
    return tuple(sorted(kernels, key=lambda kernel: (-kernel.time_ns, -kernel.calls, kernel.implementation)))


def operators_with_kernels(operators: Sequence[Operator], joined: Joined, by_shape: bool) -> tuple[Operator, ...]:
    """The operator table with the kernels of each operator, as the log counts them."""
    tree = joined.tree

    def key_of(call: int) -> tuple[str, InputShapes | None]:
        name, shapes = tree.trace.names[int(tree.name[call])], int(tree.shapes[call])
        if not by_shape:
            return name, None
        return name, without_lists(tree.trace.shapes[shapes]) if shapes >= 0 else ()

    lines, self_ns = _gathered(joined, key_of)
    result: list[Operator] = []
    for operator in operators:
        key = operator.name, operator.input_shapes
        kernels = kernels_of(lines[key]) if key in lines and operator.is_annotation is not True else ()
        time_ns = sum(kernel.time_ns for kernel in kernels)
        result.append(structs.replace(operator, kernels=kernels, kernel_share=_share(time_ns, self_ns.get(key, 0))))
    return tuple(result)


def kernel_table(joined: Joined) -> tuple[OperatorKernel, ...]:
    """The kernels by operator and shape, most time first."""
    tree = joined.tree

    def key_of(call: int) -> tuple[str, str | None]:
        shapes = int(tree.shapes[call])
        return tree.trace.names[int(tree.name[call])], shape_text(tree.trace.shapes[shapes]) if shapes >= 0 else None

    lines, self_ns = _gathered(joined, key_of)
    table = [
        OperatorKernel(*key, kernel, _share(kernel.time_ns, self_ns[key]))
        for key, of_key in lines.items()
        for kernel in kernels_of(of_key)
    ]
    return tuple(sorted(table, key=lambda row: (-row.kernel.time_ns, -row.kernel.calls, row.operator)))


def log_doubts(trace: Trace, log: KernelLog) -> Iterator[str]:
    """What one must know about a log before believing what it says of a trace."""
    if trace.kernel_pass:
        yield MEASURED_APART
    if log.unread:
        yield f"{units.count(log.unread, 'line')} of the kernel log could not be understood"


def _gathered(joined: Joined, key_of: Callable[[int], K]) -> tuple[dict[K, list[LogLine]], dict[K, int]]:
    """(lines, self time of all operator calls) by what is made of a call."""
    tree = joined.tree
    lines: dict[K, list[LogLine]] = defaultdict(list)
    self_ns: dict[K, int] = defaultdict(int)
    for call, line in zip(joined.call.tolist(), joined.lines, strict=True):
        lines[key_of(call)].append(line)
    ran = np.isin(tree.name, tree.name[joined.call])
    for call in np.flatnonzero(ran & tree.is_operator).tolist():
        self_ns[key_of(call)] += int(tree.self_ns[call])
    return lines, self_ns


def _share(time_ns: int, self_ns: int) -> float | None:
    return time_ns / self_ns if time_ns and self_ns else None


def _kernel(alike: Sequence[LogLine], iterations: int) -> Kernel:
    line = alike[0]
    computing = [one for one in alike if one.kind == "exec"]
    return Kernel(
        library=line.library,
        primitive=line.primitive,
        implementation=line.implementation,
        kind=line.kind,
        calls=_mean(len(alike), iterations),
        time_ns=mean_ns(sum(one.dur_ns for one in alike), iterations),
        bf16_calls=_mean(sum(_BF16.search(one.descriptors) is not None for one in computing), iterations),
        bf16_allowed_calls=_mean(
            sum(_BF16_ALLOWED.search(one.attributes) is not None for one in computing), iterations
        ),
    )


def _mean(count: int, iterations: int) -> float:
    mean = Fraction(count, iterations)
    return int(mean) if mean.denominator == 1 else float(mean)
