"""The Pythons that a capture can run in: this one, any command, or one inside a container."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec


class Job(msgspec.Struct, frozen=True):
    """One run of the guest: three paths on the host, and variables set before Python starts."""

    archive: Path
    request: Path
    out: Path
    env: Mapping[str, str]


class Interpreter(Protocol):
    """Something that runs the guest."""

    @property
    def name(self) -> str:
        """What to call it in messages."""
        ...

    def command(self, job: Job) -> list[str]:
        """The command line."""
        ...

    def environment(self, job: Job) -> dict[str, str]:
        """The environment that the command runs in."""
        ...


class LocalPython(msgspec.Struct, frozen=True):
    """A command that runs Python on this machine: a venv's, `numactl -N 0 python`, an emulated one."""

    words: tuple[str, ...]

    @property
    def name(self) -> str:
        return shlex.join(self.words)

    def command(self, job: Job) -> list[str]:
        return [*self.words, str(job.archive), str(job.request), str(job.out)]

    def environment(self, job: Job) -> dict[str, str]:
        return {**os.environ, **job.env}


def this_python() -> LocalPython:
    """The interpreter that runs tracediff."""
    return LocalPython((sys.executable,))


def python_of(command: str) -> LocalPython:
    """The interpreter that a command line names."""
    return LocalPython(tuple(shlex.split(command)))
