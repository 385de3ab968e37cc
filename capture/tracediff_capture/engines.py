"""How a model is executed: eager, TorchScript, compiled."""

from __future__ import annotations

import contextlib
from typing import Any, Callable

from .errors import GuestError
from .workloads import Workload


def prepare(name: str, torch: Any, workload: Workload) -> Callable[[], Any]:
    """A function that runs the model once.

    Raises:
        GuestError: there is no such engine, or this torch or model cannot do it.
    """
    if name not in ENGINES:
        raise GuestError("there is no engine {!r}. Known are {}".format(name, ", ".join(ENGINES)))
    try:
        model = ENGINES[name](torch, workload)
    except (RuntimeError, TypeError, AttributeError) as error:
        raise GuestError(f"engine {name}: {str(error).strip().splitlines()[0]}") from error
    return lambda: model(*workload.inputs, **workload.keywords)


def _eager(torch: Any, workload: Workload) -> Any:
    return workload.model


def _torchscript(torch: Any, workload: Workload) -> Any:
    with contextlib.suppress(RuntimeError, TypeError):
        return torch.jit.trace(workload.model, workload.inputs, strict=False)
    return torch.jit.script(workload.model)


def _optimized_torchscript(torch: Any, workload: Workload) -> Any:
    return torch.jit.optimize_for_inference(torch.jit.freeze(_torchscript(torch, workload)))


def _compile(torch: Any, workload: Workload) -> Any:
    if not hasattr(torch, "compile"):
        raise GuestError(f"engine compile needs torch 2.0; this is {torch.__version__}")
    with contextlib.suppress(ImportError, AttributeError):
        # Without it a trace shows one call for a whole compiled graph.
        import torch._inductor.config as inductor  # pyright: ignore

        inductor.cpp.enable_kernel_profile = True  # pyright: ignore
    return torch.compile(workload.model)


ENGINES: dict[str, Callable[[Any, Workload], Any]] = {
    "eager": _eager,
    "torchscript": _torchscript,
    "optimized-torchscript": _optimized_torchscript,
    "compile": _compile,
}
"""To add one: a function and its line here."""
