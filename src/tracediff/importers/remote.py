"""Traces behind a URL, through fsspec: it knows the web, the stores of objects and how users log in there."""

from __future__ import annotations

import io
import re
from typing import Any, BinaryIO, cast

from tracediff import units
from tracediff.errors import TraceFormatError
from tracediff.importers.source import Source, text_of

# A password may hold all that a path may; only behind a host and its port an @ is none of its.
_PASSWORD = re.compile(r"(?<=://)(?![^/?#@:]*(?::\d+)?/)[^?#]*@")
_SECRET = re.compile(r"(?i)([?&#][^=&]*(?:sig|token|credential|key|secret|pass|auth|code)[^=&]*=)[^&\s'\"]+")

_NOT_FOUND = 404
_BUFFER_BYTES = 1024 * 1024


def remote_source(url: str) -> Source:
    """A file behind a URL.

    Raises:
        TraceFormatError: nothing here can open URLs.
    """
    name = shown(url)
    try:
        import fsspec  # pyright: ignore[reportMissingTypeStubs] - it has none
    except ImportError:
        raise TraceFormatError('is a URL, which needs fsspec. pip install "fsspec[http]"', name) from None

    def opened() -> BinaryIO:
        try:
            file = cast("Any", fsspec).open(url, "rb").open()
        except ImportError as error:
            raise TraceFormatError(f"needs a package that is not here ({error}). Install it", name) from None
        except Exception as error:  # Every store has errors of its own, with nothing in common.
            # That of the web says "not found" of whatever kept it from finding something.
            cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
            if isinstance(cause, FileNotFoundError) or getattr(cause, "status", None) == _NOT_FOUND:
                raise TraceFormatError("no such file there. Check the address", name) from None
            raise _unreadable(cause, name) from None
        source.size = getattr(file, "size", None)
        # It has all that a binary file has, as far as anyone here asks.
        return cast("BinaryIO", io.BufferedReader(_RemoteFile(file, name), _BUFFER_BYTES))

    source = Source(name, opened)
    return source


def shown(text: str) -> str:
    """A URL, or a text about it, as others may see it in a report: without passwords and signatures."""
    return text_of(_SECRET.sub(r"\1...", _PASSWORD.sub("", text)))


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
    reason = units.printable(shown(str(error))) or type(error).__name__
    return TraceFormatError(f"cannot be read from there ({reason}). Check the address, or download it first", name)
