"""How a row's time scatters over iterations and captures, which a mean does not say."""

from __future__ import annotations

import msgspec


class Sample(msgspec.Struct, frozen=True):
    """One side's times of a row.

    Attributes:
        captures_ns: the time in each iteration, capture by capture.
        lowest_ns, highest_ns: the ends.
        quartiles_ns: what a quarter, half and three quarters of the times do not exceed, interpolated linearly between
            the two nearest ("type 7" of Hyndman and Fan, 1996), so that the second is the median.
        counts: times in each of the distribution's bins.
    """

    captures_ns: tuple[tuple[int, ...], ...]
    lowest_ns: int
    quartiles_ns: tuple[int, int, int]
    highest_ns: int
    counts: tuple[int, ...]

    @property
    def iterations(self) -> int:
        return sum(map(len, self.captures_ns))


class Distribution(msgspec.Struct, frozen=True):
    """Both sides' times of a row on one scale.

    Attributes:
        base, candidate: None for a side without the row.
        edges_ns: of the bins, ascending, from the lowest to the highest time of both sides; shape (bins + 1,).
        is_logarithmic: the bins are equally wide by ratio, because a few times are many times as long as others.
    """

    base: Sample | None
    candidate: Sample | None
    edges_ns: tuple[int, ...]
    is_logarithmic: bool
