from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tracediff.analysis.summary import summarize
from tracediff.cli import main
from tracediff.compare import CompareOptions, compare
from tracediff.importers import load
from tracediff.model.diff import RowSide
from tracediff.model.kernels import Kernel, KernelCoverage
from tracediff.model.trace import Summary
from tracediff.phrases import kernel_notes, kernels

from builders import Call, TraceBuilder, annotation, conv

Written = Callable[..., Path]


def onednn(
    start_us: float, dur_us: float, primitive: str = "convolution", implementation: str = "gemm:acl", **more: str
) -> str:
    """A line of oneDNN 3.7 that starts then."""
    stamp = f"{start_us / 1000:.6f}"
    return (
        f"onednn_verbose,v1,{stamp},primitive,exec,cpu,{primitive},{implementation},undef,"
        f"{more.get('descriptors', 'src:f32::blocked:abcd::f0')},{more.get('attributes', '')},,"
        f"{more.get('problem', '')},{dur_us / 1000:g}"
    )


def mkl(rows: int, columns: int, inner: int, routine: str = "SGEMM") -> str:
    return f"MKL_VERBOSE {routine}(T,N,{rows},{columns},{inner},0x7f,0x55,{inner}) 10us CNR:OFF NThr:2"


def addmm(rows: int, columns: int, inner: int) -> Call:
    return Call("aten::addmm", 10, shapes=[[columns], [rows, inner], [inner, columns]])


@pytest.fixture
def shown(write: Written) -> Callable[..., Summary]:
    """A summary with kernels of calls from microsecond 1,000,000 on, and a log."""

    def shown(calls: Sequence[Call], *log: str, by_shape: bool = False, **record: Any) -> Summary:
        path = write("trace", *calls, tracediff={"kernel_log": list(log), **record})
        return summarize(load(path), by_shape, kernels=True)

    return shown


def ran(summary: Summary) -> dict[str, list[tuple[str, float]]]:
    return {
        operator.name: [(f"{kernel.primitive} {kernel.implementation}", kernel.calls) for kernel in operator.kernels]
        for operator in summary.operators
        if operator.kernels
    }


def test_a_line_belongs_to_the_innermost_operator(shown: Callable[..., Summary]) -> None:
    calls = [annotation("model", Call("aten::linear", 10, [Call("aten::addmm", 20)], tail=5), own=3)]
    # 1000003 linear, 1000013 addmm, 1000033 linear again, 1000038 the end.
    log = [
        onednn(1000013, 20, "matmul"),
        onednn(1000005, 2, "reorder", "jit:uni"),
        onednn(1000034, 1, "eltwise", "jit"),
    ]
    summary = shown(calls, *log, onednn(1000001, 1), onednn(1000040, 1), onednn(999999, 1))

    assert ran(summary) == {
        "aten::linear": [("reorder jit:uni", 1), ("eltwise jit", 1)],
        "aten::addmm": [("matmul gemm:acl", 1)],
    }
    assert summary.kernel_coverage == KernelCoverage(lines=6, attributed=3, ambiguous=0, outside=3)


def test_a_line_that_lasts_longer_than_the_operator_is_not_its_own(shown: Callable[..., Summary]) -> None:
    calls = [Call("aten::linear", 10, [Call("aten::addmm", 20)], tail=500)]

    assert ran(shown(calls, onednn(1000015, 300, "matmul"))) == {"aten::linear": [("matmul gemm:acl", 1)]}


def test_how_much_of_an_operator_its_lines_explain(shown: Callable[..., Summary]) -> None:
    summary = shown(
        [conv("mkldnn_convolution", own=100)], onednn(1000010, 69), onednn(1000080, 20, "reorder", "jit:uni")
    )
    (operator,) = (operator for operator in summary.operators if operator.kernels)

    assert operator.kernel_share == pytest.approx(0.89)
    assert [row.share for row in summary.kernels] == pytest.approx([0.69, 0.2])
    assert kernel_notes(operator.kernels) == "22.5 % reorder"


def test_two_callers_at_once_leave_a_line_open(tmp_path: Path) -> None:
    main_thread = TraceBuilder().add(Call("aten::conv2d", 100), Call("aten::relu", 50))
    other = TraceBuilder(tid=2, now=1_000_050).add(Call("aten::addmm", 70))
    log = [onednn(1000010, 5), onednn(1000060, 5), onednn(1000130, 5), onednn(1000200, 5)]
    document = main_thread.document(tracediff={"kernel_log": log})
    document["traceEvents"] = main_thread.events + other.events
    path = tmp_path / "trace.json"
    path.write_text(json.dumps(document))
    summary = summarize(load(path), kernels=True)

    assert summary.kernel_coverage == KernelCoverage(lines=4, attributed=2, ambiguous=1, outside=1)
    assert set(ran(summary)) == {"aten::conv2d", "aten::relu"}


