"""What a parsed profiler trace is: columns for the many events, small records for the few rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from tracediff.model.device import DeviceTime
from tracediff.model.kernels import Kernel, KernelCoverage, KernelLog, OperatorKernel
from tracediff.model.run import Run

IntArray: TypeAlias = NDArray[np.signedinteger[Any]]
"""Times have 64 bits; indices, of which there are never 2**31, have 32 where many are kept."""
BoolArray: TypeAlias = NDArray[np.bool_]

InputShapes: TypeAlias = "tuple[int | InputShapes, ...]"
"""Kineto's "Input Dims": one entry per argument, `()` for a scalar, nested for a tensor list."""

OPERATOR = "cpu_op"
ANNOTATION = "user_annotation"
PYTHON_FUNCTION = "python_function"
DEVICE_CATEGORIES = frozenset({"kernel", "gpu_memcpy", "gpu_memset", "Kernel", "Memcpy", "Memset"})
"""What runs on a GPU or XPU: kernels, copies, fills; the capitalised ones are of torch <= 1.11."""
RUNTIME_CATEGORIES = frozenset(
    {"cuda_runtime", "cuda_driver", "hip_runtime", "hip_driver", "xpu_runtime", "xpu_driver", "Runtime"}
    | {"mtia_runtime", "privateuse1_runtime", "privateuse1_driver"}
)
"""Calls of a device's library on a CPU thread, launches among them; HIP's are `cuda_runtime` as a rule."""

LOSSES = frozenset(
    {"giant_durations", "missing_durations", "negative_durations", "far_starts", "holes", "wrong_checksums"}
    | {"lost_beginnings", "missing_names", "missing_threads", "unknown_kinds", "unknown_phases", "unfinished_calls"}
)
"""Kinds of repairs that leave it open what was there."""

ABSENT = -1
"""Stands in integer columns for a field that the event does not have."""


class Thread(msgspec.Struct, frozen=True):
    """One (pid, tid) of the trace; both are text because Kineto writes words there too."""

    pid: str
    tid: str
    name: str | None = None


class Events(msgspec.Struct, frozen=True, eq=False):
    """The complete ("ph": "X") events in file order; every column has shape (n,).

    Attributes:
        name: index into `Trace.names`.
        category: index into `Trace.categories`.
        thread: index into `Trace.threads`.
        start_ns: nanoseconds since the epoch (since the trace's own origin where it has no base).
        dur_ns: nanoseconds.
        external_id: "External id", the order in which the profiler saw calls begin; the same below ABSENT, counted down
            from there, for begun and ended calls ("B", "E") that bear no id.
        shapes: index into `Trace.shapes`.
        values: index into `Trace.values`; kept for convolutions and pooling only.
        correlation: "correlation", which joins a launch to what it launched on a device; only those have one.
        module: index into `Trace.modules`.
    """

    name: IntArray
    category: IntArray
    thread: IntArray
    start_ns: IntArray
    dur_ns: IntArray
    external_id: IntArray
    shapes: IntArray
    values: IntArray
    correlation: IntArray
    module: IntArray

    def __len__(self) -> int:
        return len(self.name)


class ReadReport(msgspec.Struct, frozen=True):
    """What reading the file took: nothing is dropped or mended without being counted here.

    Attributes:
        bytes: size of the file.
        events_read: entries of the event list that were read, of every phase.
        events_dropped: those that could not be.
        dropped_at: where the first of those begin, in bytes of the decompressed file.
        repairs: how often each kind of repair was made.
        truncated: whether the file, or what it was compressed to, ends too early.
    """

    bytes: int
    events_read: int
    events_dropped: int = 0
    dropped_at: tuple[int, ...] = ()
    repairs: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    truncated: bool = False

    @property
    def lost_events(self) -> bool:
        """Whether some are missing, or may be, or their times; what was merely mended is there."""
        return self.truncated or self.events_dropped > 0 or not LOSSES.isdisjoint(self.repairs)


class Operator(msgspec.Struct, frozen=True):
    """One row of `key_averages()`: `FunctionEventAvg`'s key, count and CPU times.

    Attributes:
        name: the operator; `ProfilerStep#N` is `ProfilerStep*` as in torch.
        calls: number of calls over the whole trace.
        self_ns: time without children.
        total_ns: time with children.
        input_shapes: set when the table is grouped by shape.
        is_annotation: a user's label and no operator; None where a printed table does not tell.
        kernels: what the libraries ran for it, most time first; empty where no log was joined.
        kernel_share: the kernels' part of the operator's self time in the trace that the log was joined to.
        self_device_ns, device_total_ns: what it launched on devices, without and with its children's.
    """

    name: str
    calls: int
    self_ns: int
    total_ns: int
    input_shapes: InputShapes | None = None
    is_annotation: bool | None = None
    kernels: tuple[Kernel, ...] = ()
    kernel_share: float | None = None
    self_device_ns: int = 0
    device_total_ns: int = 0


