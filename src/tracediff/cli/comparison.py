"""The inputs and options of a comparison, which `diff` and `tui` share."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from tracediff.cli.options import add_kernel_log, add_no_cache

if TYPE_CHECKING:
    from tracediff.compare import CompareOptions

INPUT = (
    "a Kineto trace (.json, .json.gz, .json.zst), a folder, 'glob' or archive (.zip, .tar.gz) of repeated captures, a "
    "URL, - for standard input, or a printed table (.txt)"
)


def add_inputs(parser: ArgumentParser) -> None:
    """BASE and CANDIDATE."""
    parser.add_argument("base", metavar="BASE", help=INPUT)
    parser.add_argument("candidate", metavar="CANDIDATE", help="what to compare with it")


def add_comparison(parser: ArgumentParser) -> None:
    """--families, and what else a comparison can be told."""
    parser.add_argument("--families", metavar="FILE", help="operator families of your own (TOML)")
    add_kernel_log(parser, "; once for each side, base first, or one log for both")
    add_no_cache(parser)
    certainty = parser.add_argument_group("certainty", "from repeated captures on both sides")
    certainty.add_argument(
        "--equivalence", type=_part, default=0.03, metavar="P%", help="sides within this are the same (3%%)"
    )
    certainty.add_argument(
        "--materiality", type=_part, default=0.01, metavar="P%", help="rows below this part are not tested (1%%)"
    )
    certainty.add_argument("--noise", metavar="FILE", help="JSON of tracediff noise: less than that is no difference")


def is_read_once(name: str) -> bool:
    """Whether that is standard input, or a pipe like the shell's `<(zcat trace.json.gz)`."""
    return name == "-" or Path(name).is_fifo()


def compare_options(options: Namespace) -> CompareOptions:
    """What the command line says of the comparison."""
    from tracediff.compare import CompareOptions

    return CompareOptions(
        families=options.families,
        kernel_logs=tuple(options.kernel_log or ()),
        equivalence=options.equivalence,
        materiality=options.materiality,
        noise=options.noise,
        cache=options.cache,
    )


def _part(text: str) -> float:
    """`3%` or `0.03`."""
    number = text.strip().removesuffix("%")
    try:
        part = float(number) / (100 if number != text.strip() else 1)
    except ValueError:
        part = -1.0
    if not 0 <= part < 1:
        raise ArgumentTypeError(f"{text!r} is not a part: write 3% or 0.03")
    return part
