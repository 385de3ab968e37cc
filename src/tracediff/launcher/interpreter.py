"""The Pythons that a capture can run in: this one, any command, or one inside a container."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from tracediff.errors import UsageError


class Job(msgspec.Struct, frozen=True):
    """One run of the guest, as the host sees it.

    Attributes:
        archive, request, out: the guest, its request, and the folder for what it makes.
        env: variables set before Python starts.
        code: the folder that the user's own workload is imported from; None where the guest or the image has it.
    """

    archive: Path
    request: Path
    out: Path
    env: Mapping[str, str]
    code: Path | None = None


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

    def workload(self, name: str) -> str:
        """What a workload of the command line is called where the guest runs."""
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

    def workload(self, name: str) -> str:
        return name


def this_python() -> LocalPython:
    """The interpreter that runs tracediff."""
    return LocalPython((sys.executable,))


def python_of(command: str) -> LocalPython:
    """The interpreter that a command line names.

    Raises:
        UsageError: it is no command.
    """
    return LocalPython(words_of(command))


def words_of(command: str) -> tuple[str, ...]:
    """A command as a shell would split it.

    Raises:
        UsageError: its quotes do not match, or there is nothing in it.
    """
    try:
        words = tuple(shlex.split(command))
    except ValueError as error:
        raise UsageError(f"--python {command!r} is no command ({error}). Check its quotes") from None
    if not words:
        raise UsageError("--python is empty. Name a command that runs Python")
    return words


def code_of(workload: str) -> Path | None:
    """The folder that a workload is imported from: a file's own, and for a module the current one if it is there."""
    where, colon, _ = workload.rpartition(":")
    if not colon:
        return None
    if where.endswith(".py"):
        return Path(where).absolute().parent
    top = Path.cwd() / where.partition(".")[0]
    return top.parent if top.is_dir() or top.with_suffix(".py").is_file() else None
