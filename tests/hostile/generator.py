"""Makes a file of each hazard from real traces, each with what must be read from it.

`python -m hostile.generator DIR` (from `tests/`) writes them, to be looked at or to begin fuzzing with.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from hostile import damaged_ends, damaged_strings, damaged_values, intervals, layouts, no_traces, pairs
from hostile.real_trace import RealTrace, real_traces
from hostile.registry import DAMAGED, PAIRS, UNREADABLE

__all__ = ["DAMAGED", "PAIRS", "UNREADABLE", "numbers", "write_damaged"]

_MODULES = (damaged_strings, damaged_values, damaged_ends, layouts, intervals, pairs, no_traces)
"""Importing one registers its hazards."""


def numbers() -> set[int]:
    """The hazards that there are files of."""
    return {int(name.split()[0]) for name in (*DAMAGED, *PAIRS, *UNREADABLE)}


def write_damaged(trace: RealTrace, label: str, folder: Path, most_bytes: int | None = None) -> None:
    """Writes the files that are read, made from one trace, as far as they are not longer than `most_bytes`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in DAMAGED.items():
        made = make(trace)
        if most_bytes is not None and len(made.content) > most_bytes:
            continue
        (folder / f"{label}-{re.sub(r'[^0-9A-Za-z]+', '-', name)}{made.suffix}").write_bytes(made.content)


if __name__ == "__main__":
    for label, trace in real_traces().items():
        write_damaged(trace, label, Path(sys.argv[1]))
