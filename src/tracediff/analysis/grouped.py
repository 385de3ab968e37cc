"""Adds the rows of a comparison up by what they have in common: their family, shapes, modules or kernels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec

from tracediff import units
from tracediff.model.diff import Diff, LedgerTerm, Row, RowSide

By: TypeAlias = Literal["family", "shape", "module", "kernel"]

_Part: TypeAlias = tuple[str | None, float, int, float, int]
"""Where a part of a row belongs; calls and nanoseconds of base, of candidate."""


class Group(msgspec.Struct, frozen=True):
    """Rows that have something in common; by module, what they spent in that one.

    Attributes:
        name: what they have in common; None where it is not recorded.
        base_calls, candidate_calls: per iteration, as are the times.
        share: of the total difference; 0.0 where that is zero.
        rows: indices into the rows, largest |difference| first.
        term: the ledger's, where the group is one of its families; it alone was judged as a whole.
    """

    name: str | None
    base_calls: float
    base_ns: int
    candidate_calls: float
    candidate_ns: int
    share: float
    rows: tuple[int, ...]
    term: LedgerTerm | None = None

    @property
    def delta_ns(self) -> int:
        return self.candidate_ns - self.base_ns

    @property
    def ratio(self) -> float | None:
        """Candidate's time over base's; None where a side has none."""
        return self.candidate_ns / self.base_ns if self.base_ns and self.candidate_ns else None


def grouped(diff: Diff, by: By, only: Collection[int] | None = None) -> tuple[Group, ...]:
    """The groups, largest |difference| first; their times add up to those of the rows.

    Args:
        diff: whose rows.
        by: what those of a group have in common.
        only: indices of the rows to add up; None: all.
    """
    parts_of = _PARTS[by]
    parts: dict[str | None, list[_Part]] = defaultdict(list)
    rows: dict[str | None, dict[int, None]] = defaultdict(dict)
    for at in range(len(diff.rows)) if only is None else sorted(only):
        for part in parts_of(diff.rows[at]):
            parts[part[0]].append(part)
            rows[part[0]][at] = None
    terms = {term.rows: term for term in diff.ledger if term.rows} if by == "family" else {}
    groups = (_added(name, parts[name], tuple(rows[name]), terms, diff) for name in parts)
    return tuple(sorted(groups, key=lambda group: (-abs(group.delta_ns), group.name or "")))


def _added(
    name: str | None,
    parts: Sequence[_Part],
    rows: tuple[int, ...],
    terms: Mapping[tuple[int, ...], LedgerTerm],
    diff: Diff,
) -> Group:
    _, base_calls, base_ns, candidate_calls, candidate_ns = zip(*parts, strict=True)
    base, candidate = sum(base_ns), sum(candidate_ns)
    return Group(
        name=name,
        base_calls=sum(base_calls),
        base_ns=base,
        candidate_calls=sum(candidate_calls),
        candidate_ns=candidate,
        share=diff.total.share(candidate - base) or 0.0,
        rows=rows,
        term=terms.get(rows),
    )


def _whole(name: Callable[[Row], str | None]) -> Callable[[Row], Iterable[_Part]]:
    """All of a row belongs to one group."""

    def parts_of(row: Row) -> Iterable[_Part]:
        base, candidate = row.base, row.candidate
        yield (
            name(row),
            base.calls if base else 0.0,
            base.time_ns if base else 0,
            candidate.calls if candidate else 0.0,
            candidate.time_ns if candidate else 0,
        )

    return parts_of


def _by_module(row: Row) -> Iterable[_Part]:
    """A row belongs to every module that its calls ran in, with what it spent there."""
    if not row.sites:
        return _whole(lambda row: None)(row)
    return ((site.module, site.base_calls, site.base_ns, site.candidate_calls, site.candidate_ns) for site in row.sites)


def _kernels(row: Row) -> str | None:
    """`SGEMM MKL -> convolution gemm:acl`: what the libraries ran on both sides, said once where they agree."""
    base, candidate = _kernels_of(row.base), _kernels_of(row.candidate)
    return units.change_of_ways(base, candidate) if base or candidate else None


def _kernels_of(side: RowSide | None) -> str:
    """What computed; reorders where nothing else ran."""
    ran = side.kernels if side else ()
    computing = [kernel for kernel in ran if kernel.kind == "exec"] or ran
    names = {units.printable(f"{kernel.primitive} {kernel.implementation}") for kernel in computing}
    return " + ".join(sorted(names))


_PARTS: Mapping[By, Callable[[Row], Iterable[_Part]]] = {
    "family": _whole(lambda row: row.family),
    "shape": _whole(lambda row: row.shape),
    "module": _by_module,
    "kernel": _whole(_kernels),
}
