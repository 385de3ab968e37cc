"""Captures are listed from heads of files: what they record, what is wrong with them, and nothing in silence."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracediff.compare import captures_below, compare
from tracediff.errors import TraceFormatError
from tracediff.importers import listing
from tracediff.importers.finding import find_captures
from tracediff.model.listing import Listed

from builders import SAMPLES, Call, TraceBuilder
from simulation import Simulation


def listed(folder: Path) -> dict[str, Listed]:
    return {side.name: side for side in captures_below(folder).sides}


def trace(path: Path, **keys: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return TraceBuilder().add(Call("aten::relu")).write(path, **keys)


def test_samples_say_what_they_record() -> None:
    found = listed(SAMPLES)

    assert list(found) == [
        "acl",
        "arm-tutorial-acl",
        "arm-tutorial-openblas",
        "bert-acl",
        "bert-openblas",
        "openblas",
        "resnet50-acl",
        "resnet50-openblas",
    ]
    acl, table = found["acl"], found["arm-tutorial-acl"]
    assert acl.run
    assert (acl.run.backend, acl.run.torch_version, acl.workload, acl.run.emulated) == ("acl", "2.3.0", "gtsrb", True)
    assert (acl.size, acl.latency_ns) == ((SAMPLES / "acl.json").stat().st_size, None)
    assert table.is_table
    assert table.workload is None


def test_repeated_captures_are_one_line_with_the_latency_of_the_comparison(tmp_path: Path) -> None:
    simulation = Simulation(3)
    folders = [
        simulation.write(tmp_path / "runs" / name, 5, name == "onednn", captured_ns=1_700_000_000_000_000_000)
        for name in ("native", "onednn")
    ]
    for folder in folders:
        folder.with_suffix(".json").symlink_to(sorted(folder.iterdir())[0])

    found = listed(tmp_path)

    assert list(found) == ["runs/native", "runs/onednn"]
    latency = compare(*(side.path for side in found.values())).latency
    assert latency
    assert [side.latency_ns for side in found.values()] == [latency.base_ns, latency.candidate_ns]
    assert [(side.captures, side.iterations) for side in found.values()] == [(5, 8), (5, 8)]
    assert {side.date_ns for side in found.values()} == {1_700_000_000_000_000_000}


def test_a_folder_of_captures_alone_goes_by_its_own_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Simulation().write(tmp_path / "acl", 2))

    assert [(side.name, side.path, side.captures) for side in captures_below(".").sides] == [("acl", ".", 2)]


@pytest.mark.parametrize(
    "other",
    [
        lambda folder: trace(folder / "host.1800000000.pt.trace.json", tracediff={"backend": "acl"}),
        lambda folder: trace(folder / "mine.json"),
        lambda folder: (folder / "meta.json").write_text("{}"),
    ],
    ids=["other backend", "named trace", "no trace"],
)
def test_a_folder_that_is_no_side_is_listed_file_by_file(tmp_path: Path, other: Callable[[Path], object]) -> None:
    other(Simulation().write(tmp_path / "acl", 2))

    sides = captures_below(tmp_path).sides

    assert all(side.captures == 1 for side in sides)
    assert len({side.name for side in sides}) == len(sides) >= 2


def test_what_is_listed_can_be_compared(tmp_path: Path) -> None:
    Simulation().write(tmp_path / "x" / "acl", 3)
    trace(tmp_path / "x" / "plain.pt.trace.json")
    trace(tmp_path / os.fsdecode(b"na\xffme.json"))

    sides = captures_below(tmp_path).sides

    assert [side.name for side in sides] == ["na\\udcffme", "x/acl", "x/plain"]
    assert [find_captures(side.path).number for side in sides] == [side.captures for side in sides] == [1, 3, 1]


def test_what_cannot_be_read_is_listed_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "empty.json").touch()
    (tmp_path / "page.pt.trace.json").write_text("<html>")
    (tmp_path / "broken.json").symlink_to("nowhere")
    (tmp_path / "circle.json").symlink_to("circle.json")
    os.mkfifo(tmp_path / "pipe.json")

    found = listed(tmp_path)

    assert {name: (side.error or "").split(".")[0] for name, side in found.items()} == {
        "broken": "no such file",
        "circle": "cannot be read (Too many levels of symbolic links)",
        "empty": "is empty",
        "page": "begins with something that is no trace",
        "pipe": "is not a regular file",
    }
    assert not any(side.runs for side in found.values())


def test_damage_is_told_as_far_as_heads_and_ends_show_it(tmp_path: Path) -> None:
    whole = (SAMPLES / "acl.json").read_bytes()
    (tmp_path / "cut.json").write_bytes(whole[:100_000])
    (tmp_path / "in-record.json").write_bytes(whole[:900])
    (tmp_path / "record.json").write_bytes(b'{"tracediff": {"backend": \\}, "traceEvents": []}')
    (tmp_path / "padded.json").write_bytes(whole + b"\0" * 10_000)
    (tmp_path / "deep.json").write_bytes(b'{"tracediff": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")

    found = listed(tmp_path)

    record = "begins with a damaged record of a capture"
    assert {name: side.damage for name, side in found.items()} == {
        "cut": ("ends in the middle of something",),
        "in-record": (record, "ends in the middle of something"),
        "record": (record,),
        "padded": (),
        "deep": (),
    }
    assert found["cut"].workload == found["padded"].workload == "gtsrb"
    assert found["deep"].workload is None


def test_one_bad_file_of_a_set_is_named(tmp_path: Path) -> None:
    folder = Simulation().write(tmp_path / "acl", 3)
    (folder / "host.1700000001.pt.trace.json").write_bytes(b"")

    (side,) = captures_below(tmp_path).sides

    assert (side.captures, len(side.runs), side.error) == (3, 2, None)
    assert side.damage[0].startswith("host.1700000001.pt.trace.json is empty")


def test_records_of_wrong_types_count_as_none(tmp_path: Path) -> None:
    own = {
        "label": "/..",
        "backend": 1,
        "workload": [],
        "latency_ns": ["x"],
        "captured_ns": 10**30,
        "checks": {"warnings": 3},
    }
    trace(tmp_path / "x" / "host.1700000000.pt.trace.json", tracediff=own)
    trace(tmp_path / "x" / "other.json")
    os.utime(tmp_path / "x" / "host.1700000000.pt.trace.json", ns=(5, 5))

    side = listed(tmp_path)["x//.."]

    assert side.run
    assert (side.run.backend, side.workload, side.latency_ns, side.warnings) == (None, None, None, ())
    assert side.date_ns == 5


def test_what_is_no_trace_is_left_out_and_said(tmp_path: Path) -> None:
    trace(tmp_path / "a.json")
    (tmp_path / "settings.json").write_text('{"name": "x"}')
    (tmp_path / "notes.txt").write_text("nothing")
    trace(tmp_path / ".hidden" / "b.json")
    trace(tmp_path / "venv" / "c.json")
    (tmp_path / "venv" / "pyvenv.cfg").touch()

    found = captures_below(tmp_path)

    assert [side.name for side in found.sides] == ["a"]
    assert found.warnings == ("left out 1 JSON file without the beginning of a trace: settings.json",)


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    trace(tmp_path / "x" / "a.json")
    (tmp_path / "x" / "loop").symlink_to(tmp_path)

    found = captures_below(tmp_path)

    assert [side.name for side in found.sides] == ["x/a"]
    assert found.warnings == ("left out 1 linked folder: x/loop",)


def test_the_nearest_come_first_and_the_limits_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_FILES", 3)
    monkeypatch.setattr(listing, "MOST_LEVELS", 1)
    for name in ("a/b/c/deep.json", "a/1.json", "a/2.json", "z/3.json", "0.json", "a/4.json"):
        trace(tmp_path / name)

    found = captures_below(tmp_path)

    assert [side.name for side in found.sides] == ["0", "a/1", "a/2"]
    assert set(found.warnings) == {
        "left out 1 folder more than 1 levels down: a/b",
        "left out 1 file after the first 3: a/4.json",
        "left out 1 folder after the first 3 files: z",
    }


def test_a_folder_beyond_the_limit_is_no_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_FILES", 2)
    Simulation().write(tmp_path / "acl", 3)

    assert [side.captures for side in captures_below(tmp_path).sides] == [1, 1]


def test_only_head_and_end_of_a_file_are_read(tmp_path: Path) -> None:
    path = trace(tmp_path / "large.json", tracediff={"backend": "acl"})
    os.truncate(path, 2_000_000_000)

    before = _read_bytes()
    (side,) = captures_below(tmp_path).sides

    assert side.run
    assert side.run.backend == "acl"
    assert _read_bytes() - before < 2_000_000


def _read_bytes() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


def test_progress_goes_over_all_files() -> None:
    steps: list[tuple[int, int]] = []

    captures_below(SAMPLES, lambda done, total: steps.append((done, total)))

    assert steps == [(done, 8) for done in range(1, 9)]


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TraceFormatError, match="cannot be read"):
        captures_below(tmp_path / "missing")
