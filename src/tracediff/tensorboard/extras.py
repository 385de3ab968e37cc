"""What a viewer needs beyond tracediff itself, and where it may listen; said in one line when it is not there."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from types import FrameType

from tracediff.errors import UsageError


def require(command: str, *modules: str) -> None:
    """Makes sure that the packages of some modules are installed, without loading them.

    Raises:
        UsageError: one is missing; the message holds the line that installs it.
    """
    missing = [module.replace("_", "-") for module in modules if find_spec(module) is None]
    if missing:
        raise UsageError(f"{command} needs {' and '.join(missing)}. pip install {' '.join(missing)}")


def check_address(host: str, port: int) -> None:
    """Makes sure that a server can listen there; port 0 stands for any.

    Raises:
        UsageError: the port is taken, or the host is not one of this machine.
    """
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except OSError as error:
        # The error's own text repeats the address; that of a name that nobody knows has no number of the system.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise UsageError(f"cannot listen on {host}:{port} ({reason}). Choose another --port or --host") from None


def url_of(host: str, port: int) -> str:
    """The address that a browser takes."""
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


@contextmanager
def until_stopped() -> Generator[None]:
    """Inside it a server serves: Ctrl-C or a polite kill ends the block, and is the normal end."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
