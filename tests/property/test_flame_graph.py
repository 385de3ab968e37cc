"""Stacks as a flame graph: each call is in one, times are those of the call tree, and both sides have one order."""

from __future__ import annotations

import tempfile

import numpy as np
import pytest
from hypothesis import given, settings

from property.test_timeline import operators, steps, written
from tracediff.analysis.flame_graph import flame_graph
from tracediff.analysis.folded_tree import fold
from tracediff.compare import compare
from tracediff.model.diff import Diff
from tracediff.model.timeline import Stacks

from builders import SAMPLES


def assert_laid_out(diff: Diff) -> None:
    tree, timeline = diff.call_tree, diff.timeline
    assert tree is not None
    assert timeline is not None
    flame = flame_graph(tree, diff.rows, timeline.families)
    assert flame.families[: len(timeline.families)] == timeline.families
    folded = fold(tree)
    for side, name, self_ns, mean in (
        (flame.base, tree.base_name, tree.base_self_ns, folded.tree.base_ns),
        (flame.candidate, tree.candidate_name, tree.candidate_self_ns, folded.tree.candidate_ns),
    ):
        assert isinstance(side, Stacks)
        assert side.calls.sum() == (name >= 0).sum()
        assert side.time_ns == side.self_ns.sum() == self_ns.sum() == side.dur_ns[side.depth == 0].sum()
        assert side.mean_ns.tolist() == mean[side.node].tolist()
        end = side.start_ns + side.dur_ns
        path: list[int] = []
        for stack, depth in enumerate(side.depth.tolist()):
            del path[depth:]
            assert len(path) == depth
            if path:
                assert side.start_ns[path[-1]] <= side.start_ns[stack] <= end[stack] <= end[path[-1]]
            path.append(stack)
        for depth in np.unique(side.depth):
            level = side.depth == depth
            assert np.all(side.start_ns[level][1:] >= end[level][:-1])
    both, at_base, at_candidate = np.intersect1d(flame.base.node, flame.candidate.node, return_indices=True)
    assert flame.base.family[at_base].tolist() == flame.candidate.family[at_candidate].tolist()
    order = np.argsort(at_base)
    assert np.all(np.diff(at_candidate[order]) > 0)
    for node in both.tolist():
        assert flame.delta_ns(node) == folded.tree.delta_ns[node]


@settings(max_examples=60, deadline=None)
@given(operators, steps, operators, steps)
def test_any_calls(base: list, base_steps: list, candidate: list, candidate_steps: list) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = written(folder, "base", base, base_steps), written(folder, "candidate", candidate, candidate_steps)
        assert_laid_out(compare(*paths))


@pytest.mark.parametrize("pair", [("openblas.json", "acl.json"), ("resnet50-openblas.json.gz", "resnet50-acl.json.gz")])
def test_samples(pair: tuple[str, str]) -> None:
    diff = compare(*(SAMPLES / name for name in pair))
    assert_laid_out(diff)
    assert diff.call_tree
    flame = flame_graph(diff.call_tree, diff.rows, ())
    first = flame.names[flame.base.name[np.flatnonzero(flame.base.self_ns == flame.base.self_ns.max())[0]]]
    assert "conv2d" in first
