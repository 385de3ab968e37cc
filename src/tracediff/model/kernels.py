"""What the math libraries say they ran: lines of their logs, and the kernels of an operator that lines add up to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["exec", "reorder"]

REFERENCE = "ref"
"""How oneDNN marks an implementation that is there to be right, not fast: `ref`, `gemm:ref`, `ref:any`."""


class LogLine(msgspec.Struct, frozen=True):
    """One kernel that a library ran.

    Attributes:
        library: `oneDNN` or `MKL`.
        primitive: oneDNN's primitive (`convolution`), MKL's routine (`SGEMM`).
        implementation: oneDNN's name for the code that ran (`gemm:acl`); MKL has none and is named itself.
        kind: a reorder only brings data into another layout.
        start_ns: nanoseconds since the epoch; None where the log has no time stamps.
        dur_ns: nanoseconds.
        descriptors: oneDNN's memory descriptors: data types and layouts.
        attributes: oneDNN's attributes.
        problem: the problem's description: `mb1_ic3oc32_...`, `32x128:128x128`, or the arguments of a MKL routine.
    """

    library: str
    primitive: str
    implementation: str
    kind: Kind
    start_ns: int | None
    dur_ns: int
    descriptors: str = ""
    attributes: str = ""
    problem: str = ""


class KernelLog(msgspec.Struct, frozen=True):
    """A log as read.

    Attributes:
        lines: the kernels that ran, in the order of the log.
        created: lines that say how a primitive came to be and not that it ran.
        unread: lines that are no library's or have no known form; comments and headers are not among them.
    """

    lines: tuple[LogLine, ...]
    created: int = 0
    unread: int = 0


class KernelName(msgspec.Struct, frozen=True):
    """What a library calls the code that it ran."""

    library: str
    primitive: str
    implementation: str
    kind: Kind

    @property
    def is_reference(self) -> bool:
        """Whether the implementation is a slow, portable one."""
        return self.kind == "exec" and REFERENCE in self.implementation.split(":")


class Kernel(KernelName, frozen=True):
    """What a library ran for an operator or a row.

    Attributes:
        calls: lines of the log; of a library that writes none (OpenBLAS), calls of the operators that it does.
        time_ns: as the library measured it, with its log switched on; 0 where it writes none.
        bf16_calls: those of them whose source or weights were bf16.
        bf16_allowed_calls: those that were allowed to use bf16 inside (`attr-fpmath:bf16`), which proves nothing.
    """

    calls: float
    time_ns: int
    bf16_calls: float = 0
    bf16_allowed_calls: float = 0


class KernelPair(KernelName, frozen=True):
    """A kernel on both sides of a comparison, over all rows and threads of the iterations.

    Attributes:
        base, candidate: the sums of its rows; None where the side did not run it, or has no log that would tell.
        delta_ns: None where a side has no log, the library writes no times, or a side ran in one of the rows, in place
            of this kernel, one of a library that writes none.
        families: those that it ran for.
        rows: indices into the rows that it ran for; those of other threads have none.
    """

    base: Kernel | None
    candidate: Kernel | None
    delta_ns: int | None
    families: tuple[str, ...]
    rows: tuple[int, ...]


class OperatorKernel(msgspec.Struct, frozen=True):
    """A kernel of an operator and a shape, over the whole trace that the log was joined to.

    Attributes:
        operator: the innermost operator that the kernel ran in.
        shape: its input shapes, `[1,3,32,32] [32,3,5,5] [32]`; None where not recorded.
        share: the kernel's part of the self time of that operator and shape; None where one of the two is not known.
    """

    operator: str
    shape: str | None
    kernel: Kernel
    share: float | None


class KernelCoverage(msgspec.Struct, frozen=True):
    """What became of a log's lines: `lines = attributed + ambiguous + outside`.

    Attributes:
        lines: kernels that ran, reorders among them.
        attributed: those whose operator is known.
        ambiguous: those that several operators may have run: left open.
        outside: those that ran inside no operator of the trace.
    """

    lines: int
    attributed: int
    ambiguous: int
    outside: int


class RowKernels(msgspec.Struct, frozen=True):
    """The kernels of one side of a comparison.

    Attributes:
        rows: by row number, per iteration.
        beside: the same of calls on other threads.
        coverage: what became of the log's lines; None where there is no log.
        doubts: about the log, and about how its lines came to the rows.
    """

    rows: Mapping[int, tuple[Kernel, ...]] = {}
    beside: Mapping[int, tuple[Kernel, ...]] = {}
    coverage: KernelCoverage | None = None
    doubts: tuple[str, ...] = ()
