"""Traces of any size, made of a real capture: its events again and again, renumbered, in the layout they had.

Times are written as torch 2.4 and later does: microseconds with three decimals since `baseTimeNanoseconds`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

SAMPLES = Path(__file__).parent.parent / "sample_traces"
_BASE = "baseTimeNanoseconds"
_BASE_STEP_US = 4 * 10**12
"""Times since a multiple of this are below 2**43 microseconds, as torch's are: so far a float64 tells nanoseconds."""

_NUMBER = re.compile(
    r'(?P<before>"(?P<key>ts|dur)": )(?P<value>\d+)(?:\.(?P<decimals>\d{3}))?'
    r'|(?P<before_id>"(?P<id>External id|Ev Idx|Python id|Python parent id)": )(?P<id_value>\d+)'
    r'|(?P<before_step>"name": "(?P<step>ProfilerStep|tracediff::iteration)#)(?P<step_value>\d+)'
)
_SHARES_NUMBERS_OF = {"Python parent id": "Python id"}


class _Event(msgspec.Struct):
    ph: str
    cat: str = ""
    name: str = ""
    pid: int | str = ""
    tid: int | str = ""


class _Template:
    """Text of events with a place for each number that differs from one repetition to the next."""

    def __init__(self, events: Iterable[str], base_us: int, strides: Mapping[str, int]) -> None:
        self._first: list[int] = []
        self._stride: list[int] = []

        def place(match: re.Match[str]) -> str:
            key, value = _numbered(match)
            self._first.append(value - (base_us if key == "ts" else 0))
            self._stride.append(strides[key])
            decimals = f".{match['decimals'] or '000'}" if match["key"] else ""
            return f"{match['before'] or match['before_id'] or match['before_step']}%d{decimals}"

        self._text = _NUMBER.sub(place, ",\n  ".join(events).replace("%", "%%"))

    def repetition(self, number: int) -> str:
        return self._text % tuple(
            first + number * stride for first, stride in zip(self._first, self._stride, strict=True)
        )


class Capture:
    """A real capture to build from.

    Args:
        path: a Kineto trace of CPU operators, gzipped or not.
        one_step: whether all repetitions lie in one `ProfilerStep` in place of the capture's own iterations.

    Attributes:
        operators: how many calls of operators it has.
        size: bytes of one repetition.
    """

    def __init__(self, path: Path, one_step: bool = False) -> None:
        content = path.read_bytes()
        keys = msgspec.json.decode(
            gzip.decompress(content) if path.suffix == ".gz" else content, type=dict[str, msgspec.Raw]
        )
        entries = [
            (bytes(entry).decode(), msgspec.json.decode(entry, type=_Event))
            for entry in msgspec.json.decode(keys.pop("traceEvents"), type=list[msgspec.Raw])
        ]
        # What a capture recorded of itself is of its own calls only.
        keys.pop("tracediff", None)
        repeated = [(text, event) for text, event in entries if event.ph != "M" and event.cat not in ("", "Trace")]
        once = [text for text, event in entries if event.ph == "M" or event.cat in ("", "Trace")]
        if one_step:
            repeated = [(text, event) for text, event in repeated if "#" not in event.name]
        self.operators = sum(event.cat == "cpu_op" for _, event in repeated)
        self._call = next(event for _, event in repeated if event.cat == "cpu_op")
        texts = [text for text, _ in repeated]
        self._start_us, self._period_us = _extent_us(texts)
        base_us = 0 if _BASE in keys else self._start_us // _BASE_STEP_US * _BASE_STEP_US
        self._start_us -= base_us
        keys.setdefault(_BASE, msgspec.Raw(str(base_us * 1000).encode()))
        self._keys = keys
        self._one_step = one_step
        self._repeated = _Template(texts, base_us, defaultdict(int, _strides(texts), ts=self._period_us))
        # Not moved: torch-tb-profiler writes a trace anew where these span over 86 s, as emulated ones soon would.
        self._once = _Template(once, base_us, defaultdict(int))
        self.size = len(self._repeated.repetition(0).encode())

    def write(self, path: Path, repetitions: int) -> None:
        """Writes the trace, one repetition after the other."""
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write("{\n")
            for key, value in self._keys.items():
                file.write(f"  {json.dumps(key)}: {bytes(value).decode()},\n")
            file.write('  "traceEvents": [\n  ')
            if self._one_step:
                file.write(self._step(repetitions) + ",\n  ")
            for number in range(repetitions):
                file.write(self._repeated.repetition(number) + ",\n  ")
            file.write(self._once.repetition(0) + "\n  ]\n}")

    def _step(self, repetitions: int) -> str:
        place = f'"pid": {json.dumps(self._call.pid)}, "tid": {json.dumps(self._call.tid)}'
        return (
            f'{{\n    "ph": "X", "cat": "user_annotation", "name": "ProfilerStep#1", {place},\n'
            f'    "ts": {self._start_us}.000, "dur": {repetitions * self._period_us}.000,\n'
            f'    "args": {{\n      "External id": 0,"Ev Idx": 0\n    }}\n  }}'
        )


def _numbered(match: re.Match[str]) -> tuple[str, int]:
    """What is numbered, and the number."""
    key = match["key"] or match["id"] or match["step"]
    return _SHARES_NUMBERS_OF.get(key, key), int(match["value"] or match["id_value"] or match["step_value"])


def _extent_us(events: Iterable[str]) -> tuple[int, int]:
    """When the first event starts, and after how long the next repetition can."""
    starts: list[int] = []
    ends: list[int] = []
    for event in events:
        numbers = dict(map(_numbered, _NUMBER.finditer(event)))
        starts.append(numbers["ts"])
        ends.append(numbers["ts"] + numbers.get("dur", 0))
    # Two more for the decimals that were cut off, one so that nothing touches.
    return min(starts), max(ends) - min(starts) + 3


def _strides(events: Iterable[str]) -> Iterator[tuple[str, int]]:
    """How far each kind of number must move so that none comes twice."""
    values: dict[str, set[int]] = defaultdict(set)
    for event in events:
        for key, value in map(_numbered, _NUMBER.finditer(event)):
            values[key].add(value)
    for key, found in values.items():
        if key not in ("ts", "dur"):
            yield key, max(found) - min(found) + 1


def main() -> None:
    """Writes one trace."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--trace", type=Path, default=SAMPLES / "resnet50-acl.json.gz", help="a real capture")
    size = parser.add_mutually_exclusive_group(required=True)
    size.add_argument("--megabytes", type=float)
    size.add_argument("--operators", type=int, help="calls of operators, in one ProfilerStep")
    parser.add_argument("--gzip", action="store_true", help="the same beside it, gzipped")
    options = parser.parse_args()
    capture = Capture(options.trace, one_step=options.operators is not None)
    if options.operators:
        repetitions = -(-options.operators // capture.operators)
    else:
        repetitions = max(1, round(options.megabytes * 1e6 / capture.size))
    capture.write(options.output, repetitions)
    if options.gzip:
        with options.output.open("rb") as plain, gzip.open(f"{options.output}.gz", "wb") as packed:
            shutil.copyfileobj(plain, packed)


if __name__ == "__main__":
    main()
