"""What every importer is: something that knows its own files and turns one into a profile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from tracediff.importers.source import STANDARD_INPUT, Progress, Source, text_of
from tracediff.model.trace import InputShapes, Profile


class Importer(Protocol):
    """One kind of input. To add one: a module with such an object, and its line in `IMPORTERS`."""

    name: str

    def sniff(self, head: bytes) -> bool:
        """Whether a file that begins with `head` (decompressed, at most SNIFF_BYTES) is of this kind."""
        ...

    def read(self, source: Source, progress: Progress | None = None) -> Profile:
        """Reads what is of this kind; `importers.read` adds what is wrong with its compression.

        Raises:
            TraceFormatError: it cannot be read.
        """
        ...


TRACE_SUFFIXES = (".json", ".json.gz", ".json.zst")
KINDS = f"({', '.join(TRACE_SUFFIXES)})"
ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.zst")

# What the profiler made up, and the numbers of the shell's pipes (`/dev/fd/63`).
_SAYS_NOTHING = re.compile(r"\.\d{6,}\.pt\.trace\.json(\.gz|\.zst)?$|^\d+$")
_MOST_NAMES = 10
_SUFFIXES = re.compile(r"(\.\d{6,})?(\.pt)?(\.trace)?\.(json|txt)(\.gz|\.zst)?$|\.gz$")
_MEMBER = re.compile(rf".*(?:{'|'.join(map(re.escape, ARCHIVE_SUFFIXES))})!(?=.)", re.DOTALL)
_QUERY = re.compile(r"(?<=://)([^?#]*).*", re.DOTALL)


def label_of(name: Path | str, recorded: str | None = None) -> str:
    """A short name for tables: `acl` for `acl.json`, `gtsrb-acl.tb` for `gtsrb-acl.tb.pt.trace.json.gz`.

    Args:
        name: the file; what a user called it counts.
        recorded: what the capture was called; counts where the name says nothing.
    """
    text = text_of(name)
    if text == STANDARD_INPUT:
        return recorded or "stdin"
    last = Path(_MEMBER.sub("", _QUERY.sub(r"\1", text))).name
    if recorded and says_nothing(last):
        return recorded
    suffix = next((suffix for suffix in ARCHIVE_SUFFIXES if last.endswith(suffix)), "")
    return _SUFFIXES.sub("", last.removesuffix(suffix)) or last


def says_nothing(name: str) -> bool:
    """Whether the profiler made up the file's name, so that it is its folder that has one."""
    return bool(_SAYS_NOTHING.search(name))


def is_trace_name(name: str) -> bool:
    """Whether a file of that name is a trace among others in its folder."""
    return name.endswith(TRACE_SUFFIXES) and not name.startswith(".")


def some(names: Iterable[str]) -> str:
    """Names in a sentence, as many as one can read."""
    known = list(names)
    return ", ".join([*known[:_MOST_NAMES], "..."] if len(known) > _MOST_NAMES else known)


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


def parse_value(text: bytes) -> Any:
    """Whatever JSON it is; None where it is none, or too deep."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def parse_text(text: bytes) -> str:
    """`"TOP(Net)::forward."` without its quotes; empty where the text is nothing of the kind."""
    try:
        return msgspec.json.decode(text, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _frozen(values: Sequence[Any]) -> InputShapes:
    return tuple(int(value) if isinstance(value, int | float | str) else _frozen(value) for value in values)
