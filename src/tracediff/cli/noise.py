"""`tracediff noise`: what repeated captures of the same code differ by on this machine."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from tracediff.cli.exit_codes import ExitCode
from tracediff.cli.gate import notes, say
from tracediff.cli.options import add_no_cache, add_output, lean, report_for, report_options, write
from tracediff.cli.progress import progress_line

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "noise",
        help="the noise floor of each family, from repeated captures of the same code",
        description="Measures what captures of the same code differ by: between processes, within them, and which "
        "difference could be told from that. Its JSON is what tracediff diff --noise takes.",
    )
    parser.add_argument(
        "captures", metavar="DIR", help="a folder or 'glob' of repeated captures, or a folder of such folders"
    )
    parser.add_argument("--families", metavar="FILE", help="operator families of your own (TOML)")
    add_no_cache(parser)
    add_output(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Reads, measures, prints."""
    with lean():
        from tracediff.importers.finding import files_of, sets_of_captures

        files = [file for folder in sets_of_captures(options.captures) for file in files_of(folder)]
        report = report_for(options, *files)

        from tracediff.compare import CompareOptions, measure

        with progress_line() as progress:
            told = CompareOptions(families=options.families, cache=options.cache)
            noise = measure(options.captures, told, progress)
        write(report.render_noise(noise, report_options(options)), options.output)
        if not report.HOLDS_WARNINGS:
            say(notes([f"{label.label}: {warning}" for label in noise.labels for warning in label.warnings]))
    return ExitCode.OK
