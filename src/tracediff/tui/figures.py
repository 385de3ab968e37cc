"""How the numbers of a Diff become cells: as times or as shares of the iteration, with a sign, a style and a bar."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.style import Style
from rich.text import Text

from tracediff import units
from tracediff.model.diff import Diff
from tracediff.tui.palette import Palette

MISSING = "-"
_FULL, _RIGHT_HALF, _LEFT_HALF = "█", "▐", "▌"
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_THIN = "│"


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

    def span(self, start: float, width: float, cells: int, style: Style) -> Text:
        """A bar that floats between its ends, to an eighth of a cell; never too short to be seen.

        Args:
            start: where it begins, percent of the cells.
            width: how far it goes, percent of them.
            cells: how many there are.
            style: of the bar.
        """
        eighths = 8 * cells
        first = min(round(start * eighths / 100), eighths - 1)
        last = min(max(round((start + width) * eighths / 100), first + 1), eighths)
        left, right = divmod(first, 8), divmod(last, 8)
        text = Text(" " * left[0])
        if left[1] and left[0] == right[0]:
            text.append(_THIN, style)
        else:
            if left[1]:
                # There are no blocks that fill a cell from an eighth to its right edge: all but one from the left is.
                text.append(_EIGHTHS[left[1]], style + Style(reverse=True))
            text.append(_FULL * (right[0] - left[0] - bool(left[1])), style)
            text.append(_EIGHTHS[right[1]] if right[1] else "", style)
        text.pad_right(cells - len(text))
        return text

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
