"""Traces behind a URL, through fsspec: it knows the web, the stores of objects and how users log in there."""

from __future__ import annotations

import io
import re
from typing import Any, BinaryIO, cast

from tracediff import units
from tracediff.errors import TraceFormatError
from tracediff.importers.source import Source, text_of

_PASSWORD = re.compile(r"(?<=://)[^/@]*@")
_SECRET = re.compile(r"(?i)([?&][^=&]*(?:sig|token|credential|key|secret|password)[^=&]*=)[^&]+")


def remote_source(url: str) -> Source:
    """A file behind a URL.

    Raises:
        TraceFormatError: nothing here can open URLs.
    """
    name = shown(url)
    try:
        import fsspec  # pyright: ignore[reportMissingTypeStubs] - it has none
    except ImportError:
        raise TraceFormatError(
            'is a URL, which needs the extra remote. pip install "torch-tracediff[remote]"', name
        ) from None

    def opened() -> BinaryIO:
        try:
            file = cast("Any", fsspec).open(url, "rb").open()
        except ImportError as error:
            raise TraceFormatError(f"needs a package that is not here ({error}). Install it", name) from None
        except FileNotFoundError:
            raise TraceFormatError("no such file there. Check the address", name) from None
        except Exception as error:  # Every store has errors of its own, with nothing in common.
            raise _unreadable(error, name) from None
        source.size = getattr(file, "size", None)
        # It has all that a binary file has, as far as anyone here asks.
        return cast("BinaryIO", io.BufferedReader(_RemoteFile(file, name), _BUFFER_BYTES))

    source = Source(name, opened)
    return source


def shown(url: str) -> str:
    """The URL as it may stand in a report that goes to others: without passwords and signatures."""
    return text_of(_SECRET.sub(r"\1...", _PASSWORD.sub("", url)))


_BUFFER_BYTES = 1024 * 1024


class _RemoteFile(io.RawIOBase):
    """A file of fsspec whose errors are ours."""

    def __init__(self, file: Any, name: str) -> None:
        self._file = file
        self._name = name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        try:
            block: bytes = self._file.read(len(buffer))
        except Exception as error:  # As above.
            raise _unreadable(error, self._name) from None
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()


def _unreadable(error: Exception, name: str) -> TraceFormatError:
    reason = units.printable(str(error)) or type(error).__name__
    return TraceFormatError(f"cannot be read from there ({reason}). Check the address and the way to it", name)
