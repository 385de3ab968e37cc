"""Opens the TUI on sample traces and waits until the comparison is on screen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from textual.pilot import Pilot
from textual.widgets import Static

from tracediff.tui.actions import TABS
from tracediff.tui.app import TracediffApp
from tracediff.tui.screens.compare import CompareScreen
from tracediff.tui.screens.runs import RunsScreen

SAMPLES = Path(__file__).parents[2] / "sample_traces"
GTSRB = (str(SAMPLES / "openblas.json"), str(SAMPLES / "acl.json"))
PRINTED = (str(SAMPLES / "arm-tutorial-openblas.txt"), str(SAMPLES / "arm-tutorial-acl.txt"))
BERT = (str(SAMPLES / "bert-openblas.json.gz"), str(SAMPLES / "bert-acl.json.gz"))
RESNET = (str(SAMPLES / "resnet50-openblas.json.gz"), str(SAMPLES / "resnet50-acl.json.gz"))

NARROW, WIDE = (80, 24), (160, 48)
_PATIENCE_S = 20


def new_app(inputs: tuple[str, str], **options: Any) -> TracediffApp:
    app = TracediffApp(*inputs, **options)
    app.animation_level = "none"
    return app


async def until(pilot: Pilot[int], true: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not true():
            await pilot.pause(0.01)
    await pilot.pause()


async def compared(pilot: Pilot[int]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen) and pilot.app.screen.is_mounted)
    # The table lays itself out once it knows its width.
    await pilot.pause(0.1)
    await pilot.pause()


async def listed(pilot: Pilot[int]) -> None:
    def is_listed() -> bool:
        screen = pilot.app.screen
        return isinstance(screen, RunsScreen) and screen.is_mounted and screen._loading is None

    await until(pilot, is_listed)
    await pilot.pause(0.1)


def press(*keys: str) -> Callable[[Pilot[int]], object]:
    """What a snapshot is taken after."""

    async def run(pilot: Pilot[int]) -> None:
        await compared(pilot)
        await pilot.press(*keys)
        await pilot.pause(0.1)

    return run


def messages(pilot: Pilot[int]) -> list[str]:
    """What the app has notified of."""
    return [f"{one.title} {one.message}".strip() for one in pilot.app._notifications]


def on_screen(pilot: Pilot[int]) -> str:
    """All that is drawn, line by line."""
    width, height = pilot.app.size
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.crop(0, width).text for strip in strips[:height])


@asynccontextmanager
async def opened(
    inputs: tuple[str, str] = GTSRB, size: tuple[int, int] = WIDE, *, tab: str | None = "operators", **options: Any
) -> AsyncIterator[Pilot[int]]:
    """The TUI on a comparison; options as of the app."""
    async with new_app(inputs, **options).run_test(size=size, notifications=True) as pilot:
        await compared(pilot)
        if tab:
            await pilot.press(str(1 + TABS.index(tab)))
            await pilot.pause()
        yield pilot


def rendered(pilot: Pilot[int], selector: str) -> str:
    """What a static widget shows, as text."""
    console = Console(width=150, color_system=None)
    with console.capture() as capture:
        console.print(pilot.app.screen.query_one(selector, Static).content)
    return capture.get()
