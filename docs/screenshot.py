"""Makes all pictures of README and docs anew: `python docs/screenshot.py` in a set-up environment with Chromium."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracediff.cli import main
from tracediff.tui.app import TracediffApp

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "sample_traces"
sys.path.append(str(HERE.parent / "tests"))
from tui.driver import compared, listed  # noqa: E402

from chromium import Chromium  # noqa: E402 (these are of the tests)

GTSRB = ("sample_traces/openblas.json", "sample_traces/acl.json")
BERT = ("sample_traces/bert-openblas.json.gz", "sample_traces/bert-acl.json.gz")
DATE = 1_780_000_000
"""Of the samples in the list of captures: that of their checkout would be another one in every clone."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of the TUI.

    Attributes:
        name: of the file, without its suffix.
        inputs: what is compared; a folder alone lists its captures.
        keys: what is pressed before.
        lines: how high the terminal is; it is 120 columns wide.
    """

    name: str
    inputs: Sequence[str]
    keys: Sequence[str]
    lines: int


SHOTS = (
    # The cursor is elsewhere, for it takes the colour from the bar below it.
    Shot("tui", GTSRB, ("tab",), 29),
    Shot("tui-operators", GTSRB, ("2",), 30),
    Shot("tui-detail", GTSRB, ("2", "enter"), 48),
    Shot("tui-calls", GTSRB, ("3", "e"), 32),
    Shot("tui-kernels", GTSRB, ("4",), 22),
    Shot("tui-timeline", GTSRB, ("5", "down", "right", "right", "right"), 32),
    Shot("tui-flame", BERT, ("5", "f", "down"), 27),
    Shot("tui-runs", ("sample_traces",), ("j", "j", "j", "space", "k", "space"), 24),
)


async def picture_of_the_tui(shot: Shot) -> None:
    """Opens the inputs, presses the keys, saves what is on the screen."""
    is_pair = len(shot.inputs) == 2
    app = TracediffApp(*shot.inputs) if is_pair else TracediffApp(folder=shot.inputs[0])
    app.animation_level = "none"
    async with app.run_test(size=(120, shot.lines)) as pilot:
        await (compared if is_pair else listed)(pilot)
        await pilot.press(*shot.keys)
        await pilot.pause(0.5)
        picture = app.export_screenshot(title=" ".join(["tracediff", "diff" if is_pair else "tui", *shot.inputs]))
    # Textual's picture asks a web server for its font; any monospaced one does.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    (HERE / f"{shot.name}.svg").write_text(picture, "utf-8")


def picture_of_the_page(folder: Path) -> None:
    """Opens the page of the sample pair and saves what is in the window."""
    page = folder / "report.html"
    main(["diff", *GTSRB, "-o", str(page)])
    browser = Chromium(folder / "profile")
    browser.look_like(1280, 880)
    browser.open(page.as_uri())
    browser.wait_for("document.readyState === 'complete'")
    browser.evaluate("document.documentElement.style.scrollbarWidth = 'none'")
    browser.screenshot(HERE / "report.png")
    browser.close()


if __name__ == "__main__":
    # The same terminal everywhere, with all colours and without the user's settings.
    os.environ |= {"COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TRACEDIFF_CONFIG": os.devnull}
    os.environ.pop("NO_COLOR", None)
    time.tzset()
    with tempfile.TemporaryDirectory() as temporary:
        os.chdir(temporary)
        shutil.copytree(SAMPLES, "sample_traces")
        for path in Path("sample_traces").iterdir():
            os.utime(path, (DATE, DATE))
        for shot in SHOTS:
            asyncio.run(picture_of_the_tui(shot))
        picture_of_the_page(Path(temporary))
