"""The filter that `/` opens: which rows, operators and captures its words leave."""

from __future__ import annotations

from dataclasses import dataclass

from tracediff.model.diff import OperatorPair, Row
from tracediff.model.listing import Listed
from tracediff.phrases import implementation

FAMILY = "family:"
UNCHANGED_SHARE = 0.01
"""A row that went the same way counts as unchanged below this part of the total difference."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of a Diff is left out.

    Attributes:
        needle: the filter's words.
        hides_unchanged: whether rows that explain nothing are left out.
    """

    needle: str = ""
    hides_unchanged: bool = False


def row_words(row: Row) -> str:
    """What a filter looks for in a row."""
    sides = [side for side in (row.base, row.candidate) if side]
    parts = [FAMILY + row.family, row.shape or ""]
    parts += [side.shape for side in sides if side.shape]
    parts += [operator.name for side in sides for operator in side.operators]
    parts += [name for side in sides for name in side.outermost]
    parts += [implementation(side) for side in sides]
    return _join(parts)


def operator_words(pair: OperatorPair) -> str:
    """What a filter looks for in an operator."""
    return _join([pair.name])


def capture_words(side: Listed, notes: str) -> str:
    """What a filter looks for in captures: what their line says, and where they are."""
    run = side.run
    recorded = (run.backend, run.torch_version, run.engine, run.workload) if run else ()
    return _join([side.name, side.path, notes, *filter(None, recorded)])


def matches(words: str, needle: str) -> bool:
    """Whether every word of the needle occurs; `family:linear` is that family only."""
    return all(
        f" {word} " in words if word.startswith(FAMILY) and word != FAMILY else word in words
        for word in needle.lower().split()
    )


def row_unchanged(row: Row, total_ns: int) -> bool:
    """Whether the row explains nothing: no difference, or the same way of doing it and next to none."""
    return row.delta_ns == 0 or (row.change == "same" and abs(row.delta_ns) < UNCHANGED_SHARE * abs(total_ns))


def operator_unchanged(delta_ns: int, total_ns: int) -> bool:
    """The same for an operator."""
    return delta_ns == 0 or abs(delta_ns) < UNCHANGED_SHARE * abs(total_ns)


def _join(parts: list[str]) -> str:
    return f" {' '.join(parts)} ".lower()
