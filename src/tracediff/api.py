"""What Python users get: traces and diffs whose tables are pandas frames, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tracediff import importers, phrases
from tracediff.analysis.summary import summarize
from tracediff.compare import CompareOptions
from tracediff.compare import Input as ProfileInput
from tracediff.compare import compare as compare_profiles
from tracediff.files import write_whole
from tracediff.model import diff as model
from tracediff.model.trace import ABSENT, PrintedTable, Profile, Summary
from tracediff.report.base import ReportOptions, load_report
from tracediff.report.exports import render

if TYPE_CHECKING:
    import pandas as pd


_IN_NOTEBOOKS = ReportOptions(limit=100)
"""A notebook keeps every output that was shown: fewer rows than in a file."""


class Trace:
    """One capture.

    Attributes:
        profile: the columns behind the frames (`tracediff.model.trace`).
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    @property
    def path(self) -> str:
        """Where it was read from."""
        return self.profile.path

    @property
    def warnings(self) -> tuple[str, ...]:
        """What one must know before believing the numbers."""
        return self._summary.warnings

    @cached_property
    def operators(self) -> pd.DataFrame:
        """`key_averages()`: name, calls, self_cpu_ns, cpu_total_ns, over all iterations.

        Where anything ran on a device also self_device_ns and device_total_ns.
        """
        import pandas as pd

        rows = self._summary.operators
        columns: dict[str, list[str] | list[int]] = {
            "name": [row.name for row in rows],
            "calls": [row.calls for row in rows],
            "self_cpu_ns": [row.self_ns for row in rows],
            "cpu_total_ns": [row.total_ns for row in rows],
        }
        if self._summary.device:
            columns["self_device_ns"] = [row.self_device_ns for row in rows]
            columns["device_total_ns"] = [row.device_total_ns for row in rows]
        return pd.DataFrame(columns)

    @cached_property
    def events(self) -> pd.DataFrame:
        """Every complete event in file order, a column for each of its fields that the trace model keeps.

        Empty for a printed table.
        """
        import pandas as pd

        if isinstance(self.profile, PrintedTable):
            return pd.DataFrame()
        trace, events = self.profile, self.profile.events
        threads: list[int] = events.thread.tolist()
        shapes: list[int] = events.shapes.tolist()
        return pd.DataFrame(
            {
                "name": pd.Categorical.from_codes(events.name.tolist(), pd.Index(trace.names)),
                "category": pd.Categorical.from_codes(events.category.tolist(), pd.Index(trace.categories)),
                "pid": [trace.threads[thread].pid for thread in threads],
                "tid": [trace.threads[thread].tid for thread in threads],
                "start_ns": events.start_ns,
                "dur_ns": events.dur_ns,
                "external_id": events.external_id,
                "correlation": events.correlation,
                "shapes": [None if shape == ABSENT else trace.shapes[shape] for shape in shapes],
            }
        )

    @cached_property
    def _summary(self) -> Summary:
        return summarize(self.profile)

    def __repr__(self) -> str:
        return f"<tracediff.Trace {self.path}: {len(self._summary.operators)} operators>"

    def _repr_html_(self) -> str:
        return _inline(load_report("html").render_summary(self._summary, _IN_NOTEBOOKS))


class Diff:
    """Base against candidate; times are nanoseconds per iteration.

    Attributes:
        result: the records behind the frames (`tracediff.model.diff`).
    """

    def __init__(self, result: model.Diff) -> None:
        self.result = result

    @property
    def total(self) -> model.Total:
        """The measured difference."""
        return self.result.total

    @property
    def latency(self) -> model.Latency | None:
        """The difference as measured without the profiler; None where a capture did not record it."""
        return self.result.latency

    @property
    def comparable(self) -> model.Comparability:
        """Whether both sides did the same work."""
        return self.result.comparable

    @property
    def explanations(self) -> tuple[model.Explanation, ...]:
        """Why, in sentences with the rows that they rest on."""
        return self.result.explanations

    @property
    def warnings(self) -> tuple[str, ...]:
        """What one must know before believing the numbers."""
        return self.result.warnings

    @cached_property
    def rows(self) -> pd.DataFrame:
        """A row per family and shape, largest difference first."""
        rows = self.result.rows
        columns = _SIDE_COLUMNS | (_DEVICE_COLUMNS if self.result.device else {})
        sides = {
            f"{name}_{title}": [value(side) if (side := pick(row)) else None for row in rows]
            for name, pick in (("base", _base), ("candidate", _candidate))
            for title, value in columns.items()
        }
        return _frame(
            {
                "family": [row.family for row in rows],
                "shape": [row.shape for row in rows],
                "change": [row.change for row in rows],
                "match": [row.match for row in rows],
                **sides,
                "delta_ns": [row.delta_ns for row in rows],
                "calls_effect_ns": [row.calls_effect_ns for row in rows],
                "cost_effect_ns": [row.cost_effect_ns for row in rows],
                **_certainty(rows),
            }
        )

    @cached_property
    def ledger(self) -> pd.DataFrame:
        """The terms that add up to the total difference."""
        terms = self.result.ledger
        return _frame(
            {
                "term": [term.term for term in terms],
                "base_ns": [term.base_ns for term in terms],
                "candidate_ns": [term.candidate_ns for term in terms],
                "delta_ns": [term.delta_ns for term in terms],
                "share": [term.share for term in terms],
                **_certainty(terms),
            }
        )

    @cached_property
    def operators(self) -> pd.DataFrame:
        """Operators by raw name on both sides."""
        pairs = self.result.operators
        columns = _OPERATOR_COLUMNS | (_OPERATOR_DEVICE_COLUMNS if self.result.device else {})
        return _frame(
            {
                "name": [pair.name for pair in pairs],
                **{
                    f"{side}_{title}": [value(one) if (one := getattr(pair, side)) else None for pair in pairs]
                    for side in ("base", "candidate")
                    for title, value in columns.items()
                },
            }
        )

    def export(
        self,
        *,
        perfetto: str | Path | None = None,
        speedscope: str | Path | None = None,
        folded: str | Path | None = None,
    ) -> None:
        """Writes files that other viewers open.

        Args:
            perfetto: both sides as processes of one trace (JSON).
            speedscope: an iteration of each side (JSON).
            folded: lines of stack, base's and the candidate's self time in nanoseconds of a mean iteration.

        Raises:
            tracediff.errors.TraceFormatError: a side is a printed table.
            OSError: a file cannot be written.
        """
        for name, path in {"perfetto": perfetto, "speedscope": speedscope, "folded": folded}.items():
            if path is not None:
                write_whole(path, render(name, self.result))

    def __repr__(self) -> str:
        return f"<tracediff.Diff {phrases.headline(self.result)}>"

    def _repr_html_(self) -> str:
        return _inline(load_report("html").render_diff(self.result, _IN_NOTEBOOKS))


