"""Which CPU library shall do the work: is it here, how does one switch to it, what proves that it ran."""

from __future__ import annotations

import contextlib
import re
from typing import Any, Callable, ContextManager, NamedTuple

from .errors import GuestError
from .torch_module import config_of, is_arm


class Backend(NamedTuple):
    """One choice of library.

    Attributes:
        missing: given torch, why the backend is not here and what would help; None where it is.
        activate: given torch, the context in which models run on it.
        proof: what a line of the libraries' log must match for the backend to have done something;
            None where no log can tell.
        work: what the lines match whose time is the backend's; None for those of `proof`.
        forbidden: what no line may match; None where anything may run.
        operators: those that call it, where no log names its calls.
        device: where model and inputs go.
    """

    missing: Callable[[Any], str | None]
    activate: Callable[[Any], ContextManager[Any]]
    proof: str | None = None
    work: str | None = None
    forbidden: str | None = None
    operators: tuple[str, ...] = ()
    device: str = "cpu"


def blas_of(torch: Any) -> str:
    """The BLAS that this torch was built with, by its own words: `mkl`, `open`, `nvpl`, `eigen`."""
    found = re.search(r"BLAS_INFO=(\w+)", config_of(torch))
    if found:
        return found.group(1).lower()
    return "mkl" if torch.backends.mkl.is_available() else "unknown"


def backend_of(name: str, torch: Any) -> Backend:
    """The backend of that name.

    Raises:
        GuestError: there is none, or it is not here.
    """
    if name not in BACKENDS:
        raise GuestError("there is no backend {!r}. Known are {}".format(name, ", ".join(BACKENDS)))
    reason = BACKENDS[name].missing(torch)
    if reason:
        raise GuestError(f"the {name} backend {reason}")
    return BACKENDS[name]


def _onednn(enabled: bool) -> Callable[[Any], ContextManager[Any]]:
    def activate(torch: Any) -> ContextManager[Any]:
        return (
            torch.backends.mkldnn.flags(enabled=enabled) if torch.backends.mkldnn.is_available() else _as_it_is(torch)
        )

    return activate


def _as_it_is(torch: Any) -> ContextManager[Any]:
    return contextlib.nullcontext()


def _here(torch: Any) -> str | None:
    return None


def _no_onednn(torch: Any) -> str | None:
    if not torch.backends.mkldnn.is_available():
        return f"needs a PyTorch with oneDNN; torch {torch.__version__} here has none. Take another wheel or version"
    return None


def _no_x86_onednn(torch: Any) -> str | None:
    if is_arm():
        return "is oneDNN on x86; this Python is aarch64, where oneDNN is called acl. Use --backend acl"
    return _no_onednn(torch)


def _no_acl(torch: Any) -> str | None:
    if not is_arm():
        return (
            "needs an aarch64 PyTorch with oneDNN; this one is x86_64. "
            "Run it on an Arm machine, with --python, or with --image"
        )
    return _no_onednn(torch)


def _no_openblas(torch: Any) -> str | None:
    blas = blas_of(torch)
    return None if blas.startswith("open") else f"needs a PyTorch built with OpenBLAS; this one has {blas}. Use native"


def _no_mkl(torch: Any) -> str | None:
    if torch.backends.mkl.is_available():
        return None
    return f"needs a PyTorch built with MKL; this one has {blas_of(torch)}. Take an x86-64 wheel"


def _no_device(device: str) -> Callable[[Any], str | None]:
    def missing(torch: Any) -> str | None:
        module = getattr(torch, device, None)
        if module is not None and module.is_available():
            return None
        return f"needs a PyTorch that sees a {device} device; this one does not"

    return missing


_ONEDNN = r"^(onednn|dnnl)_verbose.*,exec,"
_GEMMS = (
    "aten::mm",
    "aten::addmm",
    "aten::_addmm_activation",
    "aten::bmm",
    "aten::baddbmm",
    "aten::addbmm",
    "aten::mv",
    "aten::addmv",
    "aten::dot",
    "aten::_slow_conv2d_forward",
    "aten::slow_conv3d_forward",
    "aten::slow_conv_dilated2d",
    "aten::slow_conv_dilated3d",
    "aten::slow_conv_transpose2d",
    "aten::slow_conv_transpose3d",
    "aten::_scaled_dot_product_flash_attention_for_cpu",
)

BACKENDS: dict[str, Backend] = {
    "default": Backend(_here, _as_it_is),
    "native": Backend(_here, _onednn(False), forbidden=_ONEDNN),
    "onednn": Backend(_no_x86_onednn, _onednn(True), proof=_ONEDNN),
    "acl": Backend(_no_acl, _onednn(True), proof=_ONEDNN + r".*:acl,", work=_ONEDNN + r"(.*:acl,|cpu,reorder,)"),
    "openblas": Backend(_no_openblas, _onednn(False), forbidden=_ONEDNN, operators=_GEMMS),
    "mkl": Backend(_no_mkl, _onednn(False), proof=r"^MKL_VERBOSE [SDCZ]", forbidden=_ONEDNN),
    "cuda": Backend(_no_device("cuda"), _as_it_is, device="cuda"),
    "xpu": Backend(_no_device("xpu"), _as_it_is, device="xpu"),
}
"""To add one: its line here, and a line in the README."""
