"""Finds where a JSON value ends, at the speed of the decoder, which builds nothing on the way."""

from __future__ import annotations

import re

import msgspec

_SCANNER = msgspec.json.Decoder(msgspec.Raw)
_PLACE = re.compile(r"\(byte (\d+)\)")
_TRAILING = "trailing characters"
_TRUNCATED = "truncated"


class UnfinishedError(Exception):
    """The text ends before what it begins with does: more of it could help."""


def end_of_value(text: bytes | memoryview, is_all: bool = False) -> int:
    """Length of the JSON object or list that the text begins with; 0 where it is not JSON, or nests too deeply.

    Args:
        text: more of it than the value may be there.
        is_all: nothing follows the text. Else what breaks at its very end may be half a number.

    Raises:
        UnfinishedError: all of the text could be part of the value.
    """
    try:
        _SCANNER.decode(text)
    except msgspec.DecodeError as error:
        message = str(error)
        found = _PLACE.search(message)
        place = int(found.group(1)) if found else 0
        if _TRAILING in message:
            # Where the decoder stopped, which is behind the blanks.
            return _end_before(text, place - 1)
        if _TRUNCATED in message or (place >= len(text) and not is_all):
            raise UnfinishedError from None
        return 0
    except RecursionError:
        return 0
    return _end_before(text, len(text))


def is_json(text: bytes) -> bool:
    """Whether it is one value, but for its text, which need not be UTF-8."""
    try:
        _SCANNER.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _end_before(text: bytes | memoryview, size: int) -> int:
    return len(bytes(text[:size]).rstrip())
