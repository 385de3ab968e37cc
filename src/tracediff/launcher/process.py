"""Ends a process that was started in a session of its own, and what it started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess

_GRACE_SECONDS = 5


def stop(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Asks the process group to end, and after some seconds no longer asks."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
