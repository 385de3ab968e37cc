"""Files that end too early or too late, and the lists and streams around the events (hazards 8 to 10)."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import replace

from hostile.real_trace import SEPARATOR, RealTrace, quoted
from hostile.registry import Damaged, damaged


def cut(trace: RealTrace, size: int) -> Damaged:
    """The first bytes of a file, which end in its event list."""
    whole = trace.whole_before(size)
    is_partial = size > trace.byte_of(whole)
    return Damaged(
        trace.text[:size],
        trace.first(whole),
        dropped_at=(trace.byte_of(whole),) if is_partial else (),
        truncated=True,
    )


def _cut_in(trace: RealTrace, pattern: bytes) -> Damaged:
    """Cut in the middle entry, where the text ends that a regular expression matches."""
    return cut(trace, _end_of(pattern, trace, trace.middle))


def _end_of(pattern: bytes, trace: RealTrace, index: int) -> int:
    found = re.search(pattern, trace.entries[index])
    assert found, pattern
    return trace.byte_of(index) + found.end()


@damaged(8, "cut after a brace")
def _cut_after_brace(trace: RealTrace) -> Damaged:
    return _cut_in(trace, b"{")


@damaged(8, "cut in a name")
def _cut_in_name(trace: RealTrace) -> Damaged:
    return _cut_in(trace, b'"name": "ate')


@damaged(8, "cut in a time")
def _cut_in_time(trace: RealTrace) -> Damaged:
    return _cut_in(trace, rb'"ts": \d\d\d')


@damaged(8, "cut after the key of a time")
def _cut_after_key(trace: RealTrace) -> Damaged:
    return _cut_in(trace, rb'"ts": ')


@damaged(8, "cut between a key and its colon")
def _cut_before_colon(trace: RealTrace) -> Damaged:
    return _cut_in(trace, rb'"dur"')


@damaged(8, "cut in a duration, then NUL bytes")
def _nul_in_duration(trace: RealTrace) -> Damaged:
    """What is there is a number too, but a wrong one."""
    harmed = _cut_in(trace, rb'"dur": \d')
    return replace(harmed, content=harmed.content + bytes(4096), repairs={"nul_bytes": 4096})


@damaged(8, "an event with a raw quote, cut in its duration")
def _cut_in_broken(trace: RealTrace) -> Damaged:
    raw = trace.changed(trace.middle, name=b'"f("x")"')
    return cut(raw, _end_of(rb'"dur": \d', raw, trace.middle))


@damaged(8, "cut in a shape")
def _cut_in_shape(trace: RealTrace) -> Damaged:
    return _cut_in(trace, rb'"Input Dims": \[')


@damaged(8, "cut before an event's last brace")
def _cut_before_brace(trace: RealTrace) -> Damaged:
    at = trace.middle
    return cut(trace, trace.byte_of(at) + len(trace.entries[at]) - 1)


@damaged(8, "cut after an event")
def _cut_after_event(trace: RealTrace) -> Damaged:
    return replace(cut(trace, trace.byte_of(trace.middle) - len(SEPARATOR)), suffix=".json.tmp")


@damaged(8, "cut after a comma")
def _cut_after_comma(trace: RealTrace) -> Damaged:
    return cut(trace, trace.byte_of(trace.middle))


@damaged(8, "cut after the event list")
def _cut_after_list(trace: RealTrace) -> Damaged:
    return Damaged(replace(trace, tail=b"]").text, trace, truncated=True)


@damaged(8, "cut before the last brace")
def _cut_before_last_brace(trace: RealTrace) -> Damaged:
    return Damaged(trace.text.rstrip()[:-1], trace, truncated=True)


@damaged(8, "NUL bytes after the end")
def _nul_after_end(trace: RealTrace) -> Damaged:
    return Damaged(trace.text + bytes(512), trace, {"nul_bytes": 512})


@damaged(8, "cut after a comma, then NUL bytes")
def _nul_after_cut(trace: RealTrace) -> Damaged:
    harmed = cut(trace, trace.byte_of(trace.middle))
    return replace(harmed, content=harmed.content + bytes(4096), repairs={"nul_bytes": 4096})


@damaged(8, "NUL bytes between entries")
def _nul_between(trace: RealTrace) -> Damaged:
    at = trace.byte_of(trace.middle)
    return Damaged(trace.text[:at] + bytes(100) + trace.text[at:], trace, {"nul_bytes": 100, "holes": 1})


@damaged(9, "a comma after the last entry")
def _trailing_comma(trace: RealTrace) -> Damaged:
    return Damaged(replace(trace, tail=b"," + trace.tail).text, trace, {"commas": 1})


@damaged(9, "two commas, and one before the first entry")
def _double_commas(trace: RealTrace) -> Damaged:
    at = trace.middle
    raw = replace(trace.with_entries(at, b"," + trace.entries[at]), head=trace.head + b",")
    return Damaged(raw.text, trace, {"commas": 2})


@damaged(9, "no comma between two entries")
def _missing_comma(trace: RealTrace) -> Damaged:
    at = trace.middle
    raw = trace.with_entries(at)
    joined = raw.with_entries(at - 1, raw.entries[at - 1] + b"\n" + trace.entries[at])
    return Damaged(joined.text, trace, {"commas": 1})


@damaged(9, "other signs in place of a comma")
def _junk_for_comma(trace: RealTrace) -> Damaged:
    return _with_junk(trace, b"};{", 1)


@damaged(9, "words between two entries")
def _words_between(trace: RealTrace) -> Damaged:
    return _with_junk(trace, b"} garbage {", 7)


@damaged(9, "a bracket too many between two entries")
def _bracket_between(trace: RealTrace) -> Damaged:
    return _with_junk(trace, b"}],{", 1)


@damaged(7, "a log line between two entries")
def _log_between(trace: RealTrace) -> Damaged:
    line = b"[W1129 07:11:02 collection.cpp:591] Warning: late"
    return _with_junk(trace, b"},\n" + line + b"\n{", len(line.replace(b" ", b"")))


def _with_junk(trace: RealTrace, between: bytes, count: int) -> Damaged:
    """Other text between the middle entry and the one before; so many bytes of it are neither blank nor comma."""
    at = trace.byte_of(trace.middle)
    before, after = trace.text[: at - len(SEPARATOR)], trace.text[at:]
    return Damaged(before[:-1] + between + after[1:], trace, {"stray_bytes": count})


@damaged(9, "the array form without its bracket")
def _no_bracket(trace: RealTrace) -> Damaged:
    array = trace.as_list()
    return Damaged(replace(array, tail=b"\n").text, array)


@damaged(9, "the array form, ending with a comma")
def _no_bracket_but_comma(trace: RealTrace) -> Damaged:
    array = trace.as_list()
    return Damaged(replace(array, tail=b",\n").text, array)


@damaged(9, "the array form, cut in an event")
def _array_cut(trace: RealTrace) -> Damaged:
    return _cut_in(trace.as_list(), b'"name": "ate')


@damaged(10, "gzip of several members, padded")
def _members(trace: RealTrace) -> Damaged:
    half = len(trace.text) // 2
    members = gzip.compress(trace.text[:half]) + gzip.compress(trace.text[half:])
    return Damaged(members + bytes(100), trace, suffix=".json.gz")


@damaged(10, "plain JSON under the name of gzip")
def _plain_named_gzip(trace: RealTrace) -> Damaged:
    return Damaged(trace.text, trace, suffix=".json.gz")


@damaged(10, "gzip under the name of plain JSON")
def _gzip_named_plain(trace: RealTrace) -> Damaged:
    return Damaged(gzip.compress(trace.text), trace)


@damaged(10, "gzip in gzip")
def _gzip_in_gzip(trace: RealTrace) -> Damaged:
    return Damaged(gzip.compress(gzip.compress(trace.text)), trace, suffix=".json.gz")


@damaged(10, "gzip cut short")
def _gzip_cut(trace: RealTrace) -> Damaged:
    packed = gzip.compress(trace.text, mtime=0)
    packed = packed[: len(packed) * 2 // 3]
    stream = zlib.decompressobj(31)
    left = stream.decompress(packed) + stream.flush()
    return replace(cut(trace, len(left)), content=packed, suffix=".json.gz")


@damaged(10, "gzip with a damaged member")
def _gzip_damaged(trace: RealTrace) -> Damaged:
    half = trace.byte_of(trace.middle) + 40
    # A block of the type that deflate does not have.
    broken = gzip.compress(trace.text[half:], mtime=0)[:10] + b"\x07" + bytes(100)
    return replace(cut(trace, half), content=gzip.compress(trace.text[:half], mtime=0) + broken, suffix=".json.gz")


@damaged(1, "several kinds of damage in one trace")
def _many(trace: RealTrace) -> Damaged:
    """Each in an entry of its own, the cut last."""
    first, second, third, *_ = trace.operators[len(trace.operators) // 4 :]
    raw = trace.changed(first, name=rb'"a\b\q"').changed(second, name=b'"f("x")"').changed(third, dur=b"-1.-500")
    like = trace.changed(first, name=quoted(r"a\b\q")).changed(second, name=quoted('f("x")')).changed(third, dur=b"0")
    harmed = cut(raw, _end_of(b'"name": "ate', raw, trace.middle))
    repairs = {"backslashes": 2, "quotes": 2, "numbers": 1, "negative_durations": 1}
    return replace(harmed, like=like.first(len(harmed.like.entries)), repairs=repairs)
