"""A window that moves over the bytes of a file of any size, without copying them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tracediff.errors import TraceFormatError

MOST_VALUE_BYTES = 256 * 1024 * 1024
"""No name, value or event of a trace is as long as this; what is must not fill the memory."""

_CAPACITY = 1024 * 1024
_STEP = 256 * 1024


class Window:
    """The bytes that are looked at: `buffer[begin:end]`.

    One buffer is used again and again: fresh memory for every piece costs more than decoding it. At least one byte lies
    before `begin` and one after `end`, for brackets around a chunk.

    Args:
        blocks: the file's bytes.
        path: for error messages.

    Attributes:
        buffer: replaced where it is too small, never resized.
        begin, end: of the window in the buffer.
    """

    def __init__(self, blocks: Iterable[bytes], path: str) -> None:
        self._blocks = iter(blocks)
        self._path = path
        self._before = -1
        self.buffer = bytearray(_CAPACITY)
        self.begin = self.end = 1

    def __len__(self) -> int:
        return self.end - self.begin

    @property
    def position(self) -> int:
        """How many bytes of the file lie before the window."""
        return self._before + self.begin

    def starts_with(self, text: bytes) -> bool:
        """Whether the window does."""
        return self.buffer.startswith(text, self.begin, self.end)

    def match(self, pattern: re.Pattern[bytes], at: int = 0) -> int:
        """Length of what matches at the beginning of the window, or at `at` in it; 0 if nothing does."""
        found = pattern.match(self.buffer, self.begin + at, self.end)
        return found.end() - self.begin - at if found else 0

    def search(self, pattern: re.Pattern[bytes], at: int = 0) -> int | None:
        """Where in the window, from `at` on, the first match begins."""
        found = pattern.search(self.buffer, self.begin + at, self.end)
        return found.start() - self.begin if found else None

    def find_all(self, pattern: re.Pattern[bytes], at: int, size: int) -> Iterator[int]:
        """Where in the first `size` bytes of the window, from `at` on, matches begin."""
        for found in pattern.finditer(self.buffer, self.begin + at, min(self.end, self.begin + size)):
            yield found.start() - self.begin

    def view(self) -> memoryview:
        """The window itself, good until it moves."""
        return memoryview(self.buffer)[self.begin : self.end]

    def text(self, size: int | None = None) -> bytes:
        """A copy of the first `size` bytes, or of all."""
        return bytes(self.view()[:size])

    def skip(self, size: int) -> None:
        """Moves on by `size` bytes."""
        self.begin = min(self.end, self.begin + size)

    def take(self, size: int) -> bytes:
        """Moves on by `size` bytes and returns them."""
        taken = self.text(size)
        self.skip(size)
        return taken

    def fill(self, size: int) -> None:
        """Reads until the window holds `size` bytes, or all that are left."""
        while len(self) < size and (block := next(self._blocks, None)) is not None:
            if self.end + len(block) >= len(self.buffer):
                self._make_room(len(block))
            # Bytes that are assigned to a slice of a bytearray are copied twice.
            memoryview(self.buffer)[self.end : self.end + len(block)] = block
            self.end += len(block)

    def grow(self) -> bool:
        """Doubles the window, so that a value of any size is scanned a bounded number of times.

        Returns:
            Whether there was anything left to read.

        Raises:
            TraceFormatError: what is looked for is longer than anything in a trace.
        """
        before = len(self)
        if before > MOST_VALUE_BYTES:
            raise TraceFormatError(
                f"holds something of more than {MOST_VALUE_BYTES >> 20} MB that does not end "
                f"(after byte {self.position}). It is not a trace",
                self._path,
            )
        self.fill(max(2 * before, _STEP))
        return len(self) > before

    def _make_room(self, size: int) -> None:
        """Moves the window to the front, into a larger buffer where that is needed."""
        text = memoryview(self.buffer)[self.begin : self.end]
        needed = len(text) + size + 2
        target = self.buffer if needed <= len(self.buffer) else bytearray(2 * needed)
        target[1 : 1 + len(text)] = bytes(text)
        self._before += self.begin - 1
        self.buffer, self.begin, self.end = target, 1, 1 + len(text)
