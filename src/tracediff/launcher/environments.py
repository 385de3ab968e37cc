"""Pythons with one torch version each, built once and kept in the user's cache, so that versions can be compared."""

from __future__ import annotations

import ast
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from tracediff.errors import CaptureError, UsageError
from tracediff.files import cache_folder
from tracediff.launcher.interpreter import LocalPython
from tracediff.launcher.process import stop

Progress = Callable[[str], None]

_RECORD = "tracediff-environment.json"
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+!_-]*")
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_LINES = 4
_LONGEST_LINE = 240
_BESIDE_THE_POINT = ("warning", "hint", "using python", "[notice]")
_DRAWN = " \t\r\n\u00d7\u2570\u2500\u25b6\u2502\u251c"  # uv draws its errors as trees

# Run by the new Python: whoever can write this record can be captured from.
_VERIFY = """
import json, platform, sys
import numpy, torch
record = {"torch": str(torch.__version__), "python": platform.python_version(), "options": sys.argv[2:]}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(record, file)
"""

# Where pip finds packages, which uv does not read; and uv's own variables, which come first.
_PIP_SETTINGS = {
    "find-links": ("UV_FIND_LINKS",),
    "index-url": ("UV_DEFAULT_INDEX", "UV_INDEX_URL"),
    "extra-index-url": ("UV_INDEX", "UV_EXTRA_INDEX_URL"),
}


class EnvironmentInfo(msgspec.Struct, frozen=True):
    """One environment in the cache.

    Attributes:
        path: its folder.
        torch: the version that is installed, `2.13.0+cpu`.
        python: the version of its Python.
        options: what it was installed with.
        size: bytes of its files; uv shares them with its own cache.
        last_used: when it was last asked for.
    """

    path: Path
    torch: str
    python: str
    options: tuple[str, ...]
    size: int
    last_used: datetime


class _Record(msgspec.Struct, frozen=True):
    torch: str
    python: str
    options: tuple[str, ...] = ()


class _CommandFailed(Exception):  # noqa: N818 - never leaves this module
    """A command ended badly; the message is what it said last, in one line."""


def environments_folder() -> Path:
    """Where environments are kept: in TRACEDIFF_CACHE_DIR, or the user's cache directory."""
    return cache_folder("environments")


def environment_for(
    version: str, *, install_options: Sequence[str] = (), on_progress: Progress | None = None
) -> LocalPython:
    """A Python that has a torch version; built if it is not in the cache.

    The same version, Python, machine and install options give the same environment. It is built in a folder beside
    and renamed when torch has been imported from it, so that what has the right name is complete.

    Args:
        version: of torch, as pip knows it.
        install_options: for uv and pip: `--index-url X`, `--find-links DIR`, ...
        on_progress: hears what happens, line by line; nothing if the environment is there.

    Raises:
        UsageError: that is no version.
        CaptureError: it cannot be installed or imported; the message has the last lines of uv and pip.
    """
    if not _VERSION.fullmatch(version):
        raise UsageError(f"{version!r} is no version of torch. Give one such as 2.13.0")
    folder = environments_folder() / _key(version, install_options)
    say = on_progress or _say_nothing
    if not _mark_used(folder):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with _lock(folder, lambda: say(f"another tracediff builds torch {version}; waiting for it")):
                if not _mark_used(folder):
                    _retire(folder)
                    _remove_parts(folder)
                    _build(version, tuple(install_options), folder, say)
        except OSError as error:
            raise CaptureError(
                f"an environment cannot be built ({error.strerror}). Set TRACEDIFF_CACHE_DIR", str(folder.parent)
            ) from None
    return LocalPython((str(_python_in(folder)),))


def list_environments() -> tuple[EnvironmentInfo, ...]:
    """The environments in the cache, by name."""
    folders = sorted(path for path in environments_folder().glob("torch-*") if path.is_dir())
    return tuple(info for folder in folders if (info := _info_of(folder)) is not None)


