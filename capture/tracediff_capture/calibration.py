"""Measures what the machine does at best, so that a row's GFLOP/s and GB/s are shares of something."""

from __future__ import annotations

import contextlib
import time
from typing import Any, Callable

_DTYPES = ("float32", "bfloat16")
_LONG_ENOUGH_SECONDS = 0.02
_SMALLEST = 256
_LARGEST = 4096
_COPIED_BYTES = 64 * 1024 * 1024
"""More than a last-level cache share holds, and quick enough under an emulator."""


def measured_peak(torch: Any) -> dict[str, Any]:
    """FLOP/s of a large square matrix product per dtype, and bytes/s of a large copy; with this process's threads.

    With torch's own choice of library, whatever backend the capture was made with: what the machine can do is the
    measure of all of them. A dtype that this build cannot multiply is left out.
    """
    flops: dict[str, float] = {}
    with torch.no_grad():
        for name in _DTYPES:
            with contextlib.suppress(RuntimeError):
                flops[name] = _matmul(torch, getattr(torch, name))
        return {"matmul_flops_per_s": flops, "copy_bytes_per_s": _copy(torch)}


def _matmul(torch: Any, dtype: Any) -> float:
    """Of the first size that takes long enough to be timed: an emulator needs no large one."""
    size = _SMALLEST
    while True:
        matrix = torch.ones(size, size, dtype=dtype)
        seconds = _best(lambda matrix=matrix: torch.mm(matrix, matrix))
        if seconds >= _LONG_ENOUGH_SECONDS or size >= _LARGEST:
            return 2 * size**3 / seconds
        size *= 2


def _copy(torch: Any) -> float:
    """Read and written bytes both count."""
    source = torch.ones(_COPIED_BYTES // 4)
    target = torch.empty_like(source)
    return 2 * _COPIED_BYTES / _best(lambda: target.copy_(source))


def _best(work: Callable[[], Any], times: int = 4) -> float:
    """Seconds of the quickest of some runs."""
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)
