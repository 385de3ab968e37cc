"""What the loading thread and the widgets tell the app."""

from __future__ import annotations

from textual.message import Message

from tracediff.model.diff import Diff, Row


class ReadProgress(Message):
    """How far reading has come.

    Attributes:
        done, total: bytes of the files of both sides.
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


class LoadFailed(Message):
    """There will be no Diff."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


class RowOpened(Message):
    """The user wants to see a row in detail."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row = row
