"""Rules about the choice of library: calls that it did not take, and the copies that its layouts cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod

from tracediff import units
from tracediff.analysis.rules.evidence import Evidence, Finding, cure
from tracediff.analysis.side import sizes_of
from tracediff.model.diff import RowSide, Side

_CONVOLUTIONS = ("conv1d", "conv2d", "conv3d")
_ONEDNN_BACKENDS = ("acl", "onednn")
_UNSAID = (None, "default")
_NATIVE = ("slow_conv", "thnn_conv", "_nnpack_spatial_convolution", "conv_depthwise")
_LAYOUT = "layout"
_MOST_NAMED = 2

# `ConvParams::use_mkldnn` of ATen: with batch 1 and small filters, inputs up to this many elements stay with torch.
_THRESHOLD = 20_480
_SMALL_FILTER = 3
_SMALL_BATCH = 16


def stayed_behind(evidence: Evidence) -> Iterator[Finding]:
    """Convolutions that did not go where the others of their side, or its backend, went."""
    counted = [_stayed(evidence, *of_side[1:]) for of_side in evidence.sides]
    if counted[0] == counted[1]:
        return
    for (name, side, sides), stayed in zip(evidence.sides, counted, strict=True):
        if not stayed:
            continue
        rows = [at for at, _ in stayed]
        parts = [sides[at] for at in rows]
        ways = [way for part in parts if part for way in part.implementations if _is_native(way.chain)]
        calls, time_ns = sum(way.calls for way in ways), sum(way.time_ns for way in ways)
        used = Counter[str]()
        for way in ways:
            used[units.chain(way.chain)] += way.time_ns
        text = (
            f"{units.calls(calls)} of {units.calls(_convolutions(evidence, sides))} convolutions of {name} did not use "
            f"oneDNN but {used.most_common(1)[0][0]}: {units.duration(time_ns)}, "
            f"{units.percent(time_ns / max(1, side.iteration_ns))} of its iteration{_cause(side, parts, calls)}"
        )
        yield Finding(time_ns, text, tuple(rows))


def _stayed(evidence: Evidence, side: Side, sides: list[RowSide | None]) -> list[tuple[int, float]]:
    """(row, its calls on torch's own kernels) of a side that uses oneDNN for convolutions, or was asked to."""
    onednn, stayed = 0.0, list[tuple[int, float]]()
    for at, part in enumerate(sides):
        if part is None or evidence.diff.rows[at].family not in _CONVOLUTIONS:
            continue
        onednn += sum(way.calls for way in part.implementations if _is_onednn(way.chain))
        outside = sum(way.calls for way in part.implementations if _is_native(way.chain))
        if outside:
            stayed.append((at, outside))
    asked = side.run.backend in _ONEDNN_BACKENDS
    return stayed if asked or (onednn and side.run.backend in _UNSAID) else []


def _is_onednn(chain: tuple[str, ...]) -> bool:
    return any("mkldnn" in name or "onednn" in name for name in chain)


def _is_native(chain: tuple[str, ...]) -> bool:
    return not _is_onednn(chain) and any(part in name for name in chain for part in _NATIVE)


def _convolutions(evidence: Evidence, sides: list[RowSide | None]) -> float:
    return sum(
        part.calls for row, part in zip(evidence.diff.rows, sides, strict=True) if part and row.family in _CONVOLUTIONS
    )


def _cause(side: Side, parts: list[RowSide | None], stayed: float) -> str:
    """Which of torch's own conditions the shapes meet; nothing where some meet none."""
    threads = side.run.environment.get("threads")
    small = pointwise = 0.0
    for part in parts:
        sizes = sizes_of(part.shape) if part else []
        image, weight = sizes[:2] if len(sizes) > 1 else ([], [])
        if part is None or len(image) != 4 or len(weight) != 4 or not all(type(size) is int for size in image + weight):
            return ""
        calls = sum(way.calls for way in part.implementations if _is_native(way.chain))
        if image[0] == 1 and image[1] == weight[1] and min(weight[2:]) <= _SMALL_FILTER and prod(image) <= _THRESHOLD:
            small += calls
        elif weight[2:] == [1, 1] and image[0] < _SMALL_BATCH and threads in (None, 1):
            pointwise += calls
    if small + pointwise < stayed:
        return ""
    alone = "with one thread" if threads == 1 else "unless there are several threads"
    causes = [
        f"inputs under its size threshold of {_THRESHOLD:,} elements ({units.calls(small)})" if small else "",
        f"unstrided 1x1 filters ({units.calls(pointwise)}) {alone}" if pointwise else "",
    ]
    return f"; torch itself keeps from it {' and '.join(filter(None, causes))}"


def layout_work(evidence: Evidence) -> Iterator[Finding]:
    """Copies and reorders, wherever they ran: those that a side has more of."""
    spent = [[_layout_ns(evidence, part) for part in sides] for _, _, sides in evidence.sides]
    deltas = [candidate - base for base, candidate in zip(*spent, strict=True)]
    delta_ns = sum(deltas)
    if not evidence.is_material(delta_ns):
        return
    name, _, sides = evidence.sides[delta_ns > 0]
    rows = [at for at, delta in enumerate(deltas) if delta * delta_ns > 0]
    inside = Counter[str]()
    operators = Counter[str]()
    for at in rows:
        inside[evidence.diff.rows[at].family] += abs(deltas[at])
        part = sides[at]
        for operator in part.operators if part else ():
            if evidence.families.family(operator.name) == _LAYOUT:
                operators[units.short_name(operator.name)] += operator.self_ns
    most = inside.most_common(1)[0][0]
    where = "" if most == _LAYOUT else f", most of it inside {most}"
    advice = f"; {cure(most)}, usually spare it" if name == "candidate" else ""
    text = (
        f"{name} spends {units.duration(abs(delta_ns))} more an iteration on layout work "
        f"({', '.join(operator for operator, _ in operators.most_common(_MOST_NAMED))}){where}{advice}"
    )
    yield Finding(abs(delta_ns), text, tuple(rows))


def _layout_ns(evidence: Evidence, part: RowSide | None) -> int:
    operators = part.operators if part else ()
    return sum(operator.self_ns for operator in operators if evidence.families.family(operator.name) == _LAYOUT)
