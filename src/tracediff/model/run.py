"""What is known about the process that a trace was captured from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class OutputDigest(msgspec.Struct, frozen=True):
    """What one output tensor of the model held.

    Attributes:
        shape: its sizes.
        dtype: as torch names it, `float32`.
        norm: over all values; None where one of them is not finite.
        top5: places of the five largest values of its first row.
        values: every so many-th value, the same places on both sides of a comparison; None for one that is not finite.
            Empty where the tensor has no plain values.
    """

    shape: tuple[int, ...]
    dtype: str
    norm: float | None = None
    top5: tuple[int, ...] = ()
    values: tuple[float | None, ...] = ()


class Peak(msgspec.Struct, frozen=True):
    """What the machine did at best, as the capture measured it with its own threads.

    Attributes:
        gflops_per_s: of a large matrix product in the capture's dtype.
        gbytes_per_s: of a large copy, read and written bytes.
    """

    gflops_per_s: float | None = None
    gbytes_per_s: float | None = None


class Run(msgspec.Struct, frozen=True):
    """One process: what it ran and what it ran in, as far as the file says.

    A plain Kineto trace records none of this but its format; files of `tracediff capture` and the
    sample traces carry it under the top-level key `tracediff`.

    Attributes:
        label: a short name for tables, made from the file's name.
        backend: the CPU library that was asked for (`acl`, `openblas`, `onednn`, `mkl`).
        torch_version: as in `torch.__version__`.
        engine: how the model was executed (`eager`, `torchscript`, ...).
        workload: the model's name.
        settings: how it was asked to run (`dtype`, `batch`, `channels_last`, `seed`).
        environment: the recorded surroundings: key -> value.
        profiler: what the profiler recorded besides times (`with_stack`, ...); empty where the file does not say.
        checks: what the capture found out about itself.
        output: what the model returned, tensor by tensor.
        emulated: the times are those of an emulator; structure and kernels are real.
        latency_ns: time of each iteration measured without the profiler.
        blas: the BLAS that torch was built with (`OpenBLAS`, `MKL`).
        peak: what rates are shares of.
        source: where the capture comes from, in the words of the file.
        recorded_label: what the capture was called when it was made.
        block: which round of interleaved captures it belongs to: the session, and the round in it.
        rank: which of the processes of a distributed run it is.
    """

    label: str
    backend: str | None = None
    torch_version: str | None = None
    engine: str | None = None
    workload: str | None = None
    settings: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    environment: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    profiler: Mapping[str, bool] = msgspec.field(default_factory=dict[str, bool])
    checks: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    output: tuple[OutputDigest, ...] = ()
    emulated: bool = False
    latency_ns: tuple[int, ...] = ()
    source: str | None = None
    blas: str | None = None
    peak: Peak = Peak()
    recorded_label: str | None = None
    block: tuple[int, int] | None = None
    rank: int | None = None
