"""Iterations call by call and what is exported of them, of real traces and of any intervals at all.

Nothing overlaps, and times add up to those of the rows and of both sides.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracediff.analysis.accounts import mean_ns
from tracediff.analysis.growth import OTHERS, WHOLE, growth
from tracediff.compare import compare
from tracediff.model.diff import GAPS, Diff
from tracediff.model.timeline import IterationCalls
from tracediff.report.exports import render

from builders import SAMPLES, SHARED_TRACES

NAMES = ["aten::conv2d", "aten::mkldnn_convolution", "aten::relu", "custom::op"]

operators = st.lists(
    st.tuples(st.sampled_from(NAMES), st.integers(0, 60), st.integers(0, 25), st.integers(1, 2)),
    min_size=1,
    max_size=12,
)
steps = st.lists(st.tuples(st.integers(0, 3), st.integers(5, 30)), max_size=4)


def written(folder: str, name: str, calls: list[tuple[str, int, int, int]], steps: list[tuple[int, int]]) -> Path:
    """Operators and steps wherever they may lie; whole microseconds, so that calls may stick out by one."""
    events = [("cpu_op", *call) for call in calls]
    now = 0
    for number, (gap, length) in enumerate(steps):
        events.append(("user_annotation", f"ProfilerStep#{number}", now + gap, length, 1))
        # Now and then the next one begins before this one ends.
        now += gap + length - 1
    path = Path(folder, f"{name}.json")
    entries = [
        {"ph": "X", "cat": cat, "name": name, "pid": 1, "tid": tid, "ts": ts, "dur": dur, "args": {"External id": at}}
        for at, (cat, name, ts, dur, tid) in enumerate(events, 1)
    ]
    path.write_text(json.dumps({"schemaVersion": 1, "traceEvents": entries}), "utf-8")
    return path


@settings(max_examples=150, deadline=None)
@given(operators, steps, operators, steps)
def test_any_intervals(
    base: list[tuple[str, int, int, int]],
    base_steps: list[tuple[int, int]],
    candidate: list[tuple[str, int, int, int]],
    candidate_steps: list[tuple[int, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = written(folder, "base", base, base_steps), written(folder, "candidate", candidate, candidate_steps)
        diff = compare(*paths)
        assert_laid_out(diff)
        assert_exported(diff)


@pytest.mark.parametrize(
    ("base", "candidate"),
    [
        (SAMPLES / "openblas.json", SAMPLES / "acl.json"),
        (SAMPLES / "bert-openblas.json.gz", SAMPLES / "bert-acl.json.gz"),
        (SAMPLES / "openblas.json", SAMPLES / "resnet50-acl.json.gz"),
        # Repeated captures, of the same code or not.
        (sorted(SHARED_TRACES.glob("2.3.0/gtsrb-*.pt.trace.json.gz")), SAMPLES / "acl.json"),
    ],
    ids=["gtsrb", "bert", "different", "repeated"],
)
def test_real_pairs(base: Path | list[Path], candidate: Path) -> None:
    if not base:
        pytest.skip("without the shared traces")
    diff = compare(base, candidate)
    assert_laid_out(diff)
    assert_exported(diff)


def assert_laid_out(diff: Diff) -> None:
    assert diff.timelines
    assert diff.timeline is not None
    assert diff.call_tree is not None
    pairs = list(diff.timelines.pairs())
    for side, row_side, calls_of_pairs, names in (
        (diff.base, "base", [pair.base for pair in pairs], diff.call_tree.base_name),
        (diff.candidate, "candidate", [pair.candidate for pair in pairs], diff.call_tree.candidate_name),
    ):
        spent: Counter[int] = Counter()
        kept = [calls for calls in calls_of_pairs if calls.label and not calls.is_cold]
        assert len(kept) == side.iterations
        assert [calls.time_ns for calls in kept] == list(side.samples_ns)
        for calls in (*calls_of_pairs, getattr(diff.timeline, row_side)):
            assert_nested(calls)
            here = np.flatnonzero(calls.node >= 0)
            assert [diff.timeline.names[name] for name in calls.name[here]] == [
                diff.call_tree.names[name] for name in names[calls.node[here]]
            ]
        for calls in kept:
            for row, self_ns in zip(calls.row.tolist(), calls.self_ns.tolist(), strict=True):
                spent[row] += self_ns
        for at, row in enumerate(diff.rows):
            expected = time.time_ns if (time := getattr(row, row_side)) else 0
            assert mean_ns(spent[at], side.iterations) == expected


def assert_nested(calls: IterationCalls) -> None:
    """By depth every call lies inside of the one above it and behind the one before it, and no time counts twice."""
    columns = (calls.thread, calls.depth, calls.start_ns, calls.dur_ns, calls.self_ns)
    open_until: list[int] = []
    last_thread, left = -1, 0
    for thread, depth, start, dur, self_ns in zip(*(column.tolist() for column in columns), strict=True):
        if thread != last_thread:
            open_until, left = [calls.time_ns if thread == 0 else 2**62], 0 if thread == 0 else -(2**62)
        assert depth < len(open_until)
        del open_until[depth + 1 :]
        assert min(dur, self_ns) >= 0
        assert left <= start <= start + dur <= open_until[-1]
        open_until.append(start + dur)
        # What comes next may begin inside of this call, or behind what it holds.
        last_thread, left = thread, start
    assert (calls.start_ns[calls.thread == 0] >= 0).all()
    assert calls.self_ns[calls.thread == 0].sum() <= calls.time_ns


def assert_exported(diff: Diff) -> None:
    assert_no_slice_is_hidden("".join(render("perfetto", diff)))
    assert_folded_adds_up(diff)
    assert diff.timelines
    for pair in diff.timelines.pairs():
        series = {one.series: one for one in growth(pair)}
        for one in series.values():
            assert (np.diff(one.time_ns) > 0).all()
            assert one.time_ns[-1] <= pair.candidate.time_ns
        ends = {name: int(one.delta_ns[-1]) for name, one in series.items()}
        whole = ends.pop(WHOLE, 0)
        assert sum(ends.values()) == whole
        together = {one.series: one for one in growth(pair, ends)}
        assert not together.keys() - {WHOLE, OTHERS, GAPS}
        assert sum(int(one.delta_ns[-1]) for name, one in together.items() if name != WHOLE) == whole
        if (pair.base.node >= 0).any() and (pair.candidate.node >= 0).any():
            assert whole == pair.candidate.time_ns - pair.base.time_ns


def assert_no_slice_is_hidden(document: str) -> None:
    """On each thread a slice lies inside of another one or apart; counters never go back in time."""
    slices: dict[tuple[int, int], list[tuple[Decimal, Decimal]]] = defaultdict(list)
    counted: dict[str, Decimal] = {}
    for event in exact(document)["traceEvents"]:
        if event["ph"] == "X":
            slices[event["pid"], event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
        elif event["ph"] == "C":
            assert event["ts"] >= counted.get(event["name"], 0)
            counted[event["name"]] = event["ts"]
    for on_thread in slices.values():
        around: list[Decimal] = []
        for begin, end in sorted(on_thread, key=lambda one: (one[0], -one[1])):
            assert 0 <= begin <= end
            while around and around[-1] <= begin:
                around.pop()
            assert not around or end <= around[-1]
            around.append(end)


def exact(document: str) -> Any:
    return json.loads(document, parse_float=Decimal)


def assert_folded_adds_up(diff: Diff) -> None:
    lines = [line.rsplit(" ", 2) for line in "".join(render("folded", diff)).splitlines()]
    stacks = [stack for stack, *_ in lines]
    assert len(set(stacks)) == len(stacks)
    assert all(int(time) >= 0 for _, *times in lines for time in times)
    of_iteration = [times for stack, *times in lines if stack.split(";")[0] == "iteration"]
    assert sum(int(base) for base, _ in of_iteration) == diff.total.base_ns
    assert sum(int(candidate) for _, candidate in of_iteration) == diff.total.candidate_ns
