from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tracediff.analysis.call_tree import build_call_tree
from tracediff.analysis.iterations import Iterations, find_iterations
from tracediff.analysis.operators import operator_table
from tracediff.compare import compare
from tracediff.importers import load

from builders import Call, TraceBuilder, annotation

Write = Callable[..., Path]


def iterations(path: Path) -> Iterations:
    return find_iterations(build_call_tree(load(path)))


def labels(found: Iterations) -> list[str]:
    return [iteration.label for iteration in found.kept]


@pytest.mark.parametrize("marker", ["ProfilerStep", "tracediff::iteration"])
def test_marked_iterations_and_what_lies_outside_of_them(write: Write, marker: str) -> None:
    steps = [annotation(f"{marker}#{n}", annotation("model_inference", Call("aten::relu", 10))) for n in range(3)]
    found = iterations(write("t", Call("aten::rand", 5), *steps, Call("aten::sum", 7)))

    assert found.marker == marker
    assert labels(found) == [f"{marker}#{n}" for n in range(3)]
    assert [iteration.time_ns for iteration in found.kept] == [12_000] * 3
    assert found.outside_ns == 12_000


def test_a_repeated_annotation_marks_iterations(write: Write) -> None:
    found = iterations(write("t", *[annotation("model_inference", Call("aten::relu", 10)) for _ in range(4)]))

    assert (found.marker, found.count) == ("model_inference", 4)


def test_counted_labels_are_iterations_and_layers_are_not(write: Write) -> None:
    batches = iterations(write("a", *[annotation(f"batch {n}", Call("aten::relu", 10)) for n in range(3)]))
    layers = iterations(write("b", *[annotation(f"layer {n}", Call("aten::relu", 10)) for n in range(3)]))

    assert (batches.marker, batches.count) == ("batch #", 3)
    assert (layers.marker, layers.count) == (None, 1)


def test_without_marks_the_trace_is_one_iteration(write: Write) -> None:
    found = iterations(write("t", Call("aten::relu", 10), Call("aten::relu", 20), gap=5))

    assert (found.marker, found.count, found.kept[0].time_ns) == (None, 1, 35_000)


def test_an_annotation_over_a_small_part_is_no_iteration(write: Write) -> None:
    found = iterations(write("t", annotation("preprocess", Call("aten::div", 1)), Call("aten::conv2d", 100)))

    assert found.marker is None


@pytest.mark.parametrize(
    ("times", "cold"),
    [
        pytest.param([100, 10, 11, 9], 1, id="the first is cold"),
        pytest.param([100, 50, 10, 11, 9], 2, id="the first two are"),
        pytest.param([20, 10, 11, 9], 1, id="twice as slow is cold"),
        pytest.param([12, 10, 11, 9], 0, id="a little slower is not cold"),
        pytest.param([10, 100, 11, 9], 0, id="a slow one in the middle is noise"),
        pytest.param([100, 10], 0, id="two cannot tell"),
        pytest.param([20, 10, 10, 30], 0, id="a later one is slower still"),
    ],
)
def test_cold_leaders_are_set_aside(write: Write, times: list[int], cold: int) -> None:
    steps = [annotation(f"ProfilerStep#{n}", Call("aten::relu", time)) for n, time in enumerate(times)]
    found = iterations(write("t", *steps))

    assert [iteration.label for iteration in found.cold] == [f"ProfilerStep#{n}" for n in range(cold)]
    assert found.count == len(times)


def test_cold_iterations_are_named_in_the_result(write: Write) -> None:
    steps = [annotation(f"ProfilerStep#{n}", Call("aten::relu", time)) for n, time in enumerate([99, 9, 9, 9])]
    warm = write("warm", *steps[1:])
    diff = compare(write("cold", *steps), warm)

    assert diff.base.cold_iterations == ("ProfilerStep#0",)
    assert any("ProfilerStep#0" in warning for warning in diff.warnings)
    assert diff.total.delta_ns == 0


def test_one_iteration_against_ten_is_equal(write: Write) -> None:
    def step(n: int) -> Call:
        return annotation(f"ProfilerStep#{n}", Call("aten::relu", 10), Call("aten::linear", 30))

    diff = compare(write("one", step(0)), write("ten", *map(step, range(10))))

    assert diff.total.delta_ns == 0
    assert {row.change for row in diff.rows} == {"same"}
    assert (diff.base.iterations, diff.candidate.iterations) == (1, 10)


def test_a_step_that_was_opened_and_holds_nothing_is_left_out(write: Write) -> None:
    """`p.step()` at the end of a loop opens one more step than there are iterations."""
    steps = [annotation(f"ProfilerStep#{n}", Call("aten::relu", 10)) for n in range(2)]
    found = iterations(write("t", *steps, annotation("ProfilerStep#2", own=3)))

    assert (labels(found), found.empty) == (["ProfilerStep#0", "ProfilerStep#1"], ("ProfilerStep#2",))


def test_both_sides_are_cut_by_the_same_label(write: Write) -> None:
    """Which label took longer, and whether it covers most of the trace, must not depend on the speed-up itself."""

    def run(name: str, inference: int) -> Path:
        phases = [
            annotation("preprocess", Call("aten::div", 14)),
            annotation("model_inference", Call("aten::linear", inference)),
        ]
        return write(name, *phases * 3)

    diff = compare(run("slow", 60), run("fast", 2))

    assert (diff.base.marker, diff.candidate.marker) == ("model_inference", "model_inference")
    assert [row.family for row in diff.rows] == ["linear"]
    assert diff.total.delta_ns == -58_000


