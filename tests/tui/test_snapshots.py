"""Pictures of the screens, small and large; they hold for one version of Textual."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import textual

from tracediff.tui.screens.compare import TABS
from tui.driver import GTSRB, NARROW, PRINTED, RESNET, WIDE, new_app, press

TIMELINE = str(1 + TABS.index("timeline"))
PROJECT_FILE = Path(__file__).parents[2] / "pyproject.toml"


def test_textual_is_the_version_that_the_pictures_were_made_with() -> None:
    pin = re.search(r'"textual==([\d.]+)"', PROJECT_FILE.read_text())
    assert pin
    assert textual.__version__ == pin[1], "install the pinned Textual before looking at, or updating, snapshots"


@pytest.mark.parametrize(
    ("inputs", "keys", "size"),
    [
        pytest.param(GTSRB, ["2"], NARROW, id="rows-80x24"),
        pytest.param(RESNET, ["2"], WIDE, id="rows-160x48"),
        pytest.param(GTSRB, ["2", "enter"], NARROW, id="detail-80x24"),
        pytest.param(GTSRB, ["2", "enter", "tab"], WIDE, id="detail-160x48"),
        pytest.param(GTSRB, ["3", "e"], NARROW, id="call-tree-80x24"),
        pytest.param(GTSRB, [TIMELINE, "down"], NARROW, id="timeline-80x24"),
        pytest.param(RESNET, [TIMELINE, "down", *"++++"], (120, 36), id="timeline-120x36"),
        pytest.param(RESNET, [TIMELINE, "f", "down"], (200, 60), id="flame-200x60"),
        pytest.param(GTSRB, ["2", "b"], WIDE, id="operators-160x48"),
        pytest.param(PRINTED, [], NARROW, id="printed-ledger-80x24"),
    ],
)
def test_picture(snap_compare, inputs: tuple[str, str], keys: list[str], size: tuple[int, int]) -> None:
    assert snap_compare(new_app(inputs), terminal_size=size, run_before=press(*keys))
