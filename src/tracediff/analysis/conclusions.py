"""Adds to a comparison what follows from both sides' records and rows, whatever the inputs were."""

from __future__ import annotations

from msgspec import structs

from tracediff.analysis.explain import explain
from tracediff.analysis.families import Families
from tracediff.analysis.kernel_pairs import pair_kernels
from tracediff.analysis.numerics import compare_outputs, numerics_doubts
from tracediff.analysis.settings import settings_doubts
from tracediff.model.diff import Diff


def concluded(diff: Diff, families: Families) -> Diff:
    """The same with kernels, settings and outputs compared, and explained."""
    runs = (diff.base.run, diff.candidate.run)
    numerics = compare_outputs(*runs)
    return structs.replace(
        diff,
        explanations=explain(diff, families),
        kernels=pair_kernels(diff),
        numerics=numerics,
        warnings=(*diff.warnings, *settings_doubts(*runs), *numerics_doubts(*runs, numerics)),
    )
