"""The JSON documents as types: their field names are the contract, and the shipped schemas are made from them."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import msgspec

from tracediff.model.noise import Noise


class TraceRecord(TypedDict):
    """What was read."""

    path: str
    events: int
    torch_version: str | None
    iterations: int
    span_ns: int
    resolution_ns: int


class OperatorKernelRecord(TypedDict):
    """A library kernel of an operator, as often as the log has it."""

    library: str
    primitive: str
    implementation: str
    kind: Literal["exec", "reorder"]
    calls: int
    time_ns: int


class KernelCoverageRecord(TypedDict):
    """What became of the lines of the libraries' log."""

    lines: int
    attributed: int
    ambiguous: int
    outside: int


class DeviceTimeRecord(TypedDict):
    """Time on devices: durations summed, time in which anything ran, and what of the sum no operator launched."""

    total_ns: int
    busy_ns: int
    unlinked_ns: int


class OperatorRecord(TypedDict):
    """A row of `key_averages()`, over all iterations; times on devices where the trace has any."""

    name: str
    calls: int
    self_cpu_ns: int
    cpu_total_ns: int
    self_device_ns: NotRequired[int]
    device_total_ns: NotRequired[int]
    input_shapes: NotRequired[list[Any]]
    kernels: NotRequired[list[OperatorKernelRecord]]


class ReadRecord(TypedDict):
    """What reading the file took."""

    bytes: int
    events_read: int
    events_dropped: int
    dropped_at: list[int]
    repairs: dict[str, int]
    truncated: bool


class ShowDocument(TypedDict):
    """`tracediff show --format json`."""

    schema_version: Literal[1]
    trace: TraceRecord
    operators: list[OperatorRecord]
    kernel_coverage: NotRequired[KernelCoverageRecord]
    device: NotRequired[DeviceTimeRecord]
    read: ReadRecord
    warnings: list[str]


class SideRecord(TypedDict):
    """One of the two inputs; `samples_ns` has capture after capture, `kept_iterations` how many are of each.

    `ranks` are there where the captures are those of a distributed run, and no repetitions.
    """

    path: str
    label: str
    backend: str | None
    torch_version: str | None
    captures: int
    iterations: int
    iteration_ns: int
    cold_iterations: list[str]
    marker: str | None
    emulated: bool
    samples_ns: list[int]
    kernel_coverage: KernelCoverageRecord | None
    kept_iterations: list[int]
    ranks: NotRequired[list[int]]


class ComparableRecord(TypedDict):
    """Whether both sides did the same work."""

    verdict: Literal["same workload", "different workload", "unknown"]
    reasons: list[str]


class TotalRecord(TypedDict):
    """A measured difference: of the traces' iterations, or of the latency without the profiler."""

    base_ns: int
    candidate_ns: int
    delta_ns: int
    ratio: float | None
    estimate: float | None
    interval: tuple[float, float] | None
    verdict: Literal["faster", "slower", "same", "no evidence"] | None
    p: float | None
    within_noise: bool


class OperatorTimeRecord(TypedDict):
    """An operator per iteration."""

    name: str
    calls: float
    self_cpu_ns: int
    cpu_total_ns: int


class KernelRecord(TypedDict):
    """A library kernel per iteration."""

    library: str
    primitive: str
    implementation: str
    kind: Literal["exec", "reorder"]
    calls: float
    time_ns: int
    bf16_calls: float
    bf16_allowed_calls: float


class ImplementationRecord(TypedDict):
    """One way in which calls of a row were done."""

    chain: list[str]
    calls: float
    time_ns: int


class RowSideRecord(TypedDict):
    """One side of a row, per iteration; `device_ns` where either side ran anything on a device."""

    shape: str | None
    operators: list[OperatorTimeRecord]
    implementations: list[ImplementationRecord]
    calls: float
    time_ns: int
    dispatch_ns: int
    samples_ns: list[int]
    flops: int | None
    bytes: int | None
    gflops_per_s: float | None
    gbytes_per_s: float | None
    flops_share: float | None
    bytes_share: float | None
    kernels: list[KernelRecord]
    device_ns: NotRequired[int]


class RowRecord(TypedDict):
    """A family and a shape.

    `estimate` is the ratio candidate / base of the geometric means of the processes' medians, `interval` (95 %) its
    interval; the ratio of the times here is that of the means. `p` of this row alone, `p_adjusted`
    (Benjamini and Hochberg, weighted by the root of a row's time) of all rows above the materiality floor: the verdict
    goes by that one.
    """

    family: str
    shape: str | None
    base: RowSideRecord | None
    candidate: RowSideRecord | None
    delta_ns: int
    calls_effect_ns: int
    cost_effect_ns: int
    change: Literal["same", "implementation", "calls", "only base", "only candidate"]
    match: Literal["exact", "family", "structural", "none"]
    estimate: float | None
    interval: tuple[float, float] | None
    p: float | None
    p_adjusted: float | None
    verdict: Literal["faster", "slower", "same", "no evidence"] | None
    within_noise: bool


