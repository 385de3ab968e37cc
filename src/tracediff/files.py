"""Where files go: beside the one that they replace until they are whole, and into the user's cache."""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import IO

PART_PREFIX = ".tracediff-"
"""How the names of files begin that are still being written."""

_parts: set[Path] = set()


def cache_folder(kind: str) -> Path:
    """A folder of its own in TRACEDIFF_CACHE_DIR, or in the user's cache directory.

    Raises:
        RuntimeError: this user has no home.
    """
    from platformdirs import user_cache_dir

    cache = os.environ.get("TRACEDIFF_CACHE_DIR") or user_cache_dir("tracediff")
    return Path(cache).expanduser().absolute() / kind


@contextlib.contextmanager
def replacing(target: Path, mode: int = 0o600) -> Generator[IO[bytes]]:
    """A file to write into, which takes its target's name when it is whole and is gone when it is not.

    Raises:
        OSError: it cannot be written.
    """
    import tempfile

    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=PART_PREFIX, delete=False) as file:
        part = Path(file.name)
        _parts.add(part)
        try:
            yield file
            file.close()
            part.chmod(mode)
            part.replace(target)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            _parts.discard(part)


def write_text(target: Path, text: str) -> None:
    """Puts a text into a file, which is complete or not there at all.

    Raises:
        OSError: it cannot be written.
    """
    # A link keeps pointing where it does; what it points at is replaced.
    target = target.resolve()
    if target.exists() and not target.is_file():
        # A device or a FIFO cannot be replaced, only written to.
        target.write_text(text, "utf-8")
        return
    with replacing(target, 0o666 & ~_umask()) as file:
        file.write(text.encode())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@atexit.register
def abandon_parts() -> None:
    """Removes what a thread that nobody waits for is still writing."""
    for part in tuple(_parts):
        with contextlib.suppress(OSError):
            part.unlink()
