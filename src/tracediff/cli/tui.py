"""`tracediff tui`: the TUI on two traces, or on the captures to choose them from."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from tracediff.cli.comparison import add_comparison, compare_options, is_read_once
from tracediff.cli.exit_codes import ExitCode
from tracediff.errors import UsageError

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "tui",
        help="choose captures and look at their comparison in the terminal",
        description="Opens the TUI: on a comparison, or on the captures below a folder to choose two from. "
        "tracediff alone does the latter here.",
    )
    parser.add_argument(
        "base",
        metavar="BASE",
        nargs="?",
        help="as of tracediff diff; alone: the folder to choose from, or the file to compare with what is beside it",
    )
    parser.add_argument("candidate", metavar="CANDIDATE", nargs="?", help="what to compare with it")
    add_comparison(parser)
    add_ascii(parser)
    parser.epilog = (
        "Keys, theme and more are set in tracediff/tui.toml below the user's configuration directory (on Linux "
        "~/.config), or in the file that TRACEDIFF_CONFIG names."
    )
    parser.set_defaults(run=run)


def add_ascii(parser: ArgumentParser) -> None:
    """--ascii."""
    parser.add_argument(
        "--ascii",
        action="store_true",
        default=None,
        help="draw the TUI in ASCII only, as it does by itself where the locale is not UTF-8",
    )


def run(options: Namespace) -> int:
    """Opens the TUI.

    Raises:
        UsageError: there is no terminal, or an input is a pipe.
        TraceFormatError: the one input that is named is not there.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("the TUI needs a terminal. Use tracediff diff to print")
    if any(is_read_once(name) for name in (options.base, options.candidate) if name):
        raise UsageError("the TUI reads its inputs more than once, and a pipe gives them once. Use tracediff diff")
    return open_tui(options) if options.candidate else _choose(options)


def open_tui(options: Namespace) -> int:
    """Runs the TUI on the two inputs until the user leaves it."""
    return _run(options, options.base, options.candidate)


def _choose(options: Namespace) -> int:
    """Runs the TUI on the captures below the folder that is named, or around the file."""
    from tracediff.importers.places import is_url, local
    from tracediff.importers.source import status_of

    if options.kernel_log:
        raise UsageError("--kernel-log is of captures that are named. Name both")
    name = local(options.base or ".")
    if is_url(name):
        raise UsageError("is nothing that can be looked around in. Name both inputs", str(name))
    path = Path(name)
    status_of(path)
    base, folder = (None, path) if path.is_dir() else (str(path), path.parent)
    return _run(options, base, folder=str(folder))


def _run(options: Namespace, base: str | None, candidate: str | None = None, folder: str = ".") -> int:
    from tracediff.cli.exporters import exporters
    from tracediff.tui import run_tui

    code = run_tui(base, candidate, compare_options(options), folder, exporters=exporters(), ascii_only=options.ascii)
    if code == ExitCode.INTERRUPTED:
        # The app took Ctrl-C as a key.
        raise KeyboardInterrupt
    return code
