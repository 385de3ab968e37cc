"""`tracediff export`: a comparison as files that other viewers open."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from tracediff.cli.comparison import add_inputs, add_matching, side_options
from tracediff.cli.exit_codes import ExitCode
from tracediff.cli.gate import notes, say
from tracediff.cli.options import lean, refuse_input, write
from tracediff.cli.progress import progress_line
from tracediff.errors import UsageError
from tracediff.report.exports import EXPORTS, render

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "export",
        help="a comparison for other viewers: Perfetto, speedscope, flame graphs",
        description="Writes both sides of a comparison into files that other programs open. Printed tables have no "
        "timeline for that. FILE may be -, standard output, if it is the only one.",
    )
    add_inputs(parser)
    add_matching(parser)
    for name, (_, what) in EXPORTS.items():
        parser.add_argument(f"--{name}", metavar="FILE", help=what)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Compares and writes."""
    with lean():
        return _write(options)


def _write(options: Namespace) -> int:
    outputs = _outputs(options)

    from tracediff.compare import compare

    with progress_line() as progress:
        diff = compare(options.base, options.candidate, side_options(options), progress)
    for name, output in outputs.items():
        write(render(name, diff), None if output == "-" else output)
    left_out = ["what ran on devices is not exported, only the calls that launched it"] if diff.device else []
    say(notes((*left_out, *diff.warnings)))
    return ExitCode.OK


def _outputs(options: Namespace) -> dict[str, str]:
    """The file of each format that was asked for.

    Raises:
        UsageError: there is none; several go to one file, or beside standard output; one is an input.
    """
    from tracediff.importers.finding import files_of

    outputs = {name: output for name in EXPORTS if (output := getattr(options, name)) is not None}
    choices = ", ".join(f"--{name} FILE" for name in EXPORTS)
    if not outputs:
        raise UsageError(f"nothing to write. Add {choices}")
    files = list(outputs.values())
    if len(files) > 1 and "-" in files:
        raise UsageError("standard output takes one export and nothing beside it. Name files")
    for output in files:
        if files.count(output) > 1:
            raise UsageError("is asked for twice. Name a file for each export", output)
    more = [options.families] if options.families else []
    inputs = (*files_of(options.base), *files_of(options.candidate), *(options.kernel_log or ()), *more)
    for name, output in outputs.items():
        if output != "-":
            refuse_input(output, f"--{name}", *inputs)
    return outputs
