"""Theme tokens as Rich styles, for the cells that are drawn with Rich, and as colours that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.style import Style
from textual.color import Color, ColorParseError

CONTRAST = 4.5
"""What text needs at least to be read (WCAG 2.2, 1.4.3)."""

_TEXTS = ("text-error", "text-success", "text-warning")
_CURSORS = ("block-cursor", "block-cursor-blurred")
_TERMINALS_CURSOR = {
    "block-cursor-background": "ansi_default",
    "block-cursor-foreground": "ansi_default",
    "block-cursor-text-style": "bold reverse",
    "block-cursor-blurred-text-style": "underline",
}

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
            muted=_muted(tokens),
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


def readable(tokens: Mapping[str, str]) -> dict[str, str]:
    """The tokens of a theme with differences, warnings and cursor as clear as text has to be.

    Three light themes of Textual write warnings at a contrast of 3.3, and Gruvbox its cursor at 2.4.
    """
    if _is_terminals(tokens):
        # Nobody here knows the terminal's colours, and there may be none: then the cursor is to be seen all the same.
        return {**tokens, **_TERMINALS_CURSOR}
    background = Color.parse(tokens["background"])
    clear = {token: _clearer(Color.parse(tokens[token]), background).hex for token in _TEXTS}
    for token in _CURSORS:
        beneath = Color.parse(tokens[f"{token}-background"])
        cursor = background.blend(beneath, beneath.a, 1.0)
        text = _color_on(cursor, tokens[f"{token}-foreground"])
        clear[f"{token}-foreground"] = _clearer(cursor.blend(text, text.a, 1.0), cursor).hex
    return {**tokens, **clear}


def contrast(one: Color, other: Color) -> float:
    """Ratio of the relative luminances of two opaque colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _muted(tokens: Mapping[str, str]) -> Style:
    if _is_terminals(tokens):
        return Style(dim=True)
    background, text = (Color.parse(tokens[token]) for token in ("background", "foreground"))
    return Style(color=_clearer(background.blend(text, 0.66), background).rich_color)


def _is_terminals(tokens: Mapping[str, str]) -> bool:
    """Whether the colours are the terminal's own, which nobody here knows."""
    return tokens["background"].startswith("ansi")


def _color_on(background: Color, token: str) -> Color:
    try:
        return Color.parse(token)
    except ColorParseError:
        # `auto 87%`: black or white, whichever is clearer.
        return background.get_contrast_text(0.87)


def _clearer(color: Color, background: Color) -> Color:
    """The colour, as far towards black or white as it takes to be read."""
    end = max((Color(0, 0, 0), Color(255, 255, 255)), key=lambda extreme: contrast(extreme, background))
    steps = (color.blend(end, step / 20) for step in range(21))
    return next((step for step in steps if contrast(step, background) >= CONTRAST), end)


def _luminance(color: Color) -> float:
    linear = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
