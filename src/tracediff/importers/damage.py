"""Keeps count of what was wrong with a file while it is read, so that nothing is mended or dropped in silence."""

from __future__ import annotations

from bisect import insort
from collections import Counter
from collections.abc import Mapping

from tracediff.model.trace import ReadReport

MOST_POSITIONS = 10
"""Of so many dropped entries a report says where they were."""


class Damage:
    """What has been met so far.

    Attributes:
        repairs: how often each kind of repair was made.
        dropped: entries of the event list that could not be read.
        dropped_at: where the first of them begin, in bytes of the decompressed file.
        truncated: whether the file ends before its event list does, or before the object around that.
        is_open: whether the list lacks an end that the format allows it to lack.
    """

    def __init__(self) -> None:
        self.repairs: Counter[str] = Counter()
        self.dropped = 0
        self.dropped_at: list[int] = []
        self.truncated = False
        self.is_open = False

    def mended(self, kind: str, count: int = 1) -> None:
        """Counts repairs of a kind; none is no repair."""
        if count:
            self.repairs[kind] += count

    def mended_all(self, repairs: Mapping[str, int]) -> None:
        """Counts the repairs of one piece of text."""
        for kind, count in repairs.items():
            self.mended(kind, count)

    def drop(self, position: int) -> None:
        """Counts an entry that is lost."""
        self.dropped += 1
        insort(self.dropped_at, position)
        del self.dropped_at[MOST_POSITIONS:]

    def lose(self, kind: str, count: int) -> None:
        """Counts entries that are lost for a reason that is known, and nobody knows where."""
        self.mended(kind, count)
        self.dropped += count

    def report(self, size: int, events_read: int) -> ReadReport:
        """What becomes of it: the trace's own account of how it was read.

        Args:
            size: bytes of the file.
            events_read: entries of the event list that were read.
        """
        return ReadReport(
            bytes=size,
            events_read=events_read,
            events_dropped=self.dropped,
            dropped_at=tuple(self.dropped_at),
            repairs=dict(self.repairs),
            truncated=self.truncated,
        )