def test_mkl_goes_by_order_and_sizes(shown: Callable[..., Summary]) -> None:
    calls = [
        Call("aten::linear", 1, [addmm(32, 128, 64)], shapes=[[32, 64], [128, 64], [128]]),
        Call("aten::relu", 3),
        Call("aten::linear", 1, [addmm(32, 16, 128)], shapes=[[32, 128], [16, 128], [16]]),
        conv("_slow_conv2d_forward"),
        addmm(32, 128, 64),
    ]
    log = [mkl(128, 32, 64), mkl(16, 32, 128), mkl(36, 4, 27), mkl(128, 32, 64)]
    summary = shown(calls, *log, by_shape=True)

    assert summary.kernel_coverage == KernelCoverage(lines=4, attributed=4, ambiguous=0, outside=0)
    assert ran(summary) == {"aten::addmm": [("SGEMM MKL", 1)], "aten::_slow_conv2d_forward": [("SGEMM MKL", 1)]}
    by_shape = {str(operator.input_shapes): operator.kernels for operator in summary.operators if operator.kernels}
    assert by_shape["((128,), (32, 64), (64, 128))"][0].calls == 2


def test_lines_of_a_batch(shown: Callable[..., Summary]) -> None:
    bmm = Call("aten::bmm", 10, shapes=[[4, 32, 16], [4, 16, 24]])
    calls = [bmm, addmm(8, 8, 8), bmm]
    each = [mkl(24, 32, 16)] * 4
    whole = "MKL_VERBOSE SGEMM_BATCH(N,N,0x7f,0x7f,0x7f,0x7f) 12.07ms CNR:OFF NThr:2"

    assert ran(shown(calls, *each, mkl(8, 8, 8), *each))["aten::bmm"] == [("SGEMM MKL", 8)]
    assert ran(shown(calls, whole, mkl(8, 8, 8), whole))["aten::bmm"] == [("SGEMM_BATCH MKL", 2)]


def test_what_order_does_not_tell_stays_open(shown: Callable[..., Summary]) -> None:
    alike = [addmm(32, 16, 8), addmm(32, 16, 8)]

    assert shown(alike, mkl(16, 32, 8)).kernel_coverage == KernelCoverage(1, 0, 1, 0)
    assert shown(alike, *[mkl(16, 32, 8)] * 3).kernel_coverage == KernelCoverage(3, 0, 3, 0)
    assert shown(alike, mkl(5, 6, 7)).kernel_coverage == KernelCoverage(1, 0, 1, 0)


def test_onednn_without_time_stamps_goes_by_order_too(shown: Callable[..., Summary]) -> None:
    def bare(line: str) -> str:
        return ",".join(field for field in line.split(",") if not field.endswith(".000000"))

    log = [
        bare(onednn(0, 9, problem="mb1_ic3oc4_ih8oh6kh3_iw8ow6kw3")),
        bare(onednn(0, 1, "reorder", "jit:uni", problem="1x4x6x6")),
        bare(onednn(0, 5, "matmul", problem="32x64:64x128")),
    ]
    summary = shown([conv("mkldnn_convolution"), addmm(32, 128, 64)], *log)

    assert ran(summary) == {
        "aten::mkldnn_convolution": [("convolution gemm:acl", 1)],
        "aten::addmm": [("matmul gemm:acl", 1)],
    }
    assert summary.kernel_coverage == KernelCoverage(lines=3, attributed=2, ambiguous=1, outside=0)


def test_a_blas_that_writes_nothing_gives_its_name(shown: Callable[..., Summary]) -> None:
    calls = [conv("mkldnn_convolution", own=50), addmm(32, 16, 8), addmm(1, 16, 8), Call("aten::relu")]
    torch = {"config": "BLAS_INFO=open, ..."}
    line = onednn(1000060, 2, "matmul")

    assert ran(shown(calls, line, torch=torch))["aten::addmm"] == [("matmul gemm:acl", 1), ("gemm OpenBLAS", 1)]
    assert shown(calls, line, torch=torch).kernel_coverage == KernelCoverage(1, 1, 0, 0)
    assert ran(shown(calls, line))["aten::addmm"] == [("matmul gemm:acl", 1)]
    # No log, no name.
    assert ran(shown(calls, torch=torch, backend="acl")) == {}
    assert ran(shown(calls, torch=torch, backend="openblas")) == {"aten::addmm": [("gemm OpenBLAS", 2)]}


def test_no_log(write: Written) -> None:
    summary = summarize(load(write("trace", Call("aten::relu"))), kernels=True)

    assert summary.kernel_coverage == KernelCoverage(0, 0, 0, 0)
    assert any("no log" in warning for warning in summary.warnings)


