"""Same work, other work, or no telling: also for models that share all convolutions and linear layers, or have none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tracediff.compare import compare
from tracediff.model.diff import Diff

from builders import Call, annotation, conv

DiffOf = Callable[[list[Call], list[Call]], Diff]

LINEAR = Call("aten::linear", 5, (), [[32, 64], [64, 64]])
SAME, DIFFERENT, UNKNOWN = "same workload", "different workload", "unknown"


def product(*image: int, name: str = "aten::bmm") -> Call:
    return Call(name, 5, (), [list(image), list(image)])


def attention(heads: int) -> list[Call]:
    query = [1, heads, 32, 64 // heads]
    return [Call("aten::scaled_dot_product_attention", 9, (), [query, query, query])]


def pool(*image: int) -> Call:
    return Call("aten::max_pool2d", 5, (), [list(image), [], []])


@pytest.mark.parametrize(
    ("base", "candidate", "verdict"),
    [
        pytest.param([LINEAR, *attention(4)], [LINEAR, *attention(4)], SAME, id="attention"),
        pytest.param([LINEAR, *attention(4)], [LINEAR, *attention(8)], DIFFERENT, id="heads"),
        pytest.param([LINEAR, product(4, 32, 32)], [LINEAR, product(8, 16, 32)], DIFFERENT, id="products"),
        pytest.param([LINEAR, *attention(4) * 2], [LINEAR, *attention(4) * 3], DIFFERENT, id="attention calls"),
        pytest.param(
            [LINEAR, product(1, 32, 32, name="aten::matmul")],
            [LINEAR, product(32, 32, name="aten::mm")],
            SAME,
            id="product of another name",
        ),
        pytest.param([conv("thnn_conv2d"), pool(1, 4, 6, 6)], [conv("thnn_conv2d")], DIFFERENT, id="no pooling"),
        pytest.param(
            [conv("thnn_conv2d"), pool(1, 4, 6, 6)],
            [conv("thnn_conv2d"), Call("graph_0_cpp_fused_max_pool2d_0", 3, (), [])],
            SAME,
            id="compiled pooling",
        ),
        pytest.param([product(4, 8, 8)], [product(4, 8, 8)], SAME, id="products alone"),
        pytest.param([product(4, 8, 8)], [product(4, 9, 9)], DIFFERENT, id="other products alone"),
        pytest.param([product(4, 8, 8)], [pool(1, 4, 6, 6)], DIFFERENT, id="nothing in common"),
        pytest.param([Call("aten::view", 1, (), [[1, 2]])], [Call("aten::view", 1, (), [[1, 2]])], UNKNOWN, id="views"),
        pytest.param([conv("thnn_conv2d")] * 2, [conv("mkldnn_convolution")] * 5, DIFFERENT, id="2 and 5 calls"),
    ],
)
def test_verdict(diff_of: DiffOf, base: list[Call], candidate: list[Call], verdict: str) -> None:
    assert diff_of(base, candidate).comparable.verdict == verdict
    assert diff_of(candidate, base).comparable.verdict == verdict


def test_unmarked_iterations_are_no_other_workload(diff_of: DiffOf, write: Callable[..., Path]) -> None:
    calls = [conv("mkldnn_convolution"), LINEAR]

    found = diff_of(calls, calls * 10).comparable
    assert found.verdict == UNKNOWN
    assert "10 times as many in candidate" in found.reasons[0]
    one, ten = (write(f"marked{n}", annotation("ProfilerStep#1", *calls * n)) for n in (1, 10))
    assert compare(one, ten).comparable.verdict == DIFFERENT


def test_three_times_as_many_calls_are_so_on_either_side(diff_of: DiffOf) -> None:
    for base, candidate, side in ((1, 3, "candidate"), (3, 1, "base")):
        found = diff_of([LINEAR] * base, [LINEAR] * candidate).comparable
        assert (found.verdict, f"3 times as many in {side}" in found.reasons[0]) == (UNKNOWN, True)


def test_a_missing_shape_does_not_hide_another_number_of_calls(diff_of: DiffOf) -> None:
    diff = diff_of([Call("aten::linear", 5)] * 2 + [Call("aten::conv2d", 3)], [Call("aten::linear", 5)] * 3)

    assert diff.comparable.verdict == DIFFERENT


def test_other_modules_are_said_and_decide_nothing(write: Callable[..., Path]) -> None:
    def model(name: str, blocks: int) -> Path:
        modules = [Call(f"nn.Module: Block_{n}", 1, (), cat="python_function") for n in range(blocks)]
        return write(name, *modules, LINEAR)

    found = compare(model("two", 2), model("four", 4)).comparable
    assert (found.verdict, found.reasons) == (SAME, ("modules in base and candidate: Block 2 and 4",))
    assert compare(model("two", 2), model("again", 2)).comparable.reasons == ()
    assert compare(model("two", 2), write("plain", LINEAR)).comparable.reasons == ()
