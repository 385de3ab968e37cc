"""What the filter of a page looks at in a row, so that it keeps the rows that the same words keep on the screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tracediff import phrases, units
from tracediff.analysis.significance import is_material, is_significant
from tracediff.model.diff import OperatorPair, Row


def row_subject(row: Row, total_ns: int) -> dict[str, Any]:
    """Of a row its words, lower-case and by the field that is about them, and its judgement.

    Args:
        row: the row.
        total_ns: the whole difference.
    """
    sides = [side for side in (row.base, row.candidate) if side]
    operators = [operator.name for side in sides for operator in side.operators]
    ways = (units.chain(way.chain) for side in sides for way in side.implementations)
    return {
        "words": _lower([*(shape for shape in (row.shape, *(side.shape for side in sides)) if shape), *ways]),
        "family": row.family.lower(),
        "op": _lower([*operators, *(name for side in sides for name in side.outermost)]),
        "kernel": _lower(phrases.kernel_name(kernel) for side in sides for kernel in side.kernels),
        "module": _lower(site.module for site in row.sites if site.module),
        "delta": row.delta_ns,
        "changed": row.change not in ("same", "calls"),
        "faster": row.verdict == "faster" if row.verdict else row.delta_ns < 0,
        "slower": row.verdict == "slower" if row.verdict else row.delta_ns > 0,
        "significant": is_significant(row, total_ns),
    }


def operator_subject(pair: OperatorPair, total_ns: int) -> dict[str, Any]:
    """The same of an operator, which has neither family nor kernels nor modules."""
    return {
        "op": [pair.name.lower()],
        "delta": pair.delta_ns,
        "changed": pair.base is None or pair.candidate is None,
        "faster": pair.delta_ns < 0,
        "slower": pair.delta_ns > 0,
        "significant": is_material(pair.delta_ns, total_ns),
    }


def _lower(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text.lower() for text in texts))
