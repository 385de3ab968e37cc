"""Containers: the command line, the runtime that is found, and once for real.

TRACEDIFF_TEST_IMAGE names an image with torch that is here already; TRACEDIFF_TEST_IMAGE_ARGUMENTS what `run` needs
beside it. An unpacked root file system with Python and torch makes one: `tar -C ROOT -c . | podman import - NAME`.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec import structs

from tracediff.errors import CaptureError
from tracediff.launcher.containers import ContainerPython, find_runtime
from tracediff.launcher.interpreter import Job, code_of
from tracediff.launcher.launch import launch

IMAGE = os.environ.get("TRACEDIFF_TEST_IMAGE")
ARGUMENTS = tuple(shlex.split(os.environ.get("TRACEDIFF_TEST_IMAGE_ARGUMENTS", "")))
WORKLOAD = "import torch\nfrom parts import model\n\ndef factory():\n    return model, torch.ones(2, 8)\n"
real = pytest.mark.skipif(not IMAGE, reason="no image in TRACEDIFF_TEST_IMAGE")


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH with nothing but what a test puts there."""
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def add(folder: Path, name: str, script: str = "") -> str:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def job_in(folder: Path, **env: str) -> Job:
    return Job(folder / "capture.pyz", folder / "request.json", folder / "out", env)


def test_the_command_line(tools: Path) -> None:
    podman = add(tools, "podman")
    python = ContainerPython("some/image:tag", None, ("--network", "none"), "linux/arm64")

    assert python.command(job_in(Path("/a:b"), ONEDNN_VERBOSE="1", EMPTY="", SPACED="x y=z")) == [
        *(podman, "run", "--rm", "--init", "--user", "0:0", "--security-opt", "label=disable"),
        *("--hostname", platform.node()),
        *("--mount", "type=bind,source=/a:b/capture.pyz,target=/tracediff/capture.pyz,readonly"),
        *("--mount", "type=bind,source=/a:b/request.json,target=/tracediff/request.json,readonly"),
        *("--mount", "type=bind,source=/a:b/out,target=/tracediff/out"),
        *("--env", "ONEDNN_VERBOSE=1", "--env", "EMPTY=", "--env", "SPACED=x y=z"),
        *("--platform", "linux/arm64", "--entrypoint", "python3"),
        *("--network", "none", "some/image:tag"),
        *("/tracediff/capture.pyz", "/tracediff/request.json", "/tracediff/out"),
    ]


def test_the_users_workload_is_mounted_with_what_lies_beside_it(
    tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(tools, "docker")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "package").mkdir()
    python = ContainerPython("image")

    for name, folder, inside in (
        ("models/mine.py:factory", tmp_path / "models", "mine.py:factory"),
        ("/abs/mine.py:factory", Path("/abs"), "mine.py:factory"),
        ("package.module:factory", tmp_path, "package.module:factory"),
        ("torch.nn:Identity", None, "torch.nn:Identity"),
        ("resnet50", None, "resnet50"),
    ):
        job = structs.replace(job_in(tmp_path), code=code_of(name))
        command = python.command(job)
        mount = f"type=bind,source={folder},target=/tracediff/code,readonly"

        assert python.workload(name) == inside
        assert (mount in command) == (folder is not None)
        assert ("--workdir" in command) == (folder is not None)


def test_no_platform_and_another_python(tools: Path) -> None:
    add(tools, "docker")
    command = ContainerPython("image", "docker", python="numactl -N 0 python3.10").command(job_in(Path("/a")))

    assert "--platform" not in command
    entry = command.index("--entrypoint")
    assert command[entry + 1 : entry + 7] == ["numactl", "image", "-N", "0", "python3.10", "/tracediff/capture.pyz"]


