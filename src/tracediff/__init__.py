"""Why did PyTorch inference get slower or faster? Profiler traces in, one honest ledger out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracediff.api import Diff, Trace, compare, load

__all__ = ["Diff", "Trace", "compare", "load"]


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    """Loads the Python interface when it is first used: the command line starts without it."""
    if name in __all__:
        from tracediff import api

        # Its import made `tracediff.compare` the module of that name: from now on it is the function.
        globals().update({public: getattr(api, public) for public in __all__})
        return globals()[name]
    raise AttributeError(f"module 'tracediff' has no attribute {name!r}")
