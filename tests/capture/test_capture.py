"""Real captures, of small models, with the torch that is here."""

from __future__ import annotations

import base64
import gzip
import json
import platform
import re
from pathlib import Path

import pytest

from tracediff.analysis.summary import summarize
from tracediff.compare import compare
from tracediff.importers import load
from tracediff.model.trace import Trace
from tracediff_capture.checks import is_bf16

from capturing import WORKLOAD, capture, document, within

X86 = platform.machine() in ("x86_64", "AMD64")
ABORTS = """
import os
os.write(2, b"OMP: Error #15: Initializing libomp.so, but found libiomp5.so already initialized.")
os.abort()
"""


@pytest.fixture(scope="session")
def runs(torch_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tutorial's network with oneDNN off and, on x86, on."""
    folder = tmp_path_factory.mktemp("runs")
    wanted = ["--backend", "native", "--backend", "onednn" if X86 else "default"]
    assert capture(torch_python, folder, "--workload", "gtsrb", *wanted) == 0
    return folder


def test_the_layout_is_one_that_tensorboard_knows(runs: Path) -> None:
    links = sorted(path for path in runs.iterdir() if path.is_symlink())

    assert [link.name for link in links] == ["native.json", "onednn.json" if X86 else "default.json"][:2]
    for link in links:
        assert link.resolve().parent == runs / link.stem
        assert link.resolve().name.endswith(".pt.trace.json")
    assert not [path for path in runs.rglob("*") if path.name.startswith(".")]


def test_the_record_comes_first_and_says_what_ran(runs: Path) -> None:
    trace = document(runs / "native.json")
    record = trace["tracediff"]

    assert next(iter(trace)) == "tracediff"
    assert (record["backend"], record["engine"], record["workload"]["name"]) == ("native", "eager", "gtsrb")
    assert record["environment"]["threads"] == 1
    assert record["environment"]["emulated"] is False
    assert "ONEDNN_VERBOSE_TIMESTAMP" not in record["environment"]["env"]
    readings = [record["environment"][name] for name in ("start", "before", "after")]
    assert [len(reading["load"]) for reading in readings] == [3, 3, 3]
    assert (
        sum(record["latency_ns"])
        <= readings[2]["time_ns"] - readings[1]["time_ns"]
        < sum(record["latency_ns"]) + 500_000_000
    )
    assert len(record["latency_ns"]) == 3
    assert all(ns > 0 for ns in record["latency_ns"])
    assert len(record["warmup_ns"]) >= 2
    assert len(record["output"][0]["top5"]) == 5
    assert record["peak"]["copy_bytes_per_s"] > 1e8
    assert record["peak"]["matmul_flops_per_s"]["float32"] > 1e8


def test_the_trace_holds_the_marked_iterations_and_nothing_else(runs: Path) -> None:
    trace = document(runs / "native.json")
    marks = [event["name"] for event in trace["traceEvents"] if event.get("cat") == "user_annotation"]

    assert marks == [f"tracediff::iteration#{number}" for number in range(3)]
    names = {row["name"]: row["count"] for row in trace["tracediff"]["key_averages"]}
    assert names["aten::conv2d"] == 6
    assert {name for name in names if not name.startswith("aten::")} == set(marks)


def test_show_equals_the_key_averages_inside(runs: Path) -> None:
    for link in runs.glob("*.json"):
        trace = load(link)
        assert isinstance(trace, Trace)
        assert trace.resolution_ns == 1
        assert trace.key_averages
        ours, torchs = (
            {row.name: (row.calls, row.self_ns, row.total_ns) for row in rows}
            for rows in (summarize(trace).operators, trace.key_averages)
        )
        assert ours == torchs


@pytest.mark.skipif(not X86, reason="names x86 backends")
def test_diff_shows_convolution_as_the_changed_implementation(runs: Path) -> None:
    diff = compare(runs / "native.json", runs / "onednn.json")

    convolutions = [row for row in diff.rows if row.family == "conv2d"]
    assert {row.change for row in convolutions} == {"implementation"}
    assert {way.chain for row in convolutions if row.candidate for way in row.candidate.implementations} == {
        ("aten::mkldnn_convolution",)
    }
    assert diff.comparable.verdict == "same workload"
    assert diff.base.iterations + len(diff.base.cold_iterations) == 3


@pytest.mark.skipif(not X86, reason="names x86 backends")
def test_the_kernel_pass_has_the_librarys_lines_and_a_trace_of_its_own(runs: Path) -> None:
    record = document(runs / "onednn.json")["tracediff"]
    executed = [line for line in record["kernel_log"] if ",exec," in line]
    trace = json.loads(gzip.decompress(base64.b64decode(record["kernel_trace"])))

    assert sum(",convolution," in line for line in executed) == 2
    assert any("template:" in line for line in record["kernel_log"])
    assert record["checks"]["backend_lines"] == len(executed)
    assert 0 < record["checks"]["backend_share"] < 1
    assert record["checks"]["convolutions"] == {"all": 2, "onednn": 2}
    calls = [event for event in trace["traceEvents"] if event["name"] == "aten::mkldnn_convolution"]
    assert len(calls) == 2
    # The log's clock is the trace's: each line lies inside a call.
    base_ns = trace["baseTimeNanoseconds"]
    for line in executed:
        if ",convolution," in line:
            whole_ms, _, fraction = line.split(",")[2].partition(".")
            start_ns = int(whole_ms) * 1_000_000 + round(float("0." + fraction) * 1e6) - base_ns
            duration_ns = float(line.rsplit(",", 1)[1]) * 1e6
            slack_ns = 1000
            assert any(
                call["ts"] * 1000 - slack_ns <= start_ns
                and start_ns + duration_ns <= (call["ts"] + call["dur"]) * 1000 + slack_ns
                for call in calls
            )


def test_a_backend_that_is_not_here_fails_alone(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = "acl" if X86 else "mkl"

    assert capture(torch_python, tmp_path, "--backend", missing, "--backend", "native") == 4
    assert f"tracediff: error: {missing}: the {missing} backend needs" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["native", "native.json"]


@pytest.mark.skipif(not X86, reason="names an x86 backend")
def test_a_backend_that_did_none_of_the_work_is_said_at_once(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text("import torch\n\ndef model():\n    return torch.nn.ReLU(), torch.ones(4)\n")

    assert (
        capture(torch_python, tmp_path / "runs", "--workload", f"{tmp_path}/mine.py:model", "--backend", "onednn") == 0
    )
    assert "tracediff: warning: onednn: onednn did none of the work" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["model", "by_batch"])
def test_a_workload_of_the_users_own(torch_python: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "mine.py").write_text(WORKLOAD)

    assert capture(torch_python, tmp_path / "runs", "--workload", f"{tmp_path}/mine.py:{name}", "--batch", "4") == 0
    names = {row["name"] for row in document(tmp_path / "runs" / "default.json")["tracediff"]["key_averages"]}
    assert "aten::linear" in names


@pytest.mark.parametrize("engine", ["eager", "torchscript", "optimized-torchscript"])
def test_every_engine_runs_in_bf16(torch_python: str, tmp_path: Path, engine: str) -> None:
    assert capture(torch_python, tmp_path, "--engine", engine, "--dtype", "bf16") == 0
    record = document(tmp_path / "default.json")["tracediff"]

    assert (record["engine"], record["workload"]["dtype"]) == (engine, "bf16")
    assert record["engine_detail"] == (None if engine == "eager" else "trace")
    assert record["checks"]["bf16"]["calls"]
    # Where oneDNN has no bf16 for this processor, torch computes it by itself.
    for line in record["kernel_log"]:
        if ",exec," in line and (",convolution," in line or ",matmul," in line):
            assert is_bf16(line)
    assert not [warning for warning in record["checks"]["warnings"] if "fp32" in warning]


def test_each_inference_casts_its_weights_as_that_of_a_user_does(torch_python: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(WORKLOAD)
    own = ["--workload", f"{tmp_path}/mine.py:by_batch", "--dtype", "bf16"]

    assert capture(torch_python, tmp_path / "runs", *own) == 0

    record = document(tmp_path / "runs" / "default.json")["tracediff"]
    counts = {row["name"]: row["count"] for row in record["key_averages"]}
    assert counts["aten::_to_copy"] == 3 * 3  # input, weight and bias, in each of three iterations
    assert record["workload"]["autocast"] == "per inference"


@pytest.mark.skipif(not X86, reason="what this engine runs on oneDNN, it does on x86")
def test_onednn_behind_the_back_of_another_backend_is_said(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert capture(torch_python, tmp_path, "--backend", "native", "--engine", "optimized-torchscript") == 0

    assert re.search(r"native: oneDNN ran \d+ kernels of it", capsys.readouterr().err)


def test_an_output_that_json_cannot_hold_is_no_failure(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(WORKLOAD)

    assert capture(torch_python, tmp_path / "runs", "--workload", f"{tmp_path}/mine.py:odd", "--channels-last") == 0

    assert "the output holds 8 values that are infinite or not a number" in capsys.readouterr().err
    bad, sparse = document(tmp_path / "runs" / "default.json")["tracediff"]["output"]
    assert bad["values"] == [None] * 8
    assert sparse["undigested"]


def test_what_an_aborting_library_says_is_heard(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "torch.py").write_text(ABORTS)

    assert capture(torch_python, tmp_path / "runs", "--env", f"PYTHONPATH={tmp_path}") == 4
    assert "OMP: Error #15" in capsys.readouterr().err


@pytest.mark.skipif(not X86, reason="oneDNN may not be there")
def test_verbose_settings_of_the_user_are_said(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert capture(torch_python, tmp_path, "--env", "ONEDNN_VERBOSE=1") == 0
    assert "ONEDNN_VERBOSE was set: the libraries wrote while" in capsys.readouterr().err


def test_the_profilers_flags_add_frames_and_memory_and_leave_operators_alone(torch_python: str, tmp_path: Path) -> None:
    assert capture(torch_python, tmp_path, "--with-stack", "--with-modules", "--profile-memory") == 0
    trace = document(tmp_path / "default.json")
    events = trace["traceEvents"]

    frames = [event for event in events if event.get("cat") == "python_function"]
    assert any("nn.Module: Conv2d" in event["name"] for event in frames)
    spans = [event for event in events if event.get("cat") == "user_annotation"]
    assert all(any(within(frame, span) for span in spans) for frame in frames)
    assert any(event["name"] == "[memory]" for event in events)
    marks = {f"tracediff::iteration#{number}" for number in range(3)}
    names = {row["name"] for row in trace["tracediff"]["key_averages"]}
    assert {name for name in names if not name.startswith("aten::")} - {"[memory]"} == marks
    loaded = load(tmp_path / "default.json")
    assert isinstance(loaded, Trace)
    assert loaded.key_averages
    ours, torchs = (
        {row.name: (row.calls, row.self_ns, row.total_ns) for row in rows if row.name.startswith("aten::")}
        for rows in (summarize(loaded).operators, loaded.key_averages)
    )
    assert ours == torchs


def test_variables_are_set_before_torch_loads(torch_python: str, tmp_path: Path) -> None:
    assert capture(torch_python, tmp_path, "--env", "OMP_NUM_THREADS=1", "--env", "LRU_CACHE_CAPACITY=64") == 0
    settings = document(tmp_path / "default.json")["tracediff"]["environment"]["env"]
    assert settings["OMP_NUM_THREADS"] == "1"
    assert settings["LRU_CACHE_CAPACITY"] == "64"


@pytest.mark.skipif(not X86, reason="other machines' BLAS writes no lines")
def test_every_kernel_of_the_pass_finds_its_operator(runs: Path) -> None:
    """oneDNN's by time, MKL's by order."""
    for name, operator in (("native", "aten::_slow_conv2d_forward"), ("onednn", "aten::mkldnn_convolution")):
        summary = summarize(load(runs / f"{name}.json"), kernels=True)

        assert summary.kernel_coverage
        assert summary.kernel_coverage.lines == summary.kernel_coverage.attributed > 0
        assert next(row for row in summary.operators if row.name == operator).kernels