def prune(older_than_days: float | None = None) -> tuple[EnvironmentInfo, ...]:
    """Removes environments, and what interrupted builds left; not what is being built now.

    Args:
        older_than_days: only those that were not used for so long; None for all.

    Returns:
        What was removed.

    Raises:
        CaptureError: a folder cannot be removed.
    """
    limit = datetime.now(UTC) - timedelta(days=older_than_days or 0)
    old = {info.path: info for info in list_environments() if older_than_days is None or info.last_used < limit}
    unfinished = {path.with_name(path.name[1:].rsplit(".", 2)[0]) for path in environments_folder().glob(".*.part")}
    removed: list[EnvironmentInfo] = []
    try:
        for folder in sorted(old.keys() | unfinished):
            with contextlib.suppress(BlockingIOError), _lock(folder):
                if folder in old:
                    _retire(folder)
                    removed.append(old[folder])
                _remove_parts(folder)
    except OSError as error:
        raise CaptureError(f"cannot be removed ({error.strerror}). Remove it by hand", error.filename) from None
    return tuple(removed)


def _say_nothing(_line: str) -> None:
    pass


def _key(version: str, options: Sequence[str]) -> str:
    # The machine, because a home may be shared by several.
    key = f"torch-{version}-py{_PYTHON}-{os.uname().machine}"
    return f"{key}-{hashlib.sha256(chr(0).join(options).encode()).hexdigest()[:8]}" if options else key


def _python_in(folder: Path) -> Path:
    return folder / "bin" / "python"


def _mark_used(folder: Path) -> bool:
    """Whether an environment is there; if so, it counts as used now."""
    try:
        os.utime(folder / _RECORD)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:
        pass  # Somebody else's, for all to use.
    return _python_in(folder).exists()  # Not if the Python that it was made from is gone.


def _info_of(folder: Path) -> EnvironmentInfo | None:
    try:
        record = msgspec.json.decode((folder / _RECORD).read_bytes(), type=_Record)
        used = datetime.fromtimestamp((folder / _RECORD).stat().st_mtime, UTC)
    except (OSError, msgspec.DecodeError):
        return None
    return EnvironmentInfo(folder, record.torch, record.python, record.options, _size_of(folder), used)


def _size_of(folder: Path) -> int:
    sizes: dict[int, int] = {}
    for parent, _folders, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                status = os.lstat(os.path.join(parent, name))  # noqa: PTH118 - tens of thousands of files
                sizes[status.st_ino] = status.st_size
    return sum(sizes.values())


@contextlib.contextmanager
def _lock(folder: Path, on_wait: Callable[[], None] | None = None) -> Generator[None]:
    """Keeps other processes from building or removing an environment; the lock file lasts as long as the lock.

    Raises:
        BlockingIOError: another process has it, and there is no `on_wait`.
    """
    path = folder.with_name(f".{folder.name}.lock")
    told = False
    while True:
        with path.open("ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if on_wait is None:
                    raise
                if not told:
                    on_wait()
                    told = True
                fcntl.flock(file, fcntl.LOCK_EX)
            # Who held it before may have removed the file that we waited for.
            if _inode(path) == os.fstat(file.fileno()).st_ino:
                try:
                    yield
                finally:
                    path.unlink(missing_ok=True)
                return


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _retire(folder: Path) -> None:
    """Takes an environment's name away first, so that no half-removed one has it."""
    if folder.exists():
        folder.rename(_new_part(folder))


def _remove_parts(folder: Path) -> None:
    """Removes what has no name yet or no more; under the lock, none of it belongs to a living process."""
    for part in folder.parent.glob(f".{folder.name}.*.part"):
        shutil.rmtree(part)


def _new_part(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))


def _build(version: str, options: tuple[str, ...], folder: Path, say: Progress) -> None:
    requirements = (f"torch=={version}", "numpy<2" if _is_before_numpy_2(version) else "numpy")
    uv = shutil.which("uv") or shutil.which("uv", path=sysconfig.get_path("scripts"))
    said: list[str] = []
    for tool in ("uv", "pip") if uv else ("pip",):
        part = _new_part(folder)
        try:
            say(f"building an environment with torch {version} for Python {_PYTHON} by {tool}")
            try:
                if tool == "uv" and uv:
                    _install_with_uv(uv, part, requirements, options, say)
                else:
                    _install_with_pip(part, requirements, options, say)
            except _CommandFailed as failure:
                said.append(f"{tool} said last: {failure}")
                continue
            _verify(part, version, options)
            part.rename(folder)
            return
        finally:
            shutil.rmtree(part, ignore_errors=True)
    raise CaptureError(f"torch {version} cannot be installed for Python {_PYTHON}. {'. '.join(said)}")


