"""Files whose values are broken: bare words, malformed numbers, log text (hazards 5 to 7 and 12)."""

from __future__ import annotations

from dataclasses import replace

from hostile.real_trace import RealTrace, quoted, with_values
from hostile.registry import Damaged, damaged


@damaged(5, "bare words in args")
def _words(trace: RealTrace) -> Damaged:
    words = (b"N/A", b"nan", b"inf", b"-Infinity", b"NaN", b"None", b"undefined")
    text = b", ".join(b'"w%d": %s' % item for item in enumerate(words))
    return Damaged(trace.with_args(trace.middle, text).text, trace, {"values": len(words)})


@damaged(5, "a bare word as duration")
def _word_as_duration(trace: RealTrace) -> Damaged:
    at = trace.middle
    return Damaged(
        trace.changed(at, dur=b"nan").text, trace.changed(at, dur=b"0"), {"values": 1, "missing_durations": 1}
    )


@damaged(5, "a bare word as time")
def _word_as_time(trace: RealTrace) -> Damaged:
    at = trace.middle
    return Damaged(
        trace.changed(at, ts=b"N/A").text, trace.with_entries(at), {"values": 1}, dropped_at=(trace.byte_of(at),)
    )


@damaged(5, "a bare word at the top level")
def _word_at_top(trace: RealTrace) -> Damaged:
    return Damaged(b'{"deviceProperties": N/A,' + trace.text[1:], trace, {"metadata": 1})


@damaged(6, "a duration with two signs")
def _two_signs(trace: RealTrace) -> Damaged:
    at = trace.middle
    repairs = {"numbers": 1, "negative_durations": 1}
    return Damaged(trace.changed(at, dur=b"-1.-500").text, trace.changed(at, dur=b"0"), repairs)


@damaged(6, "negative durations")
def _negative(trace: RealTrace) -> Damaged:
    raw, like = trace, trace
    chosen = trace.operators[::7]
    for at in chosen:
        raw, like = raw.changed(at, dur=b"-3"), like.changed(at, dur=b"0")
    return Damaged(raw.text, like, {"negative_durations": len(chosen)})


@damaged(7, "log text before the events")
def _log_before(trace: RealTrace) -> Damaged:
    log = b'"INFO": ["[W1124] no "driver" found (libcuda.so)", "CUPTI: "not supported""],'
    return Damaged(b"{" + log + trace.text[1:], trace, {"metadata": 1})


@damaged(7, "log text with open brackets")
def _log_with_brackets(trace: RealTrace) -> Damaged:
    log = b'"INFO": ["left "open [ and { so", "and "{"" once more"],'
    return Damaged(b"{" + log + trace.text[1:], trace, {"metadata": 1})


@damaged(7, "log text after the events")
def _log_after(trace: RealTrace) -> Damaged:
    tail = trace.tail.rstrip().removesuffix(b"}") + b', "INFO": ["a "b" c"]}'
    return Damaged(replace(trace, tail=tail).text, trace, {"metadata": 1})


@damaged(12, "times as strings")
def _times_as_strings(trace: RealTrace) -> Damaged:
    raw, count = trace, 0
    for at in trace.calls:
        event = trace.events[at]
        texts = {key: quoted(str(event[key])) for key in ("ts", "dur")}
        raw = raw.with_entries(at, with_values(raw.entries[at], **texts))
        count += 2
    return Damaged(raw.text, trace, {"text_numbers": count})
