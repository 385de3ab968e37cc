"""Makes JSON of events that an exporter broke: raw backslashes and quotes in names, numbers that are none."""

from __future__ import annotations

import contextlib
import math
import re
from collections import Counter

import msgspec

from tracediff.importers.json_scan import UnfinishedError, end_of_value

_EVENT_KEYS = rb"ph|cat|name|pid|tid|ts|dur|args|id|id2|bp|s|cname|sf|esf|stack|estack|tts|tdur|scope|bind_id"
EVENT_FIELD = re.compile(rb'"(?:' + _EVENT_KEYS + rb')"\s{0,16}+:')
EVENT_START = re.compile(rb"\{\s{0,64}+" + EVENT_FIELD.pattern)
"""Both of bounded length, so that how much of a file lies in memory decides nothing."""
LONGEST_START = 128
"""Bytes; no match of either is longer."""
HOLE = bytes(16)
"""At least so many NULs stand where a disk or a copy lost a piece of a file; no name holds as many."""

_MOST_LEVELS = 100
# What no name contains, not even one with raw quotes: the first event was cut off and this is the next one.
_INNER_EVENT = re.compile(rb'\{\s*+(?:"name"\s*+:\s*+"[^"]*+"\s*+,\s*+)?"(?:ph|cat|pid|tid|ts)"\s*+:')
# Fields of an event that no exporter puts a quote into: there one means that something is missing in between.
_WORD_FIELDS = (b"ph", b"cat", b"pid", b"tid", b"id", b"bp", b"s")

_SEPARATORS = re.compile(rb"[\s,\0]*+")
_KEY = re.compile(rb'"((?:[^"\\]|\\.)*?)"\s*+:\s*+', re.DOTALL)
_UNFINISHED_KEY = re.compile(rb'"(?:[^"\\]|\\.)*+\\?(?:"\s*+)?\Z', re.DOTALL)
_STRING = re.compile(rb'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+)"')
# A quote ends a string if what follows could not be inside: in an event's own fields the keys are known.
_AFTER_FIELD = re.compile(rb'"(?=\s*+(?:,\s*+"(?:' + _EVENT_KEYS + rb')"\s*+:|,?\s*+\}[\s,\0]*+(?:[{\]]|\Z)))')
_AFTER_VALUE = re.compile(rb'"(?=\s*+(?:,\s*+"[^"\\\n]*+"\s*+:|,?\s*+\}))')
_AFTER_ITEM = re.compile(rb'"(?=\s*+(?:,\s*+(?:["\[{\d-]|null|true|false)|,?\s*+\]))')

_NUMBER = re.compile(rb"-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?")
_BROKEN_NUMBER = re.compile(rb"(-?)(\d++)\.(-?)(\d{1,9}+)")
_PADDED_NUMBER = re.compile(rb"\+?(-)?0*+(\d++)(\.\d++)?")
_WORD = re.compile(rb'[^\s,\]}{\["]*+')
_CONSTANTS = (b"true", b"false", b"null")

_ESCAPES = re.compile(
    rb"(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(?P<surrogates>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb'|(?P<escape>\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))|(?P<backslashes>\\)|(?P<quotes>"++)|(?P<control_characters>[\x00-\x1f]++)'
)
_BACKSLASHES = re.compile(rb'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}|(?P<raw>))')
_LITERALS = re.compile(
    rb'(?P<escape>\\")|(?P<backslashes>(?:\\(?!"))++)|(?P<quotes>"++)|(?P<control_characters>[\x00-\x1f]++)'
)
_SOUND = re.compile(rb'[^"\\\x00-\x1f]*+')
_NOT_UTF8 = re.compile("[\udc80-\udcff]")


class Mended(msgspec.Struct, frozen=True):
    """Text that is JSON now.

    Attributes:
        text: without what could not be kept.
        repairs: how often each kind of repair was made.
        end: one past the last byte of the broken text that it stands for.
    """

    text: bytes
    repairs: Counter[str]
    end: int


