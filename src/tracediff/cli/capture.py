"""`tracediff capture`: the same model under every backend, version and setting asked for."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tracediff.cli.capture_options import options_parser, settled
from tracediff.cli.exit_codes import ExitCode
from tracediff.errors import CaptureError, UsageError

if TYPE_CHECKING:
    from tracediff.cli.types import Subparsers
    from tracediff.launcher.interpreter import Interpreter


def add_parser(commands: Subparsers) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "capture",
        parents=[options_parser()],
        help="run a model under several backends and keep the traces",
        description="Runs a warmed-up model under torch.profiler: one trace file a run, which diff, TensorBoard and "
        "Perfetto open as it is. Options that may be given several times are combined with each other.",
    )
    parser.add_argument(
        "matrix",
        nargs="?",
        metavar="MATRIX.toml",
        help="these options as a file, with lines such as backend = ['acl', 'openblas']; the command line comes first",
    )
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    """Captures; a run that fails does not stop the others.

    Raises:
        UsageError: two places to run in were named.
        CaptureError: an environment cannot be built.
    """
    from pathlib import Path

    from tracediff.launcher.capture import capture
    from tracediff.launcher.matrix import Plan, runs_of

    options = settled(options)
    interpreters, missing = _interpreters(options)
    plan = Plan(
        backends=options.backend,
        interpreters=interpreters,
        dtypes=options.dtype,
        engines=options.engine,
        threads=options.threads,
        common=_common(options),
        name_torch=len(set(options.torch or ())) > 1,
        repeat=options.repeat,
        seed=options.seed,
    )
    failed = capture(runs_of(plan), Path(options.output), dict(options.env), _tell)
    if options.debug:
        for _, error in failed:
            _tell("\n".join(getattr(error, "__notes__", ())))
    return ExitCode.CAPTURE_FAILED if failed or missing else ExitCode.OK


def _interpreters(options: Namespace) -> tuple[list[tuple[str | None, Interpreter]], int]:
    """Where to run, each with its torch version where that was asked for; and how many of these cannot be had."""
    from msgspec import structs

    from tracediff.launcher.interpreter import python_of, this_python

    _refuse_contradictions(options)
    if options.torch:
        return _environments(tuple(dict.fromkeys(options.torch)), options.install_option)
    if options.image:
        from tracediff.launcher.containers import ContainerPython

        arguments = tuple(options.container_option)
        image = ContainerPython(options.image, options.runtime, arguments, options.platform)
        return [(None, structs.replace(image, python=options.python) if options.python else image)], 0
    return [(None, python_of(options.python) if options.python else this_python())], 0


def _refuse_contradictions(options: Namespace) -> None:
    if options.torch and (options.python or options.image):
        other = "python" if options.python else "image"
        raise UsageError(f"--torch and --{other} both say where to run. Give one of them")
    for needed, names in (("image", ("runtime", "platform", "container_option")), ("torch", ("install_option",))):
        for name in names:
            if getattr(options, name) and not getattr(options, needed):
                raise UsageError(f"--{name.replace('_', '-')} is about --{needed}. Give that too, or leave it out")


def _environments(
    versions: Sequence[str], install_options: Sequence[str]
) -> tuple[list[tuple[str | None, Interpreter]], int]:
    from tracediff.launcher.environments import environment_for

    built: list[tuple[str | None, Interpreter]] = []
    for version in versions:
        try:
            built.append((version, environment_for(version, install_options=install_options, on_progress=_tell)))
        except CaptureError as error:
            if len(versions) == 1:
                raise
            _tell(f"tracediff: error: torch {version}: {error}")
    return built, len(versions) - len(built)


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