def model(implementation: str = "mkldnn_convolution", extra: Sequence[Call] = ()) -> list[Call]:
    return [conv(implementation, own=50), *extra, conv(implementation, own=50, shape=(1, 3, 16, 16)), addmm(8, 4, 2)]


def capture(write: Written, name: str, pass_calls: list[Call], log: list[str], *iterations: list[Call]) -> Path:
    """What `tracediff capture` writes: timed iterations, and one more with the log."""
    beside = TraceBuilder(now=5_000_000).add(annotation("tracediff::iteration#0", *pass_calls)).document()
    packed = base64.b64encode(gzip.compress(json.dumps(beside).encode())).decode()
    marked = [annotation(f"tracediff::iteration#{number}", *calls) for number, calls in enumerate(iterations)]
    return write(name, *marked, tracediff={"kernel_log": log, "kernel_trace": packed})


# The kernel pass: an annotation, three wrappers and 50 us of the first convolution, then those of the second.
PASS_LOG = [
    onednn(5000005, 2, "reorder", "jit:uni"),
    onednn(5000008, 40),
    onednn(5000060, 30, implementation="indirect_gemm:acl"),
]


def named(side: RowSide | None) -> list[tuple[str, float, int]]:
    assert side
    return [(kernel.implementation, kernel.calls, kernel.time_ns) for kernel in side.kernels]


def test_the_kernel_pass_is_carried_to_the_iterations(write: Written) -> None:
    path = capture(write, "a", model(), PASS_LOG, model(), model(), model())
    diff = compare(path, path)
    small, large = sorted((row for row in diff.rows if row.family == "conv2d"), key=lambda row: len(row.shape or ""))

    assert named(small.base) == [("gemm:acl", 1, 40_000), ("jit:uni", 1, 2_000)]
    assert named(large.base) == [("indirect_gemm:acl", 1, 30_000)]
    assert diff.base.kernel_coverage == KernelCoverage(3, 3, 0, 0)
    assert any("kernel pass" in warning for warning in diff.warnings)
    assert kernels(small) == "convolution gemm:acl (4.8 % reorder)"


def test_where_the_kernel_pass_differs_name_and_shape_decide(write: Written) -> None:
    # The iterations ran the convolutions the other way round: in order only one of them has its counterpart.
    iteration = model()[1::-1] + model()[2:]
    path = capture(write, "a", model(), PASS_LOG, iteration, iteration)
    diff = compare(path, path)
    found = {len(row.shape or ""): named(row.base)[0] for row in diff.rows if row.family == "conv2d"}

    assert [found[length] for length in sorted(found)] == [("gemm:acl", 1, 40_000), ("indirect_gemm:acl", 1, 30_000)]
    assert any("by name and shape" in warning for warning in diff.warnings)


def test_kernels_of_calls_that_no_iteration_has_are_counted(write: Written) -> None:
    path = capture(write, "a", model(), PASS_LOG, model("thnn_conv2d"), model("thnn_conv2d"))
    diff = compare(path, path)

    assert not any(row.base and row.base.kernels for row in diff.rows)
    assert any("3 kernels of the kernel pass" in warning for warning in diff.warnings)
    assert any("3 kernels ran in operators" in warning for warning in summarize(load(path), kernels=True).warnings)


def test_a_log_of_the_iterations_themselves(write: Written, tmp_path: Path) -> None:
    """Per iteration, and without the cold one."""
    steps = [
        annotation(f"ProfilerStep#{n}", conv("mkldnn_convolution", own=own)) for n, own in enumerate((900, 50, 50))
    ]
    path = write("trace", *steps)
    log = tmp_path / "log"
    log.write_text("\n".join([onednn(1000010, 800), onednn(1000920, 30), onednn(1000970, 20), "#mark"]))
    diff = compare(path, path, CompareOptions(kernel_logs=(log, log)))

    assert diff.base.cold_iterations == ("ProfilerStep#0",)
    assert [named(row.base) for row in diff.rows if row.family == "conv2d"] == [[("gemm:acl", 1, 25_000)]]
    assert compare(path, path, CompareOptions(kernel_logs=(log,))).rows == diff.rows


def test_kernels_of_both_sides_add_up_by_name(write: Written) -> None:
    iteration = model(extra=[conv("mkldnn_convolution", own=50)])
    base = capture(write, "a", iteration, PASS_LOG, iteration)
    faster = [onednn(5000005, 4, "reorder", "jit:uni"), onednn(5000010, 10), onednn(5000060, 15)]
    candidate = capture(write, "b", iteration, faster, iteration)
    diff = compare(base, candidate)

    assert [(pair.implementation, pair.delta_ns) for pair in diff.kernels] == [
        ("indirect_gemm:acl", -30_000),
        ("gemm:acl", -15_000),
        ("jit:uni", 2_000),
    ]
    both = diff.kernels[1]
    assert [(side.calls, side.time_ns) for side in (both.base, both.candidate) if side] == [(1, 40_000), (2, 25_000)]
    assert both.families == ("conv2d",)
    assert {diff.rows[at].family for at in both.rows} == {"conv2d"}


