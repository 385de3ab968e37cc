"""Every hazard of a real trace is read with the right numbers, or refused in one line, and what was mended is said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import jsonschema
import pytest

from tracediff.analysis.call_tree import build_call_tree
from tracediff.analysis.summary import summarize
from tracediff.cli import main
from tracediff.compare import compare
from tracediff.importers import load
from tracediff.model.trace import LOSSES, Trace
from tracediff.report.documents import json_schemas

from builders import SAMPLES
from hostile.generator import DAMAGED, PAIRS, UNREADABLE, numbers
from hostile.reading import assert_conserved, tables_of, tables_without_damage, told_by_json, told_by_us
from hostile.real_trace import RealTrace, real_traces
from hostile.registry import Damaged

TRACES = real_traces()
GOOD = SAMPLES / "acl.json"


def hazards(registry: dict[str, object]) -> Iterator[object]:
    """Each hazard with each real trace."""
    for name in registry:
        for trace in TRACES:
            yield pytest.param(name, TRACES[trace], id=f"{name}-{trace}")


@cache
def validator(document: str) -> jsonschema.protocols.Validator:
    schema = json_schemas()[f"{document}.schema.json"]
    return jsonschema.validators.validator_for(schema)(schema)


def test_there_is_a_file_of_every_hazard() -> None:
    assert numbers() == set(range(1, 41))


@pytest.mark.parametrize(("name", "whole"), hazards(DAMAGED))
def test_read(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    name: str,
    whole: RealTrace,
) -> None:
    made = DAMAGED[name](whole)
    path = tmp_path / f"trace{made.suffix}"
    path.write_bytes(made.content)

    trace = load(path)
    assert isinstance(trace, Trace)
    summary = summarize(trace)
    events_read = len(made.like.entries) if made.events_read is None else made.events_read
    report = {
        "bytes": len(made.content),
        "events_read": events_read,
        "events_dropped": made.events_dropped,
        "repairs": dict(made.repairs),
        "truncated": made.truncated,
    }
    assert {field: getattr(trace.read, field) for field in report} == report
    if made.dropped_at:
        assert trace.read.dropped_at == made.dropped_at
    if made.same_events:
        assert told_by_us(trace) == told_by_json(made.like.text)
    assert tables_of(trace) == tables_without_damage(made.like.text, tmp_path_factory.getbasetemp())
    assert_conserved(build_call_tree(trace))
    if made.warns:
        assert len([warning for warning in summary.warnings if re.search(made.warns, warning)]) == 1
    if made.iterations is not None:
        assert summary.iterations == made.iterations

    document = json.loads(said(capsys, 0, "show", path, "--format", "json")[0])
    validator("show").validate(document)
    assert {field: document["read"][field] for field in report} == report
    assert_damage_is_said(made, events_read, "\n".join(said(capsys, 0, "show", path, "--format", "table")))


def assert_damage_is_said(made: Damaged, events_read: int, output: str) -> None:
    """In one line, if there was any."""
    lines = [line for line in output.splitlines() if re.search(r"\bread [\d.]+ % of [\d,]+ events?", line)]
    assert len(lines) == made.is_harmed, output
    for line in lines:
        assert f" of {events_read + made.events_dropped:,} event" in line
        assert ("repaired" in line) == bool(made.repairs.keys() - LOSSES)
        assert ("not mended" in line) == bool(made.repairs.keys() & LOSSES)
        assert all(f"{count:,} " in line for count in made.repairs.values())
        assert ("cut short" in line) == made.truncated
        if made.dropped_at:
            assert f"dropped {made.events_dropped:,} event" in line
            assert f"{made.dropped_at[0]:,}" in line


def said(capsys: pytest.CaptureFixture[str], code: int, *arguments: object) -> tuple[str, str]:
    assert main([str(argument) for argument in arguments]) == code
    return capsys.readouterr()


@pytest.mark.parametrize(("name", "whole"), hazards(PAIRS))
def test_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, whole: RealTrace) -> None:
    made = PAIRS[name](whole)
    paths = tmp_path / "base.json", tmp_path / "candidate.json"
    for path, content in zip(paths, (made.base, made.candidate), strict=True):
        path.write_bytes(content)

    diff = compare(*paths)
    assert diff.comparable.verdict == made.verdict
    if made.delta_ns is not None:
        assert diff.total.delta_ns == made.delta_ns
        assert {row.change for row in diff.rows} == {"same"}
        assert {row.delta_ns for row in diff.rows} == {0}
    if made.warns:
        assert len([warning for warning in diff.warnings if re.search(made.warns, warning)]) == 1

    validator("diff").validate(json.loads(said(capsys, 0, "diff", *paths, "--format", "json")[0]))


@pytest.mark.parametrize(("name", "whole"), hazards(UNREADABLE))
def test_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, whole: RealTrace) -> None:
    make, message = UNREADABLE[name]
    path = tmp_path / "input.json"
    make(path, whole)

    for arguments in (("show", path), ("diff", path, GOOD), ("diff", GOOD, path)):
        output, error = said(capsys, 3, *arguments)
        assert output == ""
        assert error.startswith(f"tracediff: error: {path}: ")
        assert message in error
        assert error.count("\n") == 1
