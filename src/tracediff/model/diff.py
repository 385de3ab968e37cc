"""The one result that every view shows: two sides, the rows between them and a ledger that adds up."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, TypeAlias

import msgspec

from tracediff.model.device import DeviceDifference
from tracediff.model.kernels import Kernel, KernelCoverage
from tracediff.model.merged_tree import MergedTree
from tracediff.model.run import Peak, Run
from tracediff.model.sites import Site
from tracediff.model.timeline import Timeline, Timelines

Change: TypeAlias = Literal["same", "implementation", "calls", "only base", "only candidate"]
Match: TypeAlias = Literal["exact", "family", "structural", "none"]
Verdict: TypeAlias = Literal["faster", "slower", "same", "no evidence"]
ComparableVerdict: TypeAlias = Literal["same workload", "different workload", "unknown"]

GAPS = "gaps"
REMAINDER = "remainder"


class Side(msgspec.Struct, frozen=True):
    """One of the two inputs.

    Attributes:
        path: the input as the user named it.
        run: what is known about the process.
        captures: how many captures stand behind the numbers.
        iterations: iterations that the numbers are means of; cold ones are not among them.
        cold_iterations: the iterations that were set aside, by label.
        marker: what delimits an iteration (`ProfilerStep`, `model_inference`); None: the whole trace.
        iteration_ns: mean time of one iteration.
        kernel_coverage: what became of the lines of the libraries' log; None where there is none.
        samples_ns: time of each, capture by capture; empty where only their sum is known.
        runs: the process of each capture.
        kept: how many of the iterations are of each capture.
        ranks: of one distributed run that the captures are; empty where they are repetitions.
    """

    path: str
    run: Run
    captures: int
    iterations: int
    cold_iterations: tuple[str, ...]
    marker: str | None
    iteration_ns: int
    samples_ns: tuple[int, ...] = ()
    kernel_coverage: KernelCoverage | None = None
    runs: tuple[Run, ...] = ()
    kept: tuple[int, ...] = ()
    ranks: tuple[int, ...] = ()


def _part(rate: float | None, peak: float | None) -> float | None:
    return rate / peak if rate is not None and peak else None


class OperatorTime(msgspec.Struct, frozen=True):
    """An operator's calls and nanoseconds per iteration; those on devices are 0 inside of a row, which has its own."""

    name: str
    calls: float
    self_ns: int
    total_ns: int
    self_device_ns: int = 0
    device_total_ns: int = 0


class Implementation(msgspec.Struct, frozen=True):
    """One way in which the calls of a row were done.

    Attributes:
        chain: the operators that did it, outermost first, without the family's wrappers:
            `("aten::thnn_conv2d", "aten::_slow_conv2d_forward")`.
        calls: calls per iteration that went this way.
        time_ns: their nanoseconds per iteration.
    """

    chain: tuple[str, ...]
    calls: float
    time_ns: int


class RowSide(msgspec.Struct, frozen=True):
    """One side of a row, per iteration.

    Attributes:
        shape: input shapes of the outermost operator, `[1,3,32,32] [32,3,5,5] [32]`.
        calls: calls of the outermost operators.
        time_ns: all self time below them, their own included.
        dispatch_ns: the part of it that the family's wrappers (`conv2d > convolution > ...`) spent themselves.
        operators: every operator that ran there, in order of first appearance.
        implementations: most time first.
        outermost: names of the outermost operators.
        samples_ns: the row's time in each iteration; empty where only their sum is known.
        kernels: what the libraries ran for it, most time first; their times are those of the kernel pass, if there is
            one, and not part of `time_ns`.
        flops, bytes: arithmetic and traffic that the shapes ask for; None where they do not tell.
        peak: what the machine did at best, where the capture measured it.
        device_ns: what its operators launched on devices; not part of `time_ns`.
    """

    shape: str | None
    calls: float
    time_ns: int
    dispatch_ns: int
    operators: tuple[OperatorTime, ...]
    implementations: tuple[Implementation, ...]
    outermost: tuple[str, ...]
    samples_ns: tuple[int, ...] = ()
    kernels: tuple[Kernel, ...] = ()
    flops: int | None = None
    bytes: int | None = None
    peak: Peak = Peak()
    device_ns: int = 0

    @property
    def flops_share(self) -> float | None:
        """Part of the machine's peak in GFLOP/s; None where one of the two is unknown."""
        return _part(self.gflops_per_s, self.peak.gflops_per_s)

    @property
    def bytes_share(self) -> float | None:
        """Part of the machine's peak in GB/s; None where one of the two is unknown."""
        return _part(self.gbytes_per_s, self.peak.gbytes_per_s)

    @property
    def gflops_per_s(self) -> float | None:
        """FLOPs per nanosecond; None where unknown, and where a device did the work in a time of its own."""
        return self._rate(self.flops)

    @property
    def gbytes_per_s(self) -> float | None:
        """Bytes per nanosecond; None where unknown, and where a device did the work in a time of its own."""
        return self._rate(self.bytes)

    def _rate(self, work: int | None) -> float | None:
        return work / self.time_ns if work is not None and self.time_ns and not self.device_ns else None


