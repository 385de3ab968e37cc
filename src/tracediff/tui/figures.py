"""How the numbers of a Diff become cells: as times or as shares of the iteration, with a sign, a style and a bar."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.text import Text

from tracediff import units
from tracediff.model.diff import Diff
from tracediff.tui.palette import Palette

MISSING = "-"
_FULL, _RIGHT_HALF, _LEFT_HALF = "█", "▐", "▌"


@dataclass(frozen=True, slots=True)
class Figures:
    """Writes the numbers of one Diff.

    Attributes:
        diff: where they come from.
        as_share: times as shares of each side's iteration, differences as shares of the base's.
        palette: the styles.
    """

    diff: Diff
    as_share: bool = False
    palette: Palette = field(default_factory=Palette)

    def base(self, ns: int | None) -> str:
        """A time of the base."""
        return self._time(ns, self.diff.total.base_ns)

    def candidate(self, ns: int | None) -> str:
        """A time of the candidate."""
        return self._time(ns, self.diff.total.candidate_ns)

    def _time(self, ns: int | None, whole: int) -> str:
        if ns is None:
            return MISSING
        if not self.as_share:
            return units.duration(ns)
        return units.percent(ns / whole) if whole else MISSING

    def difference(self, ns: int) -> Text:
        """A difference, with its sign."""
        text = units.difference(ns)
        if self.as_share:
            whole = self.diff.total.base_ns
            text = units.signed_percent(ns / whole) if whole else MISSING
        return Text(text, self.palette.sign(ns))

    def bar(self, ns: int, largest_ns: int, width: int) -> Text:
        """A bar that goes left of a centre line for less, right of it for more.

        Args:
            ns: the difference.
            largest_ns: the one that fills its half.
            width: in cells, the centre line included.
        """
        room = (width - 1) // 2
        halves = round(2 * room * min(1.0, abs(ns) / largest_ns)) if largest_ns else 0
        full, half = divmod(halves, 2)
        if ns < 0:
            left, right = ((_RIGHT_HALF * half) + _FULL * full).rjust(room), " " * room
        else:
            left, right = " " * room, (_FULL * full + _LEFT_HALF * half).ljust(room)
        style = self.palette.sign(ns)
        return Text.assemble((left, style), ("│", self.palette.muted), (right, style))
