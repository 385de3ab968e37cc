"""`tracediff diff`: base against candidate, in the TUI on a terminal, as text elsewhere."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from tracediff.cli.comparison import add_comparison, add_inputs, compare_options, is_read_once
from tracediff.cli.gate import add_gate, conditions_of, is_gated, notes, rule, say
from tracediff.cli.options import add_output, has_terminal, lean, report_for, report_options, write
from tracediff.cli.progress import progress_line
from tracediff.cli.tui import add_ascii, open_tui

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "diff",
        help="where the time between two traces went",
        description="Compares traces, one a side or more: the TUI on a terminal, else text, as with --format.",
    )
    add_inputs(parser)
    add_comparison(parser)
    add_ascii(parser)
    add_gate(parser)
    add_output(parser)
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Opens the TUI or prints."""
    if _wants_tui(options):
        return open_tui(options)
    with lean():
        return _print(options)


def _print(options: Namespace) -> int:
    from tracediff.importers.finding import files_of

    conditions = conditions_of(options)
    inputs = (*files_of(options.base), *files_of(options.candidate), *(options.kernel_log or ()))
    report = report_for(options, *inputs)

    from tracediff.compare import compare

    with progress_line() as progress:
        diff = compare(options.base, options.candidate, compare_options(options), progress)
    code, reasons = rule(diff, conditions, options.strict)
    write(report.render_diff(diff, report_options(options)), options.output)
    say([*(() if report.HOLDS_WARNINGS else notes(diff.warnings)), *reasons])
    return code


def _wants_tui(options: Namespace) -> bool:
    if not has_terminal() or options.format or options.output or is_gated(options):
        return False
    # The TUI reads its inputs again, to swap them.
    return not any(map(is_read_once, (options.base, options.candidate)))
