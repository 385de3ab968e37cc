"""What the process runs in: machine, build, threads, settings, and what disturbs it."""

from __future__ import annotations

import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

from .backends import blas_of
from .torch_module import config_of

_SETTINGS = re.compile(
    r"^(OMP|MKL|KMP|GOMP|DNNL|ONEDNN|OPENBLAS|ATEN|TORCH|PYTORCH|ARM|ACL)_|"
    r"^(LRU_CACHE_CAPACITY|THP_MEM_ALLOC_ENABLE|LD_PRELOAD|MALLOC_CONF|QCPU|CUDA_VISIBLE_DEVICES)$"
)
_CGROUP_STATS = (Path("/sys/fs/cgroup/cpu.stat"), Path("/sys/fs/cgroup/cpu/cpu.stat"))


def looks_emulated() -> bool:
    """Whether a qemu runs this process; to be asked before torch renames its main thread."""
    if _text(Path("/proc/self/comm")).startswith("qemu"):
        return True
    vendor = re.search(r"^vendor_id\s*:", _text(Path("/proc/cpuinfo")), re.MULTILINE)
    return platform.machine() not in ("x86_64", "AMD64", "i686") and vendor is not None and "IBM" not in vendor.group(0)


def describe(torch: Any, emulated: bool, log: list[str]) -> dict[str, Any]:
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
        "env": {name: value for name, value in sorted(os.environ.items()) if _SETTINGS.search(name)},
        "emulated": emulated,
    }


def libraries(torch: Any, log: list[str]) -> dict[str, str | None]:
    """Versions of the math libraries, from the build's description and what they said themselves."""
    config = config_of(torch)
    said = "\n".join(log)
    onednn = re.search(r"(?:oneDNN|DNNL|MKL-DNN) (v[\d.]+(?: \([^)]*\))?)", said + "\n" + config)
    mkl = re.search(r"(?:oneMKL|Math Kernel Library)[^\n]*?(?:Version )?(\d{4}\S*)", config)
    core = re.search(r"^Core: (\S+)", said, re.MULTILINE)
    return {
        "onednn": onednn.group(1) if onednn else None,
        "acl": "in use" if ":acl," in said else None,
        "openblas": (core.group(1) if core else "in the build") if blas_of(torch).startswith("open") else None,
        "mkl": mkl.group(1) if mkl else None,
    }


def disturbance() -> dict[str, Any]:
    """What else uses the machine, as counters and readings; differences of two of these tell about the time between."""
    found: dict[str, Any] = {"load": list(os.getloadavg())}
    for path in _CGROUP_STATS:
        for name, value in re.findall(
            r"^(nr_throttled|throttled_usec|throttled_time) (\d+)$", _text(path), re.MULTILINE
        ):
            found[name] = int(value)
    if sys.platform != "win32":
        import resource

        usage = resource.getrusage(resource.RUSAGE_SELF)
        found["involuntary_switches"] = usage.ru_nivcsw
    frequency = _text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")).strip()
    if frequency.isdigit():
        found["frequency_khz"] = int(frequency)
    return found


def _cpu_name() -> str:
    text = _text(Path("/proc/cpuinfo"))
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


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
