"""Turns files into profiles: the one list of kinds of input, and the one way in."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from msgspec import structs

from tracediff.errors import NoTraceError, TraceFormatError
from tracediff.importers.base import Importer, some
from tracediff.importers.finding import find_capture
from tracediff.importers.key_averages_table import KeyAveragesTableImporter
from tracediff.importers.kineto import KinetoImporter
from tracediff.importers.source import LARGE_BYTES, Progress, Source
from tracediff.model.trace import Profile

IMPORTERS: tuple[Importer, ...] = (KinetoImporter(), KeyAveragesTableImporter())


def load(path: str | Path, progress: Progress | None = None, cache: bool = True) -> Profile:
    """Reads one capture of any known kind.

    Args:
        path: a Kineto trace (`.json`, compressed or not) or the text of a printed `key_averages()` table: a file, a
            pipe, `-` for standard input, a URL, an archive with one trace, or one of an archive (`runs.zip!acl.json`).
        progress: told how far reading has come.
        cache: whether a large file is kept as it was read, and taken from there.

    Raises:
        TraceFormatError: it is missing, damaged, or of no known kind; the archive holds several.
    """
    found = find_capture(path)
    if found.number > 1:
        names = some(source.name for source in found.sources)
        raise TraceFormatError(f"holds {found.number} traces. Name one of them: {names}", found.path)
    [profile] = [read(source, progress, cache) for source in found.sources]
    return structs.replace(profile, warnings=(*profile.warnings, *found.doubts))


def read(source: Source, progress: Progress | None = None, cache: bool = True) -> Profile:
    """Reads what is in a source, as `load` does."""
    if cache and source.path and (source.size or 0) >= LARGE_BYTES:
        # Most traces are small and need not wait for what keeps large ones.
        from tracediff.importers.cache import cached

        return cached(source, source.path, partial(_read, source, progress))
    return _read(source, progress)


def _read(source: Source, progress: Progress | None) -> Profile:
    head = source.head()
    flaws = source.flaws
    if not head:
        wrong = f"{flaws.doubts[0]}, and nothing comes before" if flaws.doubts else "is empty"
        raise TraceFormatError(f"{wrong}. The capture may have been killed: make it again", source.name)
    for importer in IMPORTERS:
        if importer.sniff(head):
            break
    else:
        raise NoTraceError(
            "is neither a Kineto trace (JSON) nor a printed key_averages() table. Name a file that torch.profiler "
            "exported",
            source.name,
        )
    try:
        profile = importer.read(source, progress)
    except TraceFormatError as error:
        if not flaws.cut_short:
            raise
        raise TraceFormatError(f"{flaws.doubts[0]}; what is there {error.message}", error.path) from None
    except MemoryError:
        raise TraceFormatError(
            "needs more memory than there is. Capture fewer iterations, or read it elsewhere", source.name
        ) from None
    source.finish()
    checksums = {"wrong_checksums": flaws.wrong_checksums} if flaws.wrong_checksums else {}
    report = structs.replace(
        profile.read,
        bytes=source.consumed if source.size is None else profile.read.bytes,
        truncated=profile.read.truncated or flaws.cut_short,
        repairs={**profile.read.repairs, **checksums},
    )
    doubts = [f"the file {doubt}" for doubt in flaws.doubts]
    return structs.replace(profile, read=report, warnings=(*profile.warnings, *doubts))
