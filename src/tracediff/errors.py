"""The one error tree: what went wrong, in a sentence that a user can act on."""

from __future__ import annotations


class TracediffError(Exception):
    """Anything that ends a command with one line on stderr.

    Args:
        message: what is wrong and what to do about it, without a file name.
        path: the input that is to blame, if one is.
    """

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class UsageError(TracediffError):
    """The command line asks for something that does not exist."""


class TraceFormatError(TracediffError):
    """An input cannot be read as a trace."""


class NoTraceError(TraceFormatError):
    """An input is whole, and something else than a trace."""


class CaptureError(TracediffError):
    """A capture failed."""


class ComparisonError(TracediffError):
    """The inputs cannot be compared."""
