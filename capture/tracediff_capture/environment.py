"""What the process runs in: machine, build, threads, settings."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
from pathlib import Path
from typing import Any

from .backends import blas_of
from .disturbance import text_of
from .torch_module import config_of

_SETTINGS = re.compile(
    r"^(OMP|MKL|KMP|GOMP|DNNL|ONEDNN|OPENBLAS|ATEN|TORCH|PYTORCH|ARM|ACL)_|"
    r"^(LRU_CACHE_CAPACITY|THP_MEM_ALLOC_ENABLE|LD_PRELOAD|MALLOC_CONF|QCPU|CUDA_VISIBLE_DEVICES)$"
)
_SAME_MACHINE = {"amd64": "x86_64", "i386": "x86_64", "i686": "x86_64", "arm64": "aarch64"}


def looks_emulated(host_machine: str | None = None) -> bool:
    """Whether a qemu runs this process; to be asked before torch renames its main thread."""
    comm, cpuinfo = text_of(Path("/proc/self/comm")), text_of(Path("/proc/cpuinfo"))
    return is_emulated(platform.machine(), host_machine, comm, cpuinfo)


def is_emulated(machine: str, host_machine: str | None, comm: str, cpuinfo: str) -> bool:
    """The same, from what there is to see.

    Args:
        machine: what this Python was built for.
        host_machine: what the host of this process says of itself, if it does.
        comm: the process's name, which is qemu's unless the kernel started qemu for a foreign program.
        cpuinfo: `/proc/cpuinfo`, which qemu shows as the host has it: `vendor_id` is a line of x86 and of IBM's S/390.
    """
    if host_machine and _canonical(host_machine) != _canonical(machine):
        return True
    vendor = re.search(r"^vendor_id\s*:\s*(.*)$", cpuinfo, re.MULTILINE)
    foreign = vendor is not None and not vendor.group(1).startswith("IBM")
    return comm.startswith("qemu") or (foreign and _canonical(machine) != "x86_64")


def _canonical(machine: str) -> str:
    return _SAME_MACHINE.get(machine.lower(), machine.lower())


def settings() -> dict[str, str]:
    """The variables that the user set; to be asked before the guest sets its own."""
    return {name: value for name, value in sorted(os.environ.items()) if _SETTINGS.search(name)}


def describe(torch: Any, log: list[str]) -> dict[str, Any]:
    """The settings that a later comparison looks at."""
    return {
        "cpu": _cpu_name(),
        "machine": platform.machine(),
        "isa": _isa(torch, log),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "interop_threads": torch.get_num_interop_threads(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "blas": blas_of(torch),
    }


def libraries(torch: Any, log: list[str]) -> dict[str, str | None]:
    """Versions of the math libraries, from the build's description and what they say themselves; None where unknown."""
    config = config_of(torch)
    said = "\n".join([*log, config])
    onednn = re.search(r"(?:oneDNN|DNNL|MKL-DNN) (v[\d.]+(?: \([^)]*\))?)", said)
    mkl = re.search(r"(?:oneMKL|Math Kernel Library)[^\n]*?(?:Version )?(\d{4}\S*)", config)
    built, core = _openblas() if blas_of(torch).startswith("open") else ("", "")
    openblas = re.search(r"OpenBLAS (\S+)", built)
    return {
        "onednn": onednn.group(1) if onednn else None,
        "acl": _acl(),
        "openblas": openblas.group(1) if openblas else None,
        "openblas_core": core or None,
        "mkl": mkl.group(1) if mkl else None,
    }


def _openblas() -> tuple[str, str]:
    """Configuration and core, from the loaded library; empty where it keeps its functions to itself."""
    for path in _loaded("openblas|libtorch_cpu"):
        with contextlib.suppress(OSError, AttributeError):
            library = ctypes.CDLL(path)
            answers: list[str] = []
            for function in (library.openblas_get_config, library.openblas_get_corename):
                function.restype = ctypes.c_char_p
                answers.append(function().decode("utf-8", "replace"))
            return answers[0], answers[1]
    return "", ""


def _acl() -> str | None:
    """Arm Compute Library tells its version to C++ only; the text that it would tell is in its file."""
    for path in _loaded("libarm_compute"):
        with contextlib.suppress(OSError):
            found = re.search(rb"arm_compute_version=(v[\d.]+)", Path(path).read_bytes())
            if found:
                return found.group(1).decode()
    return None


def _loaded(names: str) -> list[str]:
    """The files of loaded libraries whose path matches."""
    maps = text_of(Path("/proc/self/maps"))
    return list(dict.fromkeys(re.findall(rf"\s(/.*(?:{names}).*)$", maps, re.MULTILINE)))


def _cpu_name() -> str:
    text = text_of(Path("/proc/cpuinfo"))
    name = re.search(r"^(?:model name|Model)\s*:\s*(.+)$", text, re.MULTILINE)
    if name:
        return name.group(1)
    part = re.search(r"^CPU part\s*:\s*(\S+)", text, re.MULTILINE)
    return f"{platform.machine()} part {part.group(1)}" if part else platform.processor() or platform.machine()


def _isa(torch: Any, log: list[str]) -> str | None:
    """As oneDNN names it where it spoke: torch knows only the extensions of x86."""
    said = re.search(r",cpu,isa:(.+)", "\n".join(log))
    if said:
        return said.group(1)
    capability = getattr(getattr(torch.backends, "cpu", None), "get_cpu_capability", None)
    if capability is not None:
        return str(capability())
    found = re.search(r"CPU capability usage: (.+)", config_of(torch))
    return found.group(1) if found else None
