"""FLOPs and bytes of single calls, by hand; and that nothing is said of what the shapes do not tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracediff.analysis.families import load_families
from tracediff.analysis.rates import work_of
from tracediff.compare import compare
from tracediff.importers.base import parse_shapes
from tracediff.model.trace import InputShapes

from builders import Call, TraceBuilder

FAMILIES = load_families()
CONV = ("", "", "", "[2, 2]", "[1, 1]", "[1, 1]", "1")


def shapes(text: str) -> InputShapes:
    found = parse_shapes(text)
    assert found is not None
    return found


def work(operator: str, text: str, values: tuple[str, ...] = ()) -> tuple[int | None, int | None]:
    return tuple(work_of(operator, FAMILIES.family(operator), shapes(text), values, 4))


@pytest.mark.parametrize(
    ("operator", "inputs", "values", "flops", "elements"),
    [
        # 8x8 with stride 2 and padding 1 leaves 4x4.
        ("aten::conv2d", "[[1,3,8,8],[4,3,3,3],[4],[],[],[],[]]", CONV, 2 * 64 * 27, 192 + 108 + 4 + 64),
        # Half of the inputs for each output.
        ("aten::conv2d", "[[1,4,8,8],[4,2,3,3],[],[],[],[],[]]", (*CONV[:6], "2"), 2 * 64 * 18, 256 + 72 + 64),
        (
            "aten::convolution",
            "[[1,3,8,8],[4,3,3,3],[],[],[],[],[],[],[]]",
            ("", "", "", "[1, 1]", "[0, 0]", "[2, 2]", "False", "[0, 0]", "1"),
            2 * 64 * 27,
            192 + 108 + 64,
        ),
        # Padding stands before stride here.
        (
            "aten::mkldnn_convolution",
            "[[1,3,8,8],[4,3,3,3],[],[],[],[],[]]",
            ("", "", "", "[1, 1]", "[2, 2]", "[1, 1]", "1"),
            2 * 64 * 27,
            192 + 108 + 64,
        ),
        ("aten::conv1d", "[[2,3,10],[4,3,3],[]]", ("", "", "", "[1]", "[0]", "[1]", "1"), 2 * 64 * 9, 60 + 36 + 64),
        ("aten::linear", "[[2,8,16],[4,16],[4]]", (), 2 * 64 * 16, 256 + 64 + 4 + 64),
        ("aten::addmm", "[[4],[2,16],[16,4],[],[]]", (), 2 * 8 * 16, 4 + 32 + 64 + 8),
        ("aten::mm", "[[2,16],[16,4]]", (), 2 * 8 * 16, 32 + 64 + 8),
        ("aten::bmm", "[[3,2,16],[3,16,4]]", (), 3 * 2 * 8 * 16, 96 + 192 + 24),
        ("aten::baddbmm", "[[3,2,4],[3,2,16],[3,16,4],[],[]]", (), 3 * 2 * 8 * 16, 24 + 96 + 192 + 24),
        ("aten::matmul", "[[5,1,2,16],[3,16,4]]", (), 15 * 2 * 8 * 16, 160 + 192 + 120),
        (
            "aten::scaled_dot_product_attention",
            "[[1,4,32,16],[1,4,20,16],[1,4,20,8],[],[],[],[]]",
            (),
            2 * 4 * 32 * 20 * (16 + 8),
            4 * (32 * 16 + 20 * 16 + 20 * 8 + 32 * 8),
        ),
        (
            "aten::max_pool2d",
            "[[1,4,8,8],[],[],[],[],[]]",
            ("", "[3, 3]", "[2, 2]", "[1, 1]", "[1, 1]", "False"),
            64 * 9,
            256 + 64,
        ),
        ("aten::max_pool2d", "[[1,4,8,8],[]]", ("", "[2]", "[]", "[0]", "[1]", "False"), 64 * 4, 256 + 64),
        ("aten::avg_pool2d", "[[1,4,8,8]]", ("", "[2]", "[2]", "[0]", "False", "True", ""), 64 * 4, 256 + 64),
        ("aten::adaptive_avg_pool2d", "[[1,4,8,8],[]]", ("", "[1, 1]"), 256, 256 + 4),
        ("aten::add_", "[[1,4,8,8],[4,1,1],[]]", (), 256, 256 + 4 + 256),
        ("aten::relu", "[[2,8]]", (), 16, 32),
        ("aten::batch_norm", "[[1,4,8,8],[4],[4],[4],[4],[],[],[],[]]", (), 512, 256 + 16 + 256),
        ("aten::layer_norm", "[[2,8],[],[8],[8],[],[]]", (), 80, 16 + 16 + 16),
    ],
)
def test_known(operator: str, inputs: str, values: tuple[str, ...], flops: int, elements: int) -> None:
    assert work(operator, inputs, values) == (flops, 4 * elements)


@pytest.mark.parametrize(
    ("operator", "inputs", "values"),
    [
        pytest.param("aten::conv2d", "[[1,3,8,8],[4,3,3,3],[4]]", (), id="stride not recorded"),
        pytest.param("aten::conv2d", "[[1,3,8,8],[4,3,3,3]]", (*CONV[:4], "same", *CONV[5:]), id="padding by name"),
        pytest.param(
            "aten::conv2d", "[[1,3,2,2],[4,3,5,5]]", (*CONV[:3], "[1, 1]", "[0, 0]", "[1, 1]"), id="too small"
        ),
        pytest.param("aten::conv2d", "[[1,3,8,8]]", CONV, id="packed weight"),
        pytest.param("aten::convolution", "[[1,3,8,8],[3,4,3,3]]", (*CONV[:6], "True", "[0, 0]", "1"), id="transposed"),
        pytest.param("aten::max_pool2d", "[[1,4,9,9]]", ("", "[2]", "[2]", "[0]", "[1]", "True"), id="ceil mode"),
        pytest.param("aten::linear", "[[2,8],[4,9]]", (), id="does not fit"),
        pytest.param("aten::bmm", "[[2,8,4]]", (), id="one factor"),
        pytest.param("aten::add", "[[2,8],[3]]", (), id="no broadcast"),
        pytest.param("aten::cat", "[[[1,2],[1,3]],[]]", (), id="list of tensors"),
        pytest.param("aten::lstm", "[[1,2,3]]", (), id="no counter"),
        pytest.param("custom::linear", "[[2,8],[4,8]]", (), id="somebody else's"),
        pytest.param("aten::relu", "[]", (), id="no shapes"),
    ],
)
def test_unknown(operator: str, inputs: str, values: tuple[str, ...]) -> None:
    assert work(operator, inputs, values) == (None, None)


def rows_of(tmp_path: Path, calls: list[Call], **keys: Any) -> dict[str, tuple[int | None, int | None]]:
    builder = TraceBuilder().add(*calls)
    for event in builder.events:
        if event["name"] == "aten::conv2d":
            event["args"]["Concrete Inputs"] = list(CONV)
    path = builder.write(tmp_path / "trace.json", **keys)
    return {row.family: (row.base.flops, row.base.bytes) for row in compare(path, path).rows if row.base}


def test_rows_add_their_calls_up(tmp_path: Path) -> None:
    conv = Call("aten::conv2d", 5, (), [[1, 3, 8, 8], [4, 3, 3, 3], [4], [], [], [], []])
    relu = Call("aten::relu", 5, (), [[2, 8]])
    found = rows_of(tmp_path, [conv, conv, relu, Call("aten::lstm", 5, (), [[1, 2, 3]])])

    assert found == {"conv2d": (2 * 3456, 2 * 4 * 368), "activation": (16, 128), "lstm": (None, None)}


def test_elements_have_the_size_of_the_recorded_dtype(tmp_path: Path) -> None:
    relu = Call("aten::relu", 5, (), [[2, 8]])

    assert rows_of(tmp_path, [relu], tracediff={"workload": {"dtype": "bf16"}}) == {"activation": (16, 64)}


@pytest.mark.parametrize("size", [2**62, -3, 10**30])
def test_sizes_of_a_damaged_file_are_no_work(tmp_path: Path, size: int) -> None:
    found = rows_of(tmp_path, [Call("aten::linear", 5, (), [[size, 8], [4, 8]])])

    assert found == {"linear": (None, None)}


def test_rates(diff_of: Callable[..., Any]) -> None:
    side = diff_of(*[[Call("aten::linear", 2, (), [[8, 100], [10, 100]])]] * 2).rows[0].base

    assert (side.gflops_per_s, side.gbytes_per_s) == (16_000 / 2_000, 4 * 1_880 / 2_000)
