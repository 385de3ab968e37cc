"""The options of `tracediff capture`, from the command line and from a matrix file, read by one parser."""

from __future__ import annotations

import tomllib
from argparse import SUPPRESS, ArgumentTypeError, Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from tracediff.cli.options import Parser
from tracediff.errors import UsageError

WHERE = ("python", "torch", "image")
"""Options that each say where to run: one of them is enough."""

_DEFAULTS: dict[str, Any] = {
    "backend": ["default"],
    "workload": "gtsrb",
    "engine": ["eager"],
    "dtype": ["fp32"],
    "batch": 1,
    "threads": [None],
    "interop_threads": None,
    "channels_last": False,
    "seed": 0,
    "warmup": 10,
    "iterations": 10,
    "repeat": 1,
    "python": None,
    "torch": None,
    "install_option": [],
    "image": None,
    "runtime": None,
    "platform": None,
    "container_option": [],
    "env": [],
    "emulated": False,
    "with_stack": False,
    "with_modules": False,
    "profile_memory": False,
    "output": "captures",
}
# The guest's registries by name: the host cannot import it. A test holds them equal.
BACKENDS = ("default", "native", "onednn", "acl", "openblas", "mkl", "cuda", "xpu")
WORKLOADS = ("gtsrb", "resnet50", "vit", "bert", "distilbert", "roberta")
ENGINES = ("eager", "torchscript", "optimized-torchscript", "compile")

_REPEAT = (
    "processes of each combination. The process is what repeats, not the iteration: with 3 a side no difference can "
    "be called significant (smallest p 0.1), with 5 it can (0.008)"
)


def options_parser() -> Parser:
    """Every option without its default: what it parses is what was given."""
    parser = Parser(prog="tracediff capture", add_help=False, argument_default=SUPPRESS, allow_abbrev=False)
    what = parser.add_argument_group("what to run")
    what.add_argument(
        "--backend", action="append", metavar="NAME", help=f"repeatable: {', '.join(BACKENDS)}", choices=BACKENDS
    )
    what.add_argument(
        "--workload",
        metavar="NAME",
        type=_workload,
        help=f"{', '.join(WORKLOADS)}, or your own as pkg.mod:factory or file.py:factory, which takes the "
        "batch size or nothing and returns (module, example inputs) (gtsrb)",
    )
    what.add_argument(
        "--engine",
        action="append",
        metavar="NAME",
        choices=ENGINES,
        help=f"repeatable: {', '.join(ENGINES)}",
    )
    what.add_argument("--dtype", action="append", choices=["fp32", "bf16"], help="repeatable; bf16 is autocast")
    what.add_argument("--batch", type=_positive, metavar="N", help="examples in an input")
    what.add_argument(
        "--threads", action="append", type=_positive, metavar="N", help="repeatable; torch's own choice otherwise"
    )
    what.add_argument("--interop-threads", type=_positive, metavar="N")
    what.add_argument("--channels-last", action="store_true", default=SUPPRESS)
    what.add_argument("--seed", type=int, metavar="N", help="of weights, inputs and the order of the runs")
    how = parser.add_argument_group("how often")
    how.add_argument(
        "--warmup",
        type=_count,
        metavar="N",
        help="iterations before measuring, at least (10); more until five in a row agree, for a minute at the most",
    )
    how.add_argument("--iterations", type=_positive, metavar="N", help="iterations timed, and again profiled (10)")
    how.add_argument("--repeat", type=_positive, metavar="K", help=_REPEAT)
    where = parser.add_argument_group("where")
    where.add_argument(
        "--python",
        metavar="CMD",
        help="any command that runs a Python with torch; this one otherwise; with --image a command in there",
    )
    where.add_argument(
        "--torch", action="append", metavar="VERSION", help="repeatable; an environment is built once for each and kept"
    )
    where.add_argument(
        "--install-option",
        action="append",
        metavar="OPTION",
        help="repeatable; for pip or uv, such as --install-option=--find-links=DIR",
    )
    where.add_argument("--image", metavar="IMAGE", help="a container image with Python and torch (docker or podman)")
    where.add_argument(
        "--runtime", choices=["docker", "podman"], help="which of them; the one that has the image otherwise"
    )
    where.add_argument("--platform", metavar="NAME", help="of the image, such as linux/arm64")
    where.add_argument(
        "--container-option",
        action="append",
        metavar="OPTION",
        help="repeatable; for docker run or podman run, such as --container-option=--network=none",
    )
    where.add_argument(
        "--env", action="append", type=_setting, metavar="K=V", help="repeatable; set before torch loads"
    )
    where.add_argument(
        "--emulated",
        action="store_true",
        default=SUPPRESS,
        help="the times are an emulator's; found out by itself under qemu",
    )
    profiler = parser.add_argument_group("profiler")
    profiler.add_argument("--with-stack", action="store_true", default=SUPPRESS)
    profiler.add_argument("--with-modules", action="store_true", default=SUPPRESS)
    profiler.add_argument("--profile-memory", action="store_true", default=SUPPRESS)
    parser.add_argument("-o", "--output", metavar="DIR", help="folder for the traces (captures)")
    return parser


def settled(given: Namespace) -> Namespace:
    """What was given on the command line, then what the matrix file says, then the defaults.

    Raises:
        UsageError: the file cannot be read, or says something that is no option.
    """
    ours = vars(given)
    theirs = _read(given.matrix) if given.matrix else {}
    if any(name in ours for name in WHERE):
        theirs = {name: value for name, value in theirs.items() if name not in WHERE}
    env = [*theirs.get("env", []), *ours.get("env", [])]
    return Namespace(**{**_DEFAULTS, **theirs, **ours, "env": env})


def _read(matrix: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(Path(matrix).read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be read ({error.strerror}). Check the path", matrix) from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(
            f"is no matrix file ({error}). Write options as in backend = ['acl', 'openblas']", matrix
        ) from None
    words = [word for name, value in table.items() for word in _words(name, value)]
    try:
        read, unknown = options_parser().parse_known_args(words)
    except UsageError as error:
        raise UsageError(error.message, matrix) from None
    if unknown:
        raise UsageError(f"has {unknown[0].lstrip('-')}, which is no option. See tracediff capture --help", matrix)
    return vars(read)


def _words(name: str, value: Any) -> Iterator[str]:
    """An entry as it would stand on the command line: a list repeats its option, a table's entries are K=V."""
    option = f"--{name.replace('_', '-')}"
    if value is True:
        yield option
    elif isinstance(value, dict):
        yield from (f"{option}={key}={setting}" for key, setting in cast("dict[str, object]", value).items())
    elif isinstance(value, list):
        yield from (f"{option}={one}" for one in cast("list[object]", value))
    elif value is not False:
        yield f"{option}={value}"


def _positive(text: str) -> int:
    number = _count(text)
    if not number:
        raise ArgumentTypeError("must be at least 1")
    return number


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is no whole number from 0 on")
    return int(text)


def _workload(text: str) -> str:
    if ":" not in text and text not in WORKLOADS:
        known = ", ".join(WORKLOADS)
        raise ArgumentTypeError(f"there is no workload {text!r}. Known are {known}, or give file.py:factory")
    return text


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ArgumentTypeError(f"{text!r} is not K=V")
    return name, value
