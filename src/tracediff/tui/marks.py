"""Which captures are marked as base and candidate."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Marks:
    """The paths of the two; None where nothing is marked."""

    base: str | None = None
    candidate: str | None = None

    @property
    def letters(self) -> dict[str, str]:
        """What stands beside a marked path."""
        marked = ((self.base, "B"), (self.candidate, "C"))
        return {path: letter for path, letter in marked if path is not None}

    def toggled(self, path: str) -> Marks:
        """With the path marked as what is missing, else as another candidate; without its mark where it has one."""
        if path == self.base:
            return replace(self, base=None)
        if path == self.candidate:
            return replace(self, candidate=None)
        return replace(self, base=path) if self.base is None else replace(self, candidate=path)

    def swapped(self) -> Marks:
        """The other way round."""
        return Marks(self.candidate, self.base)

    def without(self, gone: Container[str]) -> Marks:
        """Without the marks of some paths."""
        kept = (path if path and path not in gone else None for path in (self.base, self.candidate))
        return Marks(*kept)

    def pair(self, under_cursor: str | None) -> tuple[str, str] | None:
        """What to compare: the marked ones, or the one and what is under the cursor; None where that is not two."""
        if self.base is None and self.candidate is None:
            return None
        base, candidate = self.base or under_cursor, self.candidate or under_cursor
        return (base, candidate) if base and candidate and base != candidate else None
