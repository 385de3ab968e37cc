"""Theme tokens as Rich styles, for the cells that are drawn with Rich."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.style import Style
from textual.color import Color

_HUES = (210, 30, 130, 280, 55, 180, 330, 90, 240, 10, 155, 300)
"""In degrees; neighbours in the list are far apart on the circle."""
_ANSI_FILLS = ("blue", "green", "magenta", "cyan", "yellow", "red")


@dataclass(frozen=True, slots=True)
class Palette:
    """The styles of figures; what they say is also said by a sign or a word.

    Attributes:
        more: the candidate takes more.
        less: the candidate takes less.
        muted: what is there to be complete.
        strong: headings.
        warning: what makes a number doubtful.
        link: what leads elsewhere.
        plain_fill: a box of a call without a family.
        fills: boxes of one family each, again from the first where they are too few.
        shades: the same for what is too short for a box.
    """

    more: Style = field(default_factory=Style)
    less: Style = field(default_factory=Style)
    muted: Style = field(default_factory=Style)
    strong: Style = field(default_factory=lambda: Style(bold=True))
    warning: Style = field(default_factory=Style)
    link: Style = field(default_factory=lambda: Style(underline=True))
    plain_fill: Style = field(default_factory=Style)
    fills: tuple[Style, ...] = (Style(),)
    shades: tuple[Style, ...] = (Style(),)

    @classmethod
    def of(cls, tokens: Mapping[str, str]) -> Palette:
        """The palette of a theme, from `App.theme_variables`."""

        def style(token: str) -> Style:
            return Style(color=Color.parse(tokens[token]).rich_color)

        fills, shades = _of_families(Color.parse(tokens["background"]))
        return cls(
            more=style("text-error"),
            less=style("text-success"),
            muted=Style(dim=True),
            warning=style("text-warning"),
            link=style("text-accent") + Style(underline=True),
            plain_fill=_filled(Color.parse(tokens["panel"])),
            fills=fills,
            shades=shades,
        )

    def fill(self, number: int) -> Style:
        """The style of a box by the number of its family; -1 has none."""
        return self.fills[number % len(self.fills)] if number >= 0 else self.plain_fill

    def shade(self, number: int) -> Style:
        """The style of what is too short for a box."""
        return self.shades[number % len(self.shades)] if number >= 0 else self.muted

    def sign(self, number: int) -> Style:
        """The style of a difference."""
        return self.more if number > 0 else self.less if number < 0 else self.muted


def _of_families(background: Color) -> tuple[tuple[Style, ...], tuple[Style, ...]]:
    """(fills, shades)."""
    if background.ansi is not None:
        return (
            tuple(Style(color="black", bgcolor=name) for name in _ANSI_FILLS),
            tuple(Style(color=name) for name in _ANSI_FILLS),
        )
    saturation, lightness = (0.5, 0.33) if background.brightness < 0.5 else (0.6, 0.75)
    hues = [hue / 360 for hue in _HUES]
    return (
        tuple(_filled(Color.from_hsl(hue, saturation, lightness)) for hue in hues),
        # Sparse signs need more contrast with the background than areas do.
        tuple(Style(color=Color.from_hsl(hue, 0.6, 0.5).rich_color) for hue in hues),
    )


def _filled(color: Color) -> Style:
    if color.ansi is not None:
        return Style(reverse=True)
    return Style(color=color.get_contrast_text(1.0).rich_color, bgcolor=color.rich_color)
