"""Looks for files on which reading crashes, hangs, or gives times that cannot be; coverage leads the search.

    cd tests && python -m hostile.fuzz --seconds 1800 --corpus DIR --artifacts DIR

The search is that of atheris, installed by hand (`pip install atheris`) and no dependency: it is a compiled fuzzing
engine that nothing but this script needs. It begins with the generator's files, made of
small traces, and keeps in DIR what reaches new code, so that a second run goes on where the first stopped. What it
finds becomes a test; `python -m hostile.fuzz --replay FILE` shows it again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import atheris

MOST_INPUT_BYTES = 64 * 1024
_SECONDS_A_FILE = 10
_MEMORY_MB = 1024
# The engine keeps some kilobytes of each of several 100,000 runs: what one file may take is held by the limit above.
_MEMORY_IN_ALL_MB = 8192

_WORDS = [
    *(f'"{key}": ' for key in ("ph", "cat", "name", "pid", "tid", "ts", "dur", "args", "traceEvents", "tracediff")),
    *(f'"{key}": ' for key in ("baseTimeNanoseconds", "External id", "Input Dims", "Concrete Inputs", "with_stack")),
    *('"X"', '"B"', '"E"', '"M"', '"cpu_op"', '"user_annotation"', '"kernel"', '"Operator"', '"CPU functions"'),
    *("N/A", "nan", "-Infinity", "null", "-1.-500", "1e308", "18446744073709551615", "},{", "]}", '", "', "\\ud800"),
]
"""What traces are made of, for the fuzzer to put in."""


def _reader(path: Path) -> Callable[[bytes], None]:
    # The importers and what takes their results are watched for coverage.
    with atheris.instrument_imports(include=["tracediff"]):
        from tracediff.analysis.call_tree import build_call_tree
        from tracediff.analysis.summary import summarize
        from tracediff.errors import TraceFormatError
        from tracediff.importers import load
        from tracediff.model.trace import Trace

    from hostile.reading import assert_conserved

    def read(content: bytes) -> None:
        path.write_bytes(content)
        try:
            profile = load(path)
            summarize(profile)
        except TraceFormatError:
            return
        if isinstance(profile, Trace):
            assert_conserved(build_call_tree(profile))

    return read


def _dictionary() -> str:
    """The words as libFuzzer reads them."""
    return "".join('"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"\n' for word in _WORDS)


def main() -> None:
    """Searches, or reads one file; ends with libFuzzer's exit code, which is not 0 where a crash was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=120, help="how long to search")
    parser.add_argument("--corpus", type=Path, default=Path("fuzz-corpus"), help="files to begin with and to add to")
    parser.add_argument("--artifacts", type=Path, default=Path("fuzz-artifacts"), help="where files go that crash")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="read this file only")
    options = parser.parse_args()

    options.artifacts.mkdir(parents=True, exist_ok=True)
    read = _reader(options.artifacts / "last-read.json")
    if options.replay:
        read(options.replay.read_bytes())
        return

    from hostile.generator import write_damaged
    from hostile.real_trace import real_traces, small

    for label, trace in real_traces().items():
        write_damaged(small(trace), label, options.corpus, MOST_INPUT_BYTES)
    words = options.artifacts / "words.dict"
    words.write_text(_dictionary())
    arguments = [
        sys.argv[0],
        f"-max_total_time={options.seconds}",
        f"-max_len={MOST_INPUT_BYTES}",
        f"-timeout={_SECONDS_A_FILE}",
        f"-malloc_limit_mb={_MEMORY_MB}",
        f"-rss_limit_mb={_MEMORY_IN_ALL_MB}",
        f"-dict={words}",
        f"-artifact_prefix={options.artifacts}/",
        str(options.corpus),
    ]
    atheris.Setup(arguments, read)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
