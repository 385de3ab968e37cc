"""What every importer is: something that knows its own files and turns one into a profile."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from tracediff.importers.source import Progress
from tracediff.model.trace import InputShapes, Profile

SNIFF_BYTES = 64 * 1024
"""How much of a file's beginning an importer may look at to recognise it."""


class Importer(Protocol):
    """One kind of input. To add one: a module with such an object, and its line in `IMPORTERS`."""

    name: str

    def sniff(self, head: bytes) -> bool:
        """Whether a file that begins with `head` (decompressed, at most SNIFF_BYTES) is of this kind."""
        ...

    def read(self, path: Path, progress: Progress | None = None) -> Profile:
        """Reads the file.

        Raises:
            TraceFormatError: the file is of this kind and cannot be read.
        """
        ...


_MADE_BY_PROFILER = re.compile(r"\.\d{6,}\.pt\.trace\.json(\.gz)?$")
_SUFFIXES = re.compile(r"(\.\d{6,})?(\.pt)?(\.trace)?\.(json|txt)(\.gz)?$|\.gz$")


def label_of(path: Path, recorded: str | None = None) -> str:
    """A short name for tables: `acl` for `acl.json`, `gtsrb-acl.tb` for `gtsrb-acl.tb.pt.trace.json.gz`.

    Args:
        path: the file; what a user called it counts.
        recorded: what the capture was called; counts where the name is one that the profiler made.
    """
    name = text_of(Path(path.name))
    if recorded and _MADE_BY_PROFILER.search(name):
        return recorded
    return _SUFFIXES.sub("", name) or name


def parse_shapes(text: bytes | str) -> InputShapes | None:
    """`[[1, 3], []]` as tuples, which can be compared and hashed; None where the text is nothing of the kind."""
    try:
        return _frozen(msgspec.json.decode(text, type=list[Any]))
    except (msgspec.DecodeError, TypeError, ValueError, RecursionError):
        return None


def parse_words(text: bytes) -> tuple[str, ...]:
    """`["", "[1, 1]"]` as a tuple; empty where the text is nothing of the kind."""
    try:
        return msgspec.json.decode(text, type=tuple[str, ...])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ()


def _frozen(values: Sequence[Any]) -> InputShapes:
    return tuple(int(value) if isinstance(value, int | float | str) else _frozen(value) for value in values)


def text_of(path: Path) -> str:
    """The path as text that can be written anywhere, also where its bytes are no UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")
