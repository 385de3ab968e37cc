"""The command line: parses, hands over, and turns every error into one line and an exit code."""

from __future__ import annotations

import io
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from tracediff.cli import cache, capture, diff, environments, export, noise, perfetto, show, tensorboard, tui
from tracediff.cli.exit_codes import ExitCode
from tracediff.cli.options import Parser, has_terminal
from tracediff.errors import CaptureError, ComparisonError, TracediffError, TraceFormatError, UsageError
from tracediff.units import printable

COMMANDS = (diff, show, export, noise, capture, environments, cache, tensorboard, perfetto, tui)

_DESCRIPTION = "Why did PyTorch inference get slower or faster? Profiler traces in, one honest ledger out."
_EXIT_CODES: dict[type[TracediffError], ExitCode] = {
    UsageError: ExitCode.USAGE,
    TraceFormatError: ExitCode.UNREADABLE,
    CaptureError: ExitCode.CAPTURE_FAILED,
    ComparisonError: ExitCode.NOT_COMPARABLE,
}


def build_parser() -> ArgumentParser:
    """The parser of all commands; makes nothing heavy load."""
    parser = Parser(prog="tracediff", description=_DESCRIPTION)
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for command in COMMANDS:
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        The exit code (CONTRACTS, "Commands").

    Raises:
        KeyboardInterrupt: Ctrl-C, which is for `tracediff.__main__` to answer.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    if sys.stdout is None or sys.stderr is None:  # pyright: ignore[reportUnnecessaryComparison]
        # Closed by the caller (>&-): there is nowhere to say so.
        return ExitCode.USAGE
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's encoding lacks is shown escaped, not refused.
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(given)
    except TracediffError as error:
        if "--debug" in given:
            raise
        print(f"tracediff: error: {printable(str(error))}", file=sys.stderr)
        return next(code for kind, code in _EXIT_CODES.items() if isinstance(error, kind))
    except BrokenPipeError:
        # The reader of the pipe (head, less) has seen enough; Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:  # A defect is one line too, and its traceback an option away (CONTRACTS, "Commands").
        if "--debug" in given:
            raise
        print(f"tracediff: error: {_defect(error)}", file=sys.stderr)
        return ExitCode.DEFECT


def _defect(error: Exception) -> str:
    """What to report, and how to learn more."""
    import traceback

    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    where = f"{Path(frame.f_code.co_filename).name}:{line}"
    said = printable(" ".join(str(error).split()))
    return f"a defect of tracediff: {type(error).__name__}: {said} ({where}). Report what tracediff --debug ... prints"


def _run(given: Sequence[str]) -> int:
    parser = build_parser()
    options = parser.parse_args(given)
    if options.version:
        from importlib.metadata import version

        print(f"tracediff {version('torch-tracediff')}")
        return ExitCode.OK
    if not hasattr(options, "run"):
        if not has_terminal():
            parser.print_help()
            return ExitCode.USAGE
        options = parser.parse_args([*given, "tui"])
    code: int = options.run(options)
    sys.stdout.flush()
    return code
