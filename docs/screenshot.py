"""Makes the picture of the README anew: `python docs/screenshot.py` in a set-up environment."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from tracediff.tui.app import TracediffApp

HERE = Path(__file__).parent


async def main() -> None:
    """Opens the sample pair, waits for the table, saves what is on the screen."""
    os.chdir(HERE.parent / "sample_traces")
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
    asyncio.run(main())
