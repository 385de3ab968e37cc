"""`tracediff capture` as a command: what it is told, what it refuses, what it leaves behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tracediff.cli import capture_options, main
from tracediff_capture import backends, engines, workloads

from capturing import WORKLOAD, capture, document


def test_a_matrix_file_is_the_command_line_and_the_command_line_comes_first(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    matrix = tmp_path / "matrix.toml"
    matrix.write_text(
        'backend = ["native", "default"]\ntorch = "9.9.9"\ndtype = "bf16"\nbatch = 3\nwith-modules = true\n'
        "[env]\nLRU_CACHE_CAPACITY = 64\n"
    )

    assert capture(torch_python, tmp_path / "runs", str(matrix), "--dtype", "fp32") == 0

    assert sorted(path.name for path in (tmp_path / "runs").glob("*.json")) == ["default.json", "native.json"]
    record = document(tmp_path / "runs" / "native.json")["tracediff"]
    assert (record["workload"]["batch"], record["workload"]["dtype"]) == (3, "fp32")
    assert record["environment"]["env"]["LRU_CACHE_CAPACITY"] == "64"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("backend = [", "is no matrix file"),
        ("backnd = 'acl'", "has backnd=acl, which is no option"),
        ("back = 'acl'", "has back=acl, which is no option"),
        ("dtype = 'fp8'", "invalid choice: 'fp8'"),
        ("iterations = 0", "must be at least 1"),
    ],
)
def test_a_wrong_matrix_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    matrix = tmp_path / "matrix.toml"
    matrix.write_text(text)

    assert main(["capture", str(matrix), "-o", str(tmp_path / "runs")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"tracediff: error: {matrix}: ")
    assert message in line
    assert not (tmp_path / "runs").exists()


def test_captures_with_other_settings_never_stand_for_each_other(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert capture(torch_python, tmp_path, "--batch", "2") == 0
    (tmp_path / "default" / "other.pt.trace.json").write_text('{"traceEvents": []}')
    capsys.readouterr()

    assert capture(torch_python, tmp_path, "--batch", "3") == 0

    assert document(tmp_path / "default.json")["tracediff"]["workload"]["batch"] == 3
    said = capsys.readouterr().err
    assert f"{tmp_path}/default.json now stands for the newest settings (1 capture); 2 captures with other" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workload", "{mine}:broken"], "RuntimeError: no weights ({mine}, line 11)"),
        (["--workload", "{mine}:nothing"], "cannot be loaded: it has no nothing"),
    ],
    ids=lambda value: str(value),
)
def test_what_cannot_be_captured_says_why(
    torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    (tmp_path / "mine.py").write_text(WORKLOAD)
    mine = str(tmp_path / "mine.py")

    assert capture(torch_python, tmp_path / "runs", *[word.format(mine=mine) for word in arguments]) == 4
    assert message.format(mine=mine) in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workload", "lenet"], "there is no workload 'lenet'"),
        (["--engine", "quantum"], "invalid choice: 'quantum'"),
        (["--backend", "native", "--backend", "tpu"], "invalid choice: 'tpu'"),
        (["--iterations", "-1"], "'-1' is no whole number from 0 on"),
    ],
)
def test_a_name_that_nobody_knows_is_said_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["capture", "-o", str(tmp_path / "runs"), *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_the_command_line_knows_what_the_guest_knows() -> None:
    assert (*capture_options.BACKENDS,) == (*backends.BACKENDS,)
    assert (*capture_options.WORKLOADS,) == (*workloads.WORKLOADS,)
    assert (*capture_options.ENGINES,) == (*engines.ENGINES,)


def test_combinations_repeat_in_an_order_that_interleaves_them(torch_python: str, tmp_path: Path) -> None:
    assert capture(torch_python, tmp_path, "--dtype", "fp32", "--dtype", "bf16", "--repeat", "2") == 0
    records = [document(path)["tracediff"] for path in tmp_path.glob("*/*.pt.trace.json")]

    assert sorted(record["position"] for record in records) == [0, 1, 2, 3]
    blocks = {
        label: sorted(r["block"] for r in records if r["label"] == label) for label in ("default-fp32", "default-bf16")
    }
    assert blocks == {"default-fp32": [0, 1], "default-bf16": [0, 1]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--python", "'python"], "is no command (No closing quotation)"),
        (["--torch", "2.3.0", "--image", "x"], "--torch and --image both say where to run"),
        (["--platform", "linux/arm64"], "--platform is about --image"),
        (["--install-option=--pre"], "--install-option is about --torch"),
    ],
)
def test_options_that_contradict_each_other_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["capture", "-o", str(tmp_path / "runs"), *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_what_stands_in_the_way_stays(torch_python: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "default.json").write_text("mine")
    (tmp_path / "file").touch()

    assert capture(torch_python, tmp_path, "--workload", "gtsrb") == 0
    assert "default.json: is no link of a capture" in capsys.readouterr().err
    assert (tmp_path / "default.json").read_text() == "mine"
    assert capture(torch_python, tmp_path / "file") == 2
    assert "cannot be a folder for captures" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["default", "default.json", "file"]


def test_a_closed_terminal_ends_the_guest_too(torch_python: str, tmp_path: Path) -> None:
    words = ["capture", "--python", torch_python, "-o", str(tmp_path / "runs"), "--iterations", "1000000"]
    process = subprocess.Popen([sys.executable, "-m", "tracediff", *words], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("runs/.tracediff-*/printed.txt")) and time.monotonic() < deadline:
        time.sleep(0.05)

    process.send_signal(signal.SIGHUP)

    assert process.wait(30) == 130
    assert list(tmp_path.iterdir()) == []
    assert not subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True).stdout


def test_ctrl_c_keeps_what_is_finished(torch_python: str, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "import pathlib, time, torch\n\ndef model():\n"
        f"    begun = pathlib.Path({str(tmp_path)!r}, 'begun')\n"
        "    if begun.exists():\n        begun.rename(begun.with_name('second'))\n        time.sleep(600)\n"
        "    begun.touch()\n    return torch.nn.ReLU(), torch.ones(4)\n"
    )
    words = ["--python", torch_python, "--workload", f"{tmp_path}/mine.py:model", "-o", str(tmp_path / "runs")]
    few = ["--iterations", "2", "--warmup", "1", "--repeat", "2"]
    process = subprocess.Popen([sys.executable, "-m", "tracediff", "capture", *words, *few], stderr=subprocess.PIPE)
    deadline = time.monotonic() + 90
    while not (tmp_path / "second").exists() and time.monotonic() < deadline:
        time.sleep(0.05)

    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)

    assert process.returncode == 130
    assert said.decode().endswith("tracediff: interrupted\n")
    assert sorted(path.name for path in tmp_path.glob("runs/*")) == ["default", "default.json"]
    assert len(list(tmp_path.glob("runs/default/*.pt.trace.json"))) == 1
    assert document(tmp_path / "runs" / "default.json")["tracediff"]["label"] == "default"
