"""`tracediff capture`: the same model under every backend, version and setting asked for."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError, Namespace
from typing import TYPE_CHECKING

from tracediff.cli.exit_codes import ExitCode
from tracediff.errors import UsageError

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers
    from tracediff.launcher.interpreter import Interpreter

_BACKENDS = "default, native, onednn, acl, openblas, mkl, cuda, xpu"
_WORKLOADS = "gtsrb, resnet50, vit, bert, distilbert, roberta"
_REPEAT = (
    "processes of each combination. The process is what repeats, not the iteration: with 3 a side no difference can "
    "be called significant (smallest p 0.1), with 5 it can (0.008)"
)


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "capture",
        help="run a model under several backends and keep the traces",
        description="Runs a warmed-up model under torch.profiler: one trace file a run, which diff, TensorBoard and "
        "Perfetto open as it is. Options that may be given several times are combined with each other.",
    )
    what = parser.add_argument_group("what to run")
    what.add_argument("--backend", action="append", metavar="NAME", help=f"repeatable: {_BACKENDS}")
    what.add_argument(
        "--workload", default="gtsrb", metavar="NAME", help=f"{_WORKLOADS}, or pkg.mod:factory, or file.py:factory"
    )
    what.add_argument(
        "--engine",
        action="append",
        metavar="NAME",
        help="repeatable: eager, torchscript, optimized-torchscript, compile",
    )
    what.add_argument("--dtype", action="append", choices=["fp32", "bf16"], help="repeatable; bf16 is autocast")
    what.add_argument("--batch", type=_positive, default=1, metavar="N", help="examples in an input")
    what.add_argument(
        "--threads", action="append", type=_positive, metavar="N", help="repeatable; torch's own choice otherwise"
    )
    what.add_argument("--interop-threads", type=_positive, metavar="N")
    what.add_argument("--channels-last", action="store_true")
    what.add_argument("--seed", type=int, default=0, metavar="N", help="of weights, inputs and the order of the runs")
    how = parser.add_argument_group("how often")
    how.add_argument("--warmup", type=_count, default=10, metavar="N", help="iterations before measuring, at least")
    how.add_argument(
        "--iterations", type=_positive, default=10, metavar="N", help="iterations timed, and again profiled"
    )
    how.add_argument("--repeat", type=_positive, default=1, metavar="K", help=_REPEAT)
    where = parser.add_argument_group("where")
    where.add_argument("--python", metavar="CMD", help="any command that runs a Python with torch; this one otherwise")
    where.add_argument(
        "--torch", action="append", metavar="VERSION", help="repeatable; an environment is built once for each and kept"
    )
    where.add_argument(
        "--install-option",
        action="append",
        default=[],
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
        default=[],
        metavar="OPTION",
        help="repeatable; for docker run or podman run, such as --container-option=--network=none",
    )
    where.add_argument(
        "--env", action="append", default=[], type=_setting, metavar="K=V", help="repeatable; set before torch loads"
    )
    where.add_argument(
        "--emulated", action="store_true", help="the times are an emulator's; found out by itself under qemu"
    )
    profiler = parser.add_argument_group("profiler")
    profiler.add_argument("--with-stack", action="store_true")
    profiler.add_argument("--with-modules", action="store_true")
    profiler.add_argument("--profile-memory", action="store_true")
    parser.add_argument("-o", "--output", default="captures", metavar="DIR", help="folder for the traces (captures)")
    parser.set_defaults(run=run)


def _positive(text: str) -> int:
    number = _count(text)
    if not number:
        raise ArgumentTypeError("must be at least 1")
    return number


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text!r} is not a number")
    return int(text)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ArgumentTypeError(f"{text!r} is not K=V")
    return name, value


def run(options: Namespace) -> int:
    """Captures; a run that fails does not stop the others.

    Raises:
        UsageError: two places to run in were named.
        CaptureError: an environment cannot be built.
    """
    from pathlib import Path

    from tracediff.launcher.capture import capture
    from tracediff.launcher.matrix import Plan, runs_of

    plan = Plan(
        backends=options.backend or ["default"],
        interpreters=_interpreters(options),
        dtypes=options.dtype or ["fp32"],
        engines=options.engine or ["eager"],
        threads=options.threads or [None],
        common=_common(options),
        repeat=options.repeat,
        seed=options.seed,
    )
    failed = capture(runs_of(plan), Path(options.output), dict(options.env), _tell)
    return ExitCode.CAPTURE_FAILED if failed else ExitCode.OK


def _interpreters(options: Namespace) -> list[tuple[str | None, Interpreter]]:
    from tracediff.launcher.interpreter import python_of, this_python

    named = [name for name in ("python", "torch", "image") if getattr(options, name)]
    if len(named) > 1:
        raise UsageError(f"--{named[0]} and --{named[1]} both say where to run. Give one of them")
    if options.torch:
        from tracediff.launcher.environments import environment_for

        environments: list[tuple[str | None, Interpreter]] = []
        for version in dict.fromkeys(options.torch):
            python = environment_for(version, install_options=options.install_option, on_progress=_tell)
            environments.append((version, python))
        return environments
    if options.image:
        from tracediff.launcher.containers import ContainerPython

        return [
            (None, ContainerPython(options.image, options.runtime, tuple(options.container_option), options.platform))
        ]
    return [(None, python_of(options.python) if options.python else this_python())]


def _tell(text: str) -> None:
    print(text, file=sys.stderr)


def _common(options: Namespace) -> dict[str, object]:
    names = ["batch", "channels_last", "interop_threads", "warmup", "iterations", "seed"]
    names += ["with_stack", "with_modules", "profile_memory"]
    return {
        **{name: getattr(options, name) for name in names},
        "workload": options.workload,
        "emulated": True if options.emulated else None,
    }
