"""Breaks lines where a sentence has its joints, so that no number is parted from its unit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.text import Text

_JOINT = re.compile(r"(?<=,) | (?=\()")


def flow(parts: Sequence[Text], width: int, between: str = "  ") -> Text:
    """Parts, empty ones left out, in as few lines as hold each of them whole."""
    text, column = Text(), 0
    for part in filter(None, parts):
        goes_on = bool(column) and column + len(between) + part.cell_len <= width
        text.append(between if goes_on else "\n" if column else "").append_text(part)
        column = (column + len(between) if goes_on else 0) + part.cell_len
    return text


def clauses(sentence: str) -> list[str]:
    """What stands between its commas and brackets."""
    return _JOINT.split(sentence)
