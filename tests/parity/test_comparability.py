"""The verdict on every kind of pair among the shared captures: same model, or another one."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from tracediff.compare import compare

from builders import SHARED_TRACES

SUFFIX = ".pt.trace.json.gz"
CAPTURES = [path for path in sorted(SHARED_TRACES.glob(f"*/*{SUFFIX}")) if ".tb." not in path.name]


def model(path: Path) -> str:
    return path.name.split("-")[0]


SAME = [pair for pair in combinations(CAPTURES, 2) if model(pair[0]) == model(pair[1])]
FIRST = {model(path): path for path in reversed(CAPTURES)}

pytestmark = pytest.mark.skipif(not CAPTURES, reason="the shared traces are not here")


def test_one_model_is_one_workload_across_backends_versions_and_threads() -> None:
    verdicts = {pair: compare(*pair).comparable for pair in SAME}

    assert len(verdicts) > 50
    assert {pair: found for pair, found in verdicts.items() if found.verdict != "same workload"} == {}


def test_two_models_are_two_workloads() -> None:
    verdicts = [compare(*pair).comparable for pair in combinations(FIRST.values(), 2)]

    assert {found.verdict for found in verdicts} == {"different workload"}
    assert all(found.reasons for found in verdicts)
