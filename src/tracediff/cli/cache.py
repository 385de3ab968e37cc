"""`tracediff cache`: what is kept of large traces, and how to be rid of it."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

from tracediff import units
from tracediff.cli.exit_codes import ExitCode
from tracediff.errors import UsageError

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "cache",
        help="what is kept of large traces, so that a second look is fast",
        description="Says where large traces are kept as they were read, how many and how large, or removes them.",
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--info", action="store_true", help="where, how many, how large (as without any option)")
    action.add_argument("--clear", action="store_true", help="remove all of them")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Says or removes.

    Raises:
        UsageError: there is no cache, or it cannot be read or emptied.
    """
    from tracediff.importers.cache import MOST_CACHE_BYTES, clear, info

    try:
        found = clear() if options.clear else info()
    except (OSError, RuntimeError) as error:
        raise UsageError(f"the cache cannot be used ({error}). Set TRACEDIFF_CACHE_DIR to a folder of yours") from None
    if options.clear:
        removed = f"{units.count(found.traces, 'trace')}, {units.size(found.size)}, from {found.folder}"
        print(f"tracediff: removed {removed}", file=sys.stderr)
    else:
        print(f"folder  {found.folder}")
        print(f"traces  {found.traces:,}")
        print(f"size    {units.size(found.size)} of at most {units.size(MOST_CACHE_BYTES)} ({found.size} bytes)")
    return ExitCode.OK
