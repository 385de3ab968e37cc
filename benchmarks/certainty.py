"""How often verdicts are wrong, and how often they find what is there, on simulated captures read from their files.

Processes differ by 5 % (4 % common to all rows, 3 % of each row's own), iterations by 5 %: log-normal. The trials are
seeded, so the figures are the same wherever they are made.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from tracediff.compare import compare
from tracediff.model.diff import Diff

from simulation import Noise, Simulation

CHANGED = ("slower", "faster")
PLAIN = Noise()
SPOILED = Noise(drift=0.2, outliers=0.03)
RESTLESS = (Noise(between=0.1), Noise(between=0.02))
"""Few captures of one side that vary much, against many of the other that do not."""

Counts: TypeAlias = int | tuple[int, int]
Noises: TypeAlias = Noise | tuple[Noise, Noise]


def trial(seed: int, captures: Counts, effects: Mapping[str, float], noise: Noises) -> Diff:
    """One comparison of simulated captures."""
    counts = (captures, captures) if isinstance(captures, int) else captures
    noises = (noise, noise) if isinstance(noise, Noise) else noise
    base, candidate = (Simulation(seed, one, effects=effects) for one in noises)
    with tempfile.TemporaryDirectory() as folder:
        of_base = base.write(Path(folder, "base"), counts[0])
        return compare(of_base, candidate.write(Path(folder, "candidate"), counts[1], candidate=True))


def called(diff: Diff) -> float:
    """Part of the rows that are called faster or slower."""
    return sum(row.verdict in CHANGED for row in diff.rows) / len(diff.rows)


def called_total(diff: Diff) -> float:
    """Whether the total is."""
    return diff.total.verdict in CHANGED


def called_unchanged(diff: Diff) -> float:
    """The same of the rows that did not change."""
    rows = [row for row in diff.rows if row.family != "conv2d"]
    return sum(row.verdict in CHANGED for row in rows) / len(rows)


def found(diff: Diff) -> float:
    """Whether the family that changed is called slower."""
    return any(term.term == "conv2d" and term.verdict == "slower" for term in diff.ledger)


def found_row(diff: Diff) -> float:
    """Whether one of its rows is."""
    return any(row.family == "conv2d" and row.verdict == "slower" for row in diff.rows)


def covered(diff: Diff) -> float:
    """Part of the intervals of unchanged rows that hold 1."""
    intervals = [row.interval for row in diff.rows if row.interval]
    return sum(low <= 1 <= high for low, high in intervals) / len(intervals)


SLOWER = {"conv2d": 1.1}
MEASURES: tuple[tuple[str, Counts, Mapping[str, float], Noises, Callable[[Diff], float]], ...] = (
    ("same code, 3 + 3: rows called faster or slower", 3, {}, PLAIN, called),
    ("same code, 5 + 5: the same", 5, {}, PLAIN, called),
    ("same code, 7 + 7: the same", 7, {}, PLAIN, called),
    ("same code, 2 + 14: the same", (2, 14), {}, PLAIN, called),
    ("same code, 5 + 14: the same", (5, 14), {}, PLAIN, called),
    ("same code, 5 + 14, processes differ by 10 % and 2 %: rows", (5, 14), {}, RESTLESS, called),
    ("same code, 5 + 14, processes differ by 10 % and 2 %: the total", (5, 14), {}, RESTLESS, called_total),
    ("same code, 14 + 5, processes differ by 10 % and 2 %: the total", (14, 5), {}, RESTLESS, called_total),
    ("same code, 7 + 7, drift 20 %, 3 % outliers: the same", 7, {}, SPOILED, called),
    ("same code, 12 + 12 in blocks, drift and outliers: the same", 12, {}, SPOILED, called),
    ("same code, 7 + 7: intervals that hold 1", 7, {}, PLAIN, covered),
    ("convolutions 10 % slower, 5 + 5: found as a family", 5, SLOWER, PLAIN, found),
    ("convolutions 10 % slower, 10 + 10: found as a family", 10, SLOWER, PLAIN, found),
    ("convolutions 10 % slower, 10 + 10: found in a row", 10, SLOWER, PLAIN, found_row),
    ("convolutions 10 % slower, 10 + 10: other rows called faster or slower", 10, SLOWER, PLAIN, called_unchanged),
    ("the same, 12 + 12 in blocks, drift and outliers: found as a family", 12, SLOWER, SPOILED, found),
)


def main() -> None:
    """Runs the trials and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    trials = parser.parse_args().trials
    print(f"| {trials} trials | part |\n|---|---:|")
    for name, captures, effects, noise, measure in MEASURES:
        parts = [measure(trial(seed, captures, effects, noise)) for seed in range(trials)]
        print(f"| {name} | {100 * sum(parts) / trials:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
