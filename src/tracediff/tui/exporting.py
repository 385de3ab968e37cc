"""What can be written into files; the command line hands it in, for TUI and reports know nothing of each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from tracediff.tui.tabular import Table, Tabular

if TYPE_CHECKING:
    from tracediff.model.diff import Diff


class Exporter(msgspec.Struct, frozen=True):
    """One format.

    Attributes:
        label: for the menu.
        suffix: of the file, with its dot.
        of_diff: makes it of the whole comparison.
        of_table: makes it of the lines on show instead.
        raw: whether it wants times as numbers.
    """

    label: str
    suffix: str
    of_diff: Callable[[Diff], str] | None = None
    of_table: Callable[[Table], str] | None = None
    raw: bool = False


class Offer(msgspec.Struct, frozen=True):
    """A file that can be written now.

    Attributes:
        label: for the menu.
        suffix: of the file, with its dot.
        render: makes its text.
    """

    label: str
    suffix: str
    render: Callable[[], str]


def offers_of(diff: Diff, shown: Tabular | None, exporters: Sequence[Exporter]) -> list[Offer]:
    """What can be made of a comparison, and of the lines on show where there are any."""
    offers: list[Offer] = []
    for one in exporters:
        if one.of_diff:
            offers.append(Offer(one.label, one.suffix, partial(one.of_diff, diff)))
        elif one.of_table and shown:
            offers.append(Offer(one.label, one.suffix, partial(_rendered, one.of_table, shown, one.raw)))
    return offers


def _rendered(render: Callable[[Table], str], shown: Tabular, raw: bool) -> str:
    return render(shown.as_table(raw))


def file_stem(diff: Diff) -> str:
    """`openblas-vs-acl`: a name for a file about it."""
    labels = (diff.base.run.label, diff.candidate.run.label)
    return "-vs-".join(re.sub(r"[^\w.]+", "-", label).strip("-.") or "side" for label in labels)
