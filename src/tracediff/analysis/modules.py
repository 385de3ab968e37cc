"""Says in which module of the model each call ran, where the trace tells."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec
import numpy as np

from tracediff.analysis.call_tree import CallTree
from tracediff.analysis.grouping import group
from tracediff.analysis.nesting import NO_PARENT, innermost_around, nest
from tracediff.model.trace import ABSENT, PYTHON_FUNCTION, IntArray, Trace

MODULE_FRAME = "nn.Module: "
"""How the names of Python frames begin that are calls of a module: `nn.Module: Conv2d_0`."""

# A level of `TOP(ResNet)::forward.layer1(Sequential)::forward.SELF(BasicBlock)::_impl.`: the module's name in the one
# around it, its class, its method.
_LEVEL = re.compile(r"([^.()]+)\(([^()]*)\)::")
_TOP, _SELF = "TOP", "SELF"


class Modules(msgspec.Struct, frozen=True, eq=False):
    """Where in the model the calls of a side are.

    Attributes:
        paths: `ResNet.layer1.0.conv1` as TorchScript has it, `ResNet_0 > Sequential_0 > Conv2d_1` by Python frames.
        of_call: index into these of each call, shape (n,); ABSENT outside of all modules.
    """

    paths: tuple[str, ...]
    of_call: IntArray


def find_modules(trees: Sequence[CallTree]) -> Modules | None:
    """The innermost module that each call of the captures begins in; None where none of them recorded modules.

    Eager models have frames of modules with `with_stack` or `with_modules`, those of TorchScript write the path with
    each operator.

    Args:
        trees: the captures that `pooling.pool` concatenates.
    """
    numbers: dict[str, int] = {}
    columns: list[IntArray] = []
    for tree in trees:
        of_call = np.full(len(tree), ABSENT, dtype=np.int32)
        for paths, found in filter(None, (_by_frames(tree), _by_hierarchy(tree))):
            landing = [numbers.setdefault(path, len(numbers)) if path else ABSENT for path in paths]
            # ABSENT, which is -1, finds itself at the end.
            places = np.array([*landing, ABSENT], dtype=np.int32)[found]
            of_call = np.where(places == ABSENT, of_call, places)
        columns.append(of_call)
    return Modules(tuple(numbers), np.concatenate(columns)) if numbers else None


def _by_hierarchy(tree: CallTree) -> tuple[Sequence[str], IntArray] | None:
    """Paths that the operators bear themselves, and the place of each call's; None where they bear none."""
    trace = tree.trace
    if not trace.modules:
        return None
    return [_dotted(text) for text in trace.modules], trace.events.module[tree.event]


def _dotted(hierarchy: str) -> str:
    """`ResNet.layer1.0.conv1` of `TOP(ResNet)::forward.layer1(Sequential)::forward....`; another text as it is."""
    levels = [(name, kind) for name, kind in _LEVEL.findall(hierarchy) if name != _SELF]
    return ".".join(kind if name == _TOP else name for name, kind in levels) or hierarchy


def _by_frames(tree: CallTree) -> tuple[Sequence[str], IntArray] | None:
    """Paths of frames that calls begin in, and the place of each call's; None where there are no frames."""
    events, frames = tree.trace.events, _module_frames(tree.trace)
    if not len(frames):
        return None
    start, end = events.start_ns[frames], events.start_ns[frames] + events.dur_ns[frames]
    order = np.lexsort((-end, start, events.thread[frames]))
    frames, start, end = frames[order], start[order], end[order]
    thread, name = events.thread[frames], events.name[frames]
    nested = nest(thread, start, end)
    # A call that begins where a frame ends is not in it.
    around = innermost_around((thread, start, end, nested.parent), tree.thread, tree.start_ns, tree.start_ns + 1)
    stack, callers, names = _stacks(name, nested.parent, nested.depth)
    of_call = np.append(stack, ABSENT)[around]
    used = group(of_call[of_call != ABSENT])
    landing = np.full(len(callers) + 1, ABSENT, dtype=np.int64)
    landing[used.codes] = np.arange(len(used.codes))
    return [_path(tree.trace, int(code), callers, names) for code in used.codes], landing[of_call]


def _module_frames(trace: Trace) -> IntArray:
    """Indices of the events that are calls of modules."""
    is_module = np.array([name.startswith(MODULE_FRAME) for name in trace.names], dtype=np.bool_)
    if PYTHON_FUNCTION not in trace.categories or not is_module.any():
        return np.arange(0)
    events = trace.events
    return np.flatnonzero((events.category == trace.categories.index(PYTHON_FUNCTION)) & is_module[events.name])


def _stacks(name: IntArray, parent: IntArray, depth: IntArray) -> tuple[IntArray, list[int], list[int]]:
    """Numbers the different stacks of frames.

    Returns:
        The stack of each frame, then of each stack the one around its last frame, or NO_PARENT, and that frame's name.
    """
    stack = np.full(len(name) + 1, NO_PARENT, dtype=np.int64)
    callers: list[int] = []
    names: list[int] = []
    width = int(name.max()) + 1
    by_depth = np.argsort(depth, kind="stable")
    for level in np.split(by_depth, np.cumsum(np.bincount(depth))[:-1]):
        found = group((stack[parent[level]] + 1) * width + name[level])
        stack[level] = found.inverse + len(callers)
        for code in found.codes.tolist():
            caller, last = divmod(code, width)
            callers.append(caller - 1)
            names.append(last)
    return stack[:-1], callers, names


def _path(trace: Trace, stack: int, callers: Sequence[int], names: Sequence[int]) -> str:
    path: list[str] = []
    while stack != NO_PARENT:
        path.append(trace.names[names[stack]].removeprefix(MODULE_FRAME))
        stack = callers[stack]
    return " > ".join(reversed(path))
