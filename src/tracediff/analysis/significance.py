"""Says which differences are worth a look: by their verdicts, or by their size where nothing was judged."""

from __future__ import annotations

from tracediff.model.diff import LedgerTerm, Row

MATERIAL_SHARE = 0.01
"""A difference that was not judged is worth a look from this part of the total difference on."""


def is_significant(item: Row | LedgerTerm, total_ns: int) -> bool:
    """Whether repeated captures called the difference one; where none were judged, whether it is material.

    Args:
        item: what differs.
        total_ns: the whole difference.
    """
    if item.verdict is not None:
        return item.verdict in ("faster", "slower")
    return not item.within_noise and is_material(item.delta_ns, total_ns)


def is_material(delta_ns: int, total_ns: int) -> bool:
    """Whether a difference is a part of the total one that one would notice."""
    return delta_ns != 0 and abs(delta_ns) >= MATERIAL_SHARE * abs(total_ns)
