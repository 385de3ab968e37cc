"""ASCII in place of lines, blocks and arrows, where lines leave the app: whatever draws them need not know."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_SIGNS = {
    # Bars and histograms: the fuller, the darker.
    **dict.fromkeys("█▉▊▇", "#"),
    **dict.fromkeys("▋▌▐▆▅▄", "="),
    **dict.fromkeys("▍▎▃▂", "-"),
    **dict.fromkeys("▁", "_"),
    **dict.fromkeys("▔▀", "-"),
    **dict.fromkeys("▏▕", "|"),
    **dict.fromkeys("░▒▓", ":"),
    # Folds as trees have them where there is no triangle.
    "▸": "+",
    "▶": "+",
    "▾": "-",
    "▲": "^",
    "▼": "v",
    "↑": "^",
    "↓": "v",
    "←": "<",
    "→": ">",
    "⏎": "<",
    "⌫": "<",
    "…": "~",
    "≠": "!",
    "•": "*",
    "●": "*",
    "○": "o",
    "·": ".",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "⚠": "!",
    "\N{NO-BREAK SPACE}": " ",
}


def is_utf8(environment: Mapping[str, str]) -> bool:
    """Whether the user's locale can show more than ASCII.

    Args:
        environment: of the process. Not what Python makes of it: in the locale C it takes the terminal for UTF-8, and
            says so in LC_CTYPE (PEP 538).
    """
    language = environment.get("LANG", "")
    kind = environment.get("LC_CTYPE", "")
    if kind == "C.UTF-8" and language in ("", "C", "POSIX"):
        kind = ""
    name = environment.get("LC_ALL") or kind or language
    return "utf" in name.lower()


class AsciiOnly(LineFilter):
    """Replaces what is not ASCII, cell by cell."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment("".join(map(_sign, segment.text)), segment.style)
            for segment in segments
        ]


@cache
def _sign(character: str) -> str:
    """What takes its place, as wide as it was."""
    if character.isascii():
        return character
    if character in _SIGNS:
        return _SIGNS[character]
    name = unicodedata.name(character, "")
    if name.startswith("BRAILLE PATTERN"):
        return " " if name.endswith("BLANK") else ":"
    if name.startswith("BOX DRAWINGS"):
        words = name.split()
        if "HORIZONTAL" in words or "LEFT" in words or "RIGHT" in words:
            crossing = {"VERTICAL", "UP", "DOWN"} & set(words)
            return "+" if crossing else "-"
        return "|"
    plain = unicodedata.normalize("NFKD", character)[0]
    return plain if plain.isascii() else "?" * get_character_cell_size(character)
