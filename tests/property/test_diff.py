"""Conservation and symmetry, on generated call trees and on real traces."""

from __future__ import annotations

import tempfile
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracediff.analysis.call_tree import build_call_tree
from tracediff.compare import compare
from tracediff.importers import load
from tracediff.model.diff import Diff, Row

from builders import SAMPLES, SHARED_TRACES, Call, TraceBuilder, annotation

NAMES = [
    "aten::conv2d",
    "aten::mkldnn_convolution",
    "aten::_slow_conv2d_forward",
    "mkldnn::_convolution_pointwise",
    "aten::linear",
    "aten::addmm",
    "aten::matmul",
    "aten::softmax",
    "aten::scaled_dot_product_attention",
    "aten::relu",
    "aten::batch_norm",
    "aten::view",
    "aten::clone",
    "custom::op",
    "custom::wrapper",
]
SHAPES = [None, [[1, 3, 8, 8], [4, 3, 3, 3]], [[2, 3, 8, 8], [4, 3, 3, 3]], [[1, 16]], []]

leaves = st.builds(Call, st.sampled_from(NAMES), st.integers(0, 50), st.just(()), st.sampled_from(SHAPES))
calls = st.recursive(
    leaves,
    lambda below: st.builds(
        Call,
        st.sampled_from(NAMES),
        st.integers(0, 50),
        st.lists(below, max_size=4),
        st.sampled_from(SHAPES),
        st.sampled_from(["cpu_op", "cpu_op", "user_annotation"]),
        st.integers(0, 5),
    ),
    max_leaves=12,
)
iterations = st.lists(st.lists(calls, min_size=1, max_size=5), min_size=1, max_size=4)


def trace_of(run: list[list[Call]], marked: bool, folder: str, name: str) -> Path:
    builder = TraceBuilder(gap=3)
    for number, iteration in enumerate(run):
        builder.add(*([annotation(f"ProfilerStep#{number}", *iteration)] if marked else iteration))
    # A trace without any operator is refused; this one makes sure that there is one.
    if not marked:
        builder.add(Call("aten::relu", 1))
    else:
        builder.add(annotation(f"ProfilerStep#{len(run)}", Call("aten::relu", 1)))
    return builder.write(Path(folder) / f"{name}.json")


def identity(row: Row) -> tuple[str, str | None]:
    return row.family, row.shape


def assert_conserved(diff: Diff) -> None:
    assert sum(term.delta_ns for term in diff.ledger) == diff.total.delta_ns
    assert sum(term.base_ns for term in diff.ledger) == diff.total.base_ns
    assert sum(term.candidate_ns for term in diff.ledger) == diff.total.candidate_ns
    terms = {term.term: term for term in diff.ledger}
    rest = terms["gaps"].delta_ns + terms["remainder"].delta_ns
    assert sum(row.delta_ns for row in diff.rows) + rest == diff.total.delta_ns
    assert terms["gaps"].base_ns >= 0
    assert terms["gaps"].candidate_ns >= 0
    if diff.call_tree is not None:
        # Half a nanosecond of rounding a row at most, and none where there is nothing to normalise.
        exact = diff.base.iterations == diff.candidate.iterations == 1
        assert abs(terms["remainder"].delta_ns) <= (0 if exact else len(diff.rows) + 2)
    for row in diff.rows:
        assert row.calls_effect_ns + row.cost_effect_ns == row.delta_ns
        for side in filter(None, (row.base, row.candidate)):
            assert side.time_ns >= side.dispatch_ns >= 0
            assert sum(operator.self_ns for operator in side.operators) <= side.time_ns + len(side.operators)
        if row.sites:
            assert sum(site.base_ns for site in row.sites) == (row.base.time_ns if row.base else 0)
            assert sum(site.candidate_ns for site in row.sites) == (row.candidate.time_ns if row.candidate else 0)
    assert len({identity(row) for row in diff.rows}) == len(diff.rows)


def assert_negated(diff: Diff, swapped: Diff) -> None:
    assert swapped.total.delta_ns == -diff.total.delta_ns
    assert {identity(row): effects(row, 1) for row in diff.rows} == {
        identity(row): effects(row, -1) for row in swapped.rows
    }
    assert {t.term: t.delta_ns for t in diff.ledger} == {t.term: -t.delta_ns for t in swapped.ledger}
    assert swapped.comparable.verdict == diff.comparable.verdict
    assert sorted(explained(swapped)) == sorted(explained(diff))


def explained(diff: Diff) -> list[list[tuple[str, str]]]:
    """What each explanation is about."""
    return [[(diff.rows[at].family, diff.rows[at].shape or "") for at in one.rows] for one in diff.explanations]


def effects(row: Row, sign: int) -> tuple[int, int, int, str]:
    return sign * row.delta_ns, sign * row.calls_effect_ns, sign * row.cost_effect_ns, row.match


@settings(max_examples=150, deadline=None)
@given(iterations, iterations, st.booleans(), st.booleans())
def test_generated_trees(base: list[list[Call]], candidate: list[list[Call]], marked: bool, other_marked: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = (trace_of(base, marked, folder, "base"), trace_of(candidate, other_marked, folder, "candidate"))
        diff, swapped, same = compare(*paths), compare(*paths[::-1]), compare(paths[0], paths[0])

        assert_conserved(diff)
        assert_negated(diff, swapped)
        assert_zero(same)
        for path in paths:
            tree = build_call_tree(load(path))
            roots = tree.parent < 0
            assert (tree.self_ns >= 0).all()
            assert tree.self_ns.sum() == tree.total_ns[roots].sum()


def assert_zero(diff: Diff) -> None:
    assert diff.total.delta_ns == 0
    assert all(row.delta_ns == row.calls_effect_ns == row.cost_effect_ns == 0 for row in diff.rows)
    assert {(row.change, row.match) for row in diff.rows} <= {("same", "exact")}
    assert all(term.delta_ns == 0 for term in diff.ledger)


def real_pairs() -> list[tuple[Path, Path]]:
    samples = [
        (SAMPLES / f"{prefix}openblas{suffix}", SAMPLES / f"{prefix}acl{suffix}")
        for prefix, suffix in (("", ".json"), ("resnet50-", ".json.gz"), ("bert-", ".json.gz"))
    ]
    tables = [(SAMPLES / "arm-tutorial-openblas.txt", SAMPLES / "arm-tutorial-acl.txt")]
    shared = [
        pair
        for folder in sorted(SHARED_TRACES.glob("*.*"))
        for model in ("gtsrb", "bert", "ops", "tenc", "resnet50", "resnet50_224")
        for pair in combinations(sorted(folder.glob(f"{model}-*.pt.trace.json.gz")), 2)
    ]
    return samples + tables + shared[::4]


@pytest.mark.parametrize(("base", "candidate"), real_pairs(), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_real_pairs(base: Path, candidate: Path) -> None:
    diff = compare(base, candidate)

    assert_conserved(diff)
    assert_negated(diff, compare(candidate, base))
    assert_zero(compare(base, base))
