"""What one must know before believing the numbers, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tracediff import phrases, units
from tracediff.analysis.warnings import counted, damage_of
from tracediff.model.diff import Diff, Side
from tracediff.model.trace import LOSSES


def sections(diff: Diff) -> Iterator[tuple[str, list[str]]]:
    """Headings, and the lines below each."""
    yield "Comparability", [diff.comparable.verdict, *diff.comparable.reasons]
    if diff.numerics:
        yield "Outputs", [phrases.numerics(diff)]
    sides = (("base", diff.base), ("candidate", diff.candidate))
    yield "Inputs", [f"{name}: {fact}" for name, side in sides for fact in _facts(side)]
    yield "Files as read", [f"{name}: {line}" for name, side in sides for line in _reads(side)]
    yield f"Warnings: {len(diff.warnings)}", list(diff.warnings) or ["none"]


def damage_in_short(side: Side) -> str:
    """What was wrong with a side's files, in a few words; empty where nothing was."""
    reads = [read for _, read in side.reads]
    dropped = sum(read.events_dropped for read in reads)
    repairs = Counter[str]()
    for read in reads:
        repairs.update(read.repairs)
    mended = sum(count for kind, count in repairs.items() if kind not in LOSSES)
    return ", ".join(
        filter(
            None,
            (
                f"{units.count(dropped, 'event')} lost" if dropped else "",
                "cut short" if any(read.truncated for read in reads) else "",
                *(counted(kind, count) for kind, count in repairs.items() if kind in LOSSES),
                units.count(mended, "repair") if mended else "",
            ),
        )
    )


def _facts(side: Side) -> Iterator[str]:
    yield side.path
    captures = f"{phrases.captures(side)}, " if side.captures > 1 else ""
    marker = f", marked by {side.marker}" if side.marker else ""
    yield f"{captures}{units.count(side.iterations, 'iteration')}{marker}"
    if side.cold_iterations:
        yield f"cold, set aside: {', '.join(side.cold_iterations)}"


def _reads(side: Side) -> Iterator[str]:
    """What was wrong with each file; how many nothing was wrong with."""
    damage = [(path, damage_of(read)) for path, read in side.reads]
    yield from (f"{path}: {what}" for path, what in damage if what)
    whole = sum(not what for _, what in damage)
    if whole:
        yield f"{units.count(whole, 'file')} without damage"
