"""Reads the top-level key `tracediff` of a trace file: what a capture recorded about itself."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from itertools import islice
from math import isfinite
from typing import Any, TypeVar

import msgspec

from tracediff.errors import TraceFormatError
from tracediff.importers.base import label_of
from tracediff.importers.damage import Damage
from tracediff.importers.json_stream import JsonStream
from tracediff.importers.source import Source
from tracediff.importers.window import Window
from tracediff.model.kernels import KernelLog
from tracediff.model.run import OutputDigest, Peak, Run
from tracediff.model.trace import Operator

T = TypeVar("T")

OWN_KEY = "tracediff"
END_OF_TIME_NS = 2**63
"""What lies behind is no time of a capture."""

_DTYPES = {"fp32": "float32", "bf16": "bfloat16"}
# No record is as long, and one without an end must not be looked for through a whole file.
_MOST_BLOCKS = 256
_SETTINGS = ("dtype", "batch", "channels_last", "seed")


def read_record(source: Source) -> bytes | None:
    """The record of a capture as JSON text, without reading the trace behind it: it is the file's first key.

    Returns:
        None where the file begins with something else.

    Raises:
        TraceFormatError: the file cannot be read, or its record has no end.
    """
    stream = JsonStream(Window(islice(source.blocks(), _MOST_BLOCKS), source.name), Damage())
    if not stream.opens_with(b"{") or next(stream.object_keys(), None) != OWN_KEY:
        return None
    if record := stream.value():
        return record
    raise TraceFormatError("begins with a damaged record of a capture. Capture it again", source.name)


# How torch's build names a BLAS (`BLAS_INFO=open`), and how its users do.
_BLAS_INFO = re.compile(r"\bBLAS_INFO=(\w+)")
_BLAS = {"open": "OpenBLAS", "openblas": "OpenBLAS", "mkl": "MKL", "nvpl": "NVPL", "eigen": "Eigen"}

# Backends for which a capture switches oneDNN off: a log that says nothing says that there.
_WITHOUT_ONEDNN = ("openblas", "native", "mkl")


class _Torch(msgspec.Struct):
    version: str | None = None
    config: str | None = None


class _Distributed(msgspec.Struct):
    rank: int | None = None


class _Measured(msgspec.Struct):
    matmul_flops_per_s: dict[str, float] = {}
    copy_bytes_per_s: float | None = None


class _CapturedOperator(msgspec.Struct):
    """A row of `key_averages`; times in microseconds, as torch gives them."""

    name: str
    count: int
    self_cpu_time_total: float
    cpu_time_total: float


def run_of(path: str, recorded: object, profiler: Mapping[str, bool] | None = None, rank: int | None = None) -> Run:
    """What is known about the process; only the label where the file records nothing.

    Args:
        path: the file, for the label.
        recorded: the key's value as decoded. What in it is not of its documented type counts as not recorded.
        profiler: which flags the file says the profiler had.
        rank: of the process in a distributed run.
    """
    own = _as(recorded, dict[str, Any], {})
    environment: Mapping[str, Any] = _as(own.get("environment"), dict[str, Any], {})
    torch = _as(own.get("torch"), _Torch, _Torch())
    built_with = _BLAS_INFO.search(torch.config or "")
    blas = (built_with.group(1) if built_with else _text(environment.get("blas")) or "").lower()
    workload: Mapping[str, Any] = _as(own.get("workload"), dict[str, Any], {})
    return Run(
        label=label_of(path, _text(own.get("label"))),
        backend=_text(own.get("backend")),
        torch_version=torch.version,
        engine=_text(own.get("engine")),
        workload=_text(workload.get("name")),
        settings={name: value for name, value in workload.items() if name in _SETTINGS},
        environment=environment,
        profiler=profiler or {},
        checks=_as(own.get("checks"), dict[str, Any], {}),
        peak=_peak_of(own.get("peak"), _text(workload.get("dtype"))),
        output=_as(own.get("output"), tuple[OutputDigest, ...], ()),
        emulated=environment.get("emulated") is True,
        latency_ns=_as(own.get("latency_ns"), tuple[int, ...], ()),
        source=_text(own.get("source")),
        blas=_BLAS.get(blas),
        recorded_label=_text(own.get("label")),
        block=_block_of(own),
        rank=rank,
    )


def rank_of(distributed_info: object) -> int | None:
    """The rank in a trace's `distributedInfo`, as decoded; None where it says none."""
    return _as(distributed_info, _Distributed, _Distributed()).rank


def warnings_of(recorded: object) -> tuple[str, ...]:
    """What the capture found wrong with itself."""
    own = _as(recorded, dict[str, Any], {})
    checks = _as(own.get("checks"), dict[str, Any], {})
    return _as(checks.get("warnings"), tuple[str, ...], ())


def captured_ns_of(recorded: object) -> int | None:
    """When the capture was made, since 1970; None where it does not say that, or says a time that none can be."""
    captured_ns = _number(_as(recorded, dict[str, Any], {}).get("captured_ns"))
    return captured_ns if captured_ns is not None and 0 < captured_ns < END_OF_TIME_NS else None


def key_averages_of(recorded: object) -> tuple[Operator, ...] | None:
    """The `key_averages()` rows that the capture carries."""
    own = _as(recorded, dict[str, Any], {})
    rows = _as(own.get("key_averages"), list[_CapturedOperator], [])
    operators = (
        Operator(row.name, row.count, round(row.self_cpu_time_total * 1000), round(row.cpu_time_total * 1000))
        for row in rows
        if isfinite(row.self_cpu_time_total * 1000) and isfinite(row.cpu_time_total * 1000)
    )
    return tuple(operators) or None


def kernel_log_of(recorded: object) -> KernelLog | None:
    """What the libraries wrote in the kernel pass; None where nothing says that they were asked to write."""
    own = _as(recorded, dict[str, Any], {})
    lines = _as(own.get("kernel_log"), list[str], [])
    if not lines and not ("kernel_log" in own and own.get("backend") in _WITHOUT_ONEDNN):
        return None
    # Most traces carry no log, and need not wait for what reads them.
    from tracediff.importers.kernel_log import parse_kernel_log

    return parse_kernel_log(lines)


def kernel_trace_of(recorded: object, path: str) -> bytes:
    """The kernel pass's trace, still gzipped; empty where there is none.

    Raises:
        TraceFormatError: it is no base64.
    """
    own = _as(recorded, dict[str, Any], {})
    try:
        return binascii.a2b_base64(_text(own.get("kernel_trace")) or "", strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise TraceFormatError(f"is no base64 ({error}). Capture it again", path) from None


def _peak_of(recorded: object, dtype: str | None) -> Peak:
    measured = _as(recorded, _Measured, _Measured())
    flops = measured.matmul_flops_per_s.get(_DTYPES.get(dtype or "", "float32"))
    rates = (flops, measured.copy_bytes_per_s)
    gflops, gbytes = (rate / 1e9 if rate is not None and isfinite(rate) and rate > 0 else None for rate in rates)
    return Peak(gflops, gbytes)


def _as(value: object, kind: type[T], default: T) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return default


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _block_of(own: Mapping[str, Any]) -> tuple[int, int] | None:
    block = _number(own.get("block"))
    return None if block is None else (_number(own.get("session")) or 0, block)


def _number(value: object) -> int | None:
    return value if type(value) is int else None
