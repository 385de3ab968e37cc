"""Folders of repeated captures in the TUI: verdicts beside the rows, captures on the cards."""

from __future__ import annotations

from pathlib import Path

from tui.driver import GTSRB, opened, until
from tui.test_comparison import cells, rows_table, text_of

from simulation import Simulation


async def test_verdicts_and_captures(tmp_path: Path) -> None:
    simulation = Simulation(1, effects={"linear": 1.5})
    sides = (simulation.write(tmp_path / "base", 7), simulation.write(tmp_path / "other", 7, candidate=True))
    async with opened((str(sides[0]), str(sides[1]))) as pilot:
        await pilot.press("d")
        await pilot.pause(0.1)
        assert (
            dict(zip(cells(rows_table(pilot), "row"), cells(rows_table(pilot), "verdict"), strict=True))[
                "linear [64] [1,256] [256,64]"
            ]
            == "slower"
        )
        assert "7 captures" in text_of(pilot, "#base-card")
        assert "slower" in text_of(pilot, "#headline")

        await pilot.press("x")
        await until(pilot, lambda: "faster" in text_of(pilot, "#headline"))


async def test_no_verdicts_without_repeated_captures() -> None:
    async with opened(GTSRB) as pilot:
        assert "verdict" not in [column.key for column in rows_table(pilot).columns_wanted]
