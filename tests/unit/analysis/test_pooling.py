"""Several captures as one side: what they say of themselves, and the kernel pass that stands for all of them."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path

from tracediff.compare import CompareOptions, compare

from builders import Call, TraceBuilder, annotation

Write = Callable[..., Path]


def captured(write: Write, name: str, *warnings: str, latency_ns: int = 1000, threads: int = 1) -> Path:
    calls = [annotation(f"ProfilerStep#{number}", Call("aten::relu", 10)) for number in (1, 2)]
    record = {"checks": {"warnings": list(warnings)}, "latency_ns": [latency_ns], "environment": {"threads": threads}}
    return write(name, *calls, tracediff=record)


def test_doubts_that_differ_in_their_numbers_are_one(write: Write) -> None:
    base = [
        captured(write, "a", "drifted by 20%", "throttled"),
        captured(write, "b", "drifted by 7.5%"),
        captured(write, "c", "throttled"),
    ]
    diff = compare(base, captured(write, "other"))

    said = [warning for warning in diff.warnings if "drifted" in warning or "throttled" in warning]
    assert said == [
        "base: 2 of 3 captures: drifted by 7.5 to 20%",
        "base: 2 of 3 captures: throttled",
    ]


def test_the_latency_of_a_side_is_the_geometric_mean_of_its_processes(write: Write) -> None:
    base = [captured(write, name, latency_ns=ns) for name, ns in (("a", 1000), ("b", 3000), ("c", 90_000))]

    diff = compare(base, captured(write, "other", latency_ns=6000))

    assert diff.latency
    assert (diff.latency.base_ns, diff.latency.candidate_ns) == (round((1000 * 3000 * 90_000) ** (1 / 3)), 6000)


def test_repetitions_with_other_settings_are_told(write: Write) -> None:
    mixed = [captured(write, name, threads=threads) for name, threads in (("a", 1), ("b", 1), ("c", 2))]

    diff = compare(mixed, captured(write, "other"))

    assert "base: the captures differ in threads: 1, 2" in diff.warnings


def test_the_kernels_of_a_side_are_those_of_the_typical_pass(write: Write, tmp_path: Path) -> None:
    def logged(name: str, dur_ms: float) -> Path:
        calls = [annotation(f"ProfilerStep#{number}", Call("aten::mkldnn_linear", 100)) for number in (1, 2)]
        line = "onednn_verbose,primitive,exec,cpu,inner_product,{},forward_inference,src_f32,,,mb1ic8oc4,{}"
        stamped = line.replace("verbose,", "verbose,1000.010000,", 1)
        within = TraceBuilder().add(annotation("tracediff::iteration#0", Call("aten::mkldnn_linear", 100)))
        packed = base64.b64encode(gzip.compress(json.dumps(within.document()).encode())).decode()
        log = [stamped.format("gemm:acl", dur_ms)]
        return write(name, *calls, tracediff={"kernel_log": log, "kernel_trace": packed})

    base = [logged(name, dur_ms) for name, dur_ms in (("a", 0.010), ("b", 0.020), ("c", 0.060))]
    diff = compare(base, logged("other", 0.015))

    (row,) = diff.rows
    assert row.base
    assert [(one.implementation, one.calls, one.time_ns) for one in row.base.kernels] == [("gemm:acl", 1, 20_000)]
    assert diff.base.kernel_coverage
    assert (diff.base.kernel_coverage.lines, diff.base.kernel_coverage.attributed) == (3, 3)


def test_a_log_of_another_run_is_told(write: Write, tmp_path: Path) -> None:
    log = tmp_path / "other.log"
    log.write_text("onednn_verbose,9999999.5,primitive,exec,cpu,matmul,gemm:acl,undef,src_f32,,,8x8:8x8,0.5\n")

    diff = compare(captured(write, "a"), captured(write, "b"), CompareOptions(kernel_logs=(log,)))

    assert any("none of the 1 kernels in the log ran inside an operator of this trace" in one for one in diff.warnings)
