"""Files, pipes and standard input, read once and with progress."""

from __future__ import annotations

import errno
import gzip
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tracediff.cli import main
from tracediff.cli.exit_codes import ExitCode
from tracediff.compare import compare
from tracediff.errors import TraceFormatError, UsageError
from tracediff.importers import load, places
from tracediff.importers.base import label_of
from tracediff.importers.captures import load_all
from tracediff.importers.places import source_of
from tracediff.importers.source import SNIFF_BYTES, Source
from tracediff.model.trace import PrintedTable, Trace

from builders import SAMPLES

ACL = SAMPLES / "acl.json"
LARGER = SAMPLES / "resnet50-acl.json.gz"
COMMAND = [sys.executable, "-m", "tracediff"]


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "acl.json"
    os.mkfifo(path)
    return path


def written(path: Path, content: bytes) -> threading.Thread:
    """A writer that has begun, as a pipe wants one."""
    thread = threading.Thread(target=lambda: path.write_bytes(content), daemon=True)
    thread.start()
    return thread


def test_looking_ahead_loses_nothing() -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(1000)

    content = os.urandom(3 * SNIFF_BYTES)
    source = Source("t", lambda: Trickle(content))

    assert source.head() == source.head() == content[:SNIFF_BYTES]
    assert b"".join(source.blocks()) == content


