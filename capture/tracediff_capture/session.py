"""The passes of a capture, in order: warm up, time without the profiler, profile, map kernels."""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, NamedTuple

from .bundle import packed
from .disturbance import disturbance
from .kernel_log import verbose_libraries
from .key_averages import rows_of
from .own_frames import without_own_frames
from .request import Request

MARK = "tracediff::iteration#%s"
_STABLE_WINDOW = 5
_STABLE_WITHIN = 0.1
_MOST_WARMUP_SECONDS = 60.0
_MOST_WARMUP_KEPT = 1000
_PROFILER_WARMUP = 3


class Passes(NamedTuple):
    """What the passes gave.

    Attributes:
        warmup_ns: each of the last thousand warm-up iterations.
        warmup_iterations: how many there were.
        stable: whether the last warm-up iterations agreed within 10 %.
        latency_ns: each timed iteration, without the profiler.
        before, after: what else used the machine when these began and when they had ended.
        profiled_ns: each profiled iteration, by the clock outside.
        key_averages: of the profiled iterations.
        bf16_calls: how many operators of these were given a bfloat16.
        kernel_log: the libraries' lines of the kernel pass.
        kernel_averages: `key_averages` of that pass.
        kernel_trace: its trace, packed; empty where there are no lines to join.
        output: what the model returned last.
    """

    warmup_ns: list[int]
    warmup_iterations: int
    stable: bool
    latency_ns: list[int]
    before: dict[str, Any]
    after: dict[str, Any]
    profiled_ns: list[int]
    key_averages: list[dict[str, Any]]
    bf16_calls: int
    kernel_log: list[str]
    kernel_averages: list[dict[str, Any]]
    kernel_trace: str
    output: Any


def run_passes(torch: Any, request: Request, run: Callable[[], Any], exported: Path) -> Passes:
    """Runs the model as often as the passes need; the profiled pass is exported to `exported`."""
    warmup_ns, count = _warm_up(run, request.warmup)
    before = disturbance()
    latency_ns = [_timed(run) for _ in range(request.iterations)]
    after = disturbance()
    profiled_ns, rows = _profiled(torch, request, run, exported)
    log, kernel_rows, kernel_trace, output = _kernel_pass(torch, run)
    return Passes(
        warmup_ns=warmup_ns,
        warmup_iterations=count,
        stable=is_stable(warmup_ns),
        latency_ns=latency_ns,
        before=before,
        after=after,
        profiled_ns=profiled_ns,
        key_averages=rows,
        bf16_calls=len(re.findall(rb'"Input type": \[[^\]]*BFloat16', exported.read_bytes())),
        kernel_log=log,
        kernel_averages=kernel_rows,
        kernel_trace=kernel_trace,
        output=output,
    )


def _warm_up(run: Callable[[], Any], at_least: int) -> tuple[list[int], int]:
    """Runs at least so often, then until the last five agree within 10 % of their median, at most a minute longer."""
    times: list[int] = []
    count = 0
    deadline = 0.0
    while count < at_least or (at_least and not is_stable(times) and time.monotonic() < deadline):
        times.append(_timed(run))
        del times[:-_MOST_WARMUP_KEPT]
        count += 1
        if count == at_least:
            deadline = time.monotonic() + _MOST_WARMUP_SECONDS
    return times, count


def is_stable(times: list[int]) -> bool:
    """Whether the last five agree within 10 % of their median."""
    last = times[-_STABLE_WINDOW:]
    middle = statistics.median(last) if last else 0
    return len(last) == _STABLE_WINDOW and all(abs(one - middle) <= _STABLE_WITHIN * middle for one in last)


def _timed(run: Callable[[], Any]) -> int:
    start = time.perf_counter_ns()
    run()
    return time.perf_counter_ns() - start


def _profiled(
    torch: Any, request: Request, run: Callable[[], Any], exported: Path
) -> tuple[list[int], list[dict[str, Any]]]:
    profiler = torch.profiler
    options: dict[str, Any] = {"with_stack": request.with_stack, "profile_memory": request.profile_memory}
    if request.with_modules:
        options["with_modules"] = True
    # The first session of a process, and its first marks, pay for the profiler's own start; none that is kept shall.
    with profiler.profile(activities=_activities(profiler), record_shapes=True, **options):
        _marked(profiler, run, _PROFILER_WARMUP)
    with tempfile.TemporaryDirectory() as folder:
        handler = profiler.tensorboard_trace_handler(folder)
        with profiler.profile(
            activities=_activities(profiler), record_shapes=True, on_trace_ready=handler, **options
        ) as profile:
            times = _marked(profiler, run, request.iterations)
        (written,) = Path(folder).iterdir()
        text = written.read_text("utf-8", "replace")
        exported.write_text(without_own_frames(text, MARK % "") if '"python_function"' in text else text, "utf-8")
    return times, rows_of(profile)


def _marked(profiler: Any, run: Callable[[], Any], iterations: int) -> list[int]:
    times: list[int] = []
    for number in range(iterations):
        start = time.perf_counter_ns()
        with profiler.record_function(MARK % number):
            run()
        times.append(time.perf_counter_ns() - start)
    return times


def _activities(profiler: Any) -> list[Any]:
    supported = profiler.supported_activities()
    return [activity for activity in profiler.ProfilerActivity.__members__.values() if activity in supported]


def _kernel_pass(torch: Any, run: Callable[[], Any]) -> tuple[list[str], list[dict[str, Any]], str, Any]:
    """One more iteration in a profiler session of its own: a line of the log costs some 10 us."""
    profiler = torch.profiler
    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "kernels.json"
        with verbose_libraries(torch, run) as log, profiler.profile(
            activities=_activities(profiler), record_shapes=True
        ) as profile, profiler.record_function(MARK % 0):
            output = run()
        profile.export_chrome_trace(str(exported))
        return log, rows_of(profile), packed(exported) if log else "", output