def mend_names(text: bytes) -> Mended:
    """Mends what can be told without parsing, and fast: raw backslashes, and bytes that are not UTF-8."""
    repairs: Counter[str] = Counter()
    parts: list[bytes] = []
    done = 0
    for escape in _BACKSLASHES.finditer(text):
        if escape.lastgroup and escape.start() >= done:
            opening = text.rfind(b'"', done, escape.start()) + 1
            closing = text.find(b'"', escape.end())
            if opening and closing > 0:
                parts += (text[done:opening], _mend_content(text[opening:closing], repairs))
                done = closing
    parts.append(text[done:])
    return Mended(_mend_bytes(b"".join(parts), repairs), repairs, len(text))


def mend_event(text: bytes) -> Mended | None:
    """Reads the event that `text` begins with as it was meant; None where nothing tells how.

    Raises:
        UnfinishedError: it does not end in the text.
    """
    return _EventMender(text).mend()


class _EventMender:
    """A tolerant scanner; iterative, since `args` can nest deeper than Python can call."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._repairs: Counter[str] = Counter()
        self._out: list[bytes] = []
        self._closers: list[bytes] = []
        self._fields: set[bytes] = set()
        self._field = b""
        self._is_first = True
        # Length of the output where what follows nests too deeply to be kept.
        self._muted_at: int | None = None
        # Next end of a string by the look of it: to search for it from each string on would take their product.
        self._endings: dict[re.Pattern[bytes], re.Match[bytes] | None] = {}

    def mend(self) -> Mended | None:
        at = self._open(0)
        while self._closers:
            separators = _SEPARATORS.match(self._text, at)
            at = separators.end() if separators else at
            if at >= len(self._text):
                raise UnfinishedError
            between = separators.group() if separators else b""
            self._count("nul_bytes", between.count(b"\0"))
            if self._text[at] in b"}]":
                if self._text[at : at + 1] != self._closers[-1]:
                    return None
                self._count("commas", between.count(b","))
                self._close()
                at += 1
                continue
            self._separate(between.count(b","))
            entry = self._entry(at)
            if entry is None:
                return None
            at = entry
        return Mended(_mend_bytes(b"".join(self._out), self._repairs), self._repairs, at)

    def _open(self, at: int) -> int:
        opener = self._text[at : at + 1]
        if len(self._closers) == _MOST_LEVELS:
            self._out.append(b"null")
            self._muted_at = len(self._out)
            self._repairs["deep_values"] = 1
        self._out.append(opener)
        self._closers.append(b"}" if opener == b"{" else b"]")
        self._is_first = True
        return at + 1

    def _close(self) -> None:
        self._out.append(self._closers.pop())
        self._is_first = False
        if len(self._closers) == _MOST_LEVELS and self._muted_at is not None:
            del self._out[self._muted_at :]
            self._muted_at = None

    def _separate(self, commas: int) -> None:
        wanted = 0 if self._is_first else 1
        self._count("commas", abs(commas - wanted))
        if wanted:
            self._out.append(b",")
        self._is_first = False

    def _entry(self, at: int) -> int | None:
        """Takes a key with its value, or an item of a list; returns where it ends."""
        if self._closers[-1] == b"}":
            key = _KEY.match(self._text, at)
            if key is None:
                if _UNFINISHED_KEY.match(self._text, at):
                    raise UnfinishedError
                return None
            if len(self._closers) == 1:
                if key.group(1) in self._fields:
                    # The rest of another event, whose beginning is lost with the end of this one.
                    return None
                self._field = key.group(1)
                self._fields.add(self._field)
            self._out.append(b'"' + _mend_content(key.group(1), self._repairs) + b'":')
            at = key.end()
            if at >= len(self._text):
                raise UnfinishedError
        character = self._text[at]
        if character in b"{[":
            # Mostly it is another field that is broken.
            if len(self._closers) == 1 and (end := self._whole_end(at)):
                self._out.append(self._text[at:end])
                return end
            return self._open(at)
        return self._string(at) if character == ord('"') else self._word(at)

    def _whole_end(self, at: int) -> int:
        with contextlib.suppress(UnfinishedError):
            size = end_of_value(memoryview(self._text)[at:])
            return at + size if size else 0
        return 0

    def _string(self, at: int) -> int | None:
        text = self._text
        if self._closers[-1] == b"]":
            endings = (_AFTER_ITEM,)
        else:
            endings = (_AFTER_FIELD, _AFTER_VALUE) if len(self._closers) == 1 else (_AFTER_VALUE,)
        whole = _STRING.match(text, at)
        if whole and any(ending.match(text, whole.end() - 1) for ending in endings):
            end = whole.end()
        else:
            found = next(filter(None, (self._ending(ending, at + 1) for ending in endings)), None)
            if found is None:
                raise UnfinishedError
            if _INNER_EVENT.search(text, at, found.start()):
                return None
            if len(self._closers) == 1 and self._field in _WORD_FIELDS and b'"' in text[at + 1 : found.start()]:
                return None
            end = found.end()
        self._out.append(b'"' + _mend_content(text[at + 1 : end - 1], self._repairs) + b'"')
        return end

    def _ending(self, ending: re.Pattern[bytes], at: int) -> re.Match[bytes] | None:
        found = self._endings.get(ending)
        if ending not in self._endings or (found and found.start() < at):
            found = self._endings[ending] = ending.search(self._text, at)
        return found

    def _word(self, at: int) -> int | None:
        match = _WORD.match(self._text, at)
        word = match.group() if match else b""
        if not (word in _CONSTANTS or _NUMBER.fullmatch(word)):
            number = _number(word)
            self._count("values" if number is None else "numbers", 1)
            self._out.append(number or b"null")
        else:
            self._out.append(word)
        return at + len(word)

    def _count(self, kind: str, count: int) -> None:
        if count and self._muted_at is None:
            self._repairs[kind] += count


def _number(word: bytes) -> bytes | None:
    """What a malformed number was meant to be.

    Kineto wrote -1.5 us as `-1.-500`: the quotient and the remainder of -1500 ns by 1000, padded to three places.
    """
    broken = _BROKEN_NUMBER.fullmatch(word)
    if broken and broken.group(3):
        return b"-%d.%03d" % (int(broken.group(2)), int(broken.group(4)))
    padded = _PADDED_NUMBER.fullmatch(word)
    if padded:
        return b"%b%b%b" % (padded.group(1) or b"", padded.group(2), padded.group(3) or b"")
    try:
        number = float(word)
    except ValueError:
        return None
    return repr(number).encode() if math.isfinite(number) else None


def _mend_content(content: bytes, repairs: Counter[str]) -> bytes:
    """What stands between the quotes of a string.

    Who leaves one backslash raw escapes none: then all of them are literal, but for those before a quote.
    """
    if _SOUND.fullmatch(content):
        return content
    found = {escape.lastgroup for escape in _ESCAPES.finditer(content)} - {"pair", "escape"}
    if not found:
        return content

    def mended(match: re.Match[bytes]) -> bytes:
        kind, found = match.lastgroup, match.group()
        if kind is None or kind in ("pair", "escape"):
            return found
        if kind == "surrogates":
            repairs[kind] += 1
            return rb"\ufffd"
        repairs[kind] += len(found)
        # In pairs of an escape and what is escaped.
        return (
            b"".join([rb"\u%04x" % byte for byte in found])
            if kind == "control_characters"
            else (b"".join([b"\\%c" % byte for byte in found]))
        )

    return (_LITERALS if "backslashes" in found else _ESCAPES).sub(mended, content)


def _mend_bytes(text: bytes, repairs: Counter[str]) -> bytes:
    r"""Spells bytes that are not UTF-8 as `\xff`, so that names that differ in them still differ."""
    try:
        text.decode()
    except UnicodeDecodeError:
        spelled, count = _NOT_UTF8.subn(
            lambda match: rf"\\x{ord(match.group()) - 0xDC00:02x}", text.decode("utf-8", "surrogateescape")
        )
        repairs["bytes"] += count
        return spelled.encode()
    return text
