"""`tracediff show`: the operator table of one trace."""

from __future__ import annotations

from argparse import Namespace
from operator import attrgetter
from typing import TYPE_CHECKING

from tracediff.cli.exit_codes import ExitCode
from tracediff.cli.gate import notes, say
from tracediff.cli.options import (
    add_kernel_log,
    add_no_cache,
    add_output,
    lean,
    report_for,
    report_options,
    write,
)
from tracediff.cli.progress import progress_line
from tracediff.errors import UsageError

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers

_SORT_KEYS = {
    "cpu_time_total": "total_ns",
    "self_cpu_time_total": "self_ns",
    "device_time_total": "device_total_ns",
    "self_device_time_total": "self_device_ns",
    "count": "calls",
    "name": "name",
}


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "show",
        help="the key_averages() table of one trace",
        description="Prints what key_averages().table() would: operators with their self CPU and CPU total time.",
    )
    parser.add_argument(
        "trace",
        metavar="TRACE",
        help="a Kineto trace (.json, .json.gz, .json.zst) or a printed table (.txt); - is stdin",
    )
    parser.add_argument("--by-shape", action="store_true", help="group by input shapes too")
    parser.add_argument("--kernels", action="store_true", help="say which library kernels ran for each operator")
    add_kernel_log(parser)
    add_no_cache(parser)
    parser.add_argument("--sort", choices=list(_SORT_KEYS), default="cpu_time_total", help="as torch names it")
    add_output(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Reads, sums up, prints.

    Raises:
        UsageError: there is more than one log.
    """
    with lean():
        return _print(options)


def _print(options: Namespace) -> int:
    logs = options.kernel_log or ()
    if len(logs) > 1:
        raise UsageError(f"{len(logs)} kernel logs for one trace. Give one")

    from tracediff.importers.finding import files_of

    report = report_for(options, *files_of(options.trace), *logs)

    from tracediff.analysis.summary import summarize
    from tracediff.importers import load

    with progress_line() as progress:
        profile = load(options.trace, progress, options.cache)
        if logs:
            from tracediff.importers.kernel_log import with_kernel_log

            profile = with_kernel_log(profile, logs[0])
        summary = summarize(profile, options.by_shape, kernels=options.kernels or bool(logs))
    if options.sort != "cpu_time_total":
        import msgspec

        key = attrgetter(_SORT_KEYS[options.sort])
        summary = msgspec.structs.replace(
            summary, operators=tuple(sorted(summary.operators, key=key, reverse=options.sort != "name"))
        )
    write(report.render_summary(summary, report_options(options)), options.output)
    say(notes(summary.warnings))
    return ExitCode.OK
