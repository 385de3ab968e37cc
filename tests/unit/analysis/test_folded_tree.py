from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tracediff.analysis.folded_tree import fold
from tracediff.compare import compare

from builders import SAMPLES, Call


def test_calls_of_one_name_below_one_caller_are_one(diff_of) -> None:
    def model(cost: int) -> list[Call]:
        first = Call("block", 1, [Call("a", cost), Call("b", 2), Call("a", cost)])
        return [first, Call("c", 3), Call("block", 1, [Call("a", cost)]), Call("a", 7)]

    folded = fold(diff_of(model(10), model(15)).call_tree)
    tree = folded.tree
    shown = [
        (int(depth), tree.names[name], int(base), int(candidate), int(calls))
        for depth, name, base, candidate, calls in zip(
            tree.depth, tree.base_name, tree.base_ns, tree.candidate_ns, folded.base_calls, strict=True
        )
    ]

    assert shown == [
        (0, "block", 34_000, 49_000, 2),
        (1, "a", 30_000, 45_000, 3),
        (1, "b", 2_000, 2_000, 1),
        (0, "c", 3_000, 3_000, 1),
        (0, "a", 7_000, 7_000, 1),
    ]


@pytest.mark.parametrize("model", ["bert", "resnet50"])
def test_nothing_is_lost(model: str) -> None:
    tree = compare(SAMPLES / f"{model}-openblas.json.gz", SAMPLES / f"{model}-acl.json.gz").call_tree
    assert tree is not None
    folded = fold(tree)

    assert len(folded.tree) < len(tree) / 3
    for column in ("base_self_ns", "candidate_self_ns"):
        assert getattr(folded.tree, column).sum() == getattr(tree, column).sum()
    for column in ("base_ns", "candidate_ns"):
        for level in range(int(tree.depth.max()) + 1):
            sums = [getattr(one, column)[one.depth == level].sum() for one in (tree, folded.tree)]
            assert sums[0] == sums[1]
    assert folded.base_calls.sum() == np.count_nonzero(tree.base_name >= 0)


def test_an_empty_tree_stays_empty(diff_of) -> None:
    tree = diff_of([Call("a")], [Call("a")]).call_tree
    nothing = np.zeros(0, dtype=np.int64)
    columns = {name: nothing for name in tree.__struct_fields__ if isinstance(getattr(tree, name), np.ndarray)}

    assert len(fold(msgspec.structs.replace(tree, **columns)).tree) == 0
