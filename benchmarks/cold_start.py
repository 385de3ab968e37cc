"""What a cold start costs: `tracediff diff` against importing what it stands on, the TUI until one sees something.

All are run in turn, so that a machine whose speed drifts changes them together: quote the ratios, not the times.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import pty
import resource
import statistics
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

SAMPLES = Path(__file__).parent.parent / "sample_traces"
COMMANDS = {
    "import numpy, msgspec, rich": [sys.executable, "-c", "import numpy, msgspec, rich.console, rich.table"],
    "tracediff diff openblas.json acl.json": [
        sys.executable,
        "-m",
        "tracediff",
        "diff",
        str(SAMPLES / "openblas.json"),
        str(SAMPLES / "acl.json"),
    ],
    "tracediff --help": [sys.executable, "-m", "tracediff", "--help"],
}
PAIRS = [
    ("openblas.json", "acl.json"),
    ("bert-openblas.json.gz", "bert-acl.json.gz"),
    ("resnet50-openblas.json.gz", "resnet50-acl.json.gz"),
]

# Reads two inputs in the TUI and writes into a file when what was on screen, in seconds since the process began.
TUI = """
import json, sys, time
began = time.perf_counter()
import textual.app, textual.widgets
moments = {"textual": time.perf_counter() - began}
from tracediff.tui.app import TracediffApp
from tracediff.tui.messages import DiffReady
moments["tui"] = time.perf_counter() - began
finish = DiffReady.__init__
def finished(self, diff):
    moments["analysis"] = time.perf_counter() - began
    finish(self, diff)
DiffReady.__init__ = finished
class Timed(TracediffApp):
    CSS_PATH = sys.modules["tracediff.tui.app"].__file__.replace(".py", ".tcss")
    def on_mount(self):
        write = self._driver.write
        def timed(data):
            write(data)
            for moment, word in (("paint", "reading"), ("table", "together")):
                if word in data and moment not in moments:
                    moments[moment] = time.perf_counter() - began
            if "table" in moments:
                self.exit(0)
        self._driver.write = timed
Timed(*sys.argv[2:]).run()
open(sys.argv[1], "w").write(json.dumps(moments))
"""


def tui_moments(base: str, candidate: str) -> dict[str, float]:
    """When the TUI showed what, on a terminal of 120 x 36."""
    master, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (36, 120))
    with tempfile.NamedTemporaryFile() as result:
        process = subprocess.Popen(
            [sys.executable, "-c", TUI, result.name, base, candidate],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "TRACEDIFF_CONFIG": os.devnull},
        )
        os.close(terminal)
        drawn = b"."
        while drawn:
            # Linux reports a terminal that everybody has closed as an error.
            with contextlib.suppress(OSError):
                drawn = os.read(master, 65_536)
                continue
            drawn = b""
        os.close(master)
        if process.wait():
            raise SystemExit("the TUI failed")
        moments: dict[str, float] = json.loads(result.read())
    return moments


def print_tui(pairs: list[list[str]], runs: int) -> None:
    """A table of what one waits for, after the imports."""
    print("\n| TUI on | import of Textual | first paint after it | ratio | table after the analysis | ratio |")
    print("|---|---:|---:|---:|---:|---:|")
    for base, candidate in pairs:
        moments = [tui_moments(base, candidate) for _ in range(runs)]
        textual = [one["textual"] for one in moments]
        paint = [one["paint"] - one["textual"] for one in moments]
        table = [one["table"] - one["analysis"] for one in moments]
        cells = [_spread(textual)]
        for times in (paint, table):
            cells += [_spread(times), f"{statistics.median(a / b for a, b in zip(times, textual, strict=True)):.2f}"]
        print(f"| {Path(base).name} {Path(candidate).name} | {' | '.join(cells)} |")


def _spread(seconds: list[float]) -> str:
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"{middle * 1000:.0f} ({low * 1000:.0f} to {high * 1000:.0f})"


def cpu_seconds(command: list[str]) -> float:
    """User and system time of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Runs all commands in turn and prints Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--pair", nargs=2, action="append", metavar=("BASE", "CANDIDATE"), help="for the TUI")
    options = parser.parse_args()
    runs = options.runs
    for command in COMMANDS.values():
        cpu_seconds(command)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, command in COMMANDS.items():
            times[name].append(cpu_seconds(command))
    floor = times["import numpy, msgspec, rich"]
    print("| command | CPU ms, median (min to max) | ratio, median of pairs |")
    print("|---|---:|---:|")
    for name, seconds in times.items():
        ratio = statistics.median(one / other for one, other in zip(seconds, floor, strict=True))
        print(f"| `{name}` | {_spread(seconds)} | {ratio:.2f} |")
    pairs = options.pair or [[str(SAMPLES / name) for name in names] for names in PAIRS]
    print_tui(pairs, runs)


if __name__ == "__main__":
    main()