def _inline(page: str) -> str:
    """A page inside of a notebook's, where neither reaches the other's style and scripts."""
    from html import escape

    return (
        '<iframe title="tracediff" sandbox="allow-scripts" width="100%" height="720" style="border: 0" '
        f'srcdoc="{escape(page)}"></iframe>'
    )


def load(path: str | Path, *, cache: bool = True) -> Trace:
    """Reads a Kineto trace or a printed `key_averages()` table.

    Args:
        path: the file.
        cache: whether a large one is kept as it was read, and taken from there.

    Raises:
        tracediff.errors.TraceFormatError: the file is missing, damaged, or of no known kind.
    """
    return Trace(importers.load(path, cache=cache))


Input: TypeAlias = str | Path | Trace | Sequence[str | Path | Trace]


def compare(
    base: Input,
    candidate: Input,
    *,
    families: str | Path | None = None,
    kernel_logs: Sequence[str | Path] = (),
    equivalence: float = 0.03,
    materiality: float = 0.01,
    noise: str | Path | None = None,
    cache: bool = True,
) -> Diff:
    """Compares two captures, or repeated captures of two sides.

    Args:
        base: a file, a folder or glob of repeated captures, a loaded trace, or several of these.
        candidate: what to compare with it.
        families: a TOML file with operator families of your own.
        kernel_logs: verbose output of oneDNN or MKL, in place of what the traces carry: base's and candidate's, or one
            log for both.
        equivalence: sides whose ratio lies within 1 / (1 + this) and 1 + this are the same.
        materiality: rows below this part of the iteration are not tested.
        noise: the JSON that `tracediff noise` wrote on the same machine.
        cache: as of `load`.

    Raises:
        tracediff.errors.TracediffError: an input cannot be read.
    """
    options = CompareOptions(families, tuple(kernel_logs), equivalence, materiality, noise, cache)
    return Diff(compare_profiles(_profiles(base), _profiles(candidate), options))


def _profiles(side: Input) -> ProfileInput:
    if isinstance(side, str | Path):
        return side
    if isinstance(side, Trace):
        return side.profile
    return [one.profile if isinstance(one, Trace) else one for one in side]


_SIDE_COLUMNS: dict[str, Callable[[model.RowSide], object]] = {
    "implementation": phrases.implementation,
    "kernels": phrases.side_kernels,
    "calls": lambda side: side.calls,
    "time_ns": lambda side: side.time_ns,
    "dispatch_ns": lambda side: side.dispatch_ns,
    "flops": lambda side: side.flops,
    "bytes": lambda side: side.bytes,
}
_DEVICE_COLUMNS: dict[str, Callable[[model.RowSide], object]] = {"device_ns": lambda side: side.device_ns}
_OPERATOR_COLUMNS: dict[str, Callable[[model.OperatorTime], object]] = {
    "calls": lambda operator: operator.calls,
    "self_cpu_ns": lambda operator: operator.self_ns,
    "cpu_total_ns": lambda operator: operator.total_ns,
}
_OPERATOR_DEVICE_COLUMNS: dict[str, Callable[[model.OperatorTime], object]] = {
    "self_device_ns": lambda operator: operator.self_device_ns,
    "device_total_ns": lambda operator: operator.device_total_ns,
}


def _certainty(items: Sequence[model.Row | model.LedgerTerm]) -> dict[str, list[object]]:
    """What repeated captures say; empty cells for single ones."""
    return {
        "estimate": [item.estimate for item in items],
        "interval_low": [item.interval[0] if item.interval else None for item in items],
        "interval_high": [item.interval[1] if item.interval else None for item in items],
        "p": [item.p for item in items],
        "p_adjusted": [item.p_adjusted for item in items],
        "verdict": [item.verdict for item in items],
        "within_noise": [item.within_noise for item in items],
    }


def _base(row: model.Row) -> model.RowSide | None:
    return row.base


def _candidate(row: model.Row) -> model.RowSide | None:
    return row.candidate


def _frame(columns: dict[str, list[object]]) -> pd.DataFrame:
    """A frame whose integers stay such where one side has none (pandas would make them floats)."""
    import pandas as pd

    frame = pd.DataFrame(columns)
    return frame.astype({title: "Int64" for title in columns if title.endswith(("_ns", "_flops", "_bytes"))})
