"""What the loading thread and the widgets tell the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from tracediff.model.diff import Diff, Row
    from tracediff.model.listing import Listing


class ReadProgress(Message):
    """How far reading has come.

    Attributes:
        done, total: bytes of the files of both sides; files, where captures are looked for.
    """

    def __init__(self, done: int, total: int) -> None:
        super().__init__()
        self.done = done
        self.total = total

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, ReadProgress)


class DiffReady(Message):
    """Both inputs are read and compared."""

    def __init__(self, diff: Diff) -> None:
        super().__init__()
        self.diff = diff


class ListingReady(Message):
    """The captures below a folder are found."""

    def __init__(self, listing: Listing) -> None:
        super().__init__()
        self.listing = listing


class LoadFailed(Message):
    """There will be no Diff, or no listing."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class RowOpened(Message):
    """The user wants to see a row in detail."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row


class PairChosen(Message):
    """The user wants to see two of the captures compared.

    Attributes:
        base, candidate: files or folders.
    """

    def __init__(self, base: str, candidate: str) -> None:
        super().__init__()
        self.base = base
        self.candidate = candidate


class ComparisonLeft(Message):
    """The user wants to go back to where the comparison was chosen."""
