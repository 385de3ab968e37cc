"""`tracediff export`: what goes where, and from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tracediff.api import compare
from tracediff.cli import main

from builders import SAMPLES
from devices import DeviceTraceBuilder, step

PAIR = (str(SAMPLES / "openblas.json"), str(SAMPLES / "acl.json"))


def test_several_files_at_once_and_doubts_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {name: tmp_path / name for name in ("perfetto", "speedscope", "folded")}
    options = [word for name, path in files.items() for word in (f"--{name}", str(path))]

    assert main(["export", *PAIR, *options]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "tracediff: note: both sides: emulated" in captured.err
    assert sorted(tmp_path.iterdir()) == sorted(files.values())
    python = {name: tmp_path / f"{name} from Python" for name in files}
    compare(*PAIR).export(**python)
    assert [path.read_text() for path in python.values()] == [path.read_text() for path in files.values()]


def test_one_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", *PAIR, "--perfetto", "-"]) == 0

    trace = json.loads(capsys.readouterr().out)
    names = {event["args"]["name"] for event in trace["traceEvents"] if event["name"] == "process_name"}
    assert names == {
        "base: openblas, backend openblas, emulated",
        "candidate: acl, backend acl, emulated",
        "difference so far",
    }


def test_kernels_on_a_device_are_missed_aloud(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = str(DeviceTraceBuilder().add(step(1)).write(tmp_path / "t.json"))

    assert main(["export", trace, trace, "--folded", "-"]) == 0
    captured = capsys.readouterr()
    assert "note: what ran on devices is not exported" in captured.err
    assert captured.out.startswith("iteration 3000 3000\n")


@pytest.mark.parametrize("table_first", [True, False])
def test_a_printed_table_has_no_timeline(tmp_path: Path, capsys: pytest.CaptureFixture[str], table_first: bool) -> None:
    table, trace = str(SAMPLES / "arm-tutorial-acl.txt"), PAIR[0]
    target = tmp_path / "out.json"
    target.write_text("old")

    sides = (table, trace) if table_first else (trace, table)
    assert main(["export", *sides, "--perfetto", str(target)]) == 3
    captured = capsys.readouterr()
    assert captured.err.startswith("tracediff: error: ")
    assert "a printed table has no timeline" in captured.err
    assert captured.err.count("\n") == 1
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]