def test_a_label_inside_the_steps_of_one_side_cuts_both(write: Write) -> None:
    step = annotation("ProfilerStep#1", annotation("model_inference", Call("aten::relu", 10)), own=50)
    diff = compare(write("steps", step), write("plain", annotation("model_inference", Call("aten::relu", 10))))

    assert diff.base.marker == diff.candidate.marker == "model_inference"
    assert diff.total.delta_ns == 0


def test_rounding_does_not_tear_a_call_out_of_its_step(tmp_path: Path) -> None:
    def trace(name: str, end: int) -> Path:
        events = [
            {"ph": "X", "cat": "user_annotation", "name": "ProfilerStep#1", "pid": 1, "tid": 1, "ts": 0, "dur": 100},
            {"ph": "X", "cat": "cpu_op", "name": "aten::linear", "pid": 1, "tid": 1, "ts": 50, "dur": end - 50},
        ]
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({"traceEvents": events}))
        return path

    diff = compare(trace("inside", 100), trace("rounded", 101))

    assert [(row.family, row.change, row.delta_ns) for row in diff.rows] == [("linear", "same", 0)]
    # torch knows no slack: its table has the call beside the step, whole.
    operators = {row.name: row.self_ns for row in operator_table(build_call_tree(load(trace("rounded", 101))))}
    assert operators == {"ProfilerStep*": 100_000, "aten::linear": 51_000}


def test_the_busiest_thread_is_the_whole_traces_iteration(tmp_path: Path) -> None:
    builder = TraceBuilder().add(Call("aten::relu", 5))
    builder.events += TraceBuilder(tid=2).add(Call("aten::linear", 90)).events
    found = iterations(builder.write(tmp_path / "t.json"))

    assert found.kept[0].time_ns == 90_000


def test_overlapping_steps_share_no_time(tmp_path: Path) -> None:
    """Steps of whole microseconds may overlap by one: the sum of the iterations is still the time that passed."""
    events = [
        {
            "ph": "X",
            "cat": "user_annotation",
            "name": f"ProfilerStep#{n}",
            "pid": 1,
            "tid": 1,
            "ts": 100 * n,
            "dur": 101,
        }
        for n in range(3)
    ]
    events += [
        {"ph": "X", "cat": "cpu_op", "name": "aten::relu", "pid": 1, "tid": 1, "ts": 100 * n + 10, "dur": 20}
        for n in range(3)
    ]
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"traceEvents": events}))

    assert sum(iteration.time_ns for iteration in iterations(path).kept) == 301_000


def test_doubts_about_iterations_are_said(write: Write) -> None:
    steps = [annotation(f"ProfilerStep#{n}", Call("aten::relu", 10)) for n in range(2)]
    diff = compare(
        write("a", Call("aten::rand", 7), *steps, annotation("ProfilerStep#2")),
        write(
            "b", *[annotation(f"ProfilerStep#{n}", Call("aten::relu", own)) for n, own in enumerate((90, 12, 11, 8))]
        ),
    )
    said = "\n".join(diff.warnings)

    assert "base: operators outside of the iterations took 7.000 us" in said
    assert "base: without operators, left out: ProfilerStep#2" in said
    assert "candidate: cold, set aside: ProfilerStep#0 (91.000 us)" in said
    assert "cold iterations could be told on one side only" in said
    assert "the iterations of both sides overlap" in said


def test_a_mean_that_rests_on_one_iteration_is_said(write: Write) -> None:
    def run(name: str, times: list[int]) -> Path:
        return write(name, *[annotation(f"ProfilerStep#{n}", Call("aten::relu", time)) for n, time in enumerate(times)])

    diff = compare(run("steady", [10, 10, 10, 10]), run("spiky", [10, 10, 900, 10]))

    (row,) = diff.rows
    assert row.candidate
    assert row.candidate.samples_ns == (10_000, 10_000, 900_000, 10_000)
    assert any("candidate: activation" in warning and "rests on few iterations" in warning for warning in diff.warnings)


def test_calls_that_took_no_time_are_on_a_thread_too(write: Write) -> None:
    path = write("t", Call("first thread's annotation", 0, cat="other"))
    document = json.loads(path.read_text())
    document["traceEvents"].append(document["traceEvents"][0] | {"cat": "cpu_op", "tid": 2})
    path.write_text(json.dumps(document))

    assert iterations(path).count == 1


def test_an_iteration_that_a_cut_file_ends_in_is_left_out(write: Write) -> None:
    steps = [annotation(f"ProfilerStep#{number}", Call("a"), Call("b"), Call("c")) for number in range(4)]
    path = write("t", *steps)
    whole = path.read_text()

    path.write_text(whole[: whole.rindex('"b"')])
    found = iterations(path)
    assert labels(found) == ["ProfilerStep#0", "ProfilerStep#1", "ProfilerStep#2"]
    assert found.cut == ("ProfilerStep#3",)
    assert found.outside_ns == 0

    path.write_text(whole[: whole.rindex("]")])
    assert iterations(path).cut == ()