def test_no_log_does_not_say_that_a_kernel_did_not_run(write: Written) -> None:
    silent = write("b", annotation("tracediff::iteration#0", *model()))
    diff = compare(capture(write, "a", model(), PASS_LOG, model()), silent)

    assert len(diff.kernels) == 3
    assert {(pair.candidate, pair.delta_ns) for pair in diff.kernels} == {(None, None)}


def test_a_kernel_in_the_place_of_one_without_times_has_no_difference() -> None:
    samples = Path(__file__).parents[3] / "sample_traces"
    kernels = compare(samples / "bert-openblas.json.gz", samples / "bert-acl.json.gz").kernels

    delta_ns = {(pair.primitive, pair.implementation): pair.delta_ns for pair in kernels}
    assert delta_ns["matmul", "gemm:acl"] is None, "OpenBLAS did that on the base, and writes no times"
    assert delta_ns["eltwise", "jit:sve_256"], "nothing of a library did that on the base"


def test_attention_multiplies_as_often_as_it_likes(shown: Callable[..., Summary]) -> None:
    heads = Call("aten::_scaled_dot_product_flash_attention_for_cpu", 10, shapes=[[1, 4, 32, 16]] * 3)
    calls = [addmm(32, 64, 64), heads, addmm(32, 64, 64), heads]
    blocks = [mkl(32, 32, 16), mkl(16, 32, 32)] * 4
    summary = shown(calls, mkl(64, 32, 64), *blocks, mkl(64, 32, 64), *blocks)

    assert ran(summary) == {"aten::addmm": [("SGEMM MKL", 2)], heads.name: [("SGEMM MKL", 16)]}


def test_logs_go_with_their_sides() -> None:
    options = CompareOptions(kernel_logs=("base", "candidate"))

    assert options.swapped().kernel_logs == ("candidate", "base")
    assert options.swapped().swapped() == options


def test_how_many_logs_a_diff_takes(write: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, log = str(write("trace", Call("aten::relu"))), tmp_path / "log"
    log.write_text(onednn(1, 1))

    assert main(["diff", path, path, "--format", "json", *["--kernel-log", str(log)] * 3]) == 2
    assert main(["show", path, *["--kernel-log", str(log)] * 2]) == 2
    assert main(["show", path, "--kernel-log", str(tmp_path / "none")]) == 3
    assert "no such file" in capsys.readouterr().err


@pytest.mark.parametrize("report", ["table", "markdown", "csv", "json"])
def test_every_report_of_show_has_the_kernels(
    write: Written, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], report: str
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    log = [onednn(1000010, 30, implementation="gemm:ref"), onednn(9, 1)]
    path = write("trace", conv("mkldnn_convolution", own=50), tracediff={"kernel_log": log})

    assert main(["show", str(path), "--kernels", "--format", report]) == 0
    text = capsys.readouterr().out
    assert "gemm:ref" in text
    assert "mkldnn_convolution" in text
    if report in ("table", "markdown"):
        assert "60.0 %" in text
        assert "reference code" in text
        assert "1 outside of every operator" in text


def of(implementation: str, **more: Any) -> Kernel:
    return Kernel("oneDNN", "matmul", implementation, "exec", 2, 10, **more)


@pytest.mark.parametrize(("name", "is_reference"), [("ref", 1), ("gemm:ref", 1), ("ref:any", 1), ("gemm:acl", 0)])
def test_reference_code(name: str, is_reference: bool) -> None:
    assert of(name).is_reference == is_reference


def test_bf16_is_proved_by_data_and_not_by_permission(shown: Callable[..., Summary]) -> None:
    def notes(descriptors: str, primitive: str = "matmul") -> str:
        line = onednn(1000002, 1, primitive, descriptors=descriptors, attributes="attr-fpmath:bf16")
        (operator,) = shown([Call("aten::bmm", 10)], line).operators
        return kernel_notes(operator.kernels)

    assert notes("src_f32::blocked:abc::f0 wei_bf16:a:blocked:aCB4c4b::f0 dst_f32::blocked:abc::f0") == "bf16"
    assert notes("src:bf16::blocked:ab::f0 wei:bf16::blocked:ab::f0") == "bf16"
    assert notes("src:f32::blocked:ab::f0 wei:f32::blocked:ab::f0 dst:bf16::blocked:ab::f0") == "bf16 allowed, not used"
