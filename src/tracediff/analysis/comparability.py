"""Says whether both sides did the same work, by what they computed and not by how."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from math import isclose

from tracediff import units
from tracediff.model.diff import Comparability, Row

_MOST_REASONS = 5


def compare_workloads(rows: Sequence[Row], defining: Collection[str]) -> Comparability:
    """Compares calls per iteration and shapes of the families that define a model.

    Args:
        rows: of the comparison.
        defining: those families.

    Returns:
        "unknown" where shapes were not recorded on both sides, or no such family ran.
    """
    by_family: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.family in defining:
            by_family[row.family].append(row)
    if not by_family:
        return Comparability("unknown", (f"no operator of the families {', '.join(sorted(defining))} ran",))
    if all(row.shape is None for family in by_family.values() for row in family):
        return Comparability("unknown", ("input shapes are not known on both sides (record_shapes=True)",))
    reasons: list[str] = []
    for family, members in sorted(by_family.items()):
        base_calls = sum(row.base.calls for row in members if row.base)
        candidate_calls = sum(row.candidate.calls for row in members if row.candidate)
        # Calls are means over iterations, so sums of them are as exact as floats are.
        if not isclose(base_calls, candidate_calls, rel_tol=1e-9):
            reasons.append(
                f"{family}: {units.calls(base_calls)} calls an iteration in base, "
                f"{units.calls(candidate_calls)} in candidate"
            )
        else:
            reasons.extend(filter(None, map(_shape_reason, members)))
    if not reasons:
        return Comparability("same workload")
    left = len(reasons) - _MOST_REASONS
    more = (f"and {left} more like these",) if left > 0 else ()
    return Comparability("different workload", (*reasons[:_MOST_REASONS], *more))


def _shape_reason(row: Row) -> str | None:
    if row.base is None or row.candidate is None:
        return f"{row.family}: {row.shape} only in {'base' if row.base else 'candidate'}"
    if _sizes(row.base.shape) != _sizes(row.candidate.shape):
        return f"{row.family}: {row.base.shape} in base is {row.candidate.shape} in candidate"
    return None


def _sizes(shape: str | None) -> list[list[str]]:
    """The arguments' sizes in no order: `addmm` takes the bias first and the weight transposed, `linear` does not."""
    return sorted(sorted(argument.strip("[]").split(",")) for argument in (shape or "").split(" "))
