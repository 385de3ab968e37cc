"""What repeated captures of the same code differ by: the noise of a machine, and the file that keeps it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

ITERATION = "total"
"""The entry of the whole iteration, beside those of the families."""

LATENCY = "latency"
"""The entry of the iteration without the profiler, where the captures measured it."""

MOST = 10.0
"""Of a spread of logarithms: beyond, a time is any."""


class FamilyNoise(msgspec.Struct, frozen=True):
    """The noise of a family, or of the whole iteration; all parts are of its time.

    Attributes:
        family: its name; `total` is the iteration, `latency` the same without the profiler.
        time_ns: per iteration, the median process.
        between: spread of the processes' medians: the standard deviation of their logarithms.
        within: spread of the iterations within a process, the median process.
        floor: two captures of the same code differ by less, 19 times out of 20.
        detectable: the smallest difference that as many captures a side as these show 4 times out of 5.
    """

    family: str
    time_ns: int
    between: Annotated[float, Meta(ge=0, le=MOST)]
    within: Annotated[float, Meta(ge=0, le=MOST)]
    floor: float
    detectable: float


class LabelNoise(msgspec.Struct, frozen=True):
    """The noise of one set of repeated captures.

    Attributes:
        families: the iteration first, then the latency, then most time first.
        warnings: what one must know about the captures.
        workload, torch_version, threads, cpu: of what and on what it was measured; None where not recorded, or not the
            same in all captures.
    """

    label: str
    path: str
    captures: Annotated[int, Meta(ge=2)]
    iterations: int
    families: tuple[FamilyNoise, ...]
    warnings: tuple[str, ...]
    workload: str | None = None
    torch_version: str | None = None
    threads: int | None = None
    cpu: str | None = None


class Noise(msgspec.Struct, frozen=True):
    """`tracediff noise`: this record is the JSON document as well."""

    labels: tuple[LabelNoise, ...]
    schema_version: Literal[1] = 1
