"""Says whether both sides did the same work, by what they computed and not by how."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from math import isclose

from msgspec import structs

from tracediff import units
from tracediff.analysis.families import Families
from tracediff.analysis.modules import MODULE_FRAME
from tracediff.model.diff import Comparability, Row
from tracediff.model.trace import Trace

_MOST_REASONS = 5


def compare_workloads(
    rows: Sequence[Row],
    families: Families,
    marked: bool = True,
    whole: bool = True,
    modules: Sequence[Mapping[str, int]] = (),
) -> Comparability:
    """Compares calls per iteration and shapes of the families that define a model; of all where none of them ran.

    Families that merely tell models apart are asked too where both sides fuse the same operators: a backend or a
    version may replace their calls.

    Args:
        rows: of the comparison.
        families: which of them define a model, tell models apart, serve others.
        marked: whether iterations are marked on both sides, so that calls are calls of one.
        whole: whether all operators are known on both sides, as those of a printed table may not be.
        modules: how many modules of each class either side's model has. Libraries rename classes, so they are said and
            decide nothing.

    Returns:
        "unknown" where shapes were not recorded on both sides, or what ran decides nothing.
    """
    found = _by_operators(rows, families, marked, whole)
    return structs.replace(found, reasons=(*found.reasons, *_module_reasons(modules)))


def modules_of(trace: Trace) -> Counter[str]:
    """Modules of the model by class, from `nn.Module: Conv2d_0`; none without `with_stack` or `with_modules`."""
    names = (name.removeprefix(MODULE_FRAME) for name in trace.names if name.startswith(MODULE_FRAME))
    return Counter(name.rpartition("_")[0] for name in names)


def _module_reasons(modules: Sequence[Mapping[str, int]]) -> Iterator[str]:
    if len(modules) != 2 or not all(modules):
        return
    base, candidate = modules
    unlike = [name for name in sorted({*base, *candidate}) if base.get(name, 0) != candidate.get(name, 0)]
    if unlike:
        counts = ", ".join(
            f"{name} {base.get(name, 0)} and {candidate.get(name, 0)}" for name in unlike[:_MOST_REASONS]
        )
        yield f"modules in base and candidate: {counts}"


def _by_operators(rows: Sequence[Row], families: Families, marked: bool, whole: bool) -> Comparability:
    working = [row for row in rows if row.family not in families.helpers]
    defining = [row for row in working if row.family in families.defining]
    asked = defining or (working if whole else [])
    if not asked:
        return Comparability("unknown", (f"no operator of the families {', '.join(sorted(families.defining))} ran",))
    doubts = [*_reasons(asked, whole)]
    reasons = doubts if defining else []
    if whole and _fusions(working, families, "base") == _fusions(working, families, "candidate"):
        others = [row for row in working if row.family in families.telling] if defining else working
        reasons += _reasons(others, whole, loosely=True)
    if doubts and not marked and (repeated := _repeated(asked)):
        more, times = repeated
        return Comparability(
            "unknown",
            (f"all calls are {units.calls(times)} times as many in {more}: iterations may be unmarked there",),
        )
    if reasons:
        return Comparability("different workload", _limited(reasons))
    if all(row.shape is None for row in asked):
        return Comparability("unknown", ("input shapes are not known on both sides (record_shapes=True)",))
    return Comparability("unknown", _limited(doubts)) if doubts else Comparability("same workload")


def _fusions(rows: Sequence[Row], families: Families, side: str) -> Counter[str]:
    """The operators of one side that may do the work of several."""
    found: Counter[str] = Counter()
    for row in rows:
        of_side = row.base if side == "base" else row.candidate
        for name in of_side.outermost if of_side else ():
            if families.fused(name):
                found[name] += 1
    return found


def _reasons(rows: Sequence[Row], whole: bool, loosely: bool = False) -> Iterator[str]:
    """What differs; `loosely`: shapes of the same operators only, as `mm` may stand for a `matmul` of other shapes."""
    by_family: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_family[row.family].append(row)
    for family, members in sorted(by_family.items()):
        base_calls = sum(row.base.calls for row in members if row.base)
        candidate_calls = sum(row.candidate.calls for row in members if row.candidate)
        # Calls are means over iterations, so sums of them are as exact as floats are.
        if isclose(base_calls, candidate_calls, rel_tol=1e-9):
            yield from filter(None, (_shape_reason(row) for row in members if not loosely or _same_outermost(row)))
        elif whole or all(map(_same_outermost, members)):
            yield (
                f"{family}: {units.calls(base_calls)} calls an iteration in base, "
                f"{units.calls(candidate_calls)} in candidate"
            )


def _same_outermost(row: Row) -> bool:
    """Whether both sides' calls were counted at the same operators: a table that is cut off may print inner ones."""
    return row.base is not None and row.candidate is not None and row.base.outermost == row.candidate.outermost


def _shape_reason(row: Row) -> str | None:
    if row.shape is None:
        return None
    if row.base is None or row.candidate is None:
        return f"{row.family}: {row.shape} only in {'base' if row.base else 'candidate'}"
    if _sizes(row.base.shape) != _sizes(row.candidate.shape):
        return f"{row.family}: {row.base.shape} in base is {row.candidate.shape} in candidate"
    return None


def _sizes(shape: str | None) -> list[list[str]]:
    """The arguments' sizes in no order: `addmm` takes the bias first and the weight transposed, `linear` does not."""
    return sorted(sorted(argument.strip("[]").split(",")) for argument in (shape or "").split(" "))


def _repeated(rows: Sequence[Row]) -> tuple[str, float] | None:
    """Which side has more calls, and how many times as many, where that is one whole number for all rows."""
    found: set[tuple[str, float]] = set()
    for row in rows:
        base, candidate = (side.calls if side else 0.0 for side in (row.base, row.candidate))
        fewer, more = sorted((base, candidate))
        found.add(("base" if base > candidate else "candidate", round(more / fewer, 9) if fewer else 0.0))
    (only,) = found if len(found) == 1 else (None,)
    return only if only and only[1] > 1 and only[1].is_integer() else None


def _limited(reasons: Collection[str]) -> tuple[str, ...]:
    left = len(reasons) - _MOST_REASONS
    return (*list(reasons)[:_MOST_REASONS], *((f"and {left} more like these",) if left > 0 else ()))
