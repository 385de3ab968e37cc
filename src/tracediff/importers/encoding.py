"""Makes UTF-8 of UTF-16 and UTF-32, which is what some shells write into files."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

from tracediff.importers.compression import Flaws

# That of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_MARK_BYTES = 4


def as_utf8(blocks: Iterable[bytes], flaws: Flaws) -> Iterator[bytes]:
    """Yields text as UTF-8 where a byte order mark says that it is something else; anything else as it is.

    Args:
        blocks: of a file, decompressed.
        flaws: told of the encoding, since positions in the file are those of the text in UTF-8 then.
    """
    rest = iter(blocks)
    first = b""
    while len(first) < _MARK_BYTES and (block := next(rest, b"")):
        first += block
    encoding = next((name for mark, name in _MARKS if first.startswith(mark)), None)
    if encoding is None:
        if first:
            yield first
        yield from rest
        return
    flaws.doubts.append(f"is {encoding} and was read as UTF-8: positions are those in UTF-8")
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    for block in chain((first,), rest):
        yield decoder.decode(block).encode("utf-8", "replace")
    if decoder.getstate()[0]:
        flaws.cut(f"ends in the middle of a character of {encoding}")
