"""A window that moves over the bytes of a file of any size."""

from __future__ import annotations

from collections.abc import Iterable

from tracediff.errors import TraceFormatError

MOST_BYTES = 256 * 1024 * 1024
"""No name, value or event of a trace is as long as this; what is must not fill the memory."""

_STEP = 256 * 1024


class Window:
    """The bytes that are looked at.

    Args:
        blocks: the file's bytes.
        path: for error messages.

    Attributes:
        text: the bytes of the file from `position` on that have been read.
        position: how many bytes were taken.
    """

    def __init__(self, blocks: Iterable[bytes], path: str) -> None:
        self._blocks = iter(blocks)
        self._path = path
        self.text = b""
        self.position = 0

    def take(self, size: int) -> bytes:
        """Moves on by `size` bytes and returns them."""
        taken, self.text = self.text[:size], self.text[size:]
        self.position += size
        return taken

    def fill(self, size: int) -> None:
        """Reads until the window holds `size` bytes, or all that are left."""
        parts, length = [self.text], len(self.text)
        while length < size and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            length += len(block)
        if len(parts) > 1:
            self.text = b"".join(parts)

    def grow(self) -> bool:
        """Doubles the window, so that a value of any size is scanned a bounded number of times.

        Returns:
            Whether there was anything left to read.

        Raises:
            TraceFormatError: what is looked for is longer than anything in a trace.
        """
        before = len(self.text)
        if before > MOST_BYTES:
            raise TraceFormatError(
                f"holds something of more than {MOST_BYTES >> 20} MB that does not end (after byte {self.position}). "
                "It is not a trace",
                self._path,
            )
        self.fill(max(2 * before, _STEP))
        return len(self.text) > before
