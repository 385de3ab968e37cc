"""Catches what the math libraries write about the kernels that they run."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
import tempfile
from typing import Any, Callable, Generator, Mapping

TIMESTAMPS = ("ONEDNN_VERBOSE_TIMESTAMP", "DNNL_VERBOSE_TIMESTAMP")
"""Must be set before torch is imported; which of the two counts depends on oneDNN's version."""

_LIBRARY_LINES = ("onednn_verbose", "dnnl_verbose", "MKL_VERBOSE")
_SWITCHES = ("ONEDNN_VERBOSE", "DNNL_VERBOSE", "MKLDNN_VERBOSE", "MKL_VERBOSE")

_MKL_CALL = re.compile(r"^MKL_VERBOSE \w+\(")
_MKL_TIME = re.compile(r"^MKL_VERBOSE \S+ ([\d.]+)(ns|us|ms|s)\b")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


def verbose_already(env: Mapping[str, str]) -> list[str]:
    """The variables by which the libraries would write in every pass, the timed one too."""
    return [name for name in _SWITCHES if env.get(name, "0").lower() not in ("", "0", "none")]


def is_call(line: str) -> bool:
    """Whether a line says that a kernel ran."""
    return ",exec," in line or _MKL_CALL.match(line) is not None


def seconds_of(line: str) -> float:
    """How long the kernel of a line ran; 0 for lines that are about something else."""
    if ",exec," in line:
        last = line.rsplit(",", 1)[1]
        return float(last) * 1e-3 if re.match(r"^[\d.]+(e-?\d+)?$", last) else 0.0
    found = _MKL_TIME.match(line)
    return float(found.group(1)) * _SECONDS[found.group(2)] if found else 0.0


@contextlib.contextmanager
def verbose_libraries(torch: Any, first: Callable[[], Any]) -> Generator[list[str], None, None]:
    """Switches the verbose output of oneDNN and MKL on; the list holds their lines once the block has ended.

    Args:
        torch: the module.
        first: what the block does, to be done once before it: MKL measures the clock for a fifth of a second before
            its first line, and oneDNN describes its lines. Of that only the descriptions are kept.
    """
    lines: list[str] = []
    starting: list[str] = []
    with contextlib.ExitStack() as switches:
        # The catcher is left last, so that what the libraries write when they are switched off is caught too.
        switches.enter_context(caught_output(lines))
        for name in ("mkldnn", "mkl"):
            module = getattr(torch.backends, name, None)
            if module is not None and module.is_available() and hasattr(module, "verbose"):
                switches.enter_context(module.verbose(module.VERBOSE_ON))
        with caught_output(starting):
            first()
        lines.extend(line for line in starting if ",create" not in line and not is_call(line))
        yield lines


@contextlib.contextmanager
def caught_output(lines: list[str]) -> Generator[None, None, None]:
    """Sends the process's standard output to a file; adds the libraries' lines to `lines` at the end.

    They write through C's buffered stdout, past Python: so the file descriptor is redirected, and C's buffers flushed
    before and after. Standard error stays what it is: there a library says why it aborts, and nothing would be left to
    pass it on.
    """
    with tempfile.TemporaryFile() as caught:
        kept = os.dup(1)
        _flush()
        os.dup2(caught.fileno(), 1)
        try:
            yield
        finally:
            _flush()
            os.dup2(kept, 1)
            os.close(kept)
            caught.seek(0)
            text = caught.read().decode("utf-8", "replace")
            lines.extend(line for line in text.splitlines() if line.startswith(_LIBRARY_LINES))
            others = [line for line in text.splitlines() if not line.startswith(_LIBRARY_LINES)]
            if others:
                os.write(1, ("\n".join(others) + "\n").encode())


def _flush() -> None:
    """Python's own buffer too: what it holds was said before, or is to be caught."""
    sys.stdout.flush()
    ctypes.CDLL(None).fflush(None)
