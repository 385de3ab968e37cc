"""A captured folder made of the samples, and the commands that serve it, as processes."""

from __future__ import annotations

import gzip
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from builders import SAMPLES

SECONDS = 60


def sample(name: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))


def captured_folder(folder: Path) -> Path:
    """`acl` plain, `openblas` gzipped, as `tracediff capture` lays them out and marks them."""
    for backend in ("acl", "openblas"):
        document = {"tracediff": {"schema_version": 1, "backend": backend}, **sample(backend)}
        for event in document["traceEvents"]:
            event["name"] = event["name"].replace("ProfilerStep#", "tracediff::iteration#")
        text = json.dumps(document).encode()
        name = "host.1795196275540055908.pt.trace.json" + (".gz" if backend == "openblas" else "")
        (folder / backend).mkdir(parents=True)
        (folder / backend / name).write_bytes(gzip.compress(text) if backend == "openblas" else text)
        (folder / f"{backend}.json").symlink_to(f"{backend}/{name}")
    return folder


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "tracediff", *map(str, arguments)]


class Served:
    """A command that serves."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C: the exit code, and what stood on stderr."""
        os.killpg(self.process.pid, signal.SIGINT)
        _, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, errors


@contextmanager
def scratch() -> Generator[Path]:
    """Where a command puts its temporary files; a test's own folder has too long a name for the plugin's sockets."""
    with tempfile.TemporaryDirectory(prefix="test-") as folder:
        yield Path(folder)
        assert not list(Path(folder).iterdir()), "something is left behind"


@contextmanager
def served(*arguments: str | Path) -> Generator[Served]:
    """Runs a command until it has printed its address; sees to it that it leaves nothing behind."""
    with scratch() as folder:
        process = subprocess.Popen(
            command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        try:
            assert process.stdout
            readable, _, _ = select.select([process.stdout], [], [], SECONDS)
            address = process.stdout.readline().strip() if readable else ""
            assert address.startswith("http://127.0.0.1:"), process.stderr
            yield Served(process, address)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.communicate(timeout=SECONDS)
