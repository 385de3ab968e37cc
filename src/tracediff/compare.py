"""Base against candidate: the one entry that the command line, the TUI and Python use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import structs

from tracediff.analysis.conclusions import concluded
from tracediff.analysis.families import Families, load_families
from tracediff.errors import UsageError
from tracediff.importers import load
from tracediff.importers.source import Progress
from tracediff.model.diff import Diff
from tracediff.model.trace import PrintedTable, Profile, Trace


class CompareOptions(msgspec.Struct, frozen=True):
    """What a comparison can be told.

    Attributes:
        families: a TOML file with families of the user's own.
        kernel_logs: logs of the libraries in place of those that the traces carry: base's and candidate's, or one that
            a process wrote while it captured both.
    """

    families: str | Path | None = None
    kernel_logs: tuple[str | Path, ...] = ()

    def swapped(self) -> CompareOptions:
        """The same for candidate against base."""
        return structs.replace(self, kernel_logs=self.kernel_logs[::-1])


def compare(
    base: str | Path | Profile,
    candidate: str | Path | Profile,
    options: CompareOptions | None = None,
    progress: Progress | None = None,
) -> Diff:
    """Compares two captures, read or still to be read.

    Raises:
        TraceFormatError: an input cannot be read as a trace.
        UsageError: the families file cannot be read; there are more logs than sides, or a log for a printed table.
    """
    options = options or CompareOptions()
    families = load_families(options.families)
    sides = [load(side, progress) if isinstance(side, str | Path) else side for side in (base, candidate)]
    if options.kernel_logs:
        from tracediff.importers.kernel_log import with_kernel_log

        sides = [with_kernel_log(side, log) for side, log in zip(sides, _one_a_side(options.kernel_logs), strict=True)]
    sides = _told_apart(sides[0], sides[1])
    return concluded(_diff(sides[0], sides[1], families), families)


def _diff(base: Profile, candidate: Profile, families: Families) -> Diff:
    if isinstance(base, Trace) and isinstance(candidate, Trace):
        from tracediff.analysis.traced import diff_traces

        return diff_traces(base, candidate, families)
    from tracediff.analysis.printed import diff_tables, table_of

    tables = [side if isinstance(side, PrintedTable) else table_of(side) for side in (base, candidate)]
    return diff_tables(tables[0], tables[1], families)


def _one_a_side(logs: Sequence[str | Path]) -> Sequence[str | Path]:
    if len(logs) > 2:
        raise UsageError(f"{len(logs)} kernel logs for two sides. Give base's and candidate's, or one for both")
    return logs if len(logs) == 2 else [*logs, *logs]


def _told_apart(base: Profile, candidate: Profile) -> list[Profile]:
    """The same with labels that differ: by their folders where the files have the same name."""
    sides = [base, candidate]
    if base.run.label != candidate.run.label:
        return sides
    folders = [Path(side.path).absolute().parent.parts for side in sides]
    level = next(
        (level for level in range(1, min(map(len, folders)) + 1) if folders[0][-level] != folders[1][-level]), 0
    )
    if not level:
        # Two files of one folder that differ in what labels leave out, like the times of TensorBoard's names.
        names = [Path(side.path).name for side in sides]
        if names[0] == names[1]:
            return sides
        return [
            structs.replace(side, run=structs.replace(side.run, label=name))
            for side, name in zip(sides, names, strict=True)
        ]
    return [
        structs.replace(side, run=structs.replace(side.run, label="/".join((*parts[-level:], side.run.label))))
        for side, parts in zip(sides, folders, strict=True)
    ]
