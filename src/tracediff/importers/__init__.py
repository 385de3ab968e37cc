"""Turns files into profiles: the one list of kinds of input, and the one way in."""

from __future__ import annotations

from pathlib import Path

from tracediff.errors import TraceFormatError
from tracediff.importers.base import SNIFF_BYTES, Importer
from tracediff.importers.key_averages_table import KeyAveragesTableImporter
from tracediff.importers.kineto import KinetoImporter
from tracediff.importers.source import Progress, check_readable, read_blocks
from tracediff.model.trace import Profile

IMPORTERS: tuple[Importer, ...] = (KinetoImporter(), KeyAveragesTableImporter())


def load(path: str | Path, progress: Progress | None = None) -> Profile:
    """Reads one file of any known kind.

    Args:
        path: a Kineto trace (`.json`, gzipped or not) or the text of a printed `key_averages()` table.
        progress: told how far reading has come.

    Raises:
        TraceFormatError: the file is missing, damaged, or of no known kind.
    """
    path = Path(path)
    check_readable(path)
    head = next(filter(None, read_blocks(path)), b"")[:SNIFF_BYTES]
    for importer in IMPORTERS:
        if importer.sniff(head):
            return importer.read(path, progress)
    raise TraceFormatError(
        "is neither a Kineto trace (JSON) nor a printed key_averages() table. Name a file that torch.profiler exported",
        str(path),
    )