class LedgerRecord(TypedDict):
    """A term; the terms sum to the total difference. Certainty as in a row, adjusted for all terms.

    Times on devices are those of its rows, where either side has any; they are not part of the sum.
    """

    term: str
    delta_ns: int
    share: float
    base_ns: int
    candidate_ns: int
    operators: list[str]
    estimate: float | None
    interval: tuple[float, float] | None
    p: float | None
    p_adjusted: float | None
    verdict: Literal["faster", "slower", "same", "no evidence"] | None
    within_noise: bool
    base_device_ns: NotRequired[int]
    candidate_device_ns: NotRequired[int]


class OperatorSumsRecord(TypedDict):
    """One side of an operator."""

    calls: float
    self_cpu_ns: int
    cpu_total_ns: int
    self_device_ns: NotRequired[int]
    device_total_ns: NotRequired[int]


class OperatorPairRecord(TypedDict):
    """An operator by name on both sides."""

    name: str
    base: OperatorSumsRecord | None
    candidate: OperatorSumsRecord | None


class KernelSumsRecord(TypedDict):
    """One side of a kernel, per iteration."""

    calls: float
    time_ns: int
    bf16_calls: float
    bf16_allowed_calls: float


class KernelPairRecord(TypedDict):
    """A library kernel over all rows and threads of the iterations; `rows` are those of the iteration's thread.

    Times are the libraries' own; `delta_ns` is null where a side has no log, the library writes no
    times, or a side ran code without times in its place.
    """

    library: str
    primitive: str
    implementation: str
    kind: Literal["exec", "reorder"]
    base: KernelSumsRecord | None
    candidate: KernelSumsRecord | None
    delta_ns: int | None
    families: list[str]
    rows: list[int]


class ExplanationRecord(TypedDict):
    """A sentence and the rows that it rests on."""

    text: str
    rows: list[int]


class NumericsRecord(TypedDict):
    """How far the outputs of both sides agree; the worst of all output tensors."""

    outputs: int
    top1_agrees: bool | None
    top5_shared: float | None
    cosine: float
    largest_absolute: float
    largest_relative: float
    tolerance: float


class ThreadsRecord(TypedDict):
    """What ran beside the iteration's thread; not part of the total."""

    base_ns: int
    candidate_ns: int
    rows: list[RowRecord]


class CertaintyRecord(TypedDict):
    """How repeated captures were compared: `captures` of base and candidate."""

    test: Literal["paired by block", "unpaired"]
    captures: tuple[int, int]


class DeviceDifferenceRecord(TypedDict):
    """Time on devices per iteration, each event in the iteration that launched it."""

    base: DeviceTimeRecord
    candidate: DeviceTimeRecord
    delta_ns: int
    busy_delta_ns: int


class DiffDocument(TypedDict):
    """`tracediff diff --format json`; times and calls are per iteration."""

    schema_version: Literal[1]
    base: SideRecord
    candidate: SideRecord
    comparable: ComparableRecord
    total: TotalRecord
    latency: TotalRecord | None
    device: NotRequired[DeviceDifferenceRecord]
    rows: list[RowRecord]
    ledger: list[LedgerRecord]
    operators: list[OperatorPairRecord]
    kernels: list[KernelPairRecord]
    explanations: list[ExplanationRecord]
    numerics: NumericsRecord | None
    other_threads: ThreadsRecord | None
    certainty: CertaintyRecord | None
    warnings: list[str]


def json_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each document, by the name of its file in `tracediff/schemas`."""
    documents = {"show": ShowDocument, "diff": DiffDocument, "noise": Noise}
    schemas = {f"{name}.schema.json": msgspec.json.schema(document) for name, document in documents.items()}
    for schema in schemas.values():
        for definition in schema["$defs"].values():
            # msgspec takes docstrings as they are indented in the source before 0.23, and without that since.
            if "description" in definition:
                definition["description"] = inspect.cleandoc(definition["description"])
    return schemas


def write_schemas(folder: Path) -> None:
    """Writes the schemas that ship with the package."""
    for name, schema in json_schemas().items():
        (folder / name).write_bytes(msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n")


if __name__ == "__main__":
    write_schemas(Path(__file__).parents[1] / "schemas")
