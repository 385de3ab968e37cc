"""Looks whether what was asked for is what ran, and how quiet the machine was."""

from __future__ import annotations

import re
import statistics
from typing import Any

from .backends import Backend
from .kernel_log import seconds_of
from .request import Request
from .session import Passes

_DRIFT = 0.15
_INFLATION = 1.25
_SWITCHES_PER_ITERATION = 20
_MOST_OF_THE_WORK = 0.5

# Operators that hold each call of their kind once, and those of them that oneDNN did.
_CONVOLUTIONS = ("aten::convolution", "aten::mkldnn_convolution")


def check(
    request: Request, backend: Backend, passes: Passes, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    """What was found, and under `warnings` what every later view must say."""
    counts = {row["name"]: row["count"] for row in passes.key_averages}
    found: dict[str, Any] = {
        "convolutions": {
            name: counts.get(operator, 0) // request.iterations
            for name, operator in zip(("all", "onednn"), _CONVOLUTIONS)
        },
        "log_lines": sum(",exec," in line or line.startswith("MKL_VERBOSE ") for line in passes.kernel_log),
        "backend_lines": len(_proofs(backend, passes.kernel_log)),
        "backend_share": _share(backend, passes),
        "implementations": _implementations(passes.kernel_log),
        "warmup_iterations": len(passes.warmup_ns),
        "inflation": _ratio(passes.profiled_ns, passes.latency_ns),
        "drift": _drift(passes.latency_ns),
        "before": before,
        "after": after,
    }
    found["warnings"] = list(_warnings(request, backend, passes, found))
    return found


def _proofs(backend: Backend, log: list[str]) -> list[str]:
    """The lines that the backend's library wrote."""
    return [line for line in log if re.search(backend.proof, line)] if backend.proof else []


def _share(backend: Backend, passes: Passes) -> float | None:
    """Which part of the operators' time in the kernel pass the backend's kernels took; None where no log tells."""
    operators = sum(row["self_cpu_time_total"] for row in passes.kernel_averages if "::" in row["name"]) * 1e-6
    if not backend.proof or not operators:
        return None
    return sum(map(seconds_of, _proofs(backend, passes.kernel_log))) / operators


def _implementations(log: list[str]) -> dict[str, int]:
    """How often each oneDNN implementation ran; reorders are among them."""
    counted: dict[str, int] = {}
    for line in log:
        found = re.search(r",exec,cpu,(\w+),([^,]+),", line)
        if found:
            name = " ".join(found.groups())
            counted[name] = counted.get(name, 0) + 1
    return counted


def _warnings(request: Request, backend: Backend, passes: Passes, found: dict[str, Any]) -> Any:
    if backend.proof and not found["backend_lines"]:
        yield f"{request.backend} did none of the work: no line of the libraries' log shows it"
    elif found["backend_share"] is not None and found["backend_share"] < _MOST_OF_THE_WORK:
        yield f"{request.backend} did {found['backend_share']:.0%} of the operators' time"
    if request.backend in ("onednn", "acl"):
        convolutions = found["convolutions"]
        if convolutions["onednn"] < convolutions["all"]:
            share = f"{convolutions['onednn']} of {convolutions['all']}"
            yield f"{request.backend}: {share} convolutions ran on oneDNN"
    if not passes.stable:
        yield f"not stable after {len(passes.warmup_ns)} warm-up iterations"
    if abs(found["drift"] - 1) > _DRIFT:
        yield f"latency drifted by {found['drift'] - 1:+.0%} over the timed iterations"
    if found["inflation"] > _INFLATION:
        yield f"the profiler made iterations {found['inflation'] - 1:.0%} slower"
    throttled = found["after"].get("nr_throttled", 0) - found["before"].get("nr_throttled", 0)
    if throttled:
        yield f"the cgroup throttled the process {throttled} times"
    switches = found["after"].get("involuntary_switches", 0) - found["before"].get("involuntary_switches", 0)
    if switches > _SWITCHES_PER_ITERATION * (2 * request.iterations + len(passes.warmup_ns)):
        yield f"{switches} involuntary context switches: something else wanted the processor"


def _ratio(times: list[int], other: list[int]) -> float:
    return statistics.median(times) / max(1.0, statistics.median(other)) if times and other else 1.0


def _drift(times: list[int]) -> float:
    """Median of the last third over that of the first."""
    third = len(times) // 3
    return _ratio(times[-third:], times[:third]) if third else 1.0
