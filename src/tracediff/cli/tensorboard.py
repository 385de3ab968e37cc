"""`tracediff tensorboard`: traces in TensorBoard, without internet."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from tracediff.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers
    from tracediff.tensorboard.logdir import TraceFile

_LAST_PORT = 65535


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "tensorboard",
        help="open traces in TensorBoard, without internet",
        description="Serves traces in TensorBoard with the torch-tb-profiler plugin until Ctrl-C.",
    )
    add_serving(parser)
    parser.set_defaults(run=run)


def add_serving(parser: ArgumentParser) -> None:
    """PATH, --host, --port: what every viewer takes."""
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="a Kineto trace (.json, .json.gz), or a folder of them"
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1: this machine only)")
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="else a free one")


def run(options: Namespace) -> int:
    """Serves until Ctrl-C."""
    from tracediff.tensorboard.extras import require

    require("tracediff tensorboard", "tensorboard", "torch_tb_profiler")
    from tracediff.tensorboard.launch import serve

    serve(traces_of(options), options.host, options.port, announce)
    return ExitCode.OK


def traces_of(options: Namespace) -> tuple[TraceFile, ...]:
    """The traces that the paths hold; says what is read and what is not."""
    from tracediff.tensorboard.logdir import find_traces

    found = find_traces(options.paths)
    for path in found.skipped:
        print(f"tracediff: note: {path}: no Kineto trace, so it is not shown", file=sys.stderr)
    traces = found.traces
    print(f"tracediff: reading {len(traces)} {'trace' if len(traces) == 1 else 'traces'} ...", file=sys.stderr)
    return traces


def announce(address: str) -> None:
    """Prints where the server is: data, so that a script can read it."""
    print(address, flush=True)
    print("tracediff: serving. Ctrl-C stops", file=sys.stderr)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LAST_PORT:
        raise ArgumentTypeError(f"{text!r} is not a port")
    return int(text)
