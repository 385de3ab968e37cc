"""What rules look at, what they find, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple, TypeAlias

import msgspec

from tracediff import units
from tracediff.analysis.families import Families
from tracediff.analysis.settings import differing
from tracediff.model.diff import Diff, LedgerTerm, Row, RowSide, Side

MATERIAL = 0.05
"""The part of all movement, up or down, below which a change is not worth a sentence of its own."""


_CERTAIN = ("faster", "slower")


class Finding(NamedTuple):
    """One thing that a rule found.

    Attributes:
        weight_ns: nanoseconds that it is about, for the order.
        text: a sentence with a number in it.
        rows: what it rests on: indices into `Diff.rows`.
        first: whether it says where the difference went, which one wants to know before why.
    """

    weight_ns: int
    text: str
    rows: tuple[int, ...] = ()
    first: bool = False


class Evidence(msgspec.Struct, frozen=True, dict=True):
    """A comparison and what is known about its operators."""

    diff: Diff
    families: Families

    @cached_property
    def gross_ns(self) -> int:
        """All movement of the ledger, gains and losses alike: unlike the total it is never small by chance."""
        return sum(abs(term.delta_ns) for term in self.diff.ledger)

    @property
    def sides(self) -> tuple[tuple[str, Side, list[RowSide | None]], ...]:
        """(name, side, its part of each row)."""
        diff = self.diff
        return (
            ("base", diff.base, [row.base for row in diff.rows]),
            ("candidate", diff.candidate, [row.candidate for row in diff.rows]),
        )

    def is_material(self, delta_ns: int) -> bool:
        """Whether a change is worth a sentence."""
        return delta_ns != 0 and abs(delta_ns) >= MATERIAL * self.gross_ns

    def counts(self, row: Row) -> bool:
        """Whether a row's difference may be explained by code or machine.

        Not between different workloads; and with repeated captures only one that is certain.
        """
        if self.diff.comparable.verdict == "different workload":
            return False
        return self.diff.certainty is None or row.verdict in _CERTAIN

    def holds(self, finding: Finding) -> bool:
        """Whether one of the rows that a finding rests on moved for certain; taken for granted as in `counts`."""
        if self.diff.certainty is None or not finding.rows:
            return True
        return any(self.diff.rows[at].verdict in _CERTAIN or self.diff.rows[at].match == "none" for at in finding.rows)

    def is_certain(self, term: LedgerTerm) -> bool:
        """Whether a term moved; taken for granted where only one capture a side could say."""
        return self.diff.certainty is None or term.verdict in _CERTAIN

    def suspects(self, *usual: str) -> str:
        """What may be behind a time that no code explains: first the settings that both sides recorded otherwise."""
        settings = [
            f"{name} ({values[0]} in base, {values[1]} in candidate)"
            for name, values in differing(self.diff.base.run, self.diff.candidate.run)
        ]
        *others, last = [*settings, *usual]
        return f"{', '.join(others)} or {last}"

    def share(self, delta_ns: int) -> str:
        """`53.5 % of the difference`."""
        share = self.diff.total.share(delta_ns)
        return "of no difference in total" if share is None else f"{units.percent(share)} of the difference"


Rule: TypeAlias = Callable[[Evidence], Iterator[Finding]]


def more_or_less(delta_ns: int) -> str:
    """`1.720 ms more`, `87 ns less`."""
    return f"{units.duration(abs(delta_ns))} {'more' if delta_ns >= 0 else 'less'}"


def spans(base_ns: int, candidate_ns: int) -> str:
    """`4.663 ms -> 608.000 us`."""
    return f"{units.duration(base_ns)} -> {units.duration(candidate_ns)}"


def change_of_ways(rows: Sequence[Row]) -> str:
    """How the calls of some rows were done on both sides, `thnn_conv2d -> mkldnn_convolution`."""
    return units.change_of_ways(_ways([row.base for row in rows]), _ways([row.candidate for row in rows]))


def _ways(sides: Sequence[RowSide | None]) -> str:
    calls: dict[tuple[str, ...], float] = {}
    for side in sides:
        for way in side.implementations if side else ():
            calls[way.chain] = calls.get(way.chain, 0.0) + way.calls
    return units.ways(sorted(calls.items(), key=lambda item: (-item[1], item[0])))


def cure(family: str) -> str:
    """What usually spares copies and reorders inside of a family."""
    packed = "weights packed beforehand (torch.jit.freeze)"
    if family.startswith("conv"):
        return f"channels_last for model and inputs, or {packed}"
    if family in ("linear", "matmul", "lstm", "gru"):
        return f"contiguous inputs and {packed}"
    return "contiguous inputs"
