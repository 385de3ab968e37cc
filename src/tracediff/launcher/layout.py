"""Where captures lie: a folder per label, and beside it a link to the capture that stands for the label."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from tracediff.importers import load
from tracediff.model.trace import Trace

PATTERN = "*.pt.trace.json"


def captures_of(folder: Path) -> list[Path]:
    """The captures of a label, oldest first."""
    return sorted(folder.glob(PATTERN))


def link_median(folder: Path) -> Path | None:
    """Links `LABEL.json` to the capture of `LABEL/` whose latency is the median; None if there is no capture.

    Of an even number the faster of the two in the middle.
    """
    captures = captures_of(folder)
    if not captures:
        return None
    by_latency = sorted(captures, key=lambda path: (latency_ns(path), path.name))
    median = by_latency[(len(by_latency) - 1) // 2]
    link = folder.with_name(f"{folder.name}.json")
    beside = folder.with_name(f".{folder.name}.{uuid4().hex}")
    beside.symlink_to(median.relative_to(folder.parent))
    beside.replace(link)
    return link


def latency_ns(path: Path) -> int:
    """Median latency of a capture, measured without the profiler; 0 where it records none."""
    profile = load(path)
    latencies: Sequence[int] = profile.run.latency_ns if isinstance(profile, Trace) else ()
    return round(statistics.median(latencies)) if latencies else 0
