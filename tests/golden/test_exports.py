"""What `tracediff export` writes, to the letter; TRACEDIFF_UPDATE_GOLDEN=1 writes it anew.

`speedscope/file-format-schema.json` is what speedscope itself (https://github.com/jlfwong/speedscope, MIT) ships in its
npm package 1.25.0, unchanged; its licence lies beside it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from tracediff.compare import compare
from tracediff.report.exports import EXPORTS, render

from builders import SAMPLES, Call, TraceBuilder, annotation, conv

HERE = Path(__file__).parent
SCHEMA = json.loads((HERE / "speedscope/file-format-schema.json").read_text("utf-8"))
SAMPLE_PAIRS = {
    "gtsrb": ("openblas.json", "acl.json"),
    "bert": ("bert-openblas.json.gz", "bert-acl.json.gz"),
}


def check(name: str, text: str) -> None:
    path = HERE / "expected" / "exports" / name
    if os.environ.get("TRACEDIFF_UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def small_pair() -> tuple[Path, Path]:
    """A cold iteration, a convolution done another way, a call of one side only, a second thread, an unkind name."""
    base = TraceBuilder()
    for number, us in enumerate((900, 100, 104, 96)):
        slow = conv("thnn_conv2d", 2, helpers=[Call("aten::_slow_conv2d_forward", us)])
        base.add(annotation(f"ProfilerStep#{number}", slow, Call('my;"op"', 7), own=3))
        base.gap = 5
    beside = TraceBuilder(now=1_000_950, tid=2).add(Call("aten::linear", 9, [Call("aten::addmm", 20)]))
    base.events += beside.events
    candidate = TraceBuilder()
    for number, us in enumerate((40, 44)):
        fast = conv("mkldnn_convolution", us)
        candidate.add(annotation(f"ProfilerStep#{number}", fast, Call('my;"op"', 8), Call("aten::relu", 2), own=3))
    return base.write(Path("base.json")), candidate.write(Path("candidate.json"))


@pytest.mark.parametrize("name", EXPORTS)
def test_small_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)

    check(f"small.{name}", "".join(render(name, compare(*small_pair()))))


@pytest.mark.parametrize("name", ["speedscope", "folded"])
def test_sample_pair(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(SAMPLES)

    check(f"gtsrb.{name}", "".join(render(name, compare(*SAMPLE_PAIRS["gtsrb"]))))


def test_speedscope_files_follow_the_schema_of_speedscope_and_nest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for pair in SAMPLE_PAIRS.values():
        document = "".join(render("speedscope", compare(*(SAMPLES / name for name in pair))))
        jsonschema.validate(json.loads(document), SCHEMA)
    monkeypatch.chdir(tmp_path)
    small = json.loads("".join(render("speedscope", compare(*small_pair()))))
    jsonschema.validate(small, SCHEMA)
    for profile in small["profiles"]:
        open_frames: list[int] = []
        now = profile["startValue"]
        for event in profile["events"]:
            assert now <= event["at"] <= profile["endValue"]
            now = event["at"]
            if event["type"] == "O":
                open_frames.append(event["frame"])
            else:
                assert open_frames.pop() == event["frame"]
        assert not open_frames
