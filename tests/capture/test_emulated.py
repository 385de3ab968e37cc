"""Captures of aarch64 PyTorch under qemu, where TRACEDIFF_EMULATION names the folder that it was set up in."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tracediff.cli import main
from tracediff.compare import compare

EMULATION = Path(os.environ.get("TRACEDIFF_EMULATION", ""))
FEW = ["--workload", "gtsrb", "--iterations", "3", "--warmup", "2"]

pytestmark = pytest.mark.skipif(not EMULATION.is_absolute(), reason="TRACEDIFF_EMULATION names no folder")


def capture(version: str, folder: Path, *backends: str) -> int:
    if not (EMULATION / "site" / f"torch-{version}").is_dir():
        pytest.skip(f"torch {version} is not set up there")
    wanted = [word for backend in backends for word in ("--backend", backend)]
    return main(["capture", "--python", f"{EMULATION}/python-aarch64 {version}", "-o", str(folder), *wanted, *FEW])


@pytest.mark.parametrize("version", ["2.0.1", "2.3.0"])
def test_acl_against_openblas(tmp_path: Path, version: str) -> None:
    assert capture(version, tmp_path, "acl", "openblas") == 0

    record = json.loads((tmp_path / "acl.json").read_text())["tracediff"]
    assert record["environment"]["emulated"] is True
    assert record["torch"]["version"] == version
    assert sum(",convolution,gemm:acl," in line for line in record["kernel_log"]) == 2
    assert 0 < record["checks"]["backend_share"] <= 1
    checks = json.loads((tmp_path / "openblas.json").read_text())["tracediff"]["checks"]
    assert (checks["backend_calls"], checks["forbidden_lines"]) == (4, 0)
    assert 0 < checks["backend_share"] <= 1
    # 2.0.1 has both inside of torch's own library, which keeps their functions to itself.
    if version == "2.3.0":
        known = {"openblas": "0.3.25", "openblas_core": "neoversev1", "acl": "v23.08"}
        assert {name: record["libraries"][name] for name in known} == known
    diff = compare(tmp_path / "openblas.json", tmp_path / "acl.json")
    assert {row.change for row in diff.rows if row.family == "conv2d"} == {"implementation"}
    assert any("emulated" in warning for warning in diff.warnings)


def test_a_wheel_without_onednn_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1.13.1, which also is the oldest Python that the guest runs on here: 3.9."""
    assert capture("1.13.1", tmp_path, "openblas", "acl") == 4

    assert "torch 1.13.1 here has none" in capsys.readouterr().err
    assert (tmp_path / "openblas.json").exists()
    assert not (tmp_path / "acl.json").exists()