def test_paths_are_absolute_and_may_have_commas(tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(tools, "docker")
    monkeypatch.chdir(tmp_path)

    command = ContainerPython("image").command(job_in(Path("a,b")))

    assert f'type=bind,"source={tmp_path}/a,b/out",target=/tracediff/out' in command


def test_the_guests_variables_are_not_the_runtimes(tools: Path, tmp_path: Path) -> None:
    assert "LD_PRELOAD_OF_GUEST" not in ContainerPython("image").environment(job_in(tmp_path, LD_PRELOAD_OF_GUEST="x"))


@pytest.mark.parametrize(("runtime", "named"), [(None, "docker or podman"), ("podman", "podman is not installed")])
def test_a_missing_runtime_says_what_to_install(tools: Path, tmp_path: Path, runtime: str | None, named: str) -> None:
    with pytest.raises(CaptureError, match=f"{named}.* Install "):
        launch(ContainerPython("image", runtime), {"workload": "gtsrb"}, {}, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_of_two_runtimes_the_one_that_has_the_image(tools: Path) -> None:
    docker = add(tools, "docker")
    podman = add(tools, "podman", '[ "$1" = image ] && [ "$3" != here ] && exit 1; exit 0')

    assert find_runtime("there") == docker
    assert find_runtime("there", "podman") == podman

    add(tools, "docker", '[ "$1" = version ]')
    assert find_runtime("here") == podman


def test_a_docker_without_its_daemon_is_passed_over(tools: Path) -> None:
    docker = add(tools, "docker", "echo Cannot connect to the Docker daemon >&2; exit 1")
    podman = add(tools, "podman", '[ "$1" = version ]')

    assert find_runtime("image") == podman
    assert find_runtime("image", "docker") == docker


def test_what_the_runtime_says_is_in_the_error(tools: Path, tmp_path: Path) -> None:
    add(tools, "podman", "echo 'Error: initializing source: no such image' >&2; exit 125")

    with pytest.raises(CaptureError, match=r"image some/image ended with code 125.*no such image"):
        launch(ContainerPython("some/image"), {"workload": "gtsrb"}, {}, tmp_path / "out")


@real
def test_a_real_capture(tmp_path: Path) -> None:
    assert IMAGE
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.py").write_text(WORKLOAD)
    (tmp_path / "mine" / "parts.py").write_text("import torch\nmodel = torch.nn.Linear(8, 3)\n")
    name = f"{tmp_path}/mine/model.py:factory"
    request = {"label": "default", "workload": name, "warmup": 1, "iterations": 2}
    target = tmp_path / "with:colon, and comma" / "default"
    trace = launch(ContainerPython(IMAGE, arguments=ARGUMENTS), request, {"ONEDNN_VERBOSE": "0"}, target).path

    record = json.loads(trace.read_bytes())["tracediff"]
    assert record["environment"]["env"]["ONEDNN_VERBOSE"] == "0"
    assert len(record["latency_ns"]) == 2
    assert record["workload"]["name"] == "model.py:factory"
    assert "aten::linear" in {row["name"] for row in record["key_averages"]}
    assert trace.name.startswith(platform.node())
    assert list(target.parent.iterdir()) == [target]


@real
def test_only_the_out_folder_can_be_written_for_real(tmp_path: Path) -> None:
    assert IMAGE
    code = (
        "import sys\nfor path in [*sys.argv[1:3], sys.argv[3] + '/file']:\n"
        " try: open(path, 'ab').close()\n except OSError as error: print(error.errno)\n else: print('written')\n"
    )
    job = job_in(tmp_path)
    job.archive.touch()
    job.request.touch()
    job.out.mkdir()
    command = ContainerPython(IMAGE, arguments=ARGUMENTS, python=f"python3 -c {shlex.quote(code)}").command(job)

    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["30", "30", "written"]
    assert (job.out / "file").exists()


@real
def test_an_interrupt_ends_the_container(tmp_path: Path) -> None:
    assert IMAGE
    running = f"label={tmp_path.name}"
    arguments = (*ARGUMENTS, "--label", tmp_path.name)
    script = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path\n"
        "from tracediff.launcher.containers import ContainerPython\n"
        "from tracediff.launcher.launch import launch\n"
        f"python = ContainerPython({IMAGE!r}, arguments={arguments!r})\n"
        "request = {'label': 'x', 'workload': 'gtsrb', 'iterations': 1_000_000}\n"
        f"launch(python, request, {{}}, Path({str(tmp_path)!r}, 'out', 'x'))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.DEVNULL,
    )

    def containers() -> str:
        listing = [find_runtime(IMAGE or ""), "ps", "--all", "--quiet", "--filter", running]
        return subprocess.run(listing, capture_output=True, text=True, check=True).stdout

    deadline = time.monotonic() + 30
    while not containers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert containers()
    process.send_signal(signal.SIGINT)
    process.wait(20)

    deadline = time.monotonic() + 10
    while containers() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not containers()
    assert list((tmp_path / "out").iterdir()) == []
