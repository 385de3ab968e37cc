"""Environments: built once, whole or not at all, by uv or pip; with fakes of both, and once for real.

TRACEDIFF_SLOW_TESTS=1 builds one from the network, or from where pip's settings say that packages are.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tracediff.cli import main
from tracediff.errors import CaptureError, UsageError
from tracediff.launcher.environments import environment_for, environments_folder, list_environments, prune
from tracediff.launcher.interpreter import LocalPython
from tracediff.launcher.launch import launch

# It stands for uv, for the Python that runs tracediff, and for the Pythons of the environments.
PYTHON = sys.executable
FAKE = f"""#!{PYTHON} -IS
import json, os, shutil, sys, time
from pathlib import Path
name, words = Path(sys.argv[0]).name, sys.argv[1:]
if words[0] == "-I":
    del words[0]
with open(os.environ["FAKE_LOG"], "a") as log:
    log.write(json.dumps([name, *words, os.getpid()]) + "\\n")
if "config" in words:
    print(os.environ.get("FAKE_PIP_SETTINGS", ""))
elif "venv" in words:
    target = Path(words[-1], "bin", "python")
    target.parent.mkdir()
    shutil.copy(sys.argv[0], target)
elif "install" in words:
    time.sleep(float(os.environ.get("FAKE_SECONDS", 0)))
    if said := os.environ.get("FAKE_UV_SAYS" if name == "uv" else "FAKE_PIP_SAYS"):
        print(said)
        sys.exit(1)
elif words[0] == "-c":
    if said := os.environ.get("FAKE_IMPORT_SAYS"):
        print(said)
        sys.exit(1)
    Path(words[2]).write_text(json.dumps({{"torch": "2.13.0+cpu", "python": "3.11.7", "options": words[3:]}}))
