from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest
from serving import captured_folder

from tracediff.errors import TraceFormatError
from tracediff.tensorboard.logdir import find_traces, link_traces, plugin_name

from builders import SAMPLES, Call, TraceBuilder

# As in torch_tb_profiler.consts.
WORKER_PATTERN = re.compile(r"^(.*?)(\.\d+)?\.pt\.trace\.json(?:\.gz)?$")


def trace(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = TraceBuilder().add(Call("aten::relu")).write(path).read_bytes()
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text))
    return path


def runs(*paths: Path) -> list[str]:
    return [file.run for file in find_traces(paths).traces]


def linked(logdir: Path, *paths: Path) -> dict[str, Path]:
    link_traces(find_traces(paths).traces, logdir)
    return {
        str(Path(folder, name).relative_to(logdir)): Path(folder, name)
        for folder, _, names in os.walk(logdir)
        for name in names
    }


def test_a_captured_folder_has_a_run_for_each_label_and_no_file_twice(tmp_path: Path) -> None:
    folder = captured_folder(tmp_path / "captures")

    links = linked(tmp_path / "logdir", folder)

    assert sorted(links) == [
        "acl/host.1795196275540055908.pt.trace.json",
        "openblas/host.1795196275540055908.pt.trace.json.gz",
    ]
    assert all(link.is_symlink() and link.exists() for link in links.values())


def test_the_link_of_a_label_is_its_run(tmp_path: Path) -> None:
    folder = captured_folder(tmp_path)

    assert runs(folder / "openblas.json", folder / "acl.json") == ["openblas", "acl"]


def test_repeated_captures_are_spans_of_one_run(tmp_path: Path) -> None:
    for time in (1795196275540055908, 1795196275640055908):
        trace(tmp_path / "acl" / f"host.{time}.pt.trace.json")

    assert runs(tmp_path) == ["acl", "acl"]
    assert runs(tmp_path / "acl") == ["acl", "acl"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("acl.json", "acl.1.pt.trace.json"),
        ("acl.json.gz", "acl.1.pt.trace.json.gz"),
        ("resnet.50.json", "resnet.50.1.pt.trace.json"),
        ("gtsrb.tb.pt.trace.json.gz", "gtsrb.tb.1.pt.trace.json.gz"),
        ("host_1.1795196275540055908.pt.trace.json", "host_1.1795196275540055908.pt.trace.json"),
        ("trace", "trace.1.pt.trace.json"),
    ],
)
def test_names_are_such_that_the_plugin_knows(tmp_path: Path, name: str, expected: str) -> None:
    assert plugin_name(trace(tmp_path / name)) == expected
    worker = WORKER_PATTERN.match(expected)
    assert worker
    assert worker[2]


def test_the_content_says_whether_a_file_is_gzip(tmp_path: Path) -> None:
    path = tmp_path / "host.1795196275540055908.pt.trace.json"
    path.write_bytes(gzip.compress(trace(tmp_path / "other.json").read_bytes()))

    assert plugin_name(path).endswith(".pt.trace.json.gz")


def test_equal_labels_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder in ("before", "after"):
        trace(tmp_path / folder / "acl.json")
        trace(tmp_path / folder / "openblas" / "host.1795196275540055908.pt.trace.json")

    assert sorted(runs(tmp_path)) == ["after/acl", "after/openblas", "before/acl", "before/openblas"]


def test_equal_labels_in_one_folder_get_numbers(tmp_path: Path) -> None:
    assert len(set(runs(trace(tmp_path / "acl.json"), trace(tmp_path / "acl.json.gz")))) == 2


def test_the_samples_are_runs_of_their_own() -> None:
    assert runs(SAMPLES) == ["acl", "bert-acl", "bert-openblas", "openblas", "resnet50-acl", "resnet50-openblas"]


def test_what_is_no_trace_in_a_folder_is_said(tmp_path: Path) -> None:
    trace(tmp_path / "acl.json")
    status = tmp_path / "status.json"
    status.write_text('{"ok": true}')

    found = find_traces([tmp_path])

    assert [file.run for file in found.traces] == ["acl"]
    assert found.skipped == (status,)


def test_the_events_may_come_after_megabytes_of_something_else(tmp_path: Path) -> None:
    path = (
        TraceBuilder().add(Call("aten::relu")).write(tmp_path / "acl.json", tracediff={"kernel_log": ["x" * 3_000_000]})
    )

    assert runs(path) == ["acl"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "empty"),
        ("Name  Self CPU %", "no Kineto trace"),
        ('{"a": 1}', "no Kineto trace"),
        ("[1]", "no Kineto trace"),
    ],
)
def test_a_file_that_is_no_trace_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "acl.json"
    path.write_text(content)

    with pytest.raises(TraceFormatError, match=complaint):
        find_traces([path])


def test_a_folder_without_traces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceFormatError, match="holds no trace"):
        find_traces([tmp_path])


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceFormatError, match="no such file"):
        find_traces([tmp_path / "acl.json"])
