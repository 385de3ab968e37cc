"""Ctrl-C ends a command wherever it is, with one line and without a trace; here in real processes on a terminal."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_PATIENCE_S = 60
# The line about progress is there after half a second of reading.
_BYTES = 400_000_000
_EVENT = b'{"ph": "X", "cat": "cpu_op", "name": "aten::mul", "pid": 1, "tid": 1, "ts": 1, "dur": 1, "args": {}},\n'


@pytest.fixture
def long_trace(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "long.json"
    block = _EVENT * 10_000
    with path.open("wb") as file:
        file.write(b'{"traceEvents": [')
        for _ in range(_BYTES // len(block)):
            file.write(block)
        file.write(_EVENT.rstrip(b",\n") + b"]}")
    yield path
    path.unlink()


def alive_in_session(session: int) -> list[int]:
    processes: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, of = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(of) == session and state != "Z":
            processes.append(int(folder.name))
    return processes


def until(true: object) -> bool:
    end = time.monotonic() + _PATIENCE_S
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("how", ["ctrl-c", "SIGTERM"])
def test_it_leaves_one_line_and_nothing_else(long_trace: Path, tmp_path: Path, how: str) -> None:
    command = [sys.executable, "-m", "tracediff", "diff", str(long_trace), str(long_trace), "--format", "json"]
    (tmp_path / "temporary").mkdir()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {
            "TERM": "xterm",
            "TRACEDIFF_CACHE_DIR": str(tmp_path / "cache"),
            "TMPDIR": str(tmp_path / "temporary"),
        }
        os.execv(command[0], command)  # noqa: S606 - the child of the fork on the terminal
    shown = b""
    while b"reading" not in shown:
        shown += os.read(terminal, 1000)
    if how == "ctrl-c":
        os.write(terminal, b"\x03")
    else:
        os.kill(pid, signal.SIGTERM)
    while True:
        try:
            shown += os.read(terminal, 1000)
        except OSError:  # the other end is closed
            break
    _, status = os.waitpid(pid, 0)
    os.close(terminal)

    assert os.waitstatus_to_exitcode(status) == 130
    last = shown.replace(b"^C", b"").rpartition(b"\x1b[K")[2]
    assert last.strip() == b"tracediff: interrupted"
    assert until(lambda: not alive_in_session(pid))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert list((tmp_path / "temporary").iterdir()) == []


def test_code_that_does_not_hear_it_is_ended_too() -> None:
    # Takes many minutes in C, where no Python runs that could raise anything.
    code = """
import hashlib
from tracediff.cli.interrupt import interruptible
with interruptible():
    print("deaf", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"", b"", 2_000_000_000)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        time.sleep(0.2)  # until it is deaf; before that it would end as any Python
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(_PATIENCE_S) == 130
        finally:
            process.kill()
        assert process.stderr.read() == b"tracediff: interrupted\n"
