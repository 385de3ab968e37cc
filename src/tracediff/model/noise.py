"""What repeated captures of the same code differ by: the noise of a machine, and the file that keeps it."""

from __future__ import annotations

from typing import Literal

import msgspec

ITERATION = "total"
"""The entry of the whole iteration, beside those of the families."""


class FamilyNoise(msgspec.Struct, frozen=True):
    """The noise of a family, or of the whole iteration; all parts are of its time.

    Attributes:
        family: its name; `total` is the iteration.
        time_ns: per iteration, the median process.
        between: spread of the processes' medians: the standard deviation of their logarithms.
        within: spread of the iterations within a process, the median process.
        floor: two captures of the same code differ by less, 19 times out of 20.
        detectable: the smallest difference that as many captures a side as these show 4 times out of 5.
    """

    family: str
    time_ns: int
    between: float
    within: float
    floor: float
    detectable: float


class LabelNoise(msgspec.Struct, frozen=True):
    """The noise of one set of repeated captures.

    Attributes:
        families: the iteration first, then most time first.
        warnings: what one must know about the captures.
    """

    label: str
    path: str
    captures: int
    iterations: int
    families: tuple[FamilyNoise, ...]
    warnings: tuple[str, ...]


class Noise(msgspec.Struct, frozen=True):
    """`tracediff noise`: this record is the JSON document as well."""

    labels: tuple[LabelNoise, ...]
    schema_version: Literal[1] = 1
