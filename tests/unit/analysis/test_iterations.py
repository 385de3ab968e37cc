from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tracediff.analysis.call_tree import build_call_tree
from tracediff.analysis.iterations import Iterations, find_iterations
from tracediff.compare import compare
from tracediff.importers import load

from builders import Call, annotation

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
