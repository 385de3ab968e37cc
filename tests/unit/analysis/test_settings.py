"""What two records say about each other: settings that differ, outputs that agree or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracediff.compare import compare
from tracediff.model.diff import Diff, Numerics

from builders import Call, annotation

Recorded = Callable[[dict[str, Any], dict[str, Any]], Diff]
SETTING_WORDS = ("in base, ", "outputs")


@pytest.fixture
def recorded(write: Callable[..., Path]) -> Recorded:
    """Compares the same calls with different records; other keys than `tracediff` are given as `top`."""

    def recorded(base: dict[str, Any], candidate: dict[str, Any]) -> Diff:
        step = annotation("ProfilerStep#1", Call("aten::relu", 10))
        paths = [
            write(name, step, tracediff=record, **record.pop("top", {}))
            for name, record in (("base", dict(base)), ("candidate", dict(candidate)))
        ]
        return compare(*paths)

    return recorded


def said(diff: Diff) -> list[str]:
    return [warning for warning in diff.warnings if any(word in warning for word in SETTING_WORDS)]


@pytest.mark.parametrize(
    ("base", "candidate", "words"),
    [
        ({"workload": {"dtype": "fp32"}}, {"workload": {"dtype": "bf16"}}, "numerics: fp32 in base, bf16 in candidate"),
        (
            {"environment": {"env": {}}},
            {"environment": {"env": {"DNNL_DEFAULT_FPMATH_MODE": "BF16"}}},
            "numerics: fp32 in base, bf16 in candidate",
        ),
        ({"environment": {"threads": 1}}, {"environment": {"threads": 2}}, "threads: 1 in base, 2 in candidate"),
        ({"environment": {"cpu": "N1"}}, {"environment": {"cpu": "V1"}}, "CPU: N1 in base, V1 in candidate"),
        ({"engine": "eager"}, {"engine": "compile"}, "engine: eager in base, compile in candidate"),
        (
            {"workload": {"channels_last": False}},
            {"workload": {"channels_last": True}},
            "channels_last: off in base, on in candidate",
        ),
        ({"workload": {"seed": 0}}, {"workload": {"seed": 1}}, "seed: 0 in base, 1 in candidate"),
        (
            {"environment": {"before": {"nr_throttled": 5}, "after": {"nr_throttled": 5}}},
            {"environment": {"before": {"nr_throttled": 5}, "after": {"nr_throttled": 9}}},
            "throttled by the cgroup: 0 in base, 4 in candidate",
        ),
        (
            {"top": {"record_shapes": 1, "with_stack": 1}},
            {"top": {"record_shapes": 1}},
            "with_stack: on in base, off in candidate",
        ),
    ],
)
def test_a_setting_that_differs_is_said_once(
    recorded: Recorded, base: dict[str, Any], candidate: dict[str, Any], words: str
) -> None:
    (line,) = said(recorded(base, candidate))

    assert words in line
    assert said(recorded(base, base)) == []


@pytest.mark.parametrize(
    ("base", "candidate"),
    [
        ({}, {"environment": {"threads": 2, "env": {}}, "workload": {"dtype": "bf16"}, "engine": "eager"}),
        ({"environment": {"threads": [], "env": 3}}, {"environment": {"threads": [], "env": 3}}),
        # torch 1.13 writes no flags.
        ({}, {"top": {"record_shapes": 1, "with_stack": 1}}),
        ({"checks": {"before": 1}, "output": [{"shape": "x"}], "workload": 7}, {"checks": [], "output": 1}),
    ],
)
def test_what_a_side_does_not_record_is_no_difference(
    recorded: Recorded, base: dict[str, Any], candidate: dict[str, Any]
) -> None:
    assert said(recorded(base, candidate)) == []


def output(*values: float, top5: tuple[int, ...] = (1, 0), dtype: str = "float32") -> dict[str, Any]:
    tensor = {"shape": [1, len(values)], "dtype": dtype, "norm": 1.0, "top5": top5, "step": 1, "values": values}
    return {"output": [tensor], "workload": {"dtype": "fp32"}}


def numerics(diff: Diff) -> Numerics:
    assert diff.numerics
    return diff.numerics


def test_outputs_that_agree(recorded: Recorded) -> None:
    diff = recorded(output(3.0, 4.0), output(3.0, 4.0004))

    found = numerics(diff)
    assert (found.outputs, found.top1_agrees, found.top5_shared) == (1, True, 1.0)
    assert found.cosine == pytest.approx(1.0, abs=1e-6)
    assert found.largest_absolute == pytest.approx(4e-4)
    assert found.largest_relative == pytest.approx(1e-4, rel=1e-3)
    assert said(diff) == []


def test_outputs_that_disagree(recorded: Recorded) -> None:
    diff = recorded(output(3.0, 4.0), output(4.0, -3.0, top5=(0, 1)))

    assert numerics(diff).cosine == pytest.approx(0.0)
    assert numerics(diff).top1_agrees is False
    assert len(said(diff)) == 2


def test_what_rounding_explains_depends_on_the_dtype(recorded: Recorded) -> None:
    base, candidate = output(3.0, 4.0), output(3.0, 4.1)
    assert any("rounding explains 1e-03" in line for line in said(recorded(base, candidate)))

    candidate["workload"] = {"dtype": "bf16"}
    assert not any("rounding" in line for line in said(recorded(base, candidate)))


def test_outputs_of_other_shapes_are_not_compared(recorded: Recorded) -> None:
    diff = recorded(output(3.0, 4.0), output(3.0, 4.0, 5.0))

    assert diff.numerics is None
    assert any("cannot be compared" in line for line in said(diff))
    assert recorded(output(3.0), {}).numerics is None
    assert numerics(recorded(output(0.0, 0.0), output(0.0, 0.0))).cosine == 1.0


def test_values_that_are_not_finite_on_both_sides_are_left_out(recorded: Recorded) -> None:
    masked = output(3.0, 4.0)
    masked["output"][0]["values"] = [3.0, 4.0, None]
    diff = recorded(masked, masked)

    assert numerics(diff).cosine == pytest.approx(1.0)
    assert recorded(masked, output(3.0, 4.0, 5.0)).numerics is None


def test_outputs_without_values_are_not_called_the_same(recorded: Recorded) -> None:
    def sparse(norm: float) -> dict[str, Any]:
        return {"output": [{"shape": [4], "dtype": "float32", "norm": norm}]}

    diff = recorded(sparse(1.0), sparse(900.0))

    assert diff.numerics is None
    assert any("cannot be compared" in warning for warning in diff.warnings)
