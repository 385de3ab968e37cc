"""Each rule on the smallest pair that it has something to say about, and on one that it must be silent about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from tracediff.analysis.explain import explain
from tracediff.analysis.families import load_families
from tracediff.compare import compare
from tracediff.model.diff import Diff, Explanation
from tracediff.model.kernels import Kernel

from builders import SAMPLES, Call, annotation, conv

DiffOf = Callable[[list[Call], list[Call]], Diff]
Write = Callable[..., Path]

SLOW = [Call("aten::_slow_conv2d_forward", 20)]


def about(diff: Diff, *words: str) -> Explanation:
    """The one explanation with these words."""
    (found,) = [one for one in diff.explanations if all(word in one.text for word in words)]
    return found


def texts(diff: Diff) -> str:
    return "\n".join(one.text for one in diff.explanations)


def families(diff: Diff, explanation: Explanation) -> set[str]:
    return {diff.rows[at].family for at in explanation.rows}


def test_the_tutorial_is_told_what_its_text_got_wrong() -> None:
    diff = compare(SAMPLES / "arm-tutorial-openblas.txt", SAMPLES / "arm-tutorial-acl.txt")
    first = [one.text for one in diff.explanations[:3]]

    assert "linear got faster by 4.055 ms" in first[0]
    assert "53.5 %" in first[0]
    assert "max_pool2d" in first[1]
    assert "41.5 %" in first[1]
    assert "conv2d got slower by 573.000 us" in first[2]
    assert "against the total" in first[2]
    assert "_nnpack_spatial_convolution -> mkldnn_convolution" in first[2]
    assert "7.197 ms less (95.0 % of the difference)" in about(diff, "Rows with the same operators").text


def test_nothing_is_said_of_no_difference(diff_of: DiffOf) -> None:
    calls = [conv("mkldnn_convolution", 30), conv("thnn_conv2d", 1, helpers=SLOW), Call("aten::copy_", 50)]

    assert diff_of(calls, calls).explanations == ()


def test_every_sentence_has_a_number_and_rows_that_exist() -> None:
    for base, candidate in (("openblas.json", "acl.json"), ("resnet50-openblas.json.gz", "resnet50-acl.json.gz")):
        diff = compare(SAMPLES / base, SAMPLES / candidate)
        assert 0 < len(diff.explanations) <= 10
        for one in diff.explanations:
            assert any(character.isdigit() for character in one.text)
            assert set(one.rows) <= set(range(len(diff.rows)))


@pytest.mark.parametrize("pair", [("openblas.json", "acl.json"), ("bert-openblas.json.gz", "bert-acl.json.gz")])
def test_swapped_sides_get_explanations_of_the_same_rows(pair: tuple[str, str]) -> None:
    def keyed(diff: Diff) -> set[frozenset[tuple[str, str | None]]]:
        return {frozenset((diff.rows[at].family, diff.rows[at].shape) for at in one.rows) for one in diff.explanations}

    there, back = (compare(SAMPLES / one, SAMPLES / other) for one, other in (pair, pair[::-1]))

    assert keyed(there) == keyed(back)
    assert len(there.explanations) == len(back.explanations)


def test_only_material_families_are_contributors(diff_of: DiffOf) -> None:
    diff = diff_of(
        [Call("aten::linear", 100), Call("aten::relu", 10)], [Call("aten::linear", 50), Call("aten::relu", 9)]
    )

    assert families(diff, about(diff, "linear got faster by 50.000 us", "98.0 %")) == {"linear"}
    assert "activation" not in texts(diff)


def test_another_workload_comes_first_and_nothing_got_slower(diff_of: DiffOf) -> None:
    diff = diff_of([conv("mkldnn_convolution")] * 2, [conv("mkldnn_convolution", 30)] * 5)

    assert "did not do the same work" in diff.explanations[0].text
    assert "2 calls an iteration in base, 5 in candidate" in diff.explanations[0].text
    assert "slower" not in texts(diff)


def test_a_family_of_which_part_changed(diff_of: DiffOf) -> None:
    small, large = (1, 3, 8, 8), (1, 3, 16, 16)
    diff = diff_of(
        [conv("_slow_conv2d_forward", 100, small), conv("_slow_conv2d_forward", 100, large)],
        [conv("mkldnn_convolution", 40, small), conv("_slow_conv2d_forward", 130, large)],
    )

    text = about(diff, "conv2d: rows with another implementation").text
    assert "(1 call) took 60.000 us less" in text
    assert "(1 call) 30.000 us more" in text


def test_a_change_without_effect(diff_of: DiffOf) -> None:
    diff = diff_of(
        [Call("aten::linear", 100), conv("mkldnn_convolution", 10)],
        [Call("aten::linear", 20), conv("_slow_conv2d_forward", 11)],
    )

    assert families(diff, about(diff, "with little effect: conv2d +1.000 us")) == {"conv2d"}


def test_more_calls(diff_of: DiffOf) -> None:
    diff = diff_of([Call("aten::relu", 10)] * 4, [Call("aten::relu", 10)] * 6)

    assert "20.000 us more" in about(diff, "activation was called 6 times an iteration instead of 4").text


def test_work_of_one_side(diff_of: DiffOf) -> None:
    diff = diff_of([Call("aten::relu", 10)], [Call("aten::relu", 10), Call("aten::softmax", 7)])

    assert families(diff, about(diff, "ran in candidate only", "7.000 us more")) == {"softmax"}


IMAGE = (1, 64, 56, 56)


def behind(stayed: list[Call], environment: dict[str, object], write: Write) -> Diff:
    onednn = conv("mkldnn_convolution", 30, IMAGE)
    moved = [Call(call.name, call.own, [conv("mkldnn_convolution", 9)], call.shapes) for call in stayed]
    record = {"environment": environment}
    return compare(
        write("base", *moved, onednn, tracediff=record), write("candidate", *stayed, onednn, tracediff=record)
    )


def convolution(image: list[int], weight: list[int]) -> Call:
    return Call("aten::conv2d", 1, [Call("aten::thnn_conv2d", 1, SLOW, [image, weight])], [image, weight])


def test_convolutions_that_stayed_behind_and_why(write: Write) -> None:
    pointwise, small = convolution([1, 64, 56, 56], [64, 64, 1, 1]), convolution([1, 64, 8, 8], [64, 64, 3, 3])
    text = about(behind([pointwise, small], {"threads": 1}, write), "2 of 3 convolutions of candidate").text

    assert "thnn_conv2d > _slow_conv2d_forward: 44.000 us" in text
    assert "size threshold of 20,480 elements (1)" in text
    assert "unstrided 1x1 filters (1) with one thread" in text


@pytest.mark.parametrize(
    ("image", "weight", "threads"),
    [
        pytest.param([1, 64, 56, 56], [64, 64, 3, 3], 1, id="large"),
        pytest.param([1, 64, 56, 56], [64, 64, 1, 1], 2, id="two threads"),
        pytest.param([16, 64, 56, 56], [64, 64, 1, 1], 1, id="large batch"),
        pytest.param([1, 3, 32, 32], [8, 3, 5, 5], 1, id="large filter"),
        pytest.param([1, 64, 8, 8], [64, 1, 3, 3], 1, id="depthwise"),
    ],
)
def test_no_cause_is_named_that_the_shapes_do_not_bear_out(
    write: Write, image: list[int], weight: list[int], threads: int
) -> None:
    text = about(behind([convolution(image, weight)], {"threads": threads}, write), "1 of 2 convolutions").text

    assert "torch itself" not in text


def test_a_side_without_onednn_left_nothing_behind(diff_of: DiffOf) -> None:
    diff = diff_of([conv("thnn_conv2d", 1, helpers=SLOW)], [conv("mkldnn_convolution", 5)])

    assert "did not use" not in texts(diff)


def test_a_side_that_was_told_not_to_use_onednn_left_nothing_behind(write: Write) -> None:
    slow, onednn = conv("thnn_conv2d", 1, helpers=SLOW), conv("mkldnn_convolution", 5)

    def run(backend: str) -> Diff:
        return compare(write("base", onednn, onednn), write("candidate", slow, onednn, tracediff={"backend": backend}))

    assert "did not use" not in texts(run("openblas"))
    assert "1 of 2 convolutions of candidate" in texts(run("acl"))


def test_a_convolution_of_another_library_is_not_left_behind(diff_of: DiffOf) -> None:
    onednn, other = conv("mkldnn_convolution", 5), Call("quantized::conv2d_relu", 30, (), [[1, 3, 8, 8]])

    assert "did not use" not in texts(diff_of([onednn, onednn], [other, onednn]))


def test_layout_work_that_appeared(diff_of: DiffOf) -> None:
    copies = [Call("aten::clone", 1, [Call("aten::copy_", 40)])]
    plain, copying = conv("mkldnn_convolution", 30), conv("mkldnn_convolution", 30, helpers=copies)
    diff = diff_of([plain], [copying])

    text = about(diff, "candidate spends 41.000 us more an iteration on layout work (copy_, clone)").text
    assert "inside conv2d" in text
    assert "channels_last" in text
    assert "base spends 41.000 us more" in about(diff_of([copying], [plain]), "layout work").text


def test_dispatch(diff_of: DiffOf) -> None:
    diff = diff_of([conv("mkldnn_convolution", 7)], [conv("mkldnn_convolution", 17)])

    assert "30.0 % of base's iteration and 15.0 % of candidate's" in about(diff, "Dispatch").text
    assert "Dispatch" not in texts(diff_of([conv("mkldnn_convolution", 70)], [conv("mkldnn_convolution", 170)]))


def test_gaps(diff_of: DiffOf) -> None:
    steps = [annotation("ProfilerStep#1", Call("aten::relu", 10), own=own) for own in (20, 50)]
    diff = diff_of(steps[:1], steps[1:])

    assert "20.000 us -> 50.000 us: 100.0 %" in about(diff, "inside no operator").text


def test_the_profiler_itself(write: Write) -> None:
    def run(name: str, own: int, latency_ns: list[int]) -> Path:
        return write(name, annotation("ProfilerStep#1", Call("aten::relu", own)), tracediff={"latency_ns": latency_ns})

    diff = compare(run("base", 149, [100_000] * 3), run("candidate", 109, [90_000, 100_000, 110_000]))

    text = about(diff, "With the profiler").text
    assert "1.50x the time in base and 1.10x in candidate" in text
    assert "100.000 us -> 100.000 us (0 ns)" in text
    assert "With the profiler" not in texts(compare(run("base", 149, [149_000]), run("candidate", 109, [109_000])))


def test_noise(write: Write) -> None:
    def run(name: str, *times: int) -> Path:
        return write(name, *[annotation(f"ProfilerStep#{n}", Call("aten::relu", own)) for n, own in enumerate(times)])

    overlapping = compare(run("base", 99, 149, 119), run("candidate", 109, 129, 139))
    apart = compare(run("base", 99, 109), run("candidate", 149, 159))
    close = compare(run("base", 9_999), run("candidate", 10_009))

    assert "100.000 us to 150.000 us, candidate's 110.000 us to 140.000 us" in about(overlapping, "may be noise").text
    assert "noise" not in texts(apart)
    assert "only 0.1 % of an iteration" in about(close, "may be noise").text


def with_kernels(diff: Diff, base: list[Kernel], candidate: list[Kernel]) -> Diff:
    """The first row's sides with kernels."""
    first, *rest = diff.rows
    assert first.base
    assert first.candidate
    row = structs.replace(
        first,
        base=structs.replace(first.base, kernels=tuple(base)),
        candidate=structs.replace(first.candidate, kernels=tuple(candidate)),
    )
    return structs.replace(diff, rows=(row, *rest))


