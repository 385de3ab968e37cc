"""A limit on how much slower the candidate may be, and what became of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, TypeAlias

import msgspec

Ruling: TypeAlias = Literal["held", "exceeded", "inconclusive"]
Sureness: TypeAlias = Literal["certainly slower", "certainly faster", "not certain"]


class Condition(msgspec.Struct, frozen=True):
    """A limit on how much slower the candidate may be.

    Attributes:
        text: as the user wrote it.
        subject: `total`, `latency` or a family's name.
        is_family: tells a family from those two.
        part: of the base's own time; None where the limit is a time.
        limit_ns: a time; None where the limit is a part.
    """

    text: str
    subject: str
    is_family: bool
    part: Fraction | None
    limit_ns: Fraction | None


class Outcome(msgspec.Struct, frozen=True):
    """What became of a condition.

    Attributes:
        base_ns, candidate_ns: means of all iterations; for the latency, of processes.
        estimate: the ratio that was tested, where repeated captures give one.
        interval: of the estimate.
        sure: what repeated captures say; None with one capture on a side, unless it is within the measured noise.
        is_disputed: the times exceed the limit and the estimate does not, or the other way round.
    """

    condition: Condition
    ruling: Ruling
    base_ns: int
    candidate_ns: int
    estimate: float | None
    interval: tuple[float, float] | None
    sure: Sureness | None
    is_disputed: bool = False
