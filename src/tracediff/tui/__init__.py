"""The Textual front end: shows one Diff, computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracediff.compare import CompareOptions
    from tracediff.tui.exporting import Exporter


def run_tui(
    base: str | None = None,
    candidate: str | None = None,
    options: CompareOptions | None = None,
    folder: str = ".",
    exporters: Sequence[Exporter] = (),
    ascii_only: bool | None = None,
) -> int:
    """Shows a comparison, or the captures to choose one from, until the user leaves.

    Args:
        base: a trace file, as the user named it; where there is no candidate, what is marked at first.
        candidate: what to compare with it; without one, the captures below `folder` are shown.
        options: how to compare.
        folder: where to look for captures.
        exporters: what can be made of a comparison beside a picture.
        ascii_only: whether to draw in ASCII only; None: as the user's settings or the locale say.

    Returns:
        The exit code: 0, or 130 where Ctrl+C ended it.

    Raises:
        TracediffError: an input could not be read; the terminal is itself again.
    """
    # Textual takes a quarter of a second to import, which `tracediff --help` must not pay.
    from tracediff.tui.app import TracediffApp

    return TracediffApp(base, candidate, options, folder, exporters, ascii_only).run_to_exit_code()
