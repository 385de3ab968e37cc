"""Operator tables against the `key_averages()` that torch made of the same run."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tracediff.analysis.call_tree import CallTree, build_call_tree
from tracediff.analysis.nesting import NO_PARENT
from tracediff.analysis.operators import operator_table
from tracediff.analysis.summary import summarize
from tracediff.importers import load
from tracediff.model.trace import Trace
from tracediff.report.base import ReportOptions
from tracediff.report.terminal import render_summary

from builders import SAMPLES, SHARED_TRACES

SHARED = sorted(SHARED_TRACES.glob("*/*.pt.trace.json.gz"))
MICROSECOND = 1000


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name.removesuffix('.pt.trace.json.gz')}"


def tolerances(tree: CallTree) -> Counter[str]:
    """Rounding that whole microseconds allow an operator: one for each of its calls and of their children."""
    names = [name if not name.startswith("ProfilerStep#") else "ProfilerStep*" for name in tree.trace.names]
    allowed: Counter[str] = Counter()
    for call, parent in enumerate(tree.parent.tolist()):
        allowed[names[tree.name[call]]] += MICROSECOND
        if parent != NO_PARENT:
            allowed[names[tree.name[parent]]] += MICROSECOND
    return allowed


def check(trace: Trace, captured: list[dict], by_shape: bool) -> None:
    tree = build_call_tree(trace)
    allowed = Counter[str]() if trace.resolution_ns == 1 else tolerances(tree)
    computed = {
        (row.name, json.dumps(row.input_shapes) if by_shape else None): row for row in operator_table(tree, by_shape)
    }
    expected = {(row["name"], json.dumps(row["input_shapes"]) if by_shape else None): row for row in captured}
    assert computed.keys() == expected.keys()
    for key, row in computed.items():
        reference = expected[key]
        assert row.calls == reference["count"], key
        for ns, us in ((row.self_ns, "self_cpu_time_total"), (row.total_ns, "cpu_time_total")):
            assert abs(ns - round(reference[us] * MICROSECOND)) <= allowed[row.name], (key, ns, reference[us])


@pytest.mark.skipif(not SHARED, reason="the shared traces are not here")
@pytest.mark.parametrize("path", SHARED, ids=name_of)
def test_tables_equal_key_averages(path: Path) -> None:
    trace = load(path)
    assert isinstance(trace, Trace)
    stem = path.name.removesuffix(".pt.trace.json.gz")
    for suffix, by_shape in (("key_averages", False), ("key_averages_by_shape", True)):
        check(trace, json.loads((path.parent / f"{stem}.{suffix}.json").read_text()), by_shape)


PRINTED = [path for path in SHARED if path.match("2.10.0/*") and ".tb." not in path.name]


@pytest.mark.skipif(not PRINTED, reason="the shared traces are not here")
@pytest.mark.parametrize("path", PRINTED, ids=name_of)
def test_the_printed_table_is_torchs(path: Path) -> None:
    """To the letter, but for the last digit of an average: torch divides sums of floats, which are off by 1e-10."""
    printed = path.with_name(path.name.replace(".pt.trace.json.gz", ".key_averages.txt")).read_text()
    ours = render_summary(summarize(load(path)), ReportOptions())

    average = re.compile(r"\d+\.\d{3}(?=(?:us|ms|s) +\d+  $)", re.MULTILINE)
    assert average.sub("_", ours) == average.sub("_", printed)
    assert list(map(float, average.findall(ours))) == pytest.approx(
        list(map(float, average.findall(printed))), abs=1.1e-3
    )


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json*")), ids=lambda path: path.name)
def test_samples_equal_the_key_averages_they_carry(path: Path) -> None:
    trace = load(path)
    assert isinstance(trace, Trace)
    assert trace.key_averages
    captured = [
        {
            "name": row.name,
            "count": row.calls,
            "self_cpu_time_total": row.self_ns / MICROSECOND,
            "cpu_time_total": row.total_ns / MICROSECOND,
        }
        for row in trace.key_averages
    ]
    check(trace, captured, by_shape=False)
    # Whole microseconds cannot give torch's own figures: there `show` takes the captured ones.
    assert {row.name: row for row in summarize(trace).operators} == {row.name: row for row in trace.key_averages}
