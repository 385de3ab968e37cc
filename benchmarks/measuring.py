"""Runs jobs in fresh processes, in turn, in environments of their own, and sums their figures up.

It imports little: a child's peak memory counts from what its parent had when it was started.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

HERE = Path(__file__).parent
ENVIRONMENTS: Mapping[str, tuple[str, ...]] = {
    "hta": ("HolisticTraceAnalysis==0.5.0", "pandas"),
    "torch-tb-profiler": ("torch-tb-profiler==0.4.3", "tensorboard>=2.21", "pandas"),
}
"""What pip installs for a job; the others run in this environment."""

_VERSIONS = (
    "import sys, importlib.metadata as m; print(*(f'{name} {m.version(name)}' for name in sys.argv[1:]), sep=', ')"
)

Figures: TypeAlias = Mapping[str, Any]
"""What a job of `contenders` printed: import_cpu, cpu, wall (seconds), peak_mb, and what it found."""
Case: TypeAlias = tuple[str, Sequence[Path | str]]
"""A job and what it is given."""


class Runner:
    """Runs jobs.

    Args:
        work: a folder for environments and files; what is there is used again.
    """

    def __init__(self, work: Path) -> None:
        self.work = work
        work.mkdir(parents=True, exist_ok=True)

    def in_turn(self, cases: Mapping[str, Case], rounds: int) -> dict[str, list[Figures]]:
        """Runs all cases one after the other, again and again, so that a drifting machine changes all of them."""
        figures: dict[str, list[Figures]] = {name: [] for name in cases}
        for _ in range(rounds):
            for name, (job, arguments) in cases.items():
                figures[name].append(self.run(job, *arguments))
        return figures

    def run(self, job: str, *arguments: Path | str) -> Figures:
        """One job in a fresh process."""
        command = [str(self.python_of(job)), str(HERE / "contenders.py"), job, *map(str, arguments)]
        environment = {**os.environ, "TRACEDIFF_CACHE_DIR": str(self.work / "cache")}
        result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if result.returncode:
            sys.exit(f"{' '.join(command)} ended with {result.returncode}:\n{result.stderr}")
        return json.loads(result.stdout.splitlines()[-1])

    def python_of(self, job: str) -> Path:
        """The interpreter of a job's environment, which is made when it is not there."""
        if job not in ENVIRONMENTS:
            return Path(sys.executable)
        folder = self.work / job
        python, done = folder / "bin" / "python", folder / "installed"
        if not done.exists():
            venv.create(folder, clear=True, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *ENVIRONMENTS[job]], check=True, stdout=sys.stderr)
            done.touch()
        return python

    def versions(self, job: str, *packages: str) -> str:
        """What a job runs with: these packages, and what was installed for it."""
        names = [*packages, *(re.split("[=>]", required)[0] for required in ENVIRONMENTS.get(job, ()))]
        command = [self.python_of(job), "-c", _VERSIONS, *names]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def trace(self, capture: Path, *options: str) -> Path:
        """Builds a trace of a capture, in a process of its own."""
        path = self.work / f"{capture.name.partition('.')[0]}{''.join(options)}.json"
        command = [sys.executable, HERE / "big_traces.py", "--trace", capture, *options, path]
        subprocess.run(command, check=True)
        return path


def middle(figures: Sequence[Figures], value: Callable[[Figures], float]) -> str:
    """Median, smallest and largest."""
    values = sorted(map(value, figures))
    if len(values) == 1:
        return f"{values[0]:.3g}"
    return f"{statistics.median(values):.3g} ({values[0]:.3g} to {values[-1]:.3g})"


def ratio(of: Sequence[Figures], to: Sequence[Figures], value: Callable[[Figures], float]) -> float:
    """Median of the ratios within the rounds."""
    return statistics.median(value(one) / value(other) for one, other in zip(of, to, strict=True))


def median_of(figures: Sequence[Figures], value: Callable[[Figures], float]) -> float:
    """Median over the rounds."""
    return statistics.median(map(value, figures))
