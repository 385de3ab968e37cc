"""Several captures as one side: what they say of themselves, and the kernel pass that stands for all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tracediff.compare import compare

from builders import Call, annotation

Write = Callable[..., Path]


def captured(write: Write, name: str, *warnings: str, latency_ns: int = 1000) -> Path:
    calls = [annotation(f"ProfilerStep#{number}", Call("aten::relu", 10)) for number in (1, 2)]
    return write(name, *calls, tracediff={"checks": {"warnings": list(warnings)}, "latency_ns": [latency_ns]})


def test_doubts_that_differ_in_their_numbers_are_one(write: Write) -> None:
    base = [
        captured(write, "a", "drifted by 20% over 3 iterations", "throttled"),
        captured(write, "b", "drifted by 7.5% over 3 iterations"),
        captured(write, "c", "throttled"),
    ]
    diff = compare(base, captured(write, "other"))

    said = [warning for warning in diff.warnings if "drifted" in warning or "throttled" in warning]
    assert said == [
        "base: 2 of 3 captures: drifted by 20% over 3 iterations, at the most",
        "base: 2 of 3 captures: throttled",
    ]


def test_the_latency_of_a_side_is_the_geometric_mean_of_its_processes(write: Write) -> None:
    base = [captured(write, name, latency_ns=ns) for name, ns in (("a", 1000), ("b", 3000), ("c", 90_000))]

    diff = compare(base, captured(write, "other", latency_ns=6000))

    assert diff.latency
    assert (diff.latency.base_ns, diff.latency.candidate_ns) == (round((1000 * 3000 * 90_000) ** (1 / 3)), 6000)
