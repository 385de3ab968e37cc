"""What is known about the process that a trace was captured from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


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
        environment: the recorded settings, flat: key -> value.
        emulated: the times are those of an emulator; structure and kernels are real.
        latency_ns: time of each iteration measured without the profiler.
        source: where the capture comes from, in the words of the file.
        recorded_label: what the capture was called when it was made.
        block: which round of interleaved captures it belongs to.
    """

    label: str
    backend: str | None = None
    torch_version: str | None = None
    engine: str | None = None
    workload: str | None = None
    environment: Mapping[str, Any] = msgspec.field(default_factory=dict[str, Any])
    emulated: bool = False
    latency_ns: tuple[int, ...] = ()
    source: str | None = None
    recorded_label: str | None = None
    block: int | None = None
