"""The passes of a capture, in order: warm up, time without the profiler, profile, map kernels."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Generator, NamedTuple

from .bundle import packed
from .kernel_log import verbose_libraries
from .key_averages import rows_of
from .request import Request

MARK = "tracediff::iteration#%d"
_STABLE_WINDOW = 5
_STABLE_WITHIN = 0.1
_MOST_WARMUP_SECONDS = 60.0


class Passes(NamedTuple):
    """What the passes gave.

    Attributes:
        warmup_ns: each warm-up iteration.
        stable: whether the last warm-up iterations agreed within 10 %.
        latency_ns: each timed iteration, without the profiler.
        profiled_ns: each profiled iteration, by the clock outside.
        key_averages: of the profiled iterations.
        kernel_log: the libraries' lines of the kernel pass.
        kernel_averages: `key_averages` of that pass.
        kernel_trace: its trace, packed; empty where there are no lines to join.
        output: what the model returned last.
    """

    warmup_ns: list[int]
    stable: bool
    latency_ns: list[int]
    profiled_ns: list[int]
    key_averages: list[dict[str, Any]]
    kernel_log: list[str]
    kernel_averages: list[dict[str, Any]]
    kernel_trace: str
    output: Any


def run_passes(torch: Any, request: Request, run: Callable[[], Any], exported: Path) -> Passes:
    """Runs the model as often as the passes need; the profiled pass is exported to `exported`."""
    with _quiet(torch, request):
        warmup_ns, stable = _warm_up(run, request.warmup)
        latency_ns = [_timed(run) for _ in range(request.iterations)]
        profiled_ns, rows = _profiled(torch, request, run, exported)
        log, kernel_rows, kernel_trace, output = _kernel_pass(torch, run)
    return Passes(warmup_ns, stable, latency_ns, profiled_ns, rows, log, kernel_rows, kernel_trace, output)


@contextlib.contextmanager
def _quiet(torch: Any, request: Request) -> Generator[None, None, None]:
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        if request.dtype == "bf16":
            stack.enter_context(torch.autocast("cpu", dtype=torch.bfloat16))
        yield


def _warm_up(run: Callable[[], Any], at_least: int) -> tuple[list[int], bool]:
    """Runs until the last five agree within 10 % of their median, at least so often, at most a minute longer."""
    times: list[int] = []
    deadline = time.monotonic() + _MOST_WARMUP_SECONDS
    while len(times) < at_least or (not _is_stable(times) and at_least and time.monotonic() < deadline):
        times.append(_timed(run))
    return times, _is_stable(times)


def _is_stable(times: list[int]) -> bool:
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
    # The first session of a process pays for the profiler's own start; none that is kept shall.
    with profiler.profile(activities=_activities(profiler), record_shapes=True, **options):
        run()
    times: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        handler = profiler.tensorboard_trace_handler(folder)
        with profiler.profile(
            activities=_activities(profiler), record_shapes=True, on_trace_ready=handler, **options
        ) as profile:
            for number in range(request.iterations):
                start = time.perf_counter_ns()
                with profiler.record_function(MARK % number):
                    run()
                times.append(time.perf_counter_ns() - start)
        (written,) = Path(folder).iterdir()
        exported.write_bytes(written.read_bytes())
    return times, rows_of(profile)


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