class Trace(msgspec.Struct, frozen=True, eq=False):
    """One capture of one process.

    Attributes:
        path: where it was read from.
        run: what the file says about the process; most fields are unknown for plain Kineto traces.
        events: the complete events.
        names, categories, threads, shapes, values, modules: what the integer columns of `events` point into; values are
            what newer torch writes of arguments that are no tensors ("Concrete Inputs"), modules what the interpreter
            of TorchScript does of where in the model a call is ("Module Hierarchy").
        event_count: entries of `traceEvents`, of every phase.
        resolution_ns: 1, or 1000 for traces of torch <= 2.3 that count whole microseconds.
        read: what reading took.
        key_averages: the capture's own `key_averages()` rows where the file carries them.
        warnings: doubts that every result made from this trace must carry along.
        kernel_log: what the math libraries wrote; None where nobody asked them to.
        kernel_pass: the trace of the iteration that they wrote it in; None where it is this one.
    """

    path: str
    run: Run
    events: Events
    names: tuple[str, ...]
    categories: tuple[str, ...]
    threads: tuple[Thread, ...]
    shapes: tuple[InputShapes, ...]
    values: tuple[tuple[str, ...], ...]
    modules: tuple[str, ...]
    event_count: int
    resolution_ns: int
    read: ReadReport
    key_averages: tuple[Operator, ...] | None = None
    warnings: tuple[str, ...] = ()
    kernel_log: KernelLog | None = None
    kernel_pass: Trace | None = None

    def is_of(self, categories: Collection[str]) -> BoolArray:
        """Which events are of these categories, shape (n,)."""
        is_of = np.zeros(len(self.events), dtype=np.bool_)
        # Category by category: few are wanted, and to compare is several times faster than to look each event's one up.
        for number, category in enumerate(self.categories):
            if category in categories:
                is_of |= self.events.category == number
        return is_of


class PrintedTable(msgspec.Struct, frozen=True):
    """A `key_averages().table()` that somebody pasted: no timeline, no hierarchy, its top rows only.

    Attributes:
        operators: the printed rows, in printed order.
        self_total_ns: the footer's "Self CPU time total"; the rows' sum where there is no footer.
        has_shapes: whether the rows are grouped by input shape.
        resolution_ns: the coarsest last digit among the printed times.
    """

    path: str
    run: Run
    operators: tuple[Operator, ...]
    self_total_ns: int
    has_shapes: bool
    resolution_ns: int
    read: ReadReport
    warnings: tuple[str, ...] = ()

    @property
    def unprinted_ns(self) -> int:
        """Self time of the operators that the table leaves out; never negative."""
        return max(0, self.self_total_ns - sum(row.self_ns for row in self.operators))


Profile: TypeAlias = Trace | PrintedTable


class Captures(msgspec.Struct, frozen=True, eq=False):
    """Captures of the same code, one process each: one side of a comparison.

    Attributes:
        path: what the user named.
        label: what to call them.
        profiles: at least one; several are all traces.
        warnings: doubts about what belongs to them; those about one capture are its own.
    """

    path: str
    label: str
    profiles: tuple[Profile, ...]
    warnings: tuple[str, ...] = ()

    @property
    def traces(self) -> tuple[Trace, ...]:
        """Those with a timeline: all of them, or none."""
        return tuple(profile for profile in self.profiles if isinstance(profile, Trace))


class Summary(msgspec.Struct, frozen=True):
    """What `tracediff show` says about one input.

    Attributes:
        iterations: repetitions found in it, cold ones included.
        span_ns: from the first operator's or annotation's start to the last one's end.
        operators: the `key_averages()` table over the whole trace, largest CPU total first.
        self_total_ns: "Self CPU time total".
        kernels: what the libraries ran, by operator and shape, most time first.
        kernel_coverage: what became of the log's lines; None where nobody asked.
        device: what ran on devices; None where nothing did.
    """

    path: str
    run: Run
    event_count: int
    iterations: int
    span_ns: int
    resolution_ns: int
    operators: tuple[Operator, ...]
    self_total_ns: int
    by_shape: bool
    read: ReadReport
    warnings: tuple[str, ...] = ()
    kernels: tuple[OperatorKernel, ...] = ()
    kernel_coverage: KernelCoverage | None = None
    device: DeviceTime | None = None
