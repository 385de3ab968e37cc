"""Looks whether what was asked for is what ran, and how steady it was."""

from __future__ import annotations

import os
import re
import statistics
from typing import Any, Iterator, Mapping

from .backends import Backend
from .digest import nonfinite
from .disturbance import disturbances
from .kernel_log import is_call, seconds_of, verbose_already
from .request import Request
from .session import MARK, Passes

_DRIFT = 0.15
_INFLATION = 1.25
_ALMOST_NOTHING = 0.05
"""In the kernel pass a line of the log costs its operator some 10 us, so that small kernels have small shares."""

# Operators that hold each call of their kind once, and those of them that oneDNN did.
_CONVOLUTIONS = ("aten::convolution", "aten::mkldnn_convolution")

# A memory descriptor: an attribute (`attr-fpmath:bf16`) is a permission, an implementation's name (`jit_bf16`) a maker.
_BF16_KERNEL = re.compile(r",exec,.*\b(?:src|wei|dst|data)[_:]bf16\b")


def check(
    request: Request,
    backend: Backend,
    passes: Passes,
    start: dict[str, Any],
    env: Mapping[str, str],
    output: list[dict[str, Any]],
) -> dict[str, Any]:
    """What was found, and under `warnings` what every later view must say.

    Args:
        request: what was asked for.
        backend: that of the request.
        passes: what ran.
        start: what used the machine when the process began.
        env: the user's settings.
        output: the digest of what the model returned.
    """
    counts = {row["name"]: row["count"] for row in passes.key_averages}
    found: dict[str, Any] = {
        "convolutions": {
            name: counts.get(operator, 0) // request.iterations
            for name, operator in zip(("all", "onednn"), _CONVOLUTIONS)
        },
        "log_lines": sum(map(is_call, passes.kernel_log)),
        "backend_lines": len(_matching(backend.proof, passes.kernel_log)),
        "backend_calls": sum(counts.get(name, 0) for name in backend.operators) // request.iterations,
        "backend_share": share(backend, passes.kernel_averages, passes.kernel_log),
        "forbidden_lines": len(_matching(backend.forbidden, passes.kernel_log)),
        "bf16": {"kernels": sum(map(is_bf16, passes.kernel_log)), "calls": passes.bf16_calls},
        "implementations": _implementations(passes.kernel_log),
        "warmup_iterations": passes.warmup_iterations,
        "stable": passes.stable,
        "inflation": _ratio(passes.profiled_ns, passes.latency_ns),
        "drift": drift(passes.latency_ns),
        "nonfinite": nonfinite(output),
    }
    found["warnings"] = [
        *warnings_of(request, backend, found),
        *(f"{name} was set: the libraries wrote while the iterations were timed" for name in verbose_already(env)),
        *disturbances(start, passes.before, passes.after, os.cpu_count() or 1),
    ]
    return found


def _matching(pattern: str | None, log: list[str]) -> list[str]:
    return [line for line in log if re.search(pattern, line)] if pattern else []


def share(backend: Backend, rows: list[dict[str, Any]], log: list[str]) -> float | None:
    """Which part of the operators' time the backend took, from 0 to 1; None where nothing tells.

    Args:
        backend: the one that was to run.
        rows: `key_averages` of the kernel pass. What lies below its mark is the time of operators.
        log: the libraries' lines of that pass.
    """
    by_name = {row["name"]: row for row in rows}
    mark = by_name.get(MARK % 0)
    operators = (mark["cpu_time_total"] - mark["self_cpu_time_total"]) * 1e-6 if mark else 0.0
    if operators <= 0 or not (backend.proof or backend.operators):
        return None
    if backend.proof:
        took = sum(map(seconds_of, _matching(backend.work or backend.proof, log)))
    else:
        own = sum(by_name[name]["self_cpu_time_total"] for name in backend.operators if name in by_name) * 1e-6
        took = own - sum(map(seconds_of, _matching(backend.forbidden, log)))
    # Kernels of threads beside the marked one can take longer than it.
    return max(0.0, min(1.0, took / operators))


def is_bf16(line: str) -> bool:
    """Whether a line says that a kernel read or wrote bfloat16."""
    return _BF16_KERNEL.search(line) is not None


def _implementations(log: list[str]) -> dict[str, int]:
    """How often each oneDNN implementation ran; reorders are among them."""
    counted: dict[str, int] = {}
    for line in log:
        found = re.search(r",exec,cpu,(\w+),([^,]+),", line)
        if found:
            name = " ".join(found.groups())
            counted[name] = counted.get(name, 0) + 1
    return counted


def warnings_of(request: Request, backend: Backend, found: dict[str, Any]) -> Iterator[str]:
    """What a reader must hear of the findings of `check`."""
    name = request.backend
    if backend.proof and not found["backend_lines"]:
        yield f"{name} did none of the work: no line of the libraries' log shows it"
    elif backend.operators and not found["backend_calls"]:
        yield f"{name} did none of the work: no operator called it"
    elif found["backend_share"] is not None and found["backend_share"] < _ALMOST_NOTHING:
        calls = found["backend_lines"] or found["backend_calls"]
        yield f"{name} did little: its {calls} calls took {found['backend_share']:.1%} of the operators' time"
    if found["forbidden_lines"]:
        yield f"{name}: oneDNN ran {found['forbidden_lines']} kernels of it"
    convolutions = found["convolutions"]
    if name in ("onednn", "acl") and convolutions["onednn"] < convolutions["all"]:
        yield f"{name}: {convolutions['onednn']} of {convolutions['all']} convolutions ran on oneDNN"
    if request.dtype == "bf16" and not any(found["bf16"].values()):
        yield "bf16 was asked for, but no kernel and no operator had any: it ran in fp32"
    if found["nonfinite"]:
        yield f"the output holds {found['nonfinite']} values that are infinite or not a number"
    if not found["stable"]:
        yield f"not stable after {found['warmup_iterations']} warm-up iterations"
    if abs(found["drift"] - 1) > _DRIFT:
        yield f"latency drifted by {found['drift'] - 1:+.0%} over the timed iterations"
    if found["inflation"] > _INFLATION:
        yield f"the profiler made iterations {found['inflation'] - 1:.0%} slower"


def _ratio(times: list[int], other: list[int]) -> float:
    return statistics.median(times) / max(1.0, statistics.median(other)) if times and other else 1.0


def drift(times: list[int]) -> float:
    """Median of the last third over that of the first."""
    third = len(times) // 3
    return _ratio(times[-third:], times[:third]) if third else 1.0
