"""Device events belong to the operator that launched them, whatever the layout and whenever they ran."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracediff.analysis.summary import summarize
from tracediff.compare import compare, measure
from tracediff.errors import UsageError
from tracediff.importers import load
from tracediff.model.device import DeviceTime
from tracediff.model.diff import Diff
from tracediff.model.trace import Summary

from builders import Call, TraceBuilder, annotation
from devices import DeviceTraceBuilder, Launch, as_rocm, as_torch_1_11, step

US = 1000


def written(path: Path, events: Iterable[dict[str, Any]], **keys: Any) -> Path:
    path.write_text(json.dumps({"schemaVersion": 1, **keys, "traceEvents": list(events)}), "utf-8")
    return path


def two_steps() -> DeviceTraceBuilder:
    return DeviceTraceBuilder().add(step(1), step(2))


def on_devices(summary: Summary) -> dict[str, tuple[int, int]]:
    """Own and total microseconds of the operators that have any."""
    return {
        row.name: (row.self_device_ns // US, row.device_total_ns // US)
        for row in summary.operators
        if row.device_total_ns
    }


def of_cpu(summary: Summary) -> list[tuple[object, ...]]:
    return [(row.name, row.calls, row.self_ns, row.total_ns) for row in summary.operators]


@pytest.mark.parametrize("layout", [list, as_rocm, as_torch_1_11], ids=["cuda", "rocm", "torch 1.11"])
def test_operators_have_what_they_launched(
    tmp_path: Path, layout: Callable[[Iterable[dict[str, Any]]], list[dict[str, Any]]]
) -> None:
    summary = summarize(load(written(tmp_path / "t.json", layout(two_steps().events))))

    assert on_devices(summary) == {
        "ProfilerStep*": (0, 300),
        "aten::linear": (0, 240),
        "aten::addmm": (240, 240),
        "aten::relu": (60, 60),
    }
    assert summary.device == DeviceTime(total_ns=314 * US, busy_ns=314 * US, unlinked_ns=14 * US)
    assert summary.iterations == 2
    assert any(
        "2 device events launched by no operator" in doubt and "14.000 us" in doubt for doubt in summary.warnings
    )


names = st.sampled_from(["aten::a", "aten::b", "aten::c"])
launches = st.builds(Launch, runs=st.integers(0, 50), stream=st.integers(7, 8))
calls = st.recursive(
    st.one_of(launches, st.builds(Call, names, st.integers(1, 5), tail=st.integers(0, 3))),
    lambda below: st.builds(Call, names, st.integers(1, 5), st.lists(below, max_size=4), tail=st.integers(0, 3)),
    max_leaves=20,
)


@given(st.lists(calls, min_size=1, max_size=4))
def test_each_launch_counts_for_the_operator_that_made_it(
    tmp_path_factory: pytest.TempPathFactory, roots: list[Call]
) -> None:
    expected: Counter[str] = Counter()

    def gather(call: Call, operator: str) -> None:
        for child in call.children:
            gather(child, call.name)
        if isinstance(call, Launch):
            expected[operator] += call.runs

    for root in roots:
        gather(root, "nothing")
    builder = DeviceTraceBuilder().add(Call("aten::first"), *roots)
    summary = summarize(load(builder.write(tmp_path_factory.getbasetemp() / "generated.json")))

    found = {row.name: row.self_device_ns // US for row in summary.operators}
    assert +Counter(found) == Counter({name: us for name, us in expected.items() if us and name != "nothing"})
    device = summary.device or DeviceTime()
    assert device.unlinked_ns == expected["nothing"] * US
    assert device.total_ns == expected.total() * US
    assert device.total_ns // 2 <= device.busy_ns <= device.total_ns


def test_an_external_id_names_the_operator_where_no_launch_does(tmp_path: Path) -> None:
    builder = two_steps()
    relu = next(event for event in builder.events if event["name"] == "aten::relu")
    kernel = {"ph": "X", "cat": "kernel", "name": "k", "pid": 0, "tid": 7, "ts": 1_005_000, "dur": 11}
    # Older versions write a correlation id as "External id" where nothing was linked; here it is relu's by chance.
    events = [
        {**kernel, "args": {"External id": relu["args"]["External id"], "correlation": 90_001}},
        {**kernel, "args": {"External id": relu["args"]["External id"], "correlation": relu["args"]["External id"]}},
    ]
    # The id of the second must be no launch's.
    for event in builder.events:
        if "correlation" in event["args"]:
            event["args"]["correlation"] += 1000
    summary = summarize(load(written(tmp_path / "t.json", [*builder.events, *events])))

    assert on_devices(summary)["aten::relu"] == (71, 71)
    assert summary.device
    assert summary.device.unlinked_ns == 25 * US


def test_a_launch_on_a_thread_of_another_name_is_found_by_its_external_id(tmp_path: Path) -> None:
    builder = DeviceTraceBuilder().add(Call("aten::relu", 4, [Launch(runs=30)]))
    operator, launch, _ = builder.events
    launch["tid"] = 140_000_000_000_000
    launch["args"]["External id"] = operator["args"]["External id"] = 500

    assert on_devices(summarize(load(builder.write(tmp_path / "t.json")))) == {"aten::relu": (30, 30)}


def test_an_id_that_launches_of_several_operators_share_tells_nothing(tmp_path: Path) -> None:
    builder = DeviceTraceBuilder().add(*(Call(name, 4, [Launch(runs=30)]) for name in ("aten::relu", "aten::mul")))
    for event in builder.events:
        if "correlation" in event["args"]:
            event["args"]["correlation"] = 0
    summary = summarize(load(builder.write(tmp_path / "t.json")))

    assert on_devices(summary) == {}
    assert summary.device
    assert summary.device.unlinked_ns == 60 * US


def test_an_external_id_of_a_launch_is_no_correlation_id(tmp_path: Path) -> None:
    wait = Call("cudaStreamSynchronize", 3, cat="cuda_runtime")
    builder = DeviceTraceBuilder().add(Call("aten::relu", 4, [Launch(runs=30)]), Call("aten::mul", 4, [wait]))
    builder.events[-1]["args"] = {"External id": builder.correlation}

    assert on_devices(summarize(load(builder.write(tmp_path / "t.json")))) == {"aten::relu": (30, 30)}


def test_streams_that_run_together_are_busy_once(tmp_path: Path) -> None:
    builder = DeviceTraceBuilder().add(Call("aten::a", 4, [Launch(runs=30), Launch(runs=30, stream=8)]))
    summary = summarize(load(builder.write(tmp_path / "t.json")))

    # The second begins 2 us after the first, as its launch does.
    assert summary.device == DeviceTime(total_ns=60 * US, busy_ns=32 * US)


def test_odd_device_events_change_nothing_of_the_cpu(tmp_path: Path) -> None:
    plain = TraceBuilder().add(*(annotation(f"ProfilerStep#{n}", Call("aten::relu", 40)) for n in (1, 2)))
    plain.events[1]["args"]["stream"] = "0"
    relu = plain.events[1]
    kernel = {"ph": "X", "cat": "kernel", "name": "k" * 400, "pid": 0, "tid": 7, "ts": relu["ts"] + 900, "dur": 25}
    linked = {"args": {"correlation": 1, "stream": "0", "Comms Id": 10159970886766084423}}
    odd: list[dict[str, Any]] = [
        {**relu, "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": relu["ts"] + 1, "dur": 3, **linked},
        kernel | linked,
        kernel | linked,
        {**kernel, "ts": 0, "dur": 0, "args": {"correlation": 2}},
        {**kernel, "ts": relu["ts"] + 2000, "dur": 8, "args": {"correlation": 10159970886766084423}},
        {**kernel, "cat": "gpu_user_annotation", "name": "ProfilerStep#1", "ts": relu["ts"] + 900, "dur": 5000},
        {**kernel, "cat": "gpu_user_annotation", "name": "ProfilerStep#2", "ts": relu["ts"] + 9000, "dur": 5000},
    ]
    base, candidate = plain.write(tmp_path / "base.json"), written(tmp_path / "odd.json", [*plain.events, *odd])
    without, summary = summarize(load(base)), summarize(load(candidate))

    assert of_cpu(summary) == of_cpu(without)
    assert (summary.iterations, summary.span_ns) == (without.iterations, without.span_ns)
    assert on_devices(summary)["aten::relu"] == (25, 25)
    assert summary.device == DeviceTime(total_ns=33 * US, busy_ns=33 * US, unlinked_ns=8 * US)
    for doubt in ("1 device event without times", "1 device event listed more than once", "1 device event launched by"):
        assert any(doubt in warning for warning in summary.warnings)

    diff = compare(base, candidate)
    assert diff.total.delta_ns == 0
    # The event without a launch is of no iteration: two iterations share relu's 25 us.
    assert diff.device
    assert (diff.device.base, diff.device.candidate.total_ns) == (DeviceTime(), 12_500)


def of_rows(diff: Diff, side: str) -> dict[str, int]:
    rows = [*diff.rows, *(diff.other_threads.rows if diff.other_threads else ())]
    return {row.family: part.device_ns // US for row in rows if (part := getattr(row, side)) and part.device_ns}


def test_iterations_have_what_they_launched_not_what_ran_meanwhile(tmp_path: Path) -> None:
    builder = two_steps().add(Call("aten::tanh", 4, [Launch(runs=500)]))
    first, last = builder.events[0], builder.events[-1]
    assert last["ts"] > builder.now, "the last kernels must run after the last step"
    # Backward runs on a thread of its own, inside the first step.
    builder.tid, builder.now = 2, first["ts"] + 1
    builder.add(Call("aten::mm", 6, [Launch(runs=40)]))
    path = builder.write(tmp_path / "candidate.json")
    diff = compare(DeviceTraceBuilder().add(step(1)).write(tmp_path / "base.json"), path)

    assert of_rows(diff, "base") == {"linear": 120, "activation": 30}
    assert of_rows(diff, "candidate") == {"linear": 120, "activation": 30, "matmul": 20}
    assert diff.device
    assert diff.device.base == DeviceTime(157 * US, 157 * US, 7 * US)
    assert diff.device.candidate == DeviceTime(177 * US, 177 * US, 7 * US)
    assert diff.device.delta_ns == diff.device.busy_delta_ns == 20 * US
    assert [(term.base_device_ns, term.candidate_device_ns) for term in diff.ledger if term.term == "linear"] == [
        (120 * US, 120 * US)
    ]
    pairs = {pair.name: pair for pair in diff.operators}
    linear, addmm = pairs["aten::linear"].base, pairs["aten::addmm"].candidate
    assert linear
    assert (linear.self_device_ns, linear.device_total_ns) == (0, 120 * US)
    assert addmm
    assert (addmm.self_device_ns, addmm.device_total_ns) == (120 * US, 120 * US)


def test_an_unmarked_trace_is_one_iteration_of_everything(tmp_path: Path) -> None:
    builder = DeviceTraceBuilder().add(Call("aten::relu", 4, [Launch(runs=30)]))
    builder.events.append({**builder.events[-1], "ts": 5_000_000, "args": {"correlation": 77}})
    path = builder.write(tmp_path / "t.json")
    diff = compare(path, path)

    assert diff.device
    assert diff.device.base == DeviceTime(60 * US, 60 * US, 30 * US)


@pytest.mark.parametrize("ranks", [range(6), [0] * 6], ids=["ranks", "repetitions"])
def test_ranks_are_no_repetitions(tmp_path: Path, ranks: Iterable[int]) -> None:
    for place, rank in enumerate(ranks):
        builder = DeviceTraceBuilder(now=1_700_000_000_000_000 + place).add(step(1), step(2))
        # Times that a device lost must not spread the pooled captures over five decades each.
        builder.events.append({**builder.events[-1], "ts": 0, "dur": 0})
        for side in ("base", "candidate"):
            (tmp_path / side).mkdir(exist_ok=True)
            builder.write(tmp_path / side / f"rank{place}.json", distributedInfo={"backend": "nccl", "rank": rank})
    diff = compare(tmp_path / "base", tmp_path / "candidate")
    are_ranks = len(set(ranks)) > 1

    assert diff.device
    assert diff.device.base == DeviceTime(157 * US, 157 * US, 7 * US)
    assert any("6 device events without times" in warning for warning in diff.warnings)
    assert any("no repetitions" in warning for warning in diff.warnings) == are_ranks
    assert diff.base.ranks == (tuple(range(6)) if are_ranks else ())
    assert (diff.total.verdict is None) == are_ranks
    assert all((row.interval is None) == are_ranks for row in diff.rows)
    if are_ranks:
        with pytest.raises(UsageError, match="ranks"):
            measure(tmp_path / "base")
