"""What the generator knows about each file that it makes: the harm done, and what must come out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from hostile.real_trace import RealTrace


@dataclass(frozen=True)
class Damaged:
    """A file that is read.

    Attributes:
        content: its bytes.
        like: a trace without damage that gives the same operator table.
        repairs: what is mended, as the damage report names it.
        dropped_at: where the entries that are lost begin.
        truncated: whether the file ends too early.
        suffix: what the file's name ends with.
        events_read: entries that are read; those of `like` where not said.
        same_events: whether each event comes out as in `like`, and not the operator table only.
        warns: a regular expression that one warning of the summary matches.
        iterations: how many are found, where that is what the hazard is about.
    """

    content: bytes
    like: RealTrace
    repairs: Mapping[str, int] = field(default_factory=dict)
    dropped_at: tuple[int, ...] = ()
    truncated: bool = False
    suffix: str = ".json"
    events_read: int | None = None
    same_events: bool = True
    warns: str | None = None
    iterations: int | None = None

    @property
    def events_dropped(self) -> int:
        """Where a call begins whose end is missing is not known."""
        return len(self.dropped_at) + self.repairs.get("unfinished_calls", 0)

    @property
    def is_harmed(self) -> bool:
        return bool(self.repairs or self.dropped_at or self.truncated)


@dataclass(frozen=True)
class Pair:
    """Two files that are compared.

    Attributes:
        base, candidate: their bytes.
        verdict: whether they did the same work.
        delta_ns: the difference of an iteration; None where that is not what the hazard is about.
        warns: a regular expression that one warning matches.
    """

    base: bytes
    candidate: bytes
    verdict: str = "same workload"
    delta_ns: int | None = 0
    warns: str | None = None


Maker: TypeAlias = Callable[[RealTrace], Damaged]
PairMaker: TypeAlias = Callable[[RealTrace], Pair]
FileMaker: TypeAlias = Callable[[Path, RealTrace], object]

DAMAGED: dict[str, Maker] = {}
PAIRS: dict[str, PairMaker] = {}
UNREADABLE: dict[str, tuple[FileMaker, str]] = {}


def damaged(number: int, name: str) -> Callable[[Maker], Maker]:
    """Registers a way to harm a trace under the hazard's number."""
    return lambda make: DAMAGED.setdefault(f"{number} {name}", make)


def pair(number: int, name: str) -> Callable[[PairMaker], PairMaker]:
    """Registers two traces to compare."""
    return lambda make: PAIRS.setdefault(f"{number} {name}", make)


def unreadable(number: int, name: str, message: str) -> Callable[[FileMaker], FileMaker]:
    """Registers a file from which no event can be had, and what must be said of it."""

    def register(make: FileMaker) -> FileMaker:
        UNREADABLE[f"{number} {name}"] = (make, message)
        return make

    return register
