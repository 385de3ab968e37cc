"""`tracediff diff`: base against candidate, in the TUI on a terminal, as text elsewhere."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from tracediff.cli.exit_codes import ExitCode
from tracediff.cli.options import add_kernel_log, add_output, lean, report_for, report_options, write

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "diff",
        help="where the time between two traces went",
        description="Compares two traces: opens the TUI on a terminal, prints elsewhere or with --format.",
    )
    parser.add_argument("base", metavar="BASE", help="a Kineto trace (.json, .json.gz) or a printed table (.txt)")
    parser.add_argument("candidate", metavar="CANDIDATE", help="what to compare with it")
    parser.add_argument("--families", metavar="FILE", help="operator families of your own (TOML)")
    add_kernel_log(parser, "; once for each side, base first, or one log for both")
    add_output(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Opens the TUI or prints."""
    if _wants_tui(options):
        from tracediff.cli.tui import open_tui

        return open_tui(options)
    with lean():
        return _print(options)


def _print(options: Namespace) -> int:
    report = report_for(options, options.base, options.candidate, *(options.kernel_log or ()))

    from tracediff.compare import CompareOptions, compare

    diff = compare(
        options.base,
        options.candidate,
        CompareOptions(families=options.families, kernel_logs=tuple(options.kernel_log or ())),
    )
    write(report.render_diff(diff, report_options(options)), options)
    return ExitCode.OK


def _wants_tui(options: Namespace) -> bool:
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return on_terminal and not options.format and not options.output
