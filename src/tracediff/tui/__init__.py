"""The Textual front end: shows one Diff, computes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracediff.compare import CompareOptions


def run_tui(base: str, candidate: str, options: CompareOptions | None = None) -> int:
    """Reads both inputs and shows their comparison until the user leaves.

    Args:
        base: a trace file, as the user named it.
        candidate: what to compare with it.
        options: how to compare.

    Returns:
        The exit code: 0, or 130 where Ctrl+C ended it.

    Raises:
        TracediffError: an input could not be read; the terminal is itself again.
    """
    # Textual takes a quarter of a second to import, which `tracediff --help` must not pay.
    from tracediff.tui.app import TracediffApp

    return TracediffApp(base, candidate, options).run_to_exit_code()
