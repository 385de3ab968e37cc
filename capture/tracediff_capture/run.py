"""One capture, from the request to the trace file; whatever goes wrong ends up in `status.json`."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from . import environment
from .backends import backend_of
from .bundle import write_bundle
from .calibration import measured_peak
from .checks import check
from .digest import digest
from .disturbance import disturbance
from .engines import prepare
from .errors import GuestError
from .kernel_log import TIMESTAMPS
from .request import Request, read_request
from .session import run_passes
from .torch_module import config_of, load_torch, version_of
from .workloads import make_workload

SCHEMA_VERSION = 1
STATUS = "status.json"


def main(arguments: list[str]) -> int:
    """Captures, and says in OUT_DIR/status.json how it went.

    Returns:
        0 if there is a trace, 1 if not; 2 if the arguments are wrong.
    """
    if len(arguments) != 2:
        print("usage: PYTHON capture.pyz REQUEST.json OUT_DIR", file=sys.stderr)
        return 2
    out = Path(arguments[1])
    status: dict[str, Any] = {"ok": False, "error": None}
    try:
        status.update(_capture(read_request(Path(arguments[0])), out), ok=True)
    except GuestError as error:
        status["error"] = str(error)
    except Exception as error:  # The host must hear of it, and can only read the file.
        status["error"] = f"{type(error).__name__}: {error}{_place_of(error)}"
        status["traceback"] = traceback.format_exc()
    beside = out / (STATUS + ".part")
    beside.write_text(json.dumps(status), "utf-8")
    beside.replace(out / STATUS)
    return 0 if status["ok"] else 1


def _place_of(error: BaseException) -> str:
    """Where in the user's own code it happened; nothing where it happened in none."""
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if "site-packages" not in frame.filename
        and __name__.partition(".")[0] not in frame.filename
        and not frame.filename.startswith((sys.prefix, sys.base_prefix, "<"))
        and ".pyz" not in frame.filename
    ]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""


def _capture(request: Request, out: Path) -> dict[str, Any]:
    """Writes the trace; returns what the host tells the user at once."""
    emulated = request.emulated
    if emulated is None:
        emulated = environment.looks_emulated(request.host_machine)
    settings, start = environment.settings(), disturbance()
    for name in TIMESTAMPS:
        os.environ.setdefault(name, "1")
    torch = _import_torch()
    _set_threads(torch, request)
    backend = backend_of(request.backend, torch)
    torch.manual_seed(request.seed)
    workload = make_workload(request.workload, torch, request.batch)
    _move(torch, workload, backend.device, request.channels_last)
    exported = out / ".exported.json"
    try:
        with torch.no_grad(), backend.activate(torch):
            prepared = prepare(request, torch, workload, backend.device)
            passes = run_passes(torch, request, prepared.run, exported)
        output = digest(torch, passes.output)
        record: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "label": request.label,
            "backend": request.backend,
            "engine": request.engine,
            "engine_detail": prepared.detail,
            "workload": {
                **workload.about,
                "dtype": request.dtype,
                "autocast": "per inference" if request.dtype == "bf16" else None,
                "channels_last": request.channels_last,
                "seed": request.seed,
            },
            "torch": {"version": str(torch.__version__), "config": config_of(torch)},
            "libraries": environment.libraries(torch, passes.kernel_log),
            "environment": {
                **environment.describe(torch, passes.kernel_log),
                "env": settings,
                "emulated": emulated,
                "start": start,
                "before": passes.before,
                "after": passes.after,
            },
            "position": request.position,
            "session": request.session,
            "block": request.block,
            "captured_ns": time.time_ns(),
            "latency_ns": passes.latency_ns,
            "warmup_ns": passes.warmup_ns,
            "key_averages": passes.key_averages,
            "checks": check(request, backend, passes, start, settings, output),
            "peak": measured_peak(torch) if backend.device == "cpu" else None,
            "output": output,
            "kernel_log": passes.kernel_log,
            "kernel_trace": passes.kernel_trace,
        }
        name = f"{platform.node() or 'host'}.{record['captured_ns']}.pt.trace.json"
        write_bundle(exported, record, out / name)
        return {
            "trace": name,
            "latency_ns": round(statistics.median(passes.latency_ns)),
            "warnings": record["checks"]["warnings"],
        }
    finally:
        if exported.exists():
            exported.unlink()


def _import_torch() -> Any:
    try:
        torch = load_torch()
    except ImportError as error:
        raise GuestError(f"torch cannot be imported ({error}). Name a Python that has it with --python") from error
    if version_of(torch) < (1, 13):
        raise GuestError(f"torch {torch.__version__} is too old: captures need 1.13")
    return torch


def _set_threads(torch: Any, request: Request) -> None:
    if request.threads:
        torch.set_num_threads(request.threads)
    if request.interop_threads:
        torch.set_num_interop_threads(request.interop_threads)


def _move(torch: Any, workload: Any, device: str, channels_last: bool) -> None:
    """Puts model and inputs where and how they shall run."""

    def moved(value: Any) -> Any:
        if not torch.is_tensor(value):
            return value
        value = value.to(device)
        return value.contiguous(memory_format=torch.channels_last) if channels_last and value.dim() == 4 else value

    # A model can be any callable.
    move = getattr(workload.model, "to", None)
    if move is not None and device != "cpu":
        move(device)
    if move is not None and channels_last:
        move(memory_format=torch.channels_last)
    workload.inputs = tuple(moved(value) for value in workload.inputs)
    workload.keywords = {name: moved(value) for name, value in workload.keywords.items()}
