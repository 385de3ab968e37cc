"""Pictures of the screens, small and large; they hold for one version of Textual."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

import pytest
import textual
from textual.pilot import Pilot

from tracediff.tui.app import TracediffApp
from tracediff.tui.screens.compare import TABS
from tui.driver import BERT, GTSRB, NARROW, PRINTED, RESNET, SAMPLES, listed, new_app, press

from simulation import Simulation

DATE = 1_780_000_000
TIMELINE = str(1 + TABS.index("timeline"))
PROJECT_FILE = Path(__file__).parents[2] / "pyproject.toml"


def test_textual_is_the_version_that_the_pictures_were_made_with() -> None:
    pin = re.search(r'"textual==([\d.]+)"', PROJECT_FILE.read_text())
    assert pin
    assert textual.__version__ == pin[1], "install the pinned Textual before looking at, or updating, snapshots"


@pytest.mark.parametrize("size", [NARROW, (120, 36), (200, 60)], ids=lambda size: "{}x{}".format(*size))
@pytest.mark.parametrize(
    ("inputs", "keys"),
    [
        pytest.param(BERT, ["j", "j", "tab"], id="ledger"),
        pytest.param(PRINTED, [], id="printed-ledger"),
        pytest.param(RESNET, ["2", "j"], id="operators"),
        pytest.param(GTSRB, ["2", "b", "G", "enter"], id="grouped"),
        pytest.param(GTSRB, ["2", "enter"], id="detail"),
        pytest.param(GTSRB, ["3", "e"], id="call-tree"),
        pytest.param(RESNET, ["4"], id="kernels"),
        pytest.param(RESNET, [TIMELINE, "down", *"++++"], id="timeline"),
        pytest.param(RESNET, [TIMELINE, "f", "down"], id="flame"),
        pytest.param(GTSRB, ["6"], id="environment"),
    ],
)
def test_picture(
    snap_compare, monkeypatch: pytest.MonkeyPatch, inputs: tuple[str, str], keys: list[str], size: tuple[int, int]
) -> None:
    """Inputs are named as seen from the samples' folder: the one above it is that of a machine."""
    monkeypatch.chdir(SAMPLES)
    base, candidate = (Path(path).name for path in inputs)
    assert snap_compare(new_app((base, candidate)), terminal_size=size, run_before=press(*keys))


@pytest.mark.parametrize(
    ("keys", "size"),
    [
        pytest.param(["space", "j"], NARROW, id="runs-80x24"),
        pytest.param(["space", "j", "space", "G"], (120, 36), id="runs-120x36"),
        pytest.param(["j", "space", "/", *"acl"], (200, 60), id="runs-200x60"),
    ],
)
def test_picture_of_the_captures(
    snap_compare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: list[str], size: tuple[int, int]
) -> None:
    """A folder of its own: dates and paths of the samples are those of their machine."""
    simulation = Simulation(7)
    for name in ("native", "onednn"):
        simulation.write(tmp_path / "runs" / name, 5, name == "onednn", backend=name, workload={"name": "small"})
    for name in ("acl.json", "openblas.json", "bert-acl.json.gz", "arm-tutorial-acl.txt"):
        shutil.copy(SAMPLES / name, tmp_path)
    (tmp_path / "cut.json").write_bytes((SAMPLES / "acl.json").read_bytes()[:100_000])
    (tmp_path / "empty.json").touch()
    (tmp_path / "settings.json").write_text("{}")
    for path in tmp_path.rglob("*"):
        os.utime(path, (DATE, DATE))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    app = TracediffApp()
    app.animation_level = "none"

    async def run(pilot: Pilot[int]) -> None:
        await listed(pilot)
        await pilot.press(*keys)
        await pilot.pause(0.1)

    assert snap_compare(app, terminal_size=size, run_before=run)
