"""Cuts the event list of a trace into chunks that decode, and mends or drops what does not."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from tracediff.importers.damage import Damage
from tracediff.importers.events import Chunk, ChunkDecoder
from tracediff.importers.gaps import skip_junk, skip_lost
from tracediff.importers.json_scan import UnfinishedError
from tracediff.importers.mending import EVENT_START, HOLE, LONGEST_START, mend_names
from tracediff.importers.single_events import SingleEvents
from tracediff.importers.window import Window

CHUNK_BYTES = 256 * 1024
"""Small enough that one chunk's objects stay in the processor's cache: three times faster than the file as one."""

_TAIL_BYTES = 16 * 1024
_BOUNDARY = re.compile(rb"\}\s*+,\s*+(?=\{)")
_LIST = b"[]"
_BETWEEN = re.compile(rb"[\s,\0]*+")
_BETWEEN_OR_BRACKETS = re.compile(rb"[\s,\0\]]*+")


class EventList:
    """The list that `window` has just entered.

    What is read, mended and dropped follows from the bytes of the list alone: where chunks and windows end decides
    nothing, so each way to read an event gives the same.

    Args:
        window: is moved to behind the list.
        damage: counts what was mended and dropped.
        is_document: whether the list is the whole file; the format allows such a list to lack its end.
    """

    def __init__(self, window: Window, damage: Damage, is_document: bool) -> None:
        self._window = window
        self._damage = damage
        self._is_document = is_document
        self._decoder = ChunkDecoder()
        self._single = SingleEvents(window, self._decoder)
        # One comma is wanted between two events; none before the first; after what was skipped nobody knows.
        self._commas: int | None = 0

    def chunks(self) -> Iterator[Chunk]:
        """Decodes the events, about CHUNK_BYTES at a time.

        Three tiers. A cut is guessed at the last `},{` of the window and kept where the chunk decodes as a list, which
        no cut inside an event or a string can. Where it does not, names are mended. What does not decode then is taken
        event by event, and decoded together.
        """
        entered = self._enter()
        while entered:
            self._window.fill(CHUNK_BYTES)
            cut = self._guess_cut()
            if chunk := self._decode(cut) or self._decode_mended(cut):
                yield chunk
                entered = self._enter()
                continue
            texts: list[bytes] = []
            places: list[int] = []
            taken = self._window.position
            while entered and self._window.position < taken + CHUNK_BYTES:
                self._take_one(texts, places)
                entered = self._enter()
            yield from self._decode_together(texts, places)

    def _enter(self) -> bool:
        """Goes to the next entry; False behind the last."""
        window, damage = self._window, self._damage
        commas = nuls = 0
        while True:
            between = window.take(window.match(_BETWEEN))
            commas += between.count(b",")
            nuls += between.count(b"\0")
            if not window and window.grow():
                continue
            damage.mended("nul_bytes", nuls)
            if not window:
                damage.truncated |= not self._is_document
                damage.is_open |= self._is_document
                return False
            damage.mended("holes", nuls >= len(HOLE))
            nuls = 0
            if window.starts_with(b"{"):
                if self._commas is not None:
                    damage.mended("commas", abs(commas - self._commas))
                self._commas = 1
                return True
            if window.starts_with(b"]"):
                stray = self._size_of_stray_brackets()
                if not stray:
                    if self._commas is not None:
                        damage.mended("commas", commas)
                    window.skip(1)
                    return False
                damage.mended("stray_bytes", window.take(stray).count(b"]"))
            else:
                skip_junk(window, damage)
            self._commas = None

    def _size_of_stray_brackets(self) -> int:
        """Length of the brackets that the window begins with, and what is between, if events follow; else 0."""
        window = self._window
        while len(window) < (size := window.match(_BETWEEN_OR_BRACKETS)) + LONGEST_START and window.grow():
            pass
        return size if window.match(EVENT_START, size) else 0

    def _decode(self, size: int) -> Chunk | None:
        """Decodes the first bytes of the window where they lie, between brackets that replace their neighbours."""
        if not size:
            return None
        buffer, begin, end = self._window.buffer, self._window.begin, self._window.begin + size
        next_byte = buffer[end]
        buffer[begin - 1], buffer[end] = _LIST
        chunk = self._decoder.decode(memoryview(buffer)[begin - 1 : end + 1])
        buffer[end] = next_byte
        return self._accept(chunk, size) if chunk else None

    def _accept(self, chunk: Chunk, size: int, repairs: Mapping[str, int] | None = None) -> Chunk:
        for at in chunk.lost:
            self._damage.drop(self._window.position + at)
        self._damage.mended_all(chunk.repairs)
        self._damage.mended_all(repairs or {})
        self._window.skip(size)
        return chunk

    def _guess_cut(self) -> int:
        """Length up to the end of the last event in the window, by the look of its boundary; 0 if there is none."""
        window = self._window
        end = window.begin + min(len(window), CHUNK_BYTES)
        cut = window.begin
        for boundary in _BOUNDARY.finditer(window.buffer, max(window.begin, end - _TAIL_BYTES), end):
            cut = boundary.start() + 1
        return cut - window.begin

    def _decode_mended(self, size: int) -> Chunk | None:
        """The same with raw backslashes in names mended."""
        text = self._window.text(size)
        mended = mend_names(text) if b"\\" in text and HOLE not in text else None
        # Bytes that are no text count as mended only where an event could not be read for them.
        if not mended or not mended.repairs["backslashes"] or mended.repairs["bytes"]:
            return None
        chunk = self._decoder.decode(b"[%b]" % mended.text)
        # Where entries are lost, reading one by one tells where they were.
        return self._accept(chunk, size, mended.repairs) if chunk and not chunk.lost else None

    def _take_one(self, texts: list[bytes], places: list[int]) -> None:
        """Takes the event that the window begins with; one that cannot be read is dropped."""
        window, position = self._window, self._window.position
        is_cut = False
        try:
            event = self._single.next()
        except UnfinishedError:
            event, is_cut = None, True
        if event is None:
            skip_lost(window, self._damage, position, is_cut=is_cut)
            self._commas = None
            return
        window.skip(event.end)
        self._damage.mended_all(event.repairs)
        texts.append(event.text)
        places.append(position)

    def _decode_together(self, texts: list[bytes], places: list[int]) -> Iterator[Chunk]:
        """Decodes events that were taken one by one; to decode each alone would take several times as long.

        Args:
            texts: of the events.
            places: where in the file they begin.
        """
        chunk = self._decoder.decode(b"[%b]" % b",".join(texts)) if texts else None
        if chunk is None:
            # One nests as deeply as can be decoded alone, but not in a list.
            for text, place in zip(texts, places, strict=True):
                if chunk := self._decoder.decode(b"[%b]" % text):
                    yield self._placed(chunk, [0], [place])
                else:
                    self._damage.drop(place)
            return
        begins = [0]
        for text in texts:
            begins.append(begins[-1] + len(text) + 1)
        yield self._placed(chunk, begins, places)

    def _placed(self, chunk: Chunk, begins: list[int], places: list[int]) -> Chunk:
        for at in chunk.lost:
            self._damage.drop(places[bisect_right(begins, at) - 1])
        self._damage.mended_all(chunk.repairs)
        return chunk
