"""Files whose strings are broken: escapes, quotes, control characters, encodings (hazards 1 to 4)."""

from __future__ import annotations

from itertools import cycle

from hostile.real_trace import RealTrace, quoted
from hostile.registry import Damaged, damaged


def _renamed(trace: RealTrace, raw: bytes, name: str, **repairs: int) -> Damaged:
    """An operator whose name is written as `raw` and must be read as `name`."""
    at = trace.middle
    return Damaged(
        trace.changed(at, name=b'"' + raw + b'"').text, like=trace.changed(at, name=quoted(name)), repairs=repairs
    )


@damaged(1, "backslashes in a name")
def _backslashes(trace: RealTrace) -> Damaged:
    return _renamed(
        trace,
        rb"torch\profiler\profiler.py(500): step",
        r"torch\profiler\profiler.py(500): step",
        backslashes=2,
    )


@damaged(1, "backslashes beside an escaped quote")
def _backslashes_and_quote(trace: RealTrace) -> Damaged:
    return _renamed(trace, rb"C:\users\q(\"x\"): f", r'C:\users\q("x"): f', backslashes=2)


@damaged(1, "backslashes that look like escapes")
def _backslashes_like_escapes(trace: RealTrace) -> Damaged:
    """A trace made on Windows, where every second name happens to be JSON."""
    files = cycle((r"torch\nn\functional.py(2): ", r"torch\profiler\profiler.py(500): "))
    names = {at: next(files) + trace.events[at]["name"] for at in trace.operators}
    raw = like = trace
    for at, name in names.items():
        raw = raw.changed(at, name=b'"' + name.encode() + b'"')
        like = like.changed(at, name=quoted(name))
    return Damaged(raw.text, like, {"backslashes": 2 * len(names)})


@damaged(1, "backslashes in a value that nobody reads")
def _backslashes_in_args(trace: RealTrace) -> Damaged:
    at = trace.middle
    return Damaged(trace.with_args(at, rb'"Call stack": "C:\users\me\x.py"').text, trace, {"backslashes": 3})


@damaged(2, "quotes in a name")
def _quotes(trace: RealTrace) -> Damaged:
    name = '{"device": "cpu", "dtype": "float32"}(12): run'
    return _renamed(trace, name.encode(), name, quotes=8)


@damaged(2, "quotes at both ends of a name")
def _quotes_at_ends(trace: RealTrace) -> Damaged:
    return _renamed(trace, b'"quoted"', '"quoted"', quotes=2)


@damaged(2, "quotes in a value that nobody reads")
def _quotes_in_args(trace: RealTrace) -> Damaged:
    return Damaged(trace.with_args(trace.middle, b'"Call stack": "f("x")(3)"').text, trace, {"quotes": 2})


@damaged(3, "quotes and a line break in a name")
def _quotes_and_newline(trace: RealTrace) -> Damaged:
    name = '_lib = torch.library.Library("_inductor_test", "IMPL")\n(1): <module>'
    return _renamed(trace, name.encode(), name, quotes=4, control_characters=1)


@damaged(4, "control characters in a name")
def _control_characters(trace: RealTrace) -> Damaged:
    return _renamed(trace, b"a\x01b\tc\x00d\x1fe", "a\x01b\tc\x00d\x1fe", control_characters=4)


@damaged(4, "bytes that are no UTF-8")
def _bytes(trace: RealTrace) -> Damaged:
    return _renamed(trace, b"caf\xe9 \xff\xfe \xe5\x8d(0): <bytes>", r"caf\xe9 \xff\xfe \xe5\x8d(0): <bytes>", bytes=5)


@damaged(4, "lone surrogates")
def _surrogates(trace: RealTrace) -> Damaged:
    return _renamed(trace, rb"\ud800 \ud83d\ude00 \udc00", "\ufffd \U0001f600 \ufffd", surrogates=2)


@damaged(4, "a byte order mark")
def _byte_order_mark(trace: RealTrace) -> Damaged:
    return Damaged(b"\xef\xbb\xbf" + trace.text, trace)


@damaged(4, "UTF-16")
def _utf_16(trace: RealTrace) -> Damaged:
    return Damaged(trace.text.decode().encode("utf-16"), trace, warns="UTF-16")


@damaged(4, "UTF-32, big-endian")
def _utf_32(trace: RealTrace) -> Damaged:
    return Damaged(b"\0\0\xfe\xff" + trace.text.decode().encode("utf-32-be"), trace, warns="UTF-32")