def _is_before_numpy_2(version: str) -> bool:
    """Whether this torch cannot exchange arrays with numpy 2: 2.3 is the first that can."""
    numbers = [int(number) for number in re.findall(r"\d+", version)[:2]]
    return numbers < [2, 3]


def _install_with_uv(uv: str, part: Path, requirements: Sequence[str], options: Sequence[str], say: Progress) -> None:
    _run([uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(part)], say)
    settings = _pip_settings(options)
    _run(
        [uv, "pip", "install", "--no-progress", "--python", str(_python_in(part)), *settings, *options, *requirements],
        say,
    )


def _install_with_pip(part: Path, requirements: Sequence[str], options: Sequence[str], say: Progress) -> None:
    # Isolated: packages of a PYTHONPATH are none of the environment's.
    _run([sys.executable, "-I", "-m", "venv", str(part)], say)
    pip = [str(_python_in(part)), "-I", "-m", "pip", "install"]
    quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    _run([*pip, *quiet, *options, *requirements], say)


def _pip_settings(options: Sequence[str]) -> list[str]:
    """Options that tell uv where pip finds packages, unless uv was told itself."""
    try:
        listed = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        ).stdout
    except OSError:
        return []
    values: dict[str, str] = {}
    # `install.find-links='...'`; of several sections the environment is the strongest, the global one the weakest.
    ranks = {"global": 0, "install": 1, ":env:": 2}
    lines = re.findall(r"^(global|install|:env:)\.([a-z-]+)=('.*'|\".*\")$", listed, re.MULTILINE)
    for _section, name, value in sorted(lines, key=lambda line: ranks[line[0]]):
        values[name] = ast.literal_eval(value)
    return [
        word
        for name, variables in _PIP_SETTINGS.items()
        if not any(map(os.environ.get, variables)) and not any(option.startswith(f"--{name}") for option in options)
        for value in values.get(name, "").split()
        for word in (f"--{name}", value)
    ]


def _verify(part: Path, version: str, options: Sequence[str]) -> None:
    try:
        _run([str(_python_in(part)), "-I", "-c", _VERIFY, str(part / _RECORD), *options], _say_nothing)
    except _CommandFailed as failure:
        raise CaptureError(
            f"torch {version} was installed for Python {_PYTHON} but cannot be imported. Python said last: {failure}"
        ) from None


def _run(command: Sequence[str], say: Progress) -> None:
    """Runs a command in a session of its own, and ends it if this process is interrupted.

    Raises:
        _CommandFailed: it did not end with 0.
    """
    lines: deque[str] = deque(maxlen=100)
    try:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise _CommandFailed(f"{command[0]}: {error.strerror}") from None
    with process:
        try:
            for line in process.stdout or ():
                if text := line.strip(_DRAWN):
                    lines.append(text)
                    say(text)
            code = process.wait()
        except BaseException:
            stop(process)
            raise
    if code != 0:
        raise _CommandFailed(_last_of(lines) or f"nothing; it ended with code {code}")


def _last_of(lines: Iterable[str]) -> str:
    """The lines that say what went wrong, in one: from the first error on, else the last ones."""
    telling = [line for line in lines if not line.lower().startswith(_BESIDE_THE_POINT)]
    errors = [index for index, line in enumerate(telling) if line.lower().startswith("error")]
    told = telling[errors[0] :][:_LINES] if errors else telling[-_LINES:]
    return " / ".join(_shortened(line.rstrip(".")) for line in told)


def _shortened(line: str) -> str:
    """Without the middle of a long line: pip lists all versions that there are, and the latest come last."""
    half = _LONGEST_LINE // 2
    return line if len(line) <= _LONGEST_LINE else f"{line[:half]} ... {line[-half:]}"
