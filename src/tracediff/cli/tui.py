"""`tracediff tui`: the TUI on two traces."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from tracediff.cli.options import add_kernel_log
from tracediff.errors import UsageError

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser("tui", help="look at a comparison in the terminal", description="Opens the TUI.")
    parser.add_argument("base", metavar="BASE", help="a Kineto trace (.json, .json.gz) or a printed table (.txt)")
    parser.add_argument("candidate", metavar="CANDIDATE", help="what to compare with it")
    parser.add_argument("--families", metavar="FILE", help="operator families of your own (TOML)")
    add_kernel_log(parser, "; once for each side, base first, or one log for both")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Opens the TUI.

    Raises:
        UsageError: there is no terminal.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the TUI needs a terminal. Use tracediff diff to print")
    return open_tui(options)


def open_tui(options: Namespace) -> int:
    """Runs the TUI on the two inputs until the user leaves it."""
    from tracediff.compare import CompareOptions
    from tracediff.tui import run_tui

    chosen = CompareOptions(families=options.families, kernel_logs=tuple(options.kernel_log or ()))
    return run_tui(options.base, options.candidate, chosen)
