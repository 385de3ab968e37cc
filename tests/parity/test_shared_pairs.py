"""What an engineer would say of the shared captures, pair by pair."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracediff.compare import compare
from tracediff.model.diff import Diff

from builders import SHARED_TRACES

SUFFIX = ".pt.trace.json.gz"
BACKENDS = [
    (path, path.with_name(path.name.replace("-openblas", "-acl")))
    for path in sorted(SHARED_TRACES.glob(f"*/*-openblas*{SUFFIX}"))
]
# Convolutions per iteration; what holds none is not listed.
CONVOLUTIONS = {"gtsrb": 2, "resnet50": 53, "resnet50_224": 53}
SLOW = ("aten::thnn_conv2d", "aten::_slow_conv2d_forward")

pytestmark = pytest.mark.skipif(not BACKENDS, reason="the shared traces are not here")


def trace(name: str) -> Path:
    return SHARED_TRACES / f"{name}{SUFFIX}"


def assert_nothing_unmatched(diff: Diff) -> None:
    assert diff.comparable.verdict == "same workload"
    assert [row for row in diff.rows if row.match not in ("exact", "family")] == []


@pytest.mark.parametrize(("openblas", "acl"), BACKENDS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_each_convolution_matches_one_of_the_other_side(openblas: Path, acl: Path) -> None:
    diff = compare(openblas, acl)
    convolutions = [row for row in diff.rows if row.family == "conv2d"]

    assert_nothing_unmatched(diff)
    for row in convolutions:
        assert row.shape
        assert row.base
        assert row.candidate
        assert row.base.calls == row.candidate.calls
    model = openblas.name.split("-")[0]
    if model not in CONVOLUTIONS:
        # "ops" calls operators of oneDNN by name, which no switch turns off.
        return
    for row in convolutions:
        assert row.base
        assert row.candidate
        assert {way.chain for way in row.base.implementations} == {SLOW}
        ways = {way.chain for way in row.candidate.implementations}
        assert ways <= {SLOW, ("aten::mkldnn_convolution",)}
        assert row.change == ("same" if ways == {SLOW} else "implementation")
    for pick in ("base", "candidate"):
        assert sum(getattr(row, pick).calls for row in convolutions) == CONVOLUTIONS[model]


@pytest.mark.parametrize(
    ("name", "onednn"), [("resnet50_224-acl", 20), ("resnet50_224-acl-t2", 53), ("resnet50-acl", 4)]
)
def test_how_many_convolutions_went_to_onednn(name: str, onednn: int) -> None:
    diff = compare(trace("2.3.0/" + name.partition("-")[0] + "-openblas"), trace(f"2.3.0/{name}"))
    ways = [
        way for row in diff.rows if row.family == "conv2d" and row.candidate for way in row.candidate.implementations
    ]

    assert sum(way.calls for way in ways if way.chain == ("aten::mkldnn_convolution",)) == onednn


@pytest.mark.parametrize("model", ["gtsrb-acl", "gtsrb-openblas", "gtsrb-acl-bf16"])
def test_across_versions(model: str) -> None:
    assert_nothing_unmatched(compare(trace(f"2.0.1/{model}"), trace(f"2.10.0/{model}")))


@pytest.mark.parametrize("model", ["2.3.0/gtsrb-acl", "2.10.0/bert-openblas", "2.0.1/gtsrb-openblas", "2.3.0/ops-acl"])
def test_the_plain_and_the_tensorboard_export_of_one_run(model: str) -> None:
    """One iteration without `ProfilerStep` against three with, stacks and memory."""
    diff = compare(trace(model), trace(f"{model}.tb"))

    assert_nothing_unmatched(diff)
    assert {row.change for row in diff.rows} == {"same"}
    assert (diff.base.iterations, diff.candidate.iterations + len(diff.candidate.cold_iterations)) == (1, 3)
    assert diff.base.marker == diff.candidate.marker == "model_inference"


def test_another_model_and_another_size_are_told_apart() -> None:
    for base, candidate in (("gtsrb-acl", "bert-acl"), ("resnet50-acl", "resnet50_224-acl")):
        verdict = compare(trace(f"2.3.0/{base}"), trace(f"2.3.0/{candidate}")).comparable
        assert verdict.verdict == "different workload"
        assert verdict.reasons


@pytest.mark.parametrize(
    ("acl", "words"),
    [
        ("resnet50_224-acl", "33 of 53 convolutions of candidate did not use oneDNN"),
        ("resnet50-acl", "49 of 53 convolutions of candidate did not use oneDNN"),
        ("resnet50_224-acl-t2", None),
    ],
)
def test_explanations_count_the_convolutions_that_onednn_did_not_take(acl: str, words: str | None) -> None:
    diff = compare(trace("2.3.0/" + acl.partition("-")[0] + "-openblas"), trace(f"2.3.0/{acl}"))
    found = [one.text for one in diff.explanations if "did not use oneDNN" in one.text]

    assert [text[: len(words)] for text in found] == [words] if words else found == []
