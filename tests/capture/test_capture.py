"""Real captures, of small models, with the torch that is here."""

from __future__ import annotations

import base64
import gzip
import json
import platform
from pathlib import Path
from typing import Any

import pytest

from tracediff.analysis.summary import summarize
from tracediff.cli import main
from tracediff.compare import compare
from tracediff.importers import load
from tracediff.model.trace import Trace

X86 = platform.machine() in ("x86_64", "AMD64")
WORKLOAD = """
import torch

def model():
    return torch.nn.Sequential(torch.nn.Linear(16, 4), torch.nn.Softmax(-1)), torch.ones(2, 16)

def by_batch(batch):
    return torch.nn.Linear(8, 3), {"input": torch.ones(batch, 8)}

def broken():
    raise RuntimeError("no weights")
"""


def capture(python: str, folder: Path, *arguments: str) -> int:
    few = ["--iterations", "3", "--warmup", "2", "--threads", "1"]
    return main(["capture", "--python", python, "-o", str(folder), *few, *arguments])


def document(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text("utf-8"))


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
    assert len(record["latency_ns"]) == 3
    assert all(ns > 0 for ns in record["latency_ns"])
    assert len(record["warmup_ns"]) >= 2
    assert len(record["output"][0]["top5"]) == 5


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
    assert record["checks"]["convolutions"] == {"all": 2, "onednn": 2}
    calls = [event for event in trace["traceEvents"] if event["name"] == "aten::mkldnn_convolution"]
    assert len(calls) == 2
    # The log's clock is the trace's: each line lies inside a call.
    base_ns = trace["baseTimeNanoseconds"]
    for line in executed:
        if ",convolution," in line:
            start_us = float(line.split(",")[2]) * 1000 - base_ns / 1000
            assert any(call["ts"] - 1000 <= start_us <= call["ts"] + call["dur"] + 1000 for call in calls)


def test_a_backend_that_is_not_here_fails_alone(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = "acl" if X86 else "mkl"

    assert capture(torch_python, tmp_path, "--backend", missing, "--backend", "native") == 4
    assert f"tracediff: error: {missing}: the {missing} backend needs" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["native", "native.json"]


@pytest.mark.parametrize("name", ["model", "by_batch"])
def test_a_workload_of_the_users_own(torch_python: str, tmp_path: Path, name: str) -> None:
    (tmp_path / "mine.py").write_text(WORKLOAD)

    assert capture(torch_python, tmp_path / "runs", "--workload", f"{tmp_path}/mine.py:{name}", "--batch", "4") == 0
    names = {row["name"] for row in document(tmp_path / "runs" / "default.json")["tracediff"]["key_averages"]}
    assert "aten::linear" in names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workload", "{mine}:broken"], "RuntimeError: no weights"),
        (["--workload", "{mine}:nothing"], "cannot be loaded"),
        (["--workload", "lenet"], "there is no workload 'lenet'"),
        (["--engine", "quantum"], "there is no engine 'quantum'"),
        (["--backend", "tpu"], "there is no backend 'tpu'"),
    ],
    ids=lambda value: str(value),
)
def test_what_cannot_be_captured_says_why(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "mine.py").write_text(WORKLOAD)
    mine = str(tmp_path / "mine.py")

    assert capture(torch_python, tmp_path / "runs", *[word.format(mine=mine) for word in arguments]) == 4
    assert message in capsys.readouterr().err
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("engine", ["torchscript", "optimized-torchscript"])
def test_engines(torch_python: str, tmp_path: Path, engine: str) -> None:
    assert capture(torch_python, tmp_path, "--engine", engine, "--dtype", "bf16") == 0
    record = document(tmp_path / "default.json")["tracediff"]
    assert (record["engine"], record["workload"]["dtype"]) == (engine, "bf16")


def test_variables_are_set_before_torch_loads(torch_python: str, tmp_path: Path) -> None:
    assert capture(torch_python, tmp_path, "--env", "OMP_NUM_THREADS=1", "--env", "LRU_CACHE_CAPACITY=64") == 0
    settings = document(tmp_path / "default.json")["tracediff"]["environment"]["env"]
    assert settings["OMP_NUM_THREADS"] == "1"
    assert settings["LRU_CACHE_CAPACITY"] == "64"


def test_combinations_repeat_in_an_order_that_interleaves_them(torch_python: str, tmp_path: Path) -> None:
    assert capture(torch_python, tmp_path, "--dtype", "fp32", "--dtype", "bf16", "--repeat", "2") == 0
    records = [document(path)["tracediff"] for path in tmp_path.glob("*/*.pt.trace.json")]

    assert sorted(record["position"] for record in records) == [0, 1, 2, 3]
    blocks = {
        label: sorted(r["block"] for r in records if r["label"] == label) for label in ("default-fp32", "default-bf16")
    }
    assert blocks == {"default-fp32": [0, 1], "default-bf16": [0, 1]}


@pytest.mark.skipif(not X86, reason="other machines' BLAS writes no lines")
def test_every_kernel_of_the_pass_finds_its_operator(runs: Path) -> None:
    """oneDNN's by time, MKL's by order."""
    for name, operator in (("native", "aten::_slow_conv2d_forward"), ("onednn", "aten::mkldnn_convolution")):
        summary = summarize(load(runs / f"{name}.json"), kernels=True)

        assert summary.kernel_coverage
        assert summary.kernel_coverage.lines == summary.kernel_coverage.attributed > 0
        assert next(row for row in summary.operators if row.name == operator).kernels
