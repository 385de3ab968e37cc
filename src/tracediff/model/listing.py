"""What there is below a folder to compare, as far as the beginnings of its files say."""

from __future__ import annotations

import msgspec

from tracediff.model.run import Run


class Listed(msgspec.Struct, frozen=True):
    """One side that a comparison could have: a file, or the repeated captures of a folder.

    Attributes:
        path: the file or the folder, as it can be compared.
        name: its label, after the folders that lead to it: `x86/acl`.
        size: bytes of its files.
        date_ns: since 1970: when the newest capture was made, or its file last changed where it does not say that.
        captures: how many files.
        runs: what each capture records; only a label where it records nothing. Empty where nothing can be read.
        latency_ns: of an iteration without the profiler, as a comparison would have it; None where not all record it.
        is_table: it is a printed table.
        damage: what is wrong with its files.
        warnings: what captures found wrong with themselves.
        error: why nothing can be read.
    """

    path: str
    name: str
    size: int
    date_ns: int
    captures: int = 1
    runs: tuple[Run, ...] = ()
    latency_ns: int | None = None
    is_table: bool = False
    damage: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    error: str | None = None

    @property
    def run(self) -> Run | None:
        """The first capture, which the others repeat."""
        return self.runs[0] if self.runs else None

    @property
    def workload(self) -> str | None:
        """What ran; None where that is not recorded."""
        return self.run.workload if self.run else None

    @property
    def iterations(self) -> int:
        """How many iterations of a capture ran without the profiler; 0 where that is not recorded."""
        return max((len(run.latency_ns) for run in self.runs), default=0)


class Listing(msgspec.Struct, frozen=True):
    """What was found below a folder.

    Attributes:
        folder: as the user named it.
        sides: in the order of their names.
        warnings: what was left out, and why.
    """

    folder: str
    sides: tuple[Listed, ...]
    warnings: tuple[str, ...] = ()
