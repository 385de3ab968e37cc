"""What is asked of the guest: read from a file, so that nothing depends on a command line's quoting."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .errors import GuestError


@dataclass(frozen=True)
class Request:
    """One capture of one process.

    Attributes:
        label: name of the run; the folder that its file goes to.
        backend: a name in `backends.BACKENDS`.
        workload: a name in `workloads.WORKLOADS`, `package.module:factory` or `path/file.py:factory`.
        engine: a name in `engines.ENGINES`.
        dtype: `fp32` or `bf16` (autocast).
        batch: examples in one input.
        threads, interop_threads: None for torch's own choice.
        warmup: iterations before anything is measured, at least.
        iterations: iterations that are timed, and again profiled.
        seed: of weights and inputs.
        emulated: None to find out.
        host_machine: `platform.machine()` of the host that emulates where this guest's differs; None if unknown.
        position: place of this run in the order of all runs.
        session: when the command that asked began, in ns since the epoch: blocks are counted within it.
        block: which repetition of all combinations it belongs to.
    """

    label: str
    backend: str = "default"
    workload: str = "gtsrb"
    engine: str = "eager"
    dtype: str = "fp32"
    batch: int = 1
    channels_last: bool = False
    threads: int | None = None
    interop_threads: int | None = None
    warmup: int = 10
    iterations: int = 10
    seed: int = 0
    with_stack: bool = False
    with_modules: bool = False
    profile_memory: bool = False
    emulated: bool | None = None
    host_machine: str | None = None
    position: int = 0
    session: int = 0
    block: int = 0


def read_request(path: Path) -> Request:
    """Reads what the host wrote.

    Raises:
        GuestError: host and guest do not understand each other.
    """
    given: dict[str, Any] = json.loads(path.read_text("utf-8"))
    unknown = set(given) - {field.name for field in fields(Request)}
    if unknown:
        raise GuestError("the request has unknown entries: " + ", ".join(sorted(unknown)))
    return Request(**given)