"""


class Fakes:
    """What was called, and how to have more tools."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.add("fake_python")

    def add(self, name: str) -> Path:
        path = self.folder / name
        path.write_text(FAKE)
        path.chmod(0o755)
        return path

    def calls(self, word: str) -> list[list[str]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [call[:-1] for call in map(json.loads, lines) if word in call]


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "tools"
    folder.mkdir()
    fakes = Fakes(folder)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("FAKE_LOG", str(fakes.log))
    monkeypatch.setenv("TRACEDIFF_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(sysconfig, "get_path", lambda _name: str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(folder / "fake_python"))
    return fakes


def in_cache() -> list[str]:
    return sorted(path.name for path in environments_folder().iterdir())


def folder_of(python: LocalPython) -> Path:
    return Path(python.words[0]).parent.parent


def test_it_is_built_once_with_uv(fakes: Fakes) -> None:
    fakes.add("uv")
    lines: list[str] = []

    first = environment_for("2.13.0", on_progress=lines.append)
    heard = len(lines)
    second = environment_for("2.13.0", on_progress=lines.append)

    assert first == second
    assert Path(first.words[0]).is_file()
    assert heard == len(lines) == 1
    assert [call[0] for call in fakes.calls("install")] == ["uv"]
    assert fakes.calls("install")[0][-2:] == ["torch==2.13.0", "numpy"]
    assert in_cache() == [folder_of(first).name]


def test_without_uv_it_is_built_with_pip(fakes: Fakes) -> None:
    environment_for("2.13.0", install_options=["--index-url", "https://example.org/simple"])

    (call,) = fakes.calls("install")
    assert call[:4] == ["python", "-m", "pip", "install"]
    assert call[-4:] == ["--index-url", "https://example.org/simple", "torch==2.13.0", "numpy"]


def test_a_uv_beside_this_python_is_found(fakes: Fakes, tmp_path: Path) -> None:
    fakes.add("uv").rename(tmp_path / "uv")

    environment_for("2.13.0")

    assert [call[0] for call in fakes.calls("install")] == ["uv"]


@pytest.mark.parametrize(("version", "numpy"), [("1.13.1", "numpy<2"), ("2.2.2", "numpy<2"), ("2.3.0", "numpy")])
def test_old_torch_gets_old_numpy(fakes: Fakes, version: str, numpy: str) -> None:
    environment_for(version)

    assert fakes.calls("install")[0][-1] == numpy


def test_version_and_options_make_the_key(fakes: Fakes) -> None:
    options = [[], ["--index-url", "a"], ["--index-url", "b"]]
    pythons = {environment_for(version, install_options=given) for version in ("2.3.0", "2.13.0") for given in options}

    assert len(pythons) == 6
    assert len(fakes.calls("install")) == 6


def test_a_missing_version_is_one_line_with_the_last_words_of_both(
    fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.add("uv")
    uv = "Using Python 3\n \u00d7 No solution found:\n  \u2570\u2500\u25b6 there is no version of torch==9.9.9\nhint: x"
    versions = ", ".join(f"1.{minor}.0" for minor in range(100))
    pip = f"Looking in indexes\nWARNING: x\nERROR: Could not find (from versions: {versions})\nERROR: No matching\n"
    monkeypatch.setenv("FAKE_UV_SAYS", uv)
    monkeypatch.setenv("FAKE_PIP_SAYS", pip)

    with pytest.raises(CaptureError) as caught:
        environment_for("9.9.9")

    message = str(caught.value)
    assert message.startswith(
        f"torch 9.9.9 cannot be installed for Python {sys.version_info.major}.{sys.version_info.minor}. "
        "uv said last: No solution found: / there is no version of torch==9.9.9. "
        "pip said last: ERROR: Could not find (from versions: 1.0.0, "
    )
    assert message.endswith(" 1.99.0) / ERROR: No matching")
    assert "\n" not in message
    assert len(message) < 600
    assert in_cache() == []


def test_pip_helps_where_uv_fails(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.add("uv")
    monkeypatch.setenv("FAKE_UV_SAYS", "error: unexpected argument '--trusted-host'")

    python = environment_for("2.13.0", install_options=["--trusted-host", "x"])

    assert [call[0] for call in fakes.calls("install")] == ["uv", "python"]
    assert in_cache() == [folder_of(python).name]


def test_torch_must_be_importable(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_IMPORT_SAYS", "OSError: libgomp.so.1: cannot open shared object file")

    with pytest.raises(CaptureError, match=r"cannot be imported.*libgomp\.so\.1: cannot open"):
        environment_for("2.13.0")

    assert in_cache() == []


@pytest.mark.parametrize("version", ["", "latest", "../x", "2.13.0 --pre", "--help"])
def test_no_version(fakes: Fakes, version: str) -> None:
    with pytest.raises(UsageError, match="no version of torch"):
        environment_for(version)

    assert not environments_folder().exists()


def test_uv_is_told_what_pip_knows(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.add("uv")
    settings = "global.find-links='/a /b'\nglobal.index-url='g'\n:env:.index-url='e'\nglobal.cert='c'"
    monkeypatch.setenv("FAKE_PIP_SETTINGS", settings)
    monkeypatch.setenv("UV_INDEX_URL", "")

    environment_for("2.13.0")
    environment_for("2.13.0", install_options=["--index-url=mine"])
    monkeypatch.setenv("UV_FIND_LINKS", "/own")
    environment_for("2.14.0")

    first, second, third = [call[call.index("--python") + 2 :] for call in fakes.calls("install")]
    assert first[:-2] == ["--find-links", "/a", "--find-links", "/b", "--index-url", "e"]
    assert second[:-2] == ["--find-links", "/a", "--find-links", "/b", "--index-url=mine"]
    assert third[:-2] == ["--index-url", "e"]


def test_what_was_left_half_built_is_never_used(fakes: Fakes) -> None:
    folder = folder_of(environment_for("2.13.0"))
    (folder / "tracediff-environment.json").unlink()
    part = folder.with_name(f".{folder.name}.abc123.part")
    part.mkdir()

    environment_for("2.13.0")

    assert len(fakes.calls("install")) == 2
    assert in_cache() == [folder.name]


def test_an_environment_whose_python_is_gone_is_built_again(fakes: Fakes) -> None:
    python = Path(environment_for("2.13.0").words[0])
    python.unlink()
    python.symlink_to("/nowhere/python3")

    environment_for("2.13.0")

    assert python.is_file()


def test_two_processes_build_one(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_SECONDS", "0.5")
    lines: list[str] = []
    threads = [
        threading.Thread(target=environment_for, args=("2.13.0",), kwargs={"on_progress": lines.append})
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(fakes.calls("install")) == 1
    assert len([line for line in lines if "waiting for it" in line]) == 2
    assert len(in_cache()) == 1


def test_an_interrupt_leaves_nothing(fakes: Fakes) -> None:
    script = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tracediff.launcher.environments import environment_for\n"
        f"sys.executable = {sys.executable!r}\nenvironment_for('2.13.0')"
    )
    process = subprocess.Popen(
        [PYTHON, "-c", script],
        env={**os.environ, "FAKE_SECONDS": "60", "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while not fakes.calls("install") and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    process.wait(20)

    (installer,) = [json.loads(line)[-1] for line in fakes.log.read_text().splitlines() if '"install"' in line]
    assert in_cache() == []
    with pytest.raises(ProcessLookupError):
        os.kill(installer, 0)


def test_list_and_prune(fakes: Fakes) -> None:
    old = folder_of(environment_for("2.3.0"))
    new = folder_of(environment_for("2.13.0", install_options=["--index-url", "x"]))
    month_ago = (datetime.now(UTC) - timedelta(days=30)).timestamp()
    os.utime(old / "tracediff-environment.json", (month_ago, month_ago))
    (new.parent / f".{new.name}.abc123.part").mkdir()

    listed = {info.path: info for info in list_environments()}
    assert listed.keys() == {old, new}
    assert listed[new].torch == "2.13.0+cpu"
    assert listed[new].options == ("--index-url", "x")
    assert listed[new].size > (new / "bin" / "python").stat().st_size
    assert datetime.now(UTC) - listed[old].last_used > timedelta(days=29)

    assert [info.path for info in prune(40)] == []
    assert [info.path for info in prune(7)] == [old]
    assert in_cache() == [new.name]
    assert [info.path for info in prune()] == [new]
    assert in_cache() == []
    assert prune() == list_environments() == ()


def test_use_counts_as_use(fakes: Fakes) -> None:
    record = folder_of(environment_for("2.13.0")) / "tracediff-environment.json"
    os.utime(record, (0, 0))

    environment_for("2.13.0")

    assert prune(1) == ()


def test_what_is_being_built_is_not_pruned(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_SECONDS", "1")
    thread = threading.Thread(target=environment_for, args=("2.13.0",))
    thread.start()
    while not fakes.calls("install"):
        time.sleep(0.02)
    prune()
    thread.join()

    assert len(list_environments()) == 1


def test_a_cache_that_cannot_be_written(fakes: Fakes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TRACEDIFF_CACHE_DIR", str(tmp_path / "file"))

    with pytest.raises(CaptureError, match="Set TRACEDIFF_CACHE_DIR"):
        environment_for("2.13.0")


def test_the_command(fakes: Fakes, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["environments"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["environments", "--path"]) == 0
    assert capsys.readouterr().out == f"{environments_folder()}\n"

    folder = folder_of(environment_for("2.13.0"))
    assert main(["environments"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["torch", "Python", "size", "last", "used", "installed", "with", "path"]
    assert row.split()[0] == "2.13.0+cpu"
    assert row.split()[-1] == str(folder)

    assert main(["environments", "--prune", "3"]) == 0
    assert folder.is_dir()
    assert main(["environments", "--prune"]) == 0
    assert not folder.exists()
    assert main(["environments", "--prune", "soon"]) == 2


@pytest.mark.skipif(not os.environ.get("TRACEDIFF_SLOW_TESTS"), reason="TRACEDIFF_SLOW_TESTS=1 builds one for real")
def test_a_real_one_is_built_and_captured_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACEDIFF_CACHE_DIR", str(tmp_path / "cache"))

    python = environment_for("2.13.0")
    request = {"label": "default", "workload": "gtsrb", "warmup": 1, "iterations": 2}
    trace = launch(python, request, {}, tmp_path / "out" / "default").path

    assert json.loads(trace.read_bytes())["tracediff"]["torch"]["version"].startswith("2.13.0")
    with pytest.raises(CaptureError, match=r"torch 9\.9\.9 cannot be installed for Python 3\.\d+\. .*said last: "):
        environment_for("9.9.9")
    assert in_cache() == [folder_of(python).name]
