"""How a model is executed: eager, TorchScript, compiled; and one inference of it, as a user would enter it."""

from __future__ import annotations

import contextlib
from typing import Any, Callable, ContextManager, NamedTuple

from .errors import GuestError
from .request import Request
from .workloads import Workload


class Prepared(NamedTuple):
    """A model that is ready to run.

    Attributes:
        run: one inference, to its end on the device.
        detail: which way of the engine it took; None where there is but one.
    """

    run: Callable[[], Any]
    detail: str | None


def prepare(request: Request, torch: Any, workload: Workload, device: str) -> Prepared:
    """Makes the model ready for its engine, in the precision that it will run in.

    Raises:
        GuestError: there is no such engine, or this torch or model cannot do it.
    """
    name = request.engine
    if name not in ENGINES:
        raise GuestError("there is no engine {!r}. Known are {}".format(name, ", ".join(ENGINES)))
    try:
        # Without the cache, which would hide the casts of the weights from a trace: so they are frozen in.
        with _autocast(torch, request.dtype, device, cache_enabled=False):
            model, detail = ENGINES[name](torch, workload)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise GuestError(f"engine {name}: {_first_line(error)}") from error
    finish = _nothing if device == "cpu" else getattr(torch, device).synchronize

    def run() -> Any:
        # Users enter autocast for each inference; it forgets the weights that it has cast when it is left.
        with _autocast(torch, request.dtype, device):
            output = model(*workload.inputs, **workload.keywords)
        finish()
        return output

    return Prepared(run, detail)


def _autocast(torch: Any, dtype: str, device: str, **options: Any) -> ContextManager[Any]:
    if dtype != "bf16":
        return contextlib.nullcontext()
    return torch.autocast(device, dtype=torch.bfloat16, **options)


def _nothing() -> None:
    """The CPU is done when the call returns."""


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _eager(torch: Any, workload: Workload) -> tuple[Any, str | None]:
    return workload.model, None


def _torchscript(torch: Any, workload: Workload) -> tuple[Any, str | None]:
    # Both raise what they like, of no common class: their own errors, and those of the model that they run.
    try:
        return torch.jit.trace(workload.model, workload.inputs, strict=False), "trace"
    except Exception as error:
        try:
            return torch.jit.script(workload.model), "script"
        except Exception as other:
            reasons = f"neither trace it ({_first_line(error)}) nor script it ({_first_line(other)})"
            raise GuestError(f"TorchScript can {reasons}") from error


def _optimized_torchscript(torch: Any, workload: Workload) -> tuple[Any, str | None]:
    model, detail = _torchscript(torch, workload)
    return torch.jit.optimize_for_inference(torch.jit.freeze(model)), detail


def _compile(torch: Any, workload: Workload) -> tuple[Any, str | None]:
    if not hasattr(torch, "compile"):
        raise GuestError(f"engine compile needs torch 2.0; this is {torch.__version__}")
    with contextlib.suppress(ImportError, AttributeError):
        # Without it a trace shows one call for a whole compiled graph.
        import torch._inductor.config as inductor  # pyright: ignore

        inductor.cpp.enable_kernel_profile = True  # pyright: ignore
    return torch.compile(workload.model), None


ENGINES: dict[str, Callable[[Any, Workload], tuple[Any, str | None]]] = {
    "eager": _eager,
    "torchscript": _torchscript,
    "optimized-torchscript": _optimized_torchscript,
    "compile": _compile,
}
"""To add one: a function and its line here."""
