"""Theme tokens as Rich styles, for the cells that are drawn with Rich."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.style import Style
from textual.color import Color


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
    """

    more: Style = field(default_factory=Style)
    less: Style = field(default_factory=Style)
    muted: Style = field(default_factory=Style)
    strong: Style = field(default_factory=lambda: Style(bold=True))
    warning: Style = field(default_factory=Style)
    link: Style = field(default_factory=lambda: Style(underline=True))

    @classmethod
    def of(cls, tokens: Mapping[str, str]) -> Palette:
        """The palette of a theme, from `App.theme_variables`."""

        def style(token: str) -> Style:
            return Style(color=Color.parse(tokens[token]).rich_color)

        return cls(
            more=style("text-error"),
            less=style("text-success"),
            muted=Style(dim=True),
            warning=style("text-warning"),
            link=style("text-accent") + Style(underline=True),
        )

    def sign(self, number: int) -> Style:
        """The style of a difference."""
        return self.more if number > 0 else self.less if number < 0 else self.muted
