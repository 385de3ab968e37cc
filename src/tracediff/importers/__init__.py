"""Turns files into profiles: the one list of kinds of input, and the one way in."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tracediff.errors import TraceFormatError
from tracediff.importers.base import SNIFF_BYTES, Importer
from tracediff.importers.key_averages_table import KeyAveragesTableImporter
from tracediff.importers.kineto import KinetoImporter
from tracediff.importers.source import LARGE_BYTES, Progress, check_readable, read_blocks
from tracediff.model.trace import Profile

IMPORTERS: tuple[Importer, ...] = (KinetoImporter(), KeyAveragesTableImporter())


def load(path: str | Path, progress: Progress | None = None, cache: bool = True) -> Profile:
    """Reads one file of any known kind.

    Args:
        path: a Kineto trace (`.json`, gzipped or not) or the text of a printed `key_averages()` table.
        progress: told how far reading has come.
        cache: whether a large file is kept as it was read, and taken from there.

    Raises:
        TraceFormatError: the file is missing, damaged, or of no known kind.
    """
    path = Path(path)
    check_readable(path)
    if cache and path.stat().st_size >= LARGE_BYTES:
        # Most traces are small and need not wait for what keeps large ones.
        from tracediff.importers.cache import cached

        return cached(path, partial(_read, path, progress))
    return _read(path, progress)


def _read(path: Path, progress: Progress | None) -> Profile:
    head = next(filter(None, read_blocks(path)), b"")[:SNIFF_BYTES]
    for importer in IMPORTERS:
        if importer.sniff(head):
            return importer.read(path, progress)
    raise TraceFormatError(
        "is neither a Kineto trace (JSON) nor a printed key_averages() table. Name a file that torch.profiler exported",
        str(path),
    )
