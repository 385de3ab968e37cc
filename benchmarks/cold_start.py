"""What a cold `tracediff diff` of two small traces costs, against importing the libraries that it stands on.

The two are run in turn, so that a machine whose speed drifts changes both: quote the ratio, not the times.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
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


def cpu_seconds(command: list[str]) -> float:
    """User and system time of one run of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Runs all commands in turn and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
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
        low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
        print(f"| `{name}` | {middle * 1000:.0f} ({low * 1000:.0f} to {high * 1000:.0f}) | {ratio:.2f} |")


if __name__ == "__main__":
    main()
