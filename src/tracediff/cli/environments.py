"""`tracediff environments`: what `capture --torch` has built, and how to be rid of it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tracediff import units
from tracediff.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers
    from tracediff.launcher.environments import EnvironmentInfo

_ALL = -1.0


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser: ArgumentParser = commands.add_parser(
        "environments",
        help="the torch versions that capture has installed",
        description="Lists the environments that capture --torch built, and removes those no longer needed.",
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--path", action="store_true", help="print the folder that they are in")
    action.add_argument(
        "--prune",
        nargs="?",
        const=_ALL,
        type=_days,
        metavar="DAYS",
        help="remove those not used for DAYS days; all without DAYS",
    )
    parser.set_defaults(run=run)


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1.0
    if not 0 <= days <= 100_000:
        raise ArgumentTypeError(f"{text!r} is not a number of days")
    return days


def run(options: Namespace) -> int:
    """Lists, removes, or says where."""
    from tracediff.launcher.environments import environments_folder, list_environments, prune

    if options.path:
        print(environments_folder())
    elif options.prune is None:
        environments = list_environments()
        _print_table(environments)
        if not environments:
            print(f"tracediff: no environments in {environments_folder()}", file=sys.stderr)
    else:
        removed = prune(None if options.prune == _ALL else options.prune)
        _print_table(removed)
        print(f"tracediff: removed {len(removed)}, {units.size(sum(info.size for info in removed))}", file=sys.stderr)
    return ExitCode.OK


def _print_table(environments: Iterable[EnvironmentInfo]) -> None:
    rows = [
        (
            info.torch,
            info.python,
            units.size(info.size),
            f"{info.last_used.astimezone():%Y-%m-%d %H:%M}",
            " ".join(info.options) or "-",
            str(info.path),
        )
        for info in environments
    ]
    if not rows:
        return
    rows.insert(0, ("torch", "Python", "size", "last used", "installed with", "path"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
