"""A column of a table: how its cells are written, what sorts by them, and what programs get instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from rich.text import Text

from tracediff.tui.tabular import Cell

Item = TypeVar("Item")
Look = TypeVar("Look")
"""What cells are written with: `Figures` for what is in a Diff."""

SortKey: TypeAlias = int | float | str | tuple[int | float | str, ...]


@dataclass(frozen=True, slots=True)
class Column(Generic[Item, Look]):
    """A column.

    Attributes:
        key: what sorting and tests name it by.
        title: its heading.
        cell: an item's text in so many cells.
        sort: what to sort by; None: it sorts by nothing.
        width: in cells; the least where it is elastic.
        rank: columns with a low rank are shown first where not all fit; those of one rank above 0 together, or not.
        right: aligned right.
        elastic: takes what is left over.
        ascending: the order that one wants first.
        centred: its heading is.
        copied: whether it says something as text; a bar does not.
        raw: what stands for it where programs read on, by title: numbers; None: its text, under its key.
    """

    key: str
    title: str
    cell: Callable[[Item, Look, int], Text | str]
    sort: Callable[[Item], SortKey] | None
    width: int
    rank: int = 0
    right: bool = True
    elastic: bool = False
    ascending: bool = False
    centred: bool = False
    copied: bool = True
    raw: Mapping[str, Callable[[Item, Look], Cell]] | None = None
