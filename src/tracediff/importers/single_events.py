"""Takes events one by one from where a chunk of them does not decode: as they stand there, or mended."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from itertools import islice

from tracediff.importers.events import ChunkDecoder
from tracediff.importers.json_scan import UnfinishedError, end_of_value, is_json
from tracediff.importers.mending import EVENT_START, HOLE, Mended, mend_event, mend_names
from tracediff.importers.window import Window

_SCAN_BYTES = 16 * 1024
# Longer than this no event holds many others: their lists are what a lost bracket makes of the rest of the file.
_LONG_BYTES = 256 * 1024
_MOST_INNER = 64
# A broken event that does not end before so many others begin, or before so many bytes, has no end.
_FEW, _MANY = 3, 8
_MOST_BROKEN_BYTES = 2 * 1024 * 1024
# The begin of an entry whose first key may be any; also of an object in a list among an event's arguments.
_ANY_START = re.compile(EVENT_START.pattern + rb'|\}\s{0,64}+,\s{0,64}+\{\s{0,64}+"\w{1,64}+"\s{0,16}+:')
_LOOSE_BOUNDARY = re.compile(rb"\}(?=[\s,\0]*+" + EVENT_START.pattern + rb")")


class SingleEvents:
    """The events of a file, one after another.

    Args:
        window: at an event whenever one is asked for.
        decoder: knows what decodes.
    """

    def __init__(self, window: Window, decoder: ChunkDecoder) -> None:
        self._window = window
        self._decoder = decoder

    def next(self) -> Mended | None:
        """The event that the window begins with, which stays there; None where it cannot be read.

        Raises:
            UnfinishedError: the file ends in it.
        """
        is_cut = False
        try:
            end = self._whole_end()
        except UnfinishedError:
            end, is_cut = 0, True
        if end:
            return self._with_text(self._window.text(end))
        for start, number in ((_ANY_START, _FEW), (EVENT_START, _FEW), (EVENT_START, _MANY)):
            try:
                mended = self._mend(self._text_ahead(start, number))
            except UnfinishedError:
                continue
            if mended or not is_cut:
                return mended
        if is_cut:
            raise UnfinishedError
        return None

    def _whole_end(self) -> int:
        """Length of an event that is JSON as it stands there; 0 where it is none.

        Raises:
            UnfinishedError: all up to the end of the file could be part of it.
        """
        window = self._window
        window.fill(_SCAN_BYTES)
        while True:
            end = 0
            with contextlib.suppress(UnfinishedError):
                end = end_of_value(window.view())
                if not end:
                    return 0
            seen = end or len(window)
            if seen > _LONG_BYTES and self._has_many_inner(seen):
                return 0
            if end:
                return end
            if not window.grow():
                return end_of_value(window.view(), is_all=True)

    def _has_many_inner(self, size: int) -> bool:
        found = self._window.find_all(EVENT_START, 1, size)
        return sum(1 for _ in islice(found, _MOST_INNER)) == _MOST_INNER

    def _with_text(self, text: bytes) -> Mended:
        """The same, with text that is text; of what nobody reads that does not matter."""
        if text.isascii() or self._decoder.decode(b"[%b]" % text):
            return Mended(text, Counter(), len(text))
        return mend_names(text)

    def _text_ahead(self, start: re.Pattern[bytes], number: int) -> bytes:
        """What a broken event is looked for in: up to where so many others begin, or as far as one can be long."""
        window, size = self._window, _SCAN_BYTES
        while True:
            window.fill(size)
            found = list(islice(window.find_all(start, 1, size), number))
            if len(found) == number:
                return window.text(found[-1])
            if len(window) < size or size >= _MOST_BROKEN_BYTES:
                return window.text(size)
            size = min(8 * size, _MOST_BROKEN_BYTES)

    def _mend(self, text: bytes) -> Mended | None:
        """None also for the pieces of two events on both sides of a hole.

        Raises:
            UnfinishedError: more text could help.
        """
        boundary = _LOOSE_BOUNDARY.search(text) if b"\\" in text else None
        if boundary:
            mended = mend_names(text[: boundary.start() + 1])
            if mended.repairs and is_json(mended.text) and HOLE not in text[: mended.end]:
                return mended
        mended = mend_event(text)
        return mended if mended and is_json(mended.text) and HOLE not in text[: mended.end] else None
