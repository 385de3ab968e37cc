"""The benchmarks run, and the traces that they build are the captures that they build them from, several times."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from tracediff.analysis.call_tree import CallTree, build_call_tree
from tracediff.analysis.iterations import find_iterations
from tracediff.analysis.operators import operator_table
from tracediff.importers import load
from tracediff.model.trace import ABSENT, Trace

from builders import REPOSITORY, SAMPLES


def run(script: str, *arguments: str | Path) -> str:
    command = [sys.executable, REPOSITORY / "benchmarks" / script, *arguments]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def tree_of(path: Path) -> CallTree:
    trace = load(path)
    assert isinstance(trace, Trace)
    return build_call_tree(trace)


@pytest.mark.parametrize("capture", ["acl.json", "bert-openblas.json.gz"])
def test_a_built_trace_is_its_capture_several_times(tmp_path: Path, capture: str) -> None:
    run("big_traces.py", "--trace", SAMPLES / capture, "--megabytes", "1", tmp_path / "built.json")

    one, built = tree_of(SAMPLES / capture), tree_of(tmp_path / "built.json")
    times = len(built) // len(one)
    assert times > 1
    assert operator_table(built) == tuple(
        structs.replace(row, calls=row.calls * times, self_ns=row.self_ns * times, total_ns=row.total_ns * times)
        for row in operator_table(one)
    )
    assert find_iterations(built).count == find_iterations(one).count * times
    assert len(external_ids(built)) == times * len(external_ids(one))


def external_ids(tree: CallTree) -> set[int]:
    return set(tree.trace.events.external_id.tolist()) - {ABSENT}


def test_one_step_holds_all_operators(tmp_path: Path) -> None:
    run("big_traces.py", "--operators", "3000", tmp_path / "built.json")

    tree = tree_of(tmp_path / "built.json")
    assert find_iterations(tree).count == 1
    assert int(tree.end[0]) == len(tree) > 3000


def test_the_parse_benchmark_runs(tmp_path: Path) -> None:
    # No contender: those are installed.
    small = ["--megabytes", "1", "--rounds", "1", "--operators", "2000", "--contenders"]
    text = run("parse.py", *small, "--work", tmp_path)

    assert text.count("\n### ") == 8
    assert "Nothing is kept of it" in text
    assert "All count the same 2,484 calls of 40 operators" in text


def test_the_second_look_is_from_the_cache(tmp_path: Path) -> None:
    large = ["--megabytes", "21", "--rounds", "1", "--contenders", "--sections", "second-look"]
    text = run("parse.py", *large, "--work", tmp_path)

    assert "\n| the second, from the cache | " in text
