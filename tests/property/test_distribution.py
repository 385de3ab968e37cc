"""Quartiles and bins of a row's times, against Python's own statistics."""

from __future__ import annotations

import statistics
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tracediff.analysis.samples import distribution_of
from tracediff.compare import compare
from tracediff.model.diff import Diff, Row
from tracediff.model.distribution import Sample

SAMPLES = Path(__file__).parents[2] / "sample_traces"
PAIR = compare(SAMPLES / "openblas.json", SAMPLES / "acl.json")
CAPTURES = st.lists(st.lists(st.integers(0, 10**13), min_size=1, max_size=20), min_size=1, max_size=5)


def with_times(base: list[list[int]], candidate: list[list[int]] | None) -> tuple[Row, Diff]:
    """A row of these times, and a Diff of so many iterations."""
    row, sides = PAIR.rows[0], []
    for side, captures in ((row.base, base), (row.candidate, candidate)):
        times = tuple(ns for capture in captures or [] for ns in capture)
        sides.append(structs.replace(side, samples_ns=times) if side and captures else None)
    kept = [tuple(map(len, captures or [])) for captures in (base, candidate)]
    diff = structs.replace(
        PAIR,
        base=structs.replace(PAIR.base, kept=kept[0]),
        candidate=structs.replace(PAIR.candidate, kept=kept[1]),
    )
    return structs.replace(row, base=sides[0], candidate=sides[1]), diff


@given(CAPTURES, st.none() | CAPTURES)
def test_quartiles_and_counts(base: list[list[int]], candidate: list[list[int]] | None) -> None:
    distribution = distribution_of(*with_times(base, candidate))
    assert distribution
    assert (distribution.candidate is None) == (candidate is None)
    pooled: list[int] = []
    for sample, captures in ((distribution.base, base), (distribution.candidate, candidate)):
        if captures is not None:
            assert sample
            check(sample, captures)
            pooled += [ns for capture in captures for ns in capture]
            for low, high, count in zip(distribution.edges_ns, distribution.edges_ns[1:], sample.counts, strict=False):
                # Edges are rounded to whole nanoseconds.
                inside = sum(low - 1 <= ns <= high + 1 for capture in captures for ns in capture)
                assert count <= inside
    assert (distribution.edges_ns[0], distribution.edges_ns[-1]) == (min(pooled), max(pooled))
    assert list(distribution.edges_ns) == sorted(distribution.edges_ns)


def check(sample: Sample, captures: list[list[int]]) -> None:
    times = [ns for capture in captures for ns in capture]
    assert [list(capture) for capture in sample.captures_ns] == captures
    assert (sample.lowest_ns, sample.highest_ns) == (min(times), max(times))
    assert sample.iterations == sum(sample.counts) == len(times)
    # `inclusive` interpolates as numpy does.
    expected = statistics.quantiles(times, n=4, method="inclusive") if len(times) > 1 else times * 3
    for quartile, exact in zip(sample.quartiles_ns, expected, strict=True):
        assert abs(quartile - exact) <= 1


def test_a_table_without_iterations_has_no_distribution() -> None:
    row, diff = with_times([[1]], None)
    assert row.base
    assert distribution_of(structs.replace(row, base=structs.replace(row.base, samples_ns=())), diff) is None
