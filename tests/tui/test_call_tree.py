"""Folding, filtering and the hot path of the merged call tree."""

from __future__ import annotations

import numpy as np

from tracediff import units
from tracediff.compare import compare
from tracediff.model.diff import Diff
from tracediff.model.merged_tree import MergedTree
from tracediff.model.trace import BoolArray
from tracediff.tui.filtering import calls_found, row_subjects
from tracediff.tui.outline import Outline
from tracediff.tui.query import parse
from tracediff.tui.screens.detail import DetailScreen
from tracediff.tui.widgets.call_tree import CallTreeView
from tui.driver import RESNET, opened


def tree_of(diff: Diff) -> MergedTree:
    assert diff.call_tree
    return diff.call_tree


def test_outline_knows_the_same_ends_as_the_tree(gtsrb: Diff) -> None:
    tree, outline = tree_of(gtsrb), Outline(tree_of(gtsrb))
    for node in range(len(tree)):
        children = outline.children(node)
        assert all(tree.depth[child] == tree.depth[node] + 1 for child in children)
        assert all(outline.parent(child) == node for child in children)
        assert outline.has_children(node) == (tree.end(node) > node + 1)


def test_folding(gtsrb: Diff) -> None:
    tree, outline = tree_of(gtsrb), Outline(tree_of(gtsrb))
    assert outline.visible == outline.roots()
    for root in outline.roots():
        assert outline.expand_all(root)
    assert outline.visible == list(range(len(tree)))
    first = outline.children(0)[0]
    outline.collapse(first)
    assert outline.visible == [node for node in range(len(tree)) if not first < node < tree.end(first)]
    assert outline.visible[outline.reveal(first + 1)] == first


def test_hot_path_ends_where_the_difference_is_the_calls_own(gtsrb: Diff) -> None:
    outline = Outline(tree_of(gtsrb))
    last = outline.hot_path(0)
    names = outline.tree.names
    assert names[outline.tree.base_name[last]] == "aten::_slow_conv2d_forward"
    assert outline.visible[outline.reveal(last)] == last


def test_hot_path_from_the_first_line_begins_with_the_largest_root() -> None:
    tree = tree_of(compare(*RESNET))
    outline = Outline(tree)
    roots = outline.roots()
    largest = max(roots, key=lambda root: abs(outline.delta(root)))
    assert largest != roots[0]
    assert largest <= outline.hot_path(roots[0]) < tree.end(largest)
    assert roots[1] <= outline.hot_path(roots[1]) < tree.end(roots[1])


def found(diff: Diff, needle: str) -> BoolArray:
    return calls_found(tree_of(diff), row_subjects(diff), parse(needle), diff.total.delta_ns)


def test_filter_keeps_callers(gtsrb: Diff) -> None:
    outline = Outline(tree_of(gtsrb))
    before = list(outline.visible)
    outline.keep(found(gtsrb, "MKLDNN_convolution"))
    shown = [outline.tree.names[max(outline.tree.candidate_name[node], 0)] for node in outline.visible]
    assert "aten::mkldnn_convolution" in shown
    assert "model_inference" in shown
    assert "aten::addmm" not in shown
    hits = [node for node in outline.visible if outline.is_hit(node)]
    assert {outline.tree.names[outline.tree.candidate_name[node]] for node in hits} == {"aten::mkldnn_convolution"}
    outline.keep(found(gtsrb, "no such name"))
    assert outline.visible == []
    assert outline.hit_beside(None, 1) is None
    outline.keep(None)
    assert outline.visible == before


def test_calls_are_found_by_numbers_and_by_their_rows(gtsrb: Diff) -> None:
    tree = tree_of(gtsrb)
    assert np.flatnonzero(found(gtsrb, "<-50ms")).tolist() == np.flatnonzero(tree.delta_ns < -50_000_000).tolist()
    families = [gtsrb.rows[row].family if row >= 0 else None for row in tree.row]
    assert found(gtsrb, "family:conv2d").tolist() == [family == "conv2d" for family in families]
    assert found(gtsrb, "changed").tolist() == (tree.base_name != tree.candidate_name).tolist()


async def test_keys_fold_and_numbers_are_those_of_the_tree(gtsrb: Diff) -> None:
    tree = tree_of(gtsrb)
    async with opened() as pilot:
        await pilot.press("3")
        await pilot.pause()
        view = pilot.app.screen.query_one(CallTreeView)
        assert view.outline
        assert pilot.app.focused is view
        folded = list(view.outline.visible)
        await pilot.press("j", "space")
        assert len(view.outline.visible) == len(folded) + len(view.outline.children(1))
        await pilot.press("space")
        assert view.outline.visible == folded
        await pilot.press("g", "*")
        assert len(view.outline.visible) == len(tree)
        for node in view.outline.visible:
            line = view.line_text(node).plain
            assert line.startswith("<" if tree.candidate_name[node] < 0 else ">" if tree.base_name[node] < 0 else " ")
            assert line.endswith(units.difference(int(tree.candidate_ns[node] - tree.base_ns[node])))
            if tree.base_name[node] >= 0:
                assert units.duration(int(tree.base_ns[node])) in line
        await pilot.press("G")
        assert view.node == len(tree) - 1
        await pilot.press("-")
        assert view.node is not None
        assert view.node < len(tree) - 1


async def test_enter_opens_the_row_of_a_call(gtsrb: Diff) -> None:
    async with opened() as pilot:
        await pilot.press("3", "j", "enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, DetailScreen)
        row = gtsrb.rows[tree_of(gtsrb).row[1]]
        assert (pilot.app.screen.row.family, pilot.app.screen.row.shape) == (row.family, row.shape)


async def test_n_goes_from_hit_to_hit(gtsrb: Diff) -> None:
    hits = np.flatnonzero(found(gtsrb, "addmm")).tolist()
    assert len(hits) > 1
    async with opened() as pilot:
        await pilot.press("3", "/", *"addmm", "enter")
        await pilot.pause()
        view = pilot.app.screen.query_one(CallTreeView)
        seen = []
        for key in ("n",) * len(hits) + ("n", "N"):
            await pilot.press(key)
            seen.append(view.node)
        assert seen == [*hits, hits[0], hits[-1]]
