"""`tracediff noise`: in every format, and back into a comparison."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tracediff.cli import main
from tracediff.report.documents import json_schemas

from simulation import MODEL, Simulation

FAMILIES = {family for family, *_ in MODEL}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `tracediff capture --repeat 4` leaves: two folders, and a link to one capture of each."""
    folder = tmp_path_factory.mktemp("runs")
    for seed, label in enumerate(("acl", "openblas")):
        captures = Simulation(seed).write(folder / label, 4)
        (folder / f"{label}.json").symlink_to(min(captures.iterdir()).relative_to(folder))
    return folder


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "json"])
def test_every_format_has_every_family_of_every_label(
    runs: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    assert main(["noise", str(runs), "--format", form]) == 0
    printed = capsys.readouterr().out

    assert all(name in printed for name in (*FAMILIES, "acl", "openblas", "total"))


def test_the_document_follows_its_schema_and_is_read_back(runs: Path, tmp_path: Path) -> None:
    noise = tmp_path / "noise.json"
    assert main(["noise", str(runs), "-o", str(noise)]) == 0
    document = json.loads(noise.read_text())

    jsonschema.validate(document, json_schemas()["noise.schema.json"])
    assert [(label["label"], label["captures"]) for label in document["labels"]] == [("acl", 4), ("openblas", 4)]
    assert {one["family"] for one in document["labels"][0]["families"]} == {"total", "latency", *FAMILIES}
    pair = [str(runs / "acl.json"), str(runs / "openblas.json")]
    assert main(["diff", *pair, "--noise", str(noise), "-o", str(tmp_path / "diff.json")]) == 0
    rows = json.loads((tmp_path / "diff.json").read_text())["rows"]
    assert any(row["within_noise"] for row in rows)
    assert {row["verdict"] for row in rows} == {None}


def test_one_label(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["noise", str(runs / "acl"), "--limit", "2"]) == 0
    assert "openblas" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("named", "code", "message"), [("acl.json", 2, "is one capture"), ("nothing", 3, "no such file")]
)
def test_what_has_no_noise(runs: Path, capsys: pytest.CaptureFixture[str], named: str, code: int, message: str) -> None:
    assert main(["noise", str(runs / named)]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_noise_replaces_no_capture(runs: Path) -> None:
    capture = min((runs / "acl").iterdir())
    before = capture.read_bytes()

    assert main(["noise", str(runs), "-o", str(capture)]) == 2
    assert capture.read_bytes() == before


@pytest.mark.parametrize(
    ("what", "value"), [("captures", 1), ("captures", 0), ("between", 1e300), ("between", -1), ("between", "1e999")]
)
def test_figures_that_no_noise_has(
    runs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str, value: object
) -> None:
    noise = tmp_path / "noise.json"
    assert main(["noise", str(runs / "acl"), "-o", str(noise)]) == 0
    document = json.loads(noise.read_text())
    (label,) = document["labels"]
    (label if what == "captures" else label["families"][0])[what] = value
    noise.write_text(json.dumps(document).replace('"1e999"', "1e999"))

    assert (
        main(["diff", str(runs / "acl"), str(runs / "openblas"), "--noise", str(noise), "--fail-on", "total>5%"]) == 2
    )
    assert "holds no measured noise" in capsys.readouterr().err


def test_an_old_file_is_read(runs: Path, tmp_path: Path) -> None:
    noise = tmp_path / "noise.json"
    assert main(["noise", str(runs / "acl"), "-o", str(noise)]) == 0
    document = json.loads(noise.read_text())
    (label,) = document["labels"]
    for key in ("workload", "torch_version", "threads", "cpu"):
        del label[key]
    label["families"] = [one for one in label["families"] if one["family"] != "latency"]
    noise.write_text(json.dumps(document))
    diff = tmp_path / "diff.json"

    assert main(["diff", str(runs / "acl"), str(runs / "openblas"), "--noise", str(noise), "-o", str(diff)]) == 0
    document = json.loads(diff.read_text())
    assert any("no noise was measured for the latency" in warning for warning in document["warnings"])
    assert document["latency"]["within_noise"] is False


def test_a_file_that_is_no_noise(runs: Path) -> None:
    pair = [str(runs / "acl"), str(runs / "openblas")]

    assert main(["diff", *pair, "--noise", str(min((runs / "acl").iterdir()))]) == 2
    assert main(["diff", *pair, "--noise", str(runs / "none.json")]) == 2