@pytest.mark.parametrize("make", [lambda content: content, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("known", [True, False])
def test_progress_counts_bytes_of_the_file(make: Callable[[bytes], bytes], known: bool) -> None:
    content = make(os.urandom(1_000_000))
    source = Source("t", lambda: io.BytesIO(content), len(content) if known else None)
    told: list[tuple[int, int]] = []
    source.head()
    for _ in source.blocks(lambda done, size: told.append((done, size))):
        pass
    source.finish()

    assert len(told) > 3
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {size for _, size in told[:-1]} == {len(content) if known else 0}
    assert told[-1] == (len(content), len(content))


def test_a_named_pipe_with_a_writer(fifo: Path) -> None:
    writer = written(fifo, gzip.compress(ACL.read_bytes()))
    trace = load(fifo)
    writer.join(5)
    file = load(ACL)

    assert isinstance(trace, Trace)
    assert isinstance(file, Trace)
    assert (trace.path, trace.run.label) == (str(fifo), "acl")
    assert trace.events.start_ns.tolist() == file.events.start_ns.tolist()
    assert trace.read.bytes == len(gzip.compress(ACL.read_bytes()))


def test_a_pipe_that_nobody_writes_to(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_WRITER_WAIT_S", 0.01)

    with pytest.raises(TraceFormatError, match="nobody writes to"):
        load(fifo)


def test_a_slow_writer_is_waited_for(fifo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_WRITER_WAIT_S", 0.2)
    release = threading.Event()

    def write() -> None:
        with fifo.open("wb") as file:
            release.wait(5)
            file.write(ACL.read_bytes())

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    source = source_of(fifo)
    threading.Timer(0.6, release.set).start()

    assert b"".join(source.blocks()) == ACL.read_bytes()


@pytest.mark.parametrize(
    ("path", "message"),
    [("/dev/zero", "not a regular file"), ("/dev/null", "not a regular file"), (".", "is a directory")],
)
def test_what_is_no_file(path: str, message: str) -> None:
    with pytest.raises(TraceFormatError, match=message):
        load(path)


@pytest.mark.parametrize("name", ["a.json", "runs.zip!a.json"])
@pytest.mark.parametrize("command", ["show", "noise", "diff"])
def test_what_lies_where_nobody_may_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, name: str
) -> None:
    path, stat = tmp_path / "closed" / name, os.stat

    def denied(at: str | Path, *arguments: Any, **options: Any) -> os.stat_result:
        if str(at).startswith(str(path.parent)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(at))
        return stat(at, *arguments, **options)

    monkeypatch.setattr(os, "stat", denied)
    other = [str(ACL)] if command == "diff" else []

    assert main([command, str(path), *other]) == ExitCode.UNREADABLE
    assert (
        capsys.readouterr().err
        == f"tracediff: error: {path}: cannot be read (Permission denied). Check its permissions\n"
    )


def test_an_empty_file_among_captures_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "killed.json").touch()
    with pytest.raises(TraceFormatError, match="is empty"):
        load_all(tmp_path)

    (tmp_path / "acl.json").write_bytes(ACL.read_bytes())
    side = load_all(tmp_path)
    assert [profile.path for profile in side.profiles] == [str(tmp_path / "acl.json")]
    assert side.warnings == (f"1 empty file left out: {tmp_path}/killed.json",)


def test_a_pipe_of_the_shell() -> None:
    script = f'"$@" diff <(gzip -dc {LARGER}) <(cat {SAMPLES}/resnet50-openblas.json.gz) --format json'
    piped = subprocess.run(["bash", "-c", script, "bash", *COMMAND], capture_output=True, text=True, timeout=60)

    assert piped.returncode == 0, piped.stderr
    assert '"verdict": "same workload"' in piped.stdout


def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False, **options
    )


def test_standard_input() -> None:
    with LARGER.open("rb") as file:
        redirected = run("show", "-", stdin=file)
    with subprocess.Popen(["cat", str(LARGER)], stdout=subprocess.PIPE) as cat:
        piped = run("show", "-", stdin=cat.stdout)

    assert redirected.stdout == piped.stdout == run("show", LARGER).stdout
    assert piped.returncode == 0

    table = (SAMPLES / "arm-tutorial-acl.txt").read_text("utf-8")
    assert (
        run("diff", SAMPLES / "arm-tutorial-openblas.txt", "-", input=table).stdout.splitlines()[0].startswith("stdin")
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("diff", "-", "-"), 2, "standard input is one trace"),
        (("show", "-"), 3, "-: is empty"),
        (("tui", "-", ACL), 2, "needs a terminal"),
    ],
)
def test_standard_input_that_is_none(arguments: tuple[str | Path, ...], code: int, message: str) -> None:
    result = run(*arguments, input="")

    assert (result.returncode, result.stdout) == (code, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_closed_standard_input() -> None:
    result = subprocess.run(["bash", "-c", '"$@" show - <&-', "bash", *COMMAND], capture_output=True, text=True)

    assert result.returncode == 3
    assert result.stderr == "tracediff: error: -: standard input is closed. Pipe a trace into it\n"


def test_both_sides_from_python_cannot_be_standard_input() -> None:
    with pytest.raises(UsageError, match="standard input is one trace"):
        compare(["-"], "-")


@pytest.mark.parametrize(
    ("name", "recorded", "label"),
    [
        ("acl.json.zst", None, "acl"),
        ("acl.pt.trace.json.gz", None, "acl"),
        ("-", None, "stdin"),
        ("-", "acl", "acl"),
        ("/dev/fd/63", "acl", "acl"),
        ("/dev/fd/63", None, "63"),
        ("host.1234567890.pt.trace.json.zst", "acl", "acl"),
        ("runs.zip!deep/acl.json", "other", "acl"),
        ("runs.tar.gz!acl.json", None, "acl"),
        ("runs/acl.tar.gz", None, "acl"),
        ("really!odd.json", None, "really!odd"),
        ("https://host/runs/acl.json?x=1/2", None, "acl"),
    ],
)
def test_labels(name: str, recorded: str | None, label: str) -> None:
    assert label_of(name, recorded) == label


def test_a_file_url(tmp_path: Path) -> None:
    path = tmp_path / "with blank.txt"
    path.write_bytes((SAMPLES / "arm-tutorial-acl.txt").read_bytes())

    assert isinstance(load(path.as_uri()), PrintedTable)
    with pytest.raises(TraceFormatError, match="names no file of this machine"):
        load("file://elsewhere/t.json")
