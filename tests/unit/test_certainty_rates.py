"""How often verdicts are wrong and changes missed, on simulated captures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tracediff.compare import compare
from tracediff.model.diff import Diff

from simulation import Noise, Simulation, sides, verdicts


def false_verdicts(trials: Sequence[int], captures: int, folder: Path) -> float:
    return part_called([compare(*sides(folder / str(seed), captures, seed)) for seed in trials])


def part_called(diffs: Sequence[Diff]) -> float:
    rows = [row.verdict in ("faster", "slower") for diff in diffs for row in diff.rows]
    return sum(rows) / len(rows)


@pytest.mark.parametrize("spreads", [(0.1, 0.02), (0.04, 0.04)])
def test_few_restless_captures_of_the_same_code_seldom_differ(tmp_path: Path, spreads: tuple[float, float]) -> None:
    def written(seed: int, which: int) -> Path:
        simulation = Simulation(seed, Noise(between=spreads[which]))
        return simulation.write(tmp_path / f"{seed}-{which}", (5, 14)[which], candidate=bool(which))

    assert part_called([compare(written(seed, 0), written(seed, 1)) for seed in range(20)]) <= 0.05


def test_the_same_code_seldom_differs(tmp_path: Path) -> None:
    assert false_verdicts(range(10), 7, tmp_path) <= 0.05


def test_a_tenth_in_a_heavy_family_is_found(tmp_path: Path) -> None:
    trials = 20
    found = [
        verdicts(compare(*sides(tmp_path / str(seed), 10, seed, conv2d=1.1)))["conv2d"] == "slower"
        for seed in range(trials)
    ]

    assert sum(found) >= 0.9 * trials


def test_blocks_are_compared_pairwise_where_there_are_enough(tmp_path: Path) -> None:
    drifting = Noise(between=0.01, between_rows=0.01, drift=1.0)

    def total(captures: int, candidate_blocks: int) -> str | None:
        simulation = Simulation(5, drifting, effects={"conv2d": 1.1})
        folder = tmp_path / f"{captures}-{candidate_blocks}"
        base = simulation.write(folder / "base", captures)
        candidate = simulation.write(folder / "candidate", captures, candidate=True)
        for path in candidate.iterdir():
            path.write_text(path.read_text().replace('"block": ', f'"block": {candidate_blocks or ""}'))
        return compare(base, candidate).total.verdict

    assert total(12, 0) == "slower"
    # The same times in blocks that the base knows nothing of.
    assert total(12, 7) == "no evidence"
    assert total(5, 0) == "no evidence"
