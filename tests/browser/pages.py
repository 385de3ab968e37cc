"""What the tests of the page do to it, and see of it.

TRACEDIFF_SCREENSHOTS=FOLDER keeps a picture of each view.
"""

from __future__ import annotations

import os
from pathlib import Path

from chromium import Chromium

ROWS = "[...document.querySelectorAll('#rows-table tbody tr')].filter((row) => !row.hidden)"
LINES = "[...document.querySelectorAll('#tree tbody tr')]"
FRAMES = "[...document.querySelectorAll('#flame .frame')]"


def show(browser: Chromium, path: Path, width: int = 1400, scheme: str = "light") -> None:
    browser.look_like(width, scheme=scheme)
    browser.requested.clear()
    browser.errors.clear()
    browser.open(path.as_uri())
    browser.wait_for("document.readyState === 'complete'")


def shown(page: Chromium, column: int) -> list[str]:
    return page.evaluate(f"{ROWS}.map((row) => row.cells[{column}].dataset.value ?? row.cells[{column}].innerText)")


def write(page: Chromium, selector: str, text: str) -> None:
    page.evaluate(
        f"(() => {{ const input = document.querySelector('{selector}'); input.value = {text!r};"
        " input.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def keep(page: Chromium, name: str) -> None:
    if folder := os.environ.get("TRACEDIFF_SCREENSHOTS"):
        page.screenshot(Path(folder, f"report-{name}.png"), whole=True)
