"""Runs the guest inside an image, so that builds that exist only as containers can be captured too."""

from __future__ import annotations

import functools
import os
import platform
import shutil
import subprocess
from pathlib import Path

import msgspec

from tracediff.errors import CaptureError
from tracediff.launcher.interpreter import Job, words_of

_RUNTIMES = ("docker", "podman")
_INSIDE = "/tracediff"
_CODE = "code"
_ANSWER_SECONDS = 10


class ContainerPython(msgspec.Struct, frozen=True):
    """A Python inside an image.

    The container ends with the process that runs it: `--init` puts an init process in front of Python, which hands on
    the SIGTERM that docker and podman pass to the container. Python itself, as process 1, would not hear it.

    Attributes:
        image: the image; the runtime pulls it if it is not there.
        runtime: `docker`, `podman` or the path of one; None to find one.
        arguments: further arguments of `run`. They come after those made here, so they can override them:
            `--user`, `--init=false`, `--hostname`.
        platform: `linux/arm64` and the like; None for the runtime's own choice.
        python: the command inside the image that runs Python.
    """

    image: str
    runtime: str | None = None
    arguments: tuple[str, ...] = ()
    platform: str | None = None
    python: str = "python3"

    @property
    def name(self) -> str:
        return f"image {self.image}"

    def command(self, job: Job) -> list[str]:
        """The command line.

        Raises:
            CaptureError: there is no runtime.
        """
        entry, *words = words_of(self.python)
        return [
            find_runtime(self.image, self.runtime),
            "run",
            "--rm",
            "--init",
            # Images have users of their own, who may not write into a folder of this user.
            *("--user", "0:0"),
            # SELinux would keep the container out of the mounts, and relabelling them is not for a guest to do.
            *("--security-opt", "label=disable"),
            # Traces are named after the host; a container's random name would shuffle their order.
            *("--hostname", platform.node() or "host"),
            *("--mount", _mount(job.archive, "capture.pyz", "readonly")),
            *("--mount", _mount(job.request, "request.json", "readonly")),
            *("--mount", _mount(job.out, "out")),
            *(("--mount", _mount(job.code, _CODE, "readonly"), "--workdir", f"{_INSIDE}/{_CODE}") if job.code else ()),
            *(word for name, value in job.env.items() for word in ("--env", f"{name}={value}")),
            *(("--platform", self.platform) if self.platform else ()),
            # Images have entry points that greet, or that start a shell.
            *("--entrypoint", entry),
            *self.arguments,
            self.image,
            *words,
            *(f"{_INSIDE}/{name}" for name in ("capture.pyz", "request.json", "out")),
        ]

    def environment(self, job: Job) -> dict[str, str]:
        """That of the runtime; the guest's variables go in by the command line."""
        return dict(os.environ)

    def workload(self, name: str) -> str:
        """A file lies in the current folder there."""
        where, colon, factory = name.rpartition(":")
        return f"{Path(where).name}:{factory}" if colon and where.endswith(".py") else name


def find_runtime(image: str, wanted: str | None = None) -> str:
    """The docker or podman to run an image with.

    Of two that are installed, the one that has the image already, else the one that answers at all: a docker command
    without its daemon is common.

    Raises:
        CaptureError: there is none, or not the one that is wanted.
    """
    return _find_runtime(image, wanted, os.environ.get("PATH", os.defpath))


@functools.cache
def _find_runtime(image: str, wanted: str | None, path: str) -> str:
    if wanted:
        runtime = shutil.which(wanted, path=path)
        if runtime is None:
            raise CaptureError(f"{wanted} is not installed, and --image needs it. Install it, or use --python")
        return runtime
    found = [runtime for name in _RUNTIMES if (runtime := shutil.which(name, path=path))]
    if not found:
        raise CaptureError("--image needs docker or podman, and neither is installed. Install one, or use --python")
    if len(found) == 1:
        return found[0]
    for question in (("image", "inspect", image), ("version",)):
        for runtime in found:
            if _succeeds(runtime, *question):
                return runtime
    return found[0]


def _succeeds(*command: str) -> bool:
    try:
        answer = subprocess.run(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _mount(source: Path, name: str, *options: str) -> str:
    """A bind mount in words that allow a colon in the path, which `--volume` does not."""
    return ",".join(["type=bind", _quoted(f"source={source.absolute()}"), f"target={_INSIDE}/{name}", *options])


def _quoted(field: str) -> str:
    """As CSV has it: `--mount` is a line of that."""
    return '"' + field.replace('"', '""') + '"' if "," in field or '"' in field else field
