"""Makes the pictures of the README anew: `python docs/screenshot.py` in a set-up environment with Chromium."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from pathlib import Path

from tracediff.cli import main
from tracediff.tui.app import TracediffApp

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "tests"))
from chromium import Chromium  # noqa: E402 (it is of the tests)


def picture_of_the_page() -> None:
    """Opens the page of the sample pair and saves what is in the window."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        main(["diff", "openblas.json", "acl.json", "-o", str(page)])
        browser = Chromium(Path(folder, "profile"))
        browser.look_like(1280, 1120)
        browser.open(page.as_uri())
        browser.wait_for("document.readyState === 'complete'")
        browser.evaluate("document.documentElement.style.scrollbarWidth = 'none'")
        browser.screenshot(HERE / "report.png")
        browser.close()


async def picture_of_the_tui() -> None:
    """Opens the sample pair, waits for the table, saves what is on the screen."""
    app = TracediffApp("openblas.json", "acl.json")
    async with app.run_test(size=(176, 24)) as pilot:
        while not app.screen.query("RowsTable"):
            await pilot.pause(0.1)
        await pilot.pause(0.5)
        picture = app.export_screenshot(title="tracediff diff openblas.json acl.json")
    # Textual's picture asks a web server for its font; any monospaced one does.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    (HERE / "tui.svg").write_text(picture, "utf-8")


if __name__ == "__main__":
    os.chdir(HERE.parent / "sample_traces")
    picture_of_the_page()
    asyncio.run(picture_of_the_tui())
