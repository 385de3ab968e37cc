"""What stands around the reading of a trace: usage, output files, pipes, encodings, interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from builders import SAMPLES, Call, TraceBuilder

GOOD = SAMPLES / "acl.json"


def tracediff(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tracediff", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


@pytest.mark.parametrize(
    "arguments",
    [
        ("diff", GOOD),
        ("diff", GOOD, GOOD, GOOD),
        ("diff", GOOD, GOOD, "--frobnicate"),
        ("diff", GOOD, GOOD, "--format", "pdf"),
        ("diff", GOOD, GOOD, "-o", "report.xyz"),
        ("diff", GOOD, GOOD, "--limit", "-3"),
        ("diff", GOOD, GOOD, "--families", "no-such-file.toml"),
        ("show", SAMPLES / "arm-tutorial-acl.txt", "--by-shape"),
        ("show", GOOD, "-o", "no/such/folder/x.json"),
        ("frobnicate",),
        ("tui", GOOD, GOOD),
        ("export", GOOD, GOOD),
        ("export", GOOD, GOOD, "--folded", "-", "--perfetto", "x.json"),
        ("export", GOOD, GOOD, "--speedscope", "x.json", "--perfetto", "x.json"),
        ("export", GOOD, GOOD, "--perfetto", "no/such/folder/x.json"),
    ],
    ids=lambda arguments: " ".join(str(argument) for argument in arguments[:1] + arguments[2:]),
)
def test_usage_errors(tmp_path: Path, arguments: tuple[object, ...]) -> None:
    result = tracediff(*arguments, cwd=tmp_path)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("tracediff: error: ")
    assert result.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_debug_shows_where_an_error_came_from() -> None:
    result = tracediff("--debug", "show", "missing.json")

    assert "Traceback" in result.stderr


def test_a_report_replaces_its_file_as_a_whole(tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text("old")
    broken = tmp_path / "broken.json"
    broken.write_text("{")

    assert tracediff("diff", GOOD, broken, "-o", report).returncode == 3
    assert report.read_text() == "old"
    assert tracediff("diff", GOOD, GOOD, "-o", report).returncode == 0
    assert report.read_text().startswith("**acl took")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.json", "report.md"]


def test_the_output_never_destroys_an_input(tmp_path: Path) -> None:
    trace = tmp_path / "trace.json"
    trace.write_bytes(GOOD.read_bytes())
    for arguments in (
        ("diff", trace, GOOD, "-o"),
        ("diff", GOOD, trace, "-o"),
        ("show", trace, "-o"),
        ("export", GOOD, trace, "--perfetto"),
    ):
        result = tracediff(*arguments, trace)
        assert result.returncode == 2
        assert "is an input" in result.stderr
    assert trace.read_bytes() == GOOD.read_bytes()


def test_a_link_is_written_through_and_a_fifo_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "there.json").write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to("there.json")
    assert tracediff("diff", GOOD, GOOD, "-o", link).returncode == 0
    assert link.is_symlink()
    assert (tmp_path / "there.json").read_text().startswith("{")

    fifo = tmp_path / "fifo.json"
    os.mkfifo(fifo)
    reader = subprocess.Popen(["cat", str(fifo)], stdout=subprocess.PIPE, text=True)
    assert tracediff("diff", GOOD, GOOD, "-o", fifo).returncode == 0
    assert reader.communicate(timeout=10)[0].startswith("{")
    assert fifo.is_fifo()


def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "tracediff", "show", str(GOOD)], stdout=full, stderr=subprocess.PIPE, text=True
        )

    assert result.returncode == 2
    assert result.stderr.startswith("tracediff: error: standard output: cannot be written")


def test_an_encoding_that_lacks_a_sign_is_no_obstacle() -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    result = tracediff("diff", GOOD, SAMPLES / "openblas.json", "--format", "markdown", env=ascii_only)

    assert (result.returncode, result.stderr) == (0, "")


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path) + b"/b\xff\x1b[31m.json"
    Path(os.fsdecode(odd)).write_bytes(GOOD.read_bytes())
    for report in ("json", "table", "markdown"):
        command = [sys.executable, "-m", "tracediff", "diff", odd, str(GOOD), "--format", report]
        result = subprocess.run(command, capture_output=True, timeout=60)
        assert (result.returncode, result.stderr) == (0, b"")
        assert b"\x1b" not in result.stdout


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m tracediff diff {SAMPLES}/resnet50-openblas.json.gz {SAMPLES}/resnet50-acl.json.gz"
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{command} --format json | head -n 1"], capture_output=True, text=True
    )

    assert result.stderr == ""


def test_ctrl_c_while_loading(tmp_path: Path) -> None:
    builder = TraceBuilder().add(*[Call("aten::relu", 1) for _ in range(200_000)])
    trace = builder.write(tmp_path / "large.json")
    command = [sys.executable, "-m", "tracediff", "diff", str(trace), str(trace), "-o", str(tmp_path / "out.json")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    time.sleep(0.6)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)

    assert (process.returncode, stderr) == (130, "tracediff: interrupted\n")
    assert [path.name for path in tmp_path.iterdir()] == ["large.json"]
