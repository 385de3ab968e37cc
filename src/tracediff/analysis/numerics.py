"""Compares what the model returned on both sides: a faster backend that computes something else is no gain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import hypot, isfinite

from tracediff.analysis.settings import BF16, dtype_of
from tracediff.model.diff import Numerics
from tracediff.model.run import OutputDigest, Run

# Largest difference as a part of the largest value that rounding alone makes in a deep network.
_ROUNDING = {"float64": 1e-9, "float32": 1e-3, "float16": 2e-2, "bfloat16": 5e-2, BF16: 5e-2}


def compare_outputs(base: Run, candidate: Run) -> Numerics | None:
    """The worst over all outputs; None where a side recorded none, one has no values, or number and shapes differ."""
    pairs = list(zip(base.output, candidate.output, strict=False))
    if not pairs or [one.shape for one in base.output] != [one.shape for one in candidate.output]:
        return None
    values = [_finite_pairs(one, other) for one, other in pairs]
    if not all(values):
        return None
    finite = [of_output or [] for of_output in values]
    differences = [max((abs(a - b) for a, b in of_output), default=0.0) for of_output in finite]
    scales = [max((max(abs(a), abs(b)) for a, b in of_output), default=0.0) for of_output in finite]
    relative = [difference / scale if scale else 0.0 for difference, scale in zip(differences, scales, strict=True)]
    tops = [(one.top5, other.top5) for one, other in pairs if one.top5 and other.top5]
    return Numerics(
        outputs=len(pairs),
        top1_agrees=all(one[0] == other[0] for one, other in tops) if tops else None,
        top5_shared=min((len({*one} & {*other}) / max(len(one), len(other)) for one, other in tops), default=None),
        cosine=min(map(_cosine, finite)),
        largest_absolute=max(differences),
        largest_relative=max(relative),
        tolerance=max(_tolerance(run, one) for pair in pairs for run, one in zip((base, candidate), pair, strict=True)),
    )


def numerics_doubts(base: Run, candidate: Run, numerics: Numerics | None) -> Iterator[str]:
    """What to say where the outputs disagree by more than rounding, or cannot be compared although recorded."""
    if numerics is None:
        if base.output and candidate.output:
            yield "the recorded outputs cannot be compared: number, shapes or values of both sides do not allow it"
        return
    if numerics.top1_agrees is False:
        yield "outputs disagree: the largest value of the first row is at another place"
    if numerics.largest_relative > numerics.tolerance:
        yield (
            f"outputs disagree: they differ by up to {numerics.largest_relative:.2g} of the largest value, "
            f"rounding explains {numerics.tolerance:.0e}"
        )


def _finite_pairs(one: OutputDigest, other: OutputDigest) -> list[tuple[float, float]] | None:
    """The values that are finite on both sides; None where their number differs, or where only one side's is finite."""
    if len(one.values) != len(other.values):
        return None
    known = [tuple(value is not None and isfinite(value) for value in side.values) for side in (one, other)]
    if known[0] != known[1]:
        return None
    return [
        (a, b) for a, b in zip(one.values, other.values, strict=True) if a is not None and b is not None and isfinite(a)
    ]


def _cosine(pairs: Sequence[tuple[float, float]]) -> float:
    """1 for two outputs that are all zero, 0 where only one is."""
    lengths = hypot(*(a for a, _ in pairs)), hypot(*(b for _, b in pairs))
    if 0.0 in lengths:
        return float(lengths[0] == lengths[1])
    return sum(a / lengths[0] * (b / lengths[1]) for a, b in pairs)


def _tolerance(run: Run, output: OutputDigest) -> float:
    """By the least precise of what the output is kept in and what the products were computed in."""
    return max(_ROUNDING.get(name or "", _ROUNDING["float32"]) for name in (output.dtype, dtype_of(run)))
