"""The Textual front end: shows one Diff, computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracediff.compare import CompareOptions


def run_tui(
    base: str | None = None, candidate: str | None = None, options: CompareOptions | None = None, folder: str = "."
) -> int:
    """Shows a comparison, or the captures to choose one from, until the user leaves.

    Args:
        base: a trace file, as the user named it; where there is no candidate, what is marked at first.
        candidate: what to compare with it; without one, the captures below `folder` are shown.
        options: how to compare.
        folder: where to look for captures.

    Returns:
        The exit code: 0, or 130 where Ctrl+C ended it.

    Raises:
        TracediffError: an input could not be read; the terminal is itself again.
    """
    # Textual takes a quarter of a second to import, which `tracediff --help` must not pay.
    from tracediff.tui.app import TracediffApp

    return TracediffApp(base, candidate, options, folder).run_to_exit_code()
