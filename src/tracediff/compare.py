"""Base against candidate: the one entry that the command line, the TUI and Python use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec
from msgspec import structs

from tracediff import units
from tracediff.analysis.conclusions import concluded
from tracediff.analysis.families import Families, load_families
from tracediff.analysis.latency import latency_ns
from tracediff.analysis.losses import without_losses
from tracediff.errors import UsageError
from tracediff.importers.captures import alone, load_all, load_both, load_each, together
from tracediff.importers.finding import sets_of_captures
from tracediff.importers.noise import read_noise
from tracediff.importers.source import STANDARD_INPUT, Progress
from tracediff.model.diff import Diff, Side
from tracediff.model.listing import Listing
from tracediff.model.noise import LabelNoise, Noise
from tracediff.model.trace import Captures, PrintedTable, Profile, Trace

Input: TypeAlias = str | Path | Profile | Sequence[str | Path | Profile]
"""A file, a folder or glob of repeated captures, a profile that was read; or several of these as one side."""


class CompareOptions(msgspec.Struct, frozen=True):
    """What a comparison can be told.

    Attributes:
        families: a TOML file with families of the user's own.
        kernel_logs: logs of the libraries in place of those that the traces carry: base's and candidate's, or one that
            a process wrote while it captured both.
        equivalence: sides that differ by less than this part are the same.
        materiality: rows below this part of the iteration get no faster or slower.
        noise: a file that `tracediff noise` wrote on the same machine.
        cache: whether large files are kept as they were read, and taken from there.
    """

    families: str | Path | None = None
    kernel_logs: tuple[str | Path, ...] = ()
    equivalence: float = 0.03
    materiality: float = 0.01
    noise: str | Path | None = None
    cache: bool = True

    def swapped(self) -> CompareOptions:
        """The same for candidate against base."""
        return structs.replace(self, kernel_logs=self.kernel_logs[::-1])


def compare(
    base: Input, candidate: Input, options: CompareOptions | None = None, progress: Progress | None = None
) -> Diff:
    """Compares two sides, read or still to be read.

    Args:
        base: what to compare with.
        candidate: what to compare.
        options: how to compare.
        progress: told how far reading has come; over both sides where each is a path.

    Raises:
        TraceFormatError: an input cannot be read as a trace.
        UsageError: the families file cannot be read; several printed tables, or one and several traces, are compared;
            there are more kernel logs than sides, or one for a printed table or for repeated captures.
    """
    options = options or CompareOptions()
    families = load_families(options.families)
    if [*_names(base), *_names(candidate)].count(STANDARD_INPUT) > 1:
        raise UsageError("standard input is one trace. Name a file for the other side")
    if isinstance(base, str | Path) and isinstance(candidate, str | Path):
        sides = load_both(base, candidate, progress, options.cache)
    else:
        sides = _read(base, progress, options.cache), _read(candidate, progress, options.cache)
    if options.kernel_logs:
        logs = _one_a_side(options.kernel_logs)
        sides = _with_log(sides[0], logs[0]), _with_log(sides[1], logs[1])
    whole = without_losses(sides[0]), without_losses(sides[1])
    diff = _diff(*_told_apart(*whole), families)
    diff = structs.replace(
        diff,
        base=_with_reads(diff.base, sides[0]),
        candidate=_with_reads(diff.candidate, sides[1]),
        warnings=(*diff.warnings, *_doubts_about_sides(*whole)),
    )
    return concluded(_judged(diff, options), families)


def _names(side: Input) -> Iterator[str]:
    if isinstance(side, str):
        yield side
    elif isinstance(side, Sequence):
        yield from (one for one in side if isinstance(one, str))


def _doubts_about_sides(base: Captures, candidate: Captures) -> Iterator[str]:
    for name, side in (("base", base), ("candidate", candidate)):
        yield from (f"{name}: {warning}" for warning in side.warnings)
    files = [{Path(profile.path).resolve() for profile in side.profiles} for side in (base, candidate)]
    shared = len(files[0] & files[1])
    if files[0] == files[1]:
        yield "both sides are the same captures"
    elif shared:
        yield f"{units.count(shared, 'capture')} of one side {'is' if shared == 1 else 'are'} also of the other"


def _with_reads(side: Side, captures: Captures) -> Side:
    return structs.replace(side, reads=tuple((profile.path, profile.read) for profile in captures.profiles))


def _diff(base: Captures, candidate: Captures, families: Families) -> Diff:
    if base.traces and candidate.traces:
        from tracediff.analysis.traced import diff_traces

        return diff_traces(base, candidate, families)
    from tracediff.analysis.printed import diff_tables, table_of

    tables = [one if isinstance(one := _alone(side), PrintedTable) else table_of(one) for side in (base, candidate)]
    return diff_tables(tables[0], tables[1], families)


def _one_a_side(logs: Sequence[str | Path]) -> Sequence[str | Path]:
    if len(logs) > 2:
        raise UsageError(f"{len(logs)} kernel logs for two sides. Give base's and candidate's, or one for both")
    return logs if len(logs) == 2 else [*logs, *logs]


def _with_log(side: Captures, log: str | Path) -> Captures:
    from tracediff.importers.kernel_log import with_kernel_log

    if len(side.profiles) != 1:
        raise UsageError("are several captures, and a kernel log is of one. Name that one", side.path)
    return structs.replace(side, profiles=(with_kernel_log(side.profiles[0], log),))


def captures_below(folder: str | Path, progress: Progress | None = None) -> Listing:
    """The captures below a folder, to choose from; only heads of files are read.

    Args:
        folder: where to look.
        progress: called with (files looked at, files there are) after each one.

    Raises:
        TraceFormatError: the folder cannot be read.
    """
    from tracediff.importers.listing import list_captures

    listing = list_captures(folder, progress)
    sides = (structs.replace(side, latency_ns=latency_ns(side.runs)) for side in listing.sides)
    return structs.replace(listing, sides=tuple(sides))


def measure(path: str | Path, options: CompareOptions | None = None, progress: Progress | None = None) -> Noise:
    """The noise of repeated captures of the same code.

    Args:
        path: a folder or glob of captures; a folder of such folders, one a label.
        options: of comparisons: families and cache.
        progress: told how far reading has come.

    Raises:
        TraceFormatError: a capture cannot be read as a trace.
        UsageError: there is only one.
    """
    from tracediff.analysis.noise import measure_noise
    from tracediff.analysis.settings import ranks_of
    from tracediff.analysis.traced import diff_traces

    options = options or CompareOptions()
    families = load_families(options.families)
    labels: list[LabelNoise] = []
    for captures in load_each(sets_of_captures(path), progress, options.cache):
        if len(captures.traces) < 2:
            raise UsageError(
                "is one capture, and noise is what several differ by. Capture with --repeat", captures.path
            )
        if ranks_of([trace.run for trace in captures.traces]):
            raise UsageError(
                "are ranks of a distributed run, and noise is what repetitions differ by. Name those", captures.path
            )
        repeated = without_losses(captures, fewest=2)
        noise = measure_noise(diff_traces(repeated, repeated, families))
        labels.append(structs.replace(noise, warnings=(*noise.warnings, *repeated.warnings)))
    return Noise(tuple(labels))


def _judged(diff: Diff, options: CompareOptions) -> Diff:
    if max(diff.base.captures, diff.candidate.captures) == 1 and options.noise is None:
        return diff
    if diff.base.ranks or diff.candidate.ranks:
        # Ranks are parts of one run: how they differ says nothing about another run.
        return diff
    # Only repeated captures pay for the statistics.
    from tracediff.analysis.certainty import Thresholds, judge

    noise = read_noise(options.noise) if options.noise else None
    return judge(diff, Thresholds(options.equivalence, options.materiality, noise))


def _read(side: Input, progress: Progress | None, cache: bool) -> Captures:
    if isinstance(side, str | Path):
        return load_all(side, progress, cache)
    if isinstance(side, Trace | PrintedTable):
        return alone(side)
    if not side:
        raise UsageError("a side without captures cannot be compared. Name at least one")
    parts = [_read(one, progress, cache) for one in side]
    whole = together([profile for part in parts for profile in part.profiles])
    return structs.replace(whole, warnings=(*(doubt for part in parts for doubt in part.warnings), *whole.warnings))


def _alone(side: Captures) -> Profile:
    """The one capture, under the side's name.

    Raises:
        UsageError: there are several.
    """
    if len(side.profiles) != 1:
        raise UsageError("are several captures, the other side is a printed table. Name one of them", side.path)
    profile = side.profiles[0]
    return structs.replace(profile, path=side.path, run=structs.replace(profile.run, label=side.label))


def _told_apart(base: Captures, candidate: Captures) -> tuple[Captures, Captures]:
    """The same with labels that differ: by their folders where what was named has the same name."""
    if base.label != candidate.label:
        return base, candidate
    folders = [Path(side.path).absolute().parent.parts for side in (base, candidate)]
    level = next(
        (level for level in range(1, min(map(len, folders)) + 1) if folders[0][-level] != folders[1][-level]), 0
    )
    if level:
        labels = ["/".join((*parts[-level:], base.label)) for parts in folders]
    else:
        # Two files of one folder that differ in what labels leave out, like the times of TensorBoard's names.
        labels = [Path(side.path).name for side in (base, candidate)]
        if labels[0] == labels[1]:
            return base, candidate
    return structs.replace(base, label=labels[0]), structs.replace(candidate, label=labels[1])
