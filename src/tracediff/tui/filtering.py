"""What of a Diff is left out: what the filter that `/` opens looks at in each kind of line, and what `u` hides."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from tracediff import units
from tracediff.analysis.grouped import Group
from tracediff.analysis.significance import is_material, is_significant
from tracediff.model.diff import Diff, LedgerTerm, OperatorPair, Row
from tracediff.model.kernels import KernelPair
from tracediff.model.listing import Listed
from tracediff.model.merged_tree import MergedTree
from tracediff.model.trace import BoolArray
from tracediff.phrases import kernel_name
from tracediff.tui.query import FAMILY, Query, Subject, parse, quoted


@dataclass(frozen=True, slots=True)
class RowSet:
    """Some rows of a Diff.

    Attributes:
        rows: their indices.
        reason: why these, for the status line.
    """

    rows: frozenset[int]
    reason: str


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of a Diff is left out.

    Attributes:
        needle: the filter's words.
        hides_unchanged: whether rows that explain nothing are left out.
        only: no other rows than these.
    """

    needle: str = ""
    hides_unchanged: bool = False
    only: RowSet | None = None

    @property
    def query(self) -> Query:
        """The filter, understood."""
        return parse(self.needle)


def row_subject(row: Row, total_ns: int) -> Subject:
    """What a filter looks at in a row."""
    sides = [side for side in (row.base, row.candidate) if side]
    operators = {operator.name for side in sides for operator in side.operators}
    operators.update(name for side in sides for name in side.outermost)
    kernels = {kernel_name(kernel) for side in sides for kernel in side.kernels}
    shapes = {shape for shape in (row.shape, *(side.shape for side in sides)) if shape}
    ways = {_chain(way.chain) for side in sides for way in side.implementations}
    return _subject(
        row,
        total_ns,
        words=_lines([FAMILY + row.family, *shapes, *operators, *ways, *kernels]),
        kernels=_lines(kernels),
        modules=_lines(site.module for site in row.sites if site.module),
        operators=_lines(operators),
        changed=row.change not in ("same", "calls"),
    )


@lru_cache(maxsize=1)
def row_subjects(diff: Diff) -> Sequence[Subject]:
    """What a filter looks at in each row."""
    return [row_subject(row, diff.total.delta_ns) for row in diff.rows]


def group_subject(group: Group, by_module: bool, rows: Sequence[Subject], total_ns: int) -> Subject:
    """What a filter looks at in a group: its own name and numbers, and the words of its rows.

    Args:
        group: the group.
        by_module: whether it is a module: where else its rows ran is not about it.
        rows: the subjects of all rows.
        total_ns: the whole difference.
    """
    of_rows = [rows[at] for at in group.rows]
    name = _lines([group.name or ""])
    return _subject(
        group.term or group,
        total_ns,
        words=name + "".join(row.words for row in of_rows),
        kernels="".join(row.kernels for row in of_rows),
        modules=name if by_module else "".join(row.modules for row in of_rows),
        operators="".join(row.operators for row in of_rows),
        changed=any(row.changed for row in of_rows),
    )


def operator_subject(pair: OperatorPair, total_ns: int) -> Subject:
    """What a filter looks at in an operator."""
    name = _lines([pair.name])
    return _subject(pair, total_ns, words=name, operators=name, changed=pair.base is None or pair.candidate is None)


def calls_found(tree: MergedTree, rows: Sequence[Subject], query: Query, total_ns: int) -> BoolArray:
    """Which calls of the merged tree a filter finds, by their own names and numbers and by the rows they are in.

    Args:
        tree: both sides' calls.
        rows: the subjects of the rows.
        query: the filter.
        total_ns: the whole difference.
    """
    columns = (tree.base_name, tree.candidate_name, tree.base_shape, tree.candidate_shape, tree.row)
    # Many calls are alike in all that words are about.
    deltas: list[int] = (tree.delta_ns if query.measures else np.zeros(len(tree), dtype=np.int64)).tolist()
    kinds = list(zip(*(column.tolist() for column in columns), deltas, strict=True))
    found: dict[tuple[int, ...], bool] = {}
    for kind in kinds:
        if kind not in found:
            found[kind] = query.keeps(_call_subject(tree, kind, rows, total_ns))
    return np.array([found[kind] for kind in kinds], dtype=np.bool_)