class Row(msgspec.Struct, frozen=True):
    """A family and a shape: what the two sides spent on it.

    `delta_ns = calls_effect_ns + cost_effect_ns`: the difference in calls at the mean cost of both sides, and the
    difference in cost per call at the mean number of calls. Both change sign when the sides are swapped.

    Attributes:
        family: the family's name, or the operator's own where it has none.
        shape: shared by both sides; `A | B`, sorted, where a structural match joins two shapes.
        node: index into `Diff.call_tree` of the row's first call; -1 where the tree does not show it.
        estimate: the ratio candidate / base of the geometric means of the processes' medians: what is tested, other
            than that of the mean times above. It and what follows are certainty, which comes of repeated captures on
            both sides; None without, for a row of one side only and for one that some process never ran.
        interval: of the estimate, 95 %.
        p: of no difference, two-sided, for this row alone.
        p_adjusted: the same for all rows above the materiality floor together, weighted by the root of their time; None
            below it. This one is judged by.
        verdict: `same` where the interval lies within the equivalence band.
        within_noise: smaller than what `tracediff noise` found this machine to do by itself; only said of a row that is
            its family's only one, for it was families that were measured.
        sites: where in the model, most time first; they add up to both sides' times. Empty where no trace tells.
    """

    family: str
    shape: str | None
    base: RowSide | None
    candidate: RowSide | None
    delta_ns: int
    calls_effect_ns: int
    cost_effect_ns: int
    change: Change
    match: Match
    node: int = -1
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    verdict: Verdict | None = None
    p_adjusted: float | None = None
    within_noise: bool = False
    sites: tuple[Site, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Candidate's time over base's; None where a side has none."""
        if self.base is None or self.candidate is None or not self.base.time_ns:
            return None
        return self.candidate.time_ns / self.base.time_ns


class LedgerTerm(msgspec.Struct, frozen=True):
    """A part of the total difference.

    Attributes:
        term: a family, `gaps` (iteration time inside no operator) or `remainder`.
        base_ns, candidate_ns: time of the term on each side, per iteration.
        delta_ns: what the term adds to the total.
        share: of the total difference; 0.0 where that is zero.
        outermost: the outermost operators behind the term, shared by both sides or not.
        rows: indices into the rows.
        estimate, interval, p, p_adjusted, verdict, within_noise: as a row's; adjusted for all terms above the floor.
        base_device_ns, candidate_device_ns: what its rows launched on devices; not part of the ledger.
    """

    term: str
    base_ns: int
    candidate_ns: int
    delta_ns: int
    share: float
    outermost: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    verdict: Verdict | None = None
    p_adjusted: float | None = None
    within_noise: bool = False
    base_device_ns: int = 0
    candidate_device_ns: int = 0


class Total(msgspec.Struct, frozen=True):
    """The measured difference of one iteration.

    Attributes:
        base_ns, candidate_ns: mean of all iterations.
        typical_ns: median iteration of base and of candidate; None where only sums are known.
        estimate, interval, p, verdict: certainty, as a row's, from repeated captures; None for one capture a side.
        within_noise: whether it is less than what was measured as the machine's own noise.
    """

    base_ns: int
    candidate_ns: int
    typical_ns: tuple[int, int] | None = None
    estimate: float | None = None
    interval: tuple[float, float] | None = None
    verdict: Verdict | None = None
    p: float | None = None
    within_noise: bool = False

    @property
    def delta_ns(self) -> int:
        return self.candidate_ns - self.base_ns

    def share(self, delta_ns: int) -> float | None:
        """A difference as part of the total one; None where that is zero."""
        return delta_ns / self.delta_ns if self.delta_ns else None

    @property
    def ratio(self) -> float:
        """Candidate over base: above 1 is slower."""
        if self.base_ns == 0:
            return 1.0 if self.candidate_ns == 0 else float("inf")
        return self.candidate_ns / self.base_ns


class Latency(Total, frozen=True):
    """The difference of one iteration as measured without the profiler: the headline.

    Its times are geometric means of the processes' medians, so their ratio is the estimate; the median iteration where
    a side is one capture.
    The traces apportion it but do not measure it: their total is with the profiler's own time.
    """


class OperatorPair(msgspec.Struct, frozen=True):
    """An operator by its raw name on both sides, over all threads of the iterations."""

    name: str
    base: OperatorTime | None
    candidate: OperatorTime | None

    @property
    def delta_ns(self) -> int:
        """Candidate's self time less the base's; a side without the operator spent none."""
        return (self.candidate.self_ns if self.candidate else 0) - (self.base.self_ns if self.base else 0)


class Comparability(msgspec.Struct, frozen=True):
    """Whether both sides did the same work, and why one thinks so."""

    verdict: ComparableVerdict
    reasons: tuple[str, ...] = ()


class ThreadLedger(msgspec.Struct, frozen=True):
    """What ran beside the iteration's own thread (inter-op, autograd); not part of the total."""

    base_ns: int
    candidate_ns: int
    rows: tuple[Row, ...]

    @property
    def delta_ns(self) -> int:
        return self.candidate_ns - self.base_ns


class Explanation(msgspec.Struct, frozen=True):
    """A sentence and the rows that it rests on."""

    text: str
    rows: tuple[int, ...]


class Numerics(msgspec.Struct, frozen=True):
    """How far the outputs of both sides agree; the worst of all output tensors.

    Attributes:
        outputs: how many were compared.
        top1_agrees: whether the largest value of the first row is at the same place; None where not recorded.
        top5_shared: the part of the five largest values' places that both sides share; None where not recorded.
        cosine: similarity of the sampled values.
        largest_absolute: difference of a sampled value.
        largest_relative: the same as a part of the largest value.
        tolerance: what of it rounding explains, by the dtypes.
    """

    outputs: int
    top1_agrees: bool | None
    top5_shared: float | None
    cosine: float
    largest_absolute: float
    largest_relative: float
    tolerance: float


class Certainty(msgspec.Struct, frozen=True):
    """How repeated captures were compared.

    Attributes:
        test: `paired by block` where both sides have the same blocks, and enough of them.
        captures: of base and of candidate.
    """

    test: Literal["paired by block", "unpaired"]
    captures: tuple[int, int]


class Diff(msgspec.Struct, frozen=True, eq=False, dict=True):
    """Base against candidate. `sum(term.delta_ns for term in ledger) == total.delta_ns`, exactly.

    Attributes:
        rows: largest |delta_ns| first.
        ledger: a term per family, largest |delta_ns| first, then gaps, then remainder.
        operators: by raw name, largest |difference of self time| first.
        call_tree: None where a side has no timeline.
        other_threads: None where both sides ran on one thread.
        numerics: None where the outputs of both sides are not recorded, or cannot be compared.
        latency: None where a capture did not record it.
        certainty: None where a side is one capture.
        device: None where neither side ran anything on a device.
        timelines: the iterations call by call; None where a side has no timeline.
    """

    base: Side
    candidate: Side
    comparable: Comparability
    total: Total
    rows: tuple[Row, ...]
    ledger: tuple[LedgerTerm, ...]
    operators: tuple[OperatorPair, ...]
    explanations: tuple[Explanation, ...] = ()
    call_tree: MergedTree | None = None
    other_threads: ThreadLedger | None = None
    numerics: Numerics | None = None
    warnings: tuple[str, ...] = ()
    latency: Latency | None = None
    certainty: Certainty | None = None
    device: DeviceDifference | None = None
    timelines: Timelines | None = None

    @cached_property
    def timeline(self) -> Timeline | None:
        """A typical iteration of each side, laid out when first asked for; None where a side has no timeline."""
        return self.timelines.typical() if self.timelines else None

    @property
    def latency_contradicts(self) -> bool:
        """Whether the traces moved against the latency: for certain, where repeated captures could tell."""
        if self.latency is None or self.latency.delta_ns * self.total.delta_ns >= 0:
            return False
        judged = (self.latency, self.total)
        return all(one.interval is None or one.verdict in ("faster", "slower") for one in judged)
