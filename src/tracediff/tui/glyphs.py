"""The signs that timelines are drawn with, for terminals that know Unicode and for those that do not."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One cell each, except for `shades`.

    Attributes:
        left, right: the edges of a box.
        hatch: fills a call that the other side has no match for.
        shades: a cell that several calls share, from few to full.
        rule: the line along an iteration.
        end: where it ends.
        cursor: the selected call, where it is shorter than a cell.
        ellipsis: names end so where they do not fit.
    """

    left: str
    right: str
    hatch: str
    shades: str
    rule: str
    end: str
    cursor: str
    ellipsis: str

    def shade(self, covered: float) -> str:
        """The sign of a cell of which calls fill this part."""
        return self.shades[min(len(self.shades) - 1, int(covered * len(self.shades)))]


UNICODE = Glyphs("▏", "▕", "╱", "░▒▓", "─", "┤", "┃", "…")  # noqa: RUF001 - the slash is a line as long as the cell
ASCII = Glyphs("|", "|", "/", ".:#", "-", "|", "!", "~")