def call_subject(name: str, shape: str, family: str, row: Subject | None) -> Subject:
    """What a filter looks at in a call of a timeline: its own words, and the numbers of the row that it is in."""
    own = _lines([FAMILY + family, shape, name])
    return replace(row or Subject(""), words=own, operators=_lines([name]))


def _call_subject(tree: MergedTree, kind: tuple[int, ...], rows: Sequence[Subject], total_ns: int) -> Subject:
    base, candidate, base_shape, candidate_shape, row, delta_ns = kind
    operators = _lines(tree.names[name] for name in (base, candidate) if name >= 0)
    shapes = [tree.shapes[shape] for shape in (base_shape, candidate_shape) if shape >= 0]
    around = rows[row] if row >= 0 else Subject("")
    families = [line for line in around.words.split("\n") if line.startswith(FAMILY)]
    return Subject(
        words=operators + _lines([*shapes, *families]),
        kernels=around.kernels,
        modules=around.modules,
        operators=operators,
        delta_ns=delta_ns,
        changed=base != candidate,
        faster=delta_ns < 0,
        slower=delta_ns > 0,
        significant=is_material(delta_ns, total_ns),
    )


def kernel_subject(pair: KernelPair, rows: Sequence[Subject], total_ns: int) -> Subject:
    """What a filter looks at in a kernel: its own name and numbers, and where the rows are that it ran for.

    Args:
        pair: the kernel.
        rows: the subjects of all rows.
        total_ns: the whole difference.
    """
    name = _lines([kernel_name(pair)])
    of_rows = [rows[at] for at in pair.rows]
    return _subject(
        pair,
        total_ns,
        words=name + _lines([pair.library, *(FAMILY + family for family in pair.families)]),
        kernels=name,
        modules="".join(row.modules for row in of_rows),
        operators="".join(row.operators for row in of_rows),
        changed=pair.base is None or pair.candidate is None,
    )


def capture_words(side: Listed, notes: str) -> str:
    """What a filter looks for in captures: what their line says, and where they are."""
    run = side.run
    recorded = (run.backend, run.torch_version, run.engine, run.workload) if run else ()
    return _lines([side.name, side.path, notes, *filter(None, recorded)])


def matches(words: str, needle: str) -> bool:
    """Whether the filter leaves a line of which nothing but these words is known: what else it asks for is ignored."""
    return parse(needle).of_words().keeps(Subject(words))


def ignored(needle: str) -> str:
    """Says that `matches` ignores a part of the filter; empty where it does not."""
    query = parse(needle)
    return "" if query.tests == query.about_words else "only the filter's words count here"


def of_family(name: str) -> str:
    """The filter that leaves a family's rows."""
    return FAMILY + quoted(name)


def row_unchanged(row: Row, total_ns: int) -> bool:
    """Whether the row explains nothing: no difference, or the same way of doing it and none that is significant."""
    return row.delta_ns == 0 or (row.change == "same" and not is_significant(row, total_ns))


def _subject(
    item: Row | LedgerTerm | Group | OperatorPair | KernelPair,
    total_ns: int,
    words: str,
    operators: str,
    changed: bool,
    kernels: str = "",
    modules: str = "",
) -> Subject:
    """With faster and slower by the verdict, where there is one; else by the sign of the difference."""
    judged = isinstance(item, Row | LedgerTerm)
    verdict = item.verdict if judged else None
    delta_ns = item.delta_ns or 0
    return Subject(
        words=words,
        kernels=kernels,
        modules=modules,
        operators=operators,
        delta_ns=item.delta_ns,
        changed=changed,
        faster=verdict == "faster" if verdict else delta_ns < 0,
        slower=verdict == "slower" if verdict else delta_ns > 0,
        significant=is_significant(item, total_ns) if judged else is_material(delta_ns, total_ns),
    )


def kernel_unchanged(pair: KernelPair, total_ns: int) -> bool:
    """The same for a kernel: as many calls, and next to no difference in time, as far as that is known."""
    same_calls = pair.base and pair.candidate and pair.base.calls == pair.candidate.calls
    return bool(same_calls) and not is_material(pair.delta_ns or 0, total_ns)


# There are few, of many rows.
_chain = lru_cache(maxsize=None)(units.chain)


def _lines(parts: Iterable[str]) -> str:
    """A line for each; in lower case, with an end before the first and after the last one."""
    return "\n".join(("", *parts, "")).lower()
