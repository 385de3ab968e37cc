"""A limit on how much slower the candidate may be, and what became of it."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, TypeAlias

import msgspec

Ruling: TypeAlias = Literal["held", "exceeded", "inconclusive"]


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
        base_ns, candidate_ns: what was compared.
        interval: of their ratio, where repeated captures give one.
        certain: whether repeated captures back the ruling; None with one capture on a side, unless it is
            within the measured noise.
    """

    condition: Condition
    ruling: Ruling
    base_ns: int
    candidate_ns: int
    interval: tuple[float, float] | None
    certain: bool | None
