"""Options that several commands share, and where their output goes."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Generator
from pathlib import Path
from typing import NoReturn

from tracediff.errors import UsageError
from tracediff.report.base import REPORTS, Report, ReportOptions, format_of, load_report


class Parser(ArgumentParser):
    """argparse, with its complaint in one line."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. See {self.prog} --help")


def add_output(parser: ArgumentParser) -> None:
    """--format, -o, --limit."""
    parser.add_argument("--format", choices=list(REPORTS), help="how to print; else by the suffix of -o")
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write to FILE instead of standard output; - is standard output"
    )
    parser.add_argument(
        "--limit", type=_limit, metavar="N", help="show at most N rows, 0 for all; a JSON document is always whole"
    )


def add_kernel_log(parser: ArgumentParser, more: str = "") -> None:
    """--kernel-log, which can be given several times."""
    parser.add_argument(
        "--kernel-log",
        metavar="FILE",
        action="append",
        help=f"verbose output of oneDNN or MKL, in place of what the trace carries{more}",
    )


def add_no_cache(parser: ArgumentParser) -> None:
    """--no-cache."""
    parser.add_argument(
        "--no-cache",
        dest="cache",
        action="store_false",
        help="read large traces anew and keep nothing (see tracediff cache)",
    )


def _limit(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a number of rows")
    return int(text)


def report_for(options: Namespace, *inputs: str | Path) -> Report:
    """The report that --format or -o asks for; the table if neither does.

    Args:
        options: of the command line.
        inputs: files that the output must not replace.

    Raises:
        UsageError: the suffix of -o belongs to no format, or -o names an input.
    """
    chosen: str | None = options.format
    if options.output == "-":
        options.output = None
    if options.output:
        for path in inputs:
            with contextlib.suppress(OSError):
                if Path(options.output).samefile(path):
                    raise UsageError("is an input. Name another file for -o", options.output)
        chosen = chosen or format_of(options.output)
        if chosen is None:
            raise UsageError(f"has a suffix of no known format. Add --format {'|'.join(REPORTS)}", options.output)
    return load_report(chosen or "table")


def report_options(options: Namespace) -> ReportOptions:
    """Layout for where the output goes: colour and width only for a terminal."""
    on_terminal = sys.stdout.isatty() and not options.output
    return ReportOptions(
        limit=options.limit,
        width=_columns() if on_terminal or "COLUMNS" in os.environ else None,
        color=on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb",
    )


def has_terminal() -> bool:
    """Whether somebody can be shown the TUI."""
    # A stream that the caller closed is None.
    return all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout)) and (
        os.environ.get("TERM", "dumb") != "dumb"
    )


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns


@contextlib.contextmanager
def lean() -> Generator[None]:
    """For a command that reads, computes, prints and ends.

    Nothing it makes is cyclic, so looking for garbage only costs. And numpy is here for columns of integers, never for
    its BLAS, whose threads would take a third of the processor time of a cold start.
    """
    from tracediff.cli.interrupt import interruptible

    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()
    try:
        with interruptible():
            yield
    except KeyboardInterrupt:
        # The process ends now: to look for garbage in all that was read takes half a second.
        raise
    except BaseException:
        gc.enable()
        raise
    gc.enable()


def write(text: str, options: Namespace) -> None:
    """Puts a report on standard output, or into a file that is complete or not there at all.

    Raises:
        UsageError: the output cannot be written.
    """
    try:
        if not options.output:
            sys.stdout.write(text)
            sys.stdout.flush()
            return
        from tracediff.files import write_text

        write_text(Path(options.output), text)
    except BrokenPipeError:
        raise
    except OSError as error:
        where = options.output or "standard output"
        raise UsageError(f"cannot be written ({error.strerror}). Check the disk and the folder", where) from None
