"""Every report of the sample pairs, to the letter; TRACEDIFF_UPDATE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import json
import os
import re
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from tracediff.analysis.summary import summarize
from tracediff.compare import compare
from tracediff.importers import load
from tracediff.report.base import REPORTS, ReportOptions, load_report
from tracediff.report.documents import json_schemas

from builders import SAMPLES
from devices import DeviceTraceBuilder, step

EXPECTED = Path(__file__).parent / "expected"
SUFFIXES = {name: suffixes[0] for name, (_, suffixes) in REPORTS.items() if name != "html"}
PAIRS = {
    "gtsrb": ("openblas.json", "acl.json"),
    "bert": ("bert-openblas.json.gz", "bert-acl.json.gz"),
    "tutorial": ("arm-tutorial-openblas.txt", "arm-tutorial-acl.txt"),
    "different": ("openblas.json", "resnet50-acl.json.gz"),
}


def check(name: str, text: str) -> None:
    path = EXPECTED / name
    if os.environ.get("TRACEDIFF_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("report", SUFFIXES)
@pytest.mark.parametrize("pair", PAIRS)
def test_diff(monkeypatch: pytest.MonkeyPatch, pair: str, report: str) -> None:
    monkeypatch.chdir(SAMPLES)
    text = load_report(report).render_diff(compare(*PAIRS[pair]), ReportOptions(limit=12))

    check(f"diff-{pair}{SUFFIXES[report]}", text)


@pytest.mark.parametrize("report", SUFFIXES)
@pytest.mark.parametrize("by_shape", [False, True], ids=["by name", "by shape"])
def test_show(monkeypatch: pytest.MonkeyPatch, by_shape: bool, report: str) -> None:
    monkeypatch.chdir(SAMPLES)
    text = load_report(report).render_summary(summarize(load("acl.json"), by_shape), ReportOptions(limit=8))

    check(f"show{'-by-shape' if by_shape else ''}{SUFFIXES[report]}", text)


@pytest.mark.parametrize("report", SUFFIXES)
def test_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: str) -> None:
    monkeypatch.chdir(tmp_path)
    base = DeviceTraceBuilder().add(step(1)).write(Path("base.json"))
    # As if the kernels of the second step had been slower.
    candidate = DeviceTraceBuilder().add(step(1), step(2, addmm=140)).write(Path("candidate.json"))
    render = load_report(report)

    check(f"diff-device{SUFFIXES[report]}", render.render_diff(compare(base, candidate), ReportOptions()))
    check(f"show-device{SUFFIXES[report]}", render.render_summary(summarize(load(candidate)), ReportOptions()))


def test_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small one, without the style and the scripts that all pages share."""
    monkeypatch.chdir(SAMPLES)
    page = load_report("html").render_diff(compare(*PAIRS["tutorial"]), ReportOptions())
    own = re.sub(r"(?s)<(style|script)>.*?</\1>|'sha256-[^']*'", "", page)

    check("diff-tutorial.html", own)


@pytest.mark.parametrize("width", [80, 120])
def test_a_narrow_terminal_shows_every_number_whole(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.chdir(SAMPLES)
    diff = compare("resnet50-openblas.json.gz", "resnet50-acl.json.gz")
    text = load_report("table").render_diff(diff, ReportOptions(limit=5, width=width))

    assert max(map(len, text.splitlines())) <= width
    check(f"diff-resnet50-{width}.txt", text)


def test_colour_is_never_the_only_sign() -> None:
    diff = compare(SAMPLES / "openblas.json", SAMPLES / "acl.json")
    plain, coloured = (
        load_report("table").render_diff(diff, ReportOptions(width=120, color=color)) for color in (False, True)
    )

    assert "\x1b[" not in plain
    assert "\x1b[" in coloured


def test_the_schemas_that_ship_are_those_of_the_types() -> None:
    for name, schema in json_schemas().items():
        shipped = json.loads(files("tracediff").joinpath("schemas", name).read_text("utf-8"))
        assert shipped == schema, "run python -m tracediff.report.documents"


@pytest.mark.parametrize("path", sorted(EXPECTED.glob("*.json")), ids=lambda path: path.name)
def test_documents_follow_their_schemas(path: Path) -> None:
    schema = json_schemas()[f"{path.name.split('-')[0].removesuffix('.json')}.schema.json"]

    jsonschema.validate(json.loads(path.read_text("utf-8")), schema)
