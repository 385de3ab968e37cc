"""Starts the guest once, waits for it, and takes what it left."""

from __future__ import annotations

import platform
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tracediff.errors import CaptureError
from tracediff.launcher.archive import write_archive
from tracediff.launcher.interpreter import Interpreter, Job, code_of
from tracediff.launcher.process import stop

_MOST_LINES = 5


class Status(msgspec.Struct):
    """What the guest says of itself in `status.json`."""

    ok: bool = False
    trace: str | None = None
    latency_ns: int = 0
    warnings: tuple[str, ...] = ()
    error: str | None = None
    traceback: str | None = None


class Captured(msgspec.Struct, frozen=True):
    """A capture that was made.

    Attributes:
        path: the trace file.
        latency_ns: median of its iterations without the profiler.
        warnings: what it found wrong with itself.
    """

    path: Path
    latency_ns: int
    warnings: tuple[str, ...]


def launch(interpreter: Interpreter, request: Mapping[str, Any], env: Mapping[str, str], target: Path) -> Captured:
    """Runs one capture and moves its trace into a folder.

    Args:
        interpreter: where to run.
        request: the guest's `Request`, as a mapping.
        env: variables to set before Python starts.
        target: the folder; it is made if there is something to put into it.

    Raises:
        CaptureError: there is no trace; the message has the guest's reason, or the last lines it printed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target, so that the trace can be renamed into its place.
    with tempfile.TemporaryDirectory(prefix=".tracediff-", dir=target.parent) as folder:
        workload = str(request["workload"])
        job = Job(
            Path(folder, "capture.pyz"), Path(folder, "request.json"), Path(folder, "out"), env, code_of(workload)
        )
        write_archive(job.archive)
        here = {"workload": interpreter.workload(workload), "host_machine": platform.machine()}
        job.request.write_bytes(msgspec.json.encode({**request, **here}))
        job.out.mkdir()
        printed = Path(folder, "printed.txt")
        code = _run(interpreter, job, printed)
        status = _status(job.out / "status.json")
        if status is None or not status.ok or status.trace is None:
            raise _failure(interpreter, status, code, printed)
        try:
            target.mkdir(exist_ok=True)
            path = (job.out / status.trace).rename(target / status.trace)
        except OSError as error:
            raise CaptureError(f"{target} cannot take the trace ({error.strerror}). Use another -o") from None
        return Captured(path, status.latency_ns, status.warnings)


def _run(interpreter: Interpreter, job: Job, printed: Path) -> int:
    try:
        with printed.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603
                interpreter.command(job),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=interpreter.environment(job),
                start_new_session=True,
            )
    except OSError as error:
        raise CaptureError(f"{interpreter.name} cannot be run ({error.strerror}). Check --python") from None
    try:
        return process.wait()
    except BaseException:
        # In a session of its own, the guest does not hear the Ctrl-C that the user meant for all.
        stop(process)
        raise


def _status(path: Path) -> Status | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Status)
    except (OSError, msgspec.DecodeError):
        return None


def _failure(interpreter: Interpreter, status: Status | None, code: int, printed: Path) -> CaptureError:
    """What the guest says, with its traceback as a note; else what it printed last. In one line either way."""
    if status is not None and status.error:
        error = CaptureError(_in_one_line(status.error.splitlines()))
        error.add_note(status.traceback or "")
        return error
    last = _in_one_line(printed.read_text("utf-8", "replace").splitlines()[-_MOST_LINES:]) or "it printed nothing"
    return CaptureError(f"{interpreter.name} ended with code {code} and left no capture. It printed last: {last}")


def _in_one_line(lines: Sequence[str]) -> str:
    return " / ".join([line.strip() for line in lines if line.strip()][:_MOST_LINES])
