"""`tracediff tui`: the TUI on two traces."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from tracediff.cli.comparison import add_comparison, compare_options, is_read_once
from tracediff.cli.exit_codes import ExitCode
from tracediff.errors import UsageError

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser("tui", help="look at a comparison in the terminal", description="Opens the TUI.")
    add_comparison(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Opens the TUI.

    Raises:
        UsageError: there is no terminal, or an input is a pipe.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the TUI needs a terminal. Use tracediff diff to print")
    if any(map(is_read_once, (options.base, options.candidate))):
        raise UsageError("the TUI reads its inputs more than once, and a pipe gives them once. Use tracediff diff")
    return open_tui(options)


def open_tui(options: Namespace) -> int:
    """Runs the TUI on the two inputs until the user leaves it."""
    from tracediff.tui import run_tui

    code = run_tui(options.base, options.candidate, compare_options(options))
    if code == ExitCode.INTERRUPTED:
        # The app took Ctrl-C as a key.
        raise KeyboardInterrupt
    return code
