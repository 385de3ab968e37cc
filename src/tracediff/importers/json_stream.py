"""Walks the top level of a JSON file of any size, around values that are not JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

import msgspec

from tracediff.importers.damage import Damage
from tracediff.importers.gaps import TOP_LEVEL
from tracediff.importers.window import Window

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+("?)|[{}\[\]]', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\]}]++")
_BETWEEN = re.compile(rb"[\s,\0]*+")
_KEY = re.compile(rb'"(?:[^"\\]++|\\.)*+"\s*+:\s*+', re.DOTALL)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BEGINNINGS = (b"{", b"[", b'"')
_OPENING = b"{["
_CLOSING = b"}]"
# What only a broken value reaches without an end; no sound one is searched for the next key.
_SUSPICIOUS_BYTES = 4 * 1024 * 1024
_LONGEST_KEY = 64
# An event, or the field that only events have: what else begins with a name may be a value beside them.
_OF_EVENT = re.compile(rb'\{\s{0,32}+"(?:ph|cat)"\s{0,8}+:|"ph"\s{0,8}+:\s{0,8}+"[A-Za-z]"')
# Each event has one.
_PHASE = re.compile(rb'"ph"\s{0,8}+:\s{0,8}+"[A-Za-z]"')
_LONGEST_PHASE = 64
_KEYS = rb'"(?:' + TOP_LEVEL + rb')"\s{0,16}+:'
_OBJECT = re.compile(rb"\{\s{0,32}+" + _KEYS)
_EVENT = re.compile(
    rb'\{\s{0,32}+"(?:ph|cat|name)"\s{0,8}+:\s{0,8}+"[^"\\]{0,300}+"\s{0,8}+,\s{0,32}+"(?:ph|cat|name|pid|tid|ts)"\s{0,8}+:'
)
_BEGINNING = re.compile(_OBJECT.pattern + b"|" + _KEYS + b"|" + _EVENT.pattern)
_LONGEST_BEGINNING = 512
_PADDING = b" \t\r\n\0"


class Beginning(Enum):
    """How a document begins: as an object, with a key of one whose beginning is lost, as a bare list, with an event."""

    OBJECT = "object"
    KEY = "key"
    LIST = "list"
    EVENT = "event"


# A line of a log may begin with a bracket too.
_OPENINGS = (
    (Beginning.OBJECT, re.compile(rb'\{(?=[\s\0]*+(?:"|\}|\Z))')),
    (Beginning.LIST, re.compile(rb"\[(?=[\s,\0]*+(?:\{|\]|\Z))")),
)


class JsonStream:
    """The top level of a file.

    Args:
        window: at the beginning of the file.
        damage: counts what was skipped.
        landmarks: keys to go on at where something is not JSON, each with the bytes that its value begins with.
    """

    def __init__(self, window: Window, damage: Damage, landmarks: dict[str, bytes] | None = None) -> None:
        self._window = window
        self._damage = damage
        self._is_closed = False
        self._landmarks = re.compile(
            b"|".join(
                rb'"%b"\s{0,16}+:\s{0,16}+(?=%b)' % (key.encode(), value) for key, value in (landmarks or {}).items()
            )
            or rb"\Z\A"
        )
        window.fill(len(_BYTE_ORDER_MARK) + 1)
        if window.starts_with(_BYTE_ORDER_MARK):
            window.skip(len(_BYTE_ORDER_MARK))

    def opens_with(self, character: bytes) -> bool:
        """Whether the next thing in the file is `character`, which is then taken."""
        self._skip_between()
        if not self._window.starts_with(character):
            return False
        self._window.skip(1)
        return True

    def is_at_end(self) -> bool:
        """Whether nothing follows."""
        return not self._skip_between()

    def beginning(self, is_first: bool) -> Beginning | None:
        """Takes what a document begins with, and skips what stands before it.

        Args:
            is_first: whether it may begin here, as it does in a file that nothing was done to.

        Returns:
            How it begins; None where nothing like it follows.
        """
        window, damage = self._window, self._damage
        if is_first and self._skip_between():
            window.fill(_LONGEST_BEGINNING)
            # An event with nothing around it is what is left of a list.
            for opening, begins in () if window.match(_EVENT) else _OPENINGS:
                if window.match(begins):
                    window.skip(1)
                    return opening
        while (found := window.search(_BEGINNING)) is None:
            self._skip_strange(max(0, len(window) - _LONGEST_BEGINNING))
            if not window.grow():
                self._skip_strange(len(window))
                return None
        self._skip_strange(found)
        if window.match(_OBJECT):
            window.skip(1)
            return Beginning.OBJECT
        damage.mended("lost_beginnings")
        return Beginning.EVENT if window.match(_EVENT) else Beginning.KEY

    def _skip_strange(self, size: int) -> None:
        text = self._window.take(size)
        self._damage.mended("nul_bytes", text.count(b"\0"))
        self._damage.mended("stray_bytes", len(text.translate(None, _PADDING)))

    def object_keys(self) -> Iterator[str]:
        """The keys of the object that was just opened; the caller takes each value before the next key."""
        window = self._window
        while self._skip_between():
            if window.starts_with(b"}"):
                window.skip(1)
                return
            if size := self._size_of_key():
                yield window.take(size).rstrip().rstrip(b":").rstrip()[1:-1].decode("utf-8", "replace")
            else:
                self._go_on()
        self._damage.truncated |= not self._is_closed

    def value(self) -> bytes | None:
        """Takes one value of any kind, as its JSON text; None where it is not JSON, and the next landmark comes."""
        window = self._window
        while not (size := self._size_of_value()):
            if len(window) > _SUSPICIOUS_BYTES and window.search(self._landmarks) is not None:
                break
            if not window.grow():
                break
        if size > _SUSPICIOUS_BYTES and next(window.find_all(self._landmarks, 0, size), None) is not None:
            size = 0
        if size and _is_json(text := window.text(size)):
            window.skip(size)
            return text
        self._go_on()
        return None

    def _size_of_key(self) -> int:
        """Length of the key with its colon and what follows that; 0 where there is no key."""
        window = self._window
        while True:
            size = window.match(_KEY)
            if 0 < size < len(window):
                return size if size <= _SUSPICIOUS_BYTES else 0
            if not window.starts_with(b'"') or len(window) > _SUSPICIOUS_BYTES or not window.grow():
                return 0

    def _size_of_value(self) -> int:
        """Length of the value that lies whole at the beginning of the window; 0 where none does."""
        window = self._window
        if window.text(1) in _BEGINNINGS:
            return _size_by_brackets(window)
        size = window.match(_SCALAR)
        return size if size < len(window) else 0

    def _go_on(self) -> None:
        """Skips what is not JSON, up to the next landmark or the end of the file.

        Events in it are dropped as if they were one: somewhere there is a list of them that nobody finds.
        """
        self._damage.mended("metadata")
        window = self._window
        event: int | None = None
        while (found := window.search(self._landmarks)) is None:
            event = self._position_of_event() if event is None else event
            self._skip(max(0, len(window) - _LONGEST_KEY))
            if not window.grow():
                self._skip(len(window))
                break
        else:
            event = self._position_of_event(found) if event is None else event
            window.skip(found)
        if event is not None:
            self._damage.drop(event)

    def _position_of_event(self, size: int | None = None) -> int | None:
        found = next(self._window.find_all(_OF_EVENT, 0, len(self._window) if size is None else size), None)
        return None if found is None else self._window.position + found

    def _skip(self, size: int) -> None:
        text = self._window.take(size).rstrip(_PADDING)
        self._is_closed = text.endswith(b"}") if text else self._is_closed

    def finish(self) -> None:
        """Reads what follows the document: padding of a file that was made larger than its content, or more.

        Events in it, of another document or behind an end of the list that is none, are dropped.
        """
        window = self._window
        is_more = True
        while is_more:
            is_more = window.grow()
            size = max(0, len(window) - _LONGEST_PHASE) if is_more else len(window)
            for found in window.find_all(_PHASE, 0, len(window)):
                if found < size:
                    self._damage.drop(window.position + found)
            rest = window.take(size)
            self._damage.mended("nul_bytes", rest.count(b"\0"))
            self._damage.mended("trailing_bytes", len(rest.translate(None, _PADDING)))

    def _skip_between(self) -> bool:
        """Goes to the next thing; False at the end of the file."""
        window = self._window
        while True:
            self._damage.mended("nul_bytes", window.take(window.match(_BETWEEN)).count(b"\0"))
            if window:
                return True
            if not window.grow():
                return False


def _size_by_brackets(window: Window) -> int:
    """Length of the string, object or list that the window begins with, be it JSON or not; 0 where it does not end."""
    depth = 0
    buffer, begin = window.buffer, window.begin
    for token in _TOKEN.finditer(buffer, begin, window.end):
        character = buffer[token.start()]
        if character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        elif not token.group(1):
            return 0
        if depth == 0:
            return token.end() - begin
    return 0


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except RecursionError:
        # Nests too deeply to be looked through, and nobody reads it.
        return True
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True
