"""Rules that read the libraries' logs: other code below the same operators, slow code, reorders, bf16 in name only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tracediff import units
from tracediff.analysis.rules.evidence import Evidence, Finding, cure, more_or_less
from tracediff.analysis.warnings import is_disturbed
from tracediff.model.diff import Row, RowSide
from tracediff.model.kernels import Kernel, Kind

_MOST_NAMED = 2


def other_kernels(evidence: Evidence) -> Iterator[Finding]:
    """Families whose operators stayed the same while the libraries ran other code for them."""
    by_family: dict[str, list[int]] = {}
    for at, row in enumerate(evidence.diff.rows):
        if (
            row.change == "same"
            and evidence.counts(row)
            and _both_known(row)
            and _code(row.base, "exec") != _code(row.candidate, "exec")
        ):
            by_family.setdefault(row.family, []).append(at)
    for family, rows in by_family.items():
        delta_ns = sum(evidence.diff.rows[at].delta_ns for at in rows)
        if evidence.is_material(delta_ns):
            ran = [_named(part for at in rows if (part := parts[at])) for _, _, parts in evidence.sides]
            text = (
                f"{family}: the same operators ran other kernels ({ran[0]} -> {ran[1]}) and took "
                f"{more_or_less(delta_ns)} ({evidence.share(delta_ns)})"
            )
            yield Finding(abs(delta_ns), text, tuple(rows))


def same_kernels(evidence: Evidence) -> Iterator[Finding]:
    """Rows in which nothing changed, down to the library's code, but the time."""
    rows = [
        at
        for at, row in enumerate(evidence.diff.rows)
        if row.change == "same"
        and evidence.counts(row)
        and _both_known(row)
        and _code(row.base) == _code(row.candidate)
    ]
    delta_ns = sum(evidence.diff.rows[at].delta_ns for at in rows)
    if evidence.is_material(delta_ns):
        text = (
            f"Rows with the same operators and the same kernels took {more_or_less(delta_ns)} "
            f"({evidence.share(delta_ns)}): suspect {evidence.suspects('memory', 'the clock', 'other load')}, "
            "not the code that ran"
        )
        yield Finding(abs(delta_ns), text, tuple(rows))


def reference_code(evidence: Evidence) -> Iterator[Finding]:
    """Implementations that are there to be right, not fast."""
    for name, _, parts in evidence.sides:
        slow = [(at, kernel) for at, kernel in _kernels(parts) if kernel.is_reference]
        time_ns = sum(kernel.time_ns for _, kernel in slow)
        if slow:
            named = Counter(_name(kernel) for _, kernel in slow).most_common(_MOST_NAMED)
            text = (
                f"{name} ran oneDNN's reference code ({', '.join(one for one, _ in named)}) in "
                f"{units.number_of_calls(sum(kernel.calls for _, kernel in slow))} an iteration: "
                f"{units.duration(time_ns)} by its log; it is there to be right, not fast"
            )
            yield Finding(time_ns, text, tuple(dict.fromkeys(at for at, _ in slow)))


def reorders(evidence: Evidence) -> Iterator[Finding]:
    """Time that the library spent on bringing data into its own layouts, where one side has more of it."""
    spent = [
        [(at, kernel) for at, kernel in _kernels(parts) if kernel.kind == "reorder"] for *_, parts in evidence.sides
    ]
    sums = [sum(kernel.time_ns for _, kernel in side) for side in spent]
    if not evidence.is_material(sums[1] - sums[0]) or any(is_disturbed(parts) for *_, parts in evidence.sides):
        return
    name, _, parts = evidence.sides[sums[1] > sums[0]]
    most, rows = max(sums), tuple(dict.fromkeys(at for at, _ in spent[sums[1] > sums[0]]))
    all_ns = sum(kernel.time_ns for _, kernel in _kernels(parts))
    inside = Counter[str]()
    for at, kernel in spent[sums[1] > sums[0]]:
        inside[evidence.diff.rows[at].family] += kernel.time_ns
    family = inside.most_common(1)[0][0]
    text = (
        f"{name} spends {units.duration(most)} an iteration in oneDNN's reorders by its log, "
        f"{units.percent(most / max(1, all_ns))} of its kernels' time, most of it inside {family}; {cure(family)}, "
        "usually spare them"
    )
    yield Finding(abs(sums[1] - sums[0]), text, rows)


def unproved_bf16(evidence: Evidence) -> Iterator[Finding]:
    """bf16 that was allowed and used nowhere."""
    for name, _, parts in evidence.sides:
        found = list(_kernels(parts))
        allowed = sum(kernel.bf16_allowed_calls for _, kernel in found)
        if allowed and not any(kernel.bf16_calls for _, kernel in found):
            rows = tuple(dict.fromkeys(at for at, kernel in found if kernel.bf16_allowed_calls))
            time_ns = sum(kernel.time_ns for _, kernel in found if kernel.bf16_allowed_calls)
            text = (
                f"{units.number_of_calls(allowed)} of {name} may use bf16 (fpmath), and no kernel's data were bf16: "
                "a permission, not a proof"
            )
            yield Finding(time_ns, text, rows)


def _both_known(row: Row) -> bool:
    return bool(row.base and row.base.kernels and row.candidate and row.candidate.kernels)


def _kernels(parts: Iterable[RowSide | None]) -> Iterator[tuple[int, Kernel]]:
    for at, part in enumerate(parts):
        for kernel in part.kernels if part else ():
            yield at, kernel


def _code(part: RowSide | None, kind: Kind | None = None) -> set[tuple[str, float, float]]:
    """What ran for a row, of one kind or all, how often, and how often in bf16."""
    kernels = [one for one in part.kernels if kind in (None, one.kind)] if part else []
    return {(f"{one.kind} {_name(one)}", round(one.calls, 6), round(one.bf16_calls, 6)) for one in kernels}


def _name(kernel: Kernel) -> str:
    bf16 = " allowed bf16" if kernel.bf16_allowed_calls else ""
    if kernel.bf16_calls:
        part = kernel.bf16_calls < kernel.calls
        bf16 = " in bf16" + (f" in {units.calls(kernel.bf16_calls)} of {units.calls(kernel.calls)}" if part else "")
    return f"{kernel.primitive} {kernel.implementation}{bf16}"


def _named(parts: Iterable[RowSide]) -> str:
    """The kernels of some rows, those of most time first."""
    spent = Counter[str]()
    for part in parts:
        for kernel in part.kernels:
            if kernel.kind == "exec":
                spent[_name(kernel)] += kernel.time_ns
    return ", ".join(name for name, _ in spent.most_common(_MOST_NAMED))