def kernel(implementation: str, time_ns: int = 1000, **fields: Any) -> Kernel:
    named = {"library": "oneDNN", "primitive": "matmul", "kind": "exec", "calls": 1, **fields}
    return Kernel(implementation=implementation, time_ns=time_ns, **named)


@pytest.mark.parametrize(
    ("base", "candidate", "said", "unsaid"),
    [
        (
            [kernel("gemm:acl")],
            [kernel("brg:sve")],
            "kernels (matmul gemm:acl -> matmul brg:sve)",
            "same kernels",
        ),
        ([kernel("gemm:acl")], [kernel("gemm:acl")], "the same kernels took", "other kernels"),
        (
            [kernel("gemm:acl", calls=8, bf16_calls=6)],
            [kernel("gemm:acl", calls=8, bf16_calls=8)],
            "(matmul gemm:acl in bf16 in 6 of 8 -> matmul gemm:acl in bf16)",
            "the same kernels",
        ),
        (
            [kernel("gemm:acl")],
            [kernel("gemm:acl", 900_000)],
            "the same kernels took",
            "reorders",
        ),
        (
            [kernel("gemm:acl")],
            [kernel("gemm:acl", bf16_calls=1)],
            "(matmul gemm:acl -> matmul gemm:acl in bf16)",
            "same kernels",
        ),
        (
            [kernel("gemm:acl")],
            [kernel("gemm:ref", 7000)],
            "candidate ran oneDNN's reference code (matmul",
            "!",
        ),
        (
            [kernel("gemm:acl")],
            [kernel("gemm:acl"), kernel("jit:uni", 200_000, primitive="reorder", kind="reorder")],
            "candidate spends 200.000 us an iteration in oneDNN's reorders",
            "other kernels",
        ),
        (
            [kernel("gemm:acl", bf16_allowed_calls=1)],
            [kernel("gemm:acl", bf16_calls=1)],
            "1 call of base may use bf16",
            "of candidate may use",
        ),
    ],
    ids=["other", "same", "partly", "disturbed", "bf16", "reference", "reorders", "permission"],
)
def test_what_the_libraries_logs_say(
    diff_of: Callable[[list[Call], list[Call]], Diff],
    base: list[Kernel],
    candidate: list[Kernel],
    said: str,
    unsaid: str,
) -> None:
    shapes = [[4], [1, 8], [8, 4]]
    diff = diff_of([Call("aten::addmm", 100, shapes=shapes)], [Call("aten::addmm", 300, shapes=shapes)])

    said_all = "\n".join(one.text for one in explain(with_kernels(diff, base, candidate), load_families()))

    assert said in said_all
    assert unsaid not in said_all
    assert "suspect the kernel below the operator" not in said_all


def test_the_profilers_part_is_told_with_the_latencies_of_the_headline(write: Write) -> None:
    def run(name: str, latency_ns: list[int]) -> Path:
        return write(name, annotation("ProfilerStep#1", Call("aten::relu", 300)), tracediff={"latency_ns": latency_ns})

    diff = compare(run("base", [100_000, 110_000, 900_000]), run("candidate", [200_000]))

    assert "without it they take 110.000 us -> 200.000 us" in about(diff, "With the profiler").text
    assert diff.latency
    assert (diff.latency.base_ns, diff.latency.candidate_ns) == (110_000, 200_000)


def test_traces_that_contradict_the_latency_come_first(write: Write) -> None:
    def run(name: str, own: int, latency_ns: int) -> Path:
        return write(
            name, annotation("ProfilerStep#1", Call("aten::relu", own)), tracediff={"latency_ns": [latency_ns]}
        )

    diff = compare(run("base", 300, 100_000), run("candidate", 200, 110_000))

    assert diff.explanations[0].text.startswith("The traces contradict the latency")
    assert "The traces contradict" not in texts(compare(run("base", 300, 100_000), run("candidate", 200, 90_000)))
