"""Runs TensorBoard in a process of its own, for as long as the user wants to look.

A process of its own, because the plugin spawns children that import the main module again, and because whatever
TensorBoard leaves behind (threads, a manager process, temporary files) ends with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tracediff.errors import UsageError
from tracediff.tensorboard.extras import check_address, require, until_stopped
from tracediff.tensorboard.logdir import TraceFile, link_traces

_SECONDS_TO_STOP = 10
_SECONDS_TO_LOOK = 0.1
_LONGEST_FOLDER = 50
"""A socket's name has 104 characters at most, and 53 come behind the folder."""


def serve(traces: Iterable[TraceFile], host: str, port: int, announce: Callable[[str], None]) -> None:
    """Serves traces in TensorBoard until Ctrl-C.

    Args:
        traces: what to show.
        host: where to listen.
        port: 0 for a free one.
        announce: called with the address, once every trace has been read.

    Raises:
        UsageError: TensorBoard or its plugin is not installed, cannot listen there, or did not start.
        KeyboardInterrupt: Ctrl-C came before it served.
    """
    require("tracediff tensorboard", "tensorboard", "torch_tb_profiler")
    check_address(host, port)
    with tempfile.TemporaryDirectory(prefix="tracediff-", dir=_folder_for_sockets()) as folder:
        logdir, scratch = Path(folder, "runs"), Path(folder, "t")
        logdir.mkdir()
        scratch.mkdir()
        link_traces(traces, logdir)
        server = _start(logdir, scratch, host, port)
        try:
            address = _address(server)
            with until_stopped():
                announce(address)
                # Not `server.wait()`: a signal that comes just before that blocks is seen only when the server ends.
                while server.poll() is None:
                    time.sleep(_SECONDS_TO_LOOK)
        finally:
            _stop(server)


def _folder_for_sockets() -> str | None:
    """Where temporary files go: as ever, unless the name is too long for the sockets that the plugin makes there."""
    return None if len(tempfile.gettempdir()) <= _LONGEST_FOLDER else "/tmp"  # noqa: S108


def _start(logdir: Path, scratch: Path, host: str, port: int) -> subprocess.Popen[str]:
    # A session of its own keeps the terminal's Ctrl-C from it: it stops when its standard input closes, which happens
    # even where this process is killed. TMPDIR, because the plugin and TensorBoard leave files there.
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "tracediff.tensorboard", str(logdir), host, str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={"TORCH_PROFILER_LOG_LEVEL": "ERROR", **os.environ, "TMPDIR": str(scratch)},
    )


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stdout  # noqa: S101
    address = server.stdout.readline().strip()
    if not address:
        raise UsageError(f"TensorBoard did not start (exit status {server.wait()}). What it says about that is above")
    return address


def _stop(server: subprocess.Popen[str]) -> None:
    assert server.stdin  # noqa: S101
    server.stdin.close()
    try:
        server.wait(_SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
