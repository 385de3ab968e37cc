from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tracediff.analysis.call_tree import build_call_tree
from tracediff.analysis.warnings import trace_doubts
from tracediff.importers import load

from builders import Call, TraceBuilder


def tree_of(tmp_path: Path, intervals: list[tuple[str, int, int]]):
    """Intervals (name, start, end) in microseconds, in file order."""
    events = [
        {"ph": "X", "cat": "cpu_op", "name": name, "pid": 1, "tid": 1, "ts": start, "dur": end - start, "args": {}}
        for name, start, end in intervals
    ]
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"traceEvents": events}))
    return build_call_tree(load(path))


def described(tree) -> list[tuple[str, str | None, int]]:
    """(name, parent's name, self us) in preorder."""
    names = [tree.trace.names[name] for name in tree.name]
    return [
        (names[call], names[parent] if parent >= 0 else None, int(tree.self_ns[call]) // 1000)
        for call, parent in enumerate(tree.parent.tolist())
    ]


@pytest.mark.parametrize(
    ("intervals", "expected"),
    [
        pytest.param(
            [("a", 0, 10), ("b", 2, 5), ("c", 6, 9)],
            [("a", None, 4), ("b", "a", 3), ("c", "a", 3)],
            id="siblings",
        ),
        pytest.param([("b", 0, 5), ("a", 0, 10)], [("a", None, 5), ("b", "a", 5)], id="child listed before its parent"),
        pytest.param(
            [("a", 0, 10), ("b", 2, 12)],
            [("a", None, 10), ("b", None, 2)],
            id="partial overlap: no parent, and the second counts from the end of the first",
        ),
        pytest.param(
            [("p", 0, 20), ("a", 0, 10), ("b", 9, 15)],
            [("p", None, 5), ("a", "p", 10), ("b", "p", 5)],
            id="overlapping siblings share no nanosecond",
        ),
        pytest.param(
            [("a", 0, 10), ("b", 10, 10)],
            [("a", None, 10), ("b", None, 0)],
            id="an event at its neighbour's end is no child, as in torch",
        ),
        pytest.param(
            [("a", 0, 10), ("b", 3, 1)], [("a", None, 10), ("b", "a", 0)], id="a negative duration counts as none"
        ),
        pytest.param(
            [("step", 0, 20), ("a", 1, 5), ("giant", 6, 1_000_000), ("b", 10, 12), ("c", 30, 40)],
            [("step", None, 16), ("a", "step", 4), ("giant", None, 999_970), ("b", "giant", 0), ("c", "giant", 10)],
            id="a giant tears its parent and takes only what nothing has counted yet",
        ),
    ],
)
def test_nesting(tmp_path: Path, intervals, expected) -> None:
    assert described(tree_of(tmp_path, intervals)) == expected


def test_equal_intervals_nest_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    inner = {
        "ph": "X",
        "cat": "cpu_op",
        "name": "inner",
        "pid": 1,
        "tid": 1,
        "ts": 0,
        "dur": 5,
        "args": {"External id": 2},
    }
    outer = inner | {"name": "outer", "args": {"External id": 1}}
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"traceEvents": [inner, outer]}))

    assert described(build_call_tree(load(path))) == [("outer", None, 0), ("inner", "outer", 5)]


def test_calls_listed_twice_count_once(tmp_path: Path) -> None:
    once = TraceBuilder().add(Call("a", 1, [Call("b", 2), Call("view", 0)], tail=4))
    twice = TraceBuilder(events=[*once.events, *once.events])
    tree = build_call_tree(load(twice.write(tmp_path / "t.json")))

    assert described(tree) == [("a", None, 5), ("b", "a", 2), ("view", "a", 0)]
    assert tree.duplicates == 3
    assert "3 exact duplicates of calls: left out" in trace_doubts(tree)


def test_calls_without_id_and_duration_are_no_duplicates(tmp_path: Path) -> None:
    tree = tree_of(tmp_path, [("a", 0, 10), ("a", 0, 10), ("view", 3, 3), ("view", 3, 3)])

    assert described(tree) == [("a", None, 10), ("view", "a", 0), ("view", "a", 0)]
    assert tree.duplicates == 1


def test_oddities_are_said(tmp_path: Path) -> None:
    doubts = list(trace_doubts(tree_of(tmp_path, [("a", 0, 10), ("b", 2, 12), ("c", 20, 19)])))

    assert "1 call overlap an earlier one: counted from its end on" in doubts
    assert "read 100 % of 3 events; not mended: 1 negative duration" in doubts


def test_an_only_child_of_the_same_name_is_folded_in(write: Callable[..., Path]) -> None:
    chain = Call("a", 1, [Call("a", 2, [Call("a", 4, [Call("b", 8), Call("c", 16)])])])
    tree = build_call_tree(load(write("t", chain)))

    assert described(tree) == [("a", None, 7), ("b", "a", 8), ("c", "a", 16)]
    assert tree.depth.tolist() == [0, 1, 1]
    assert tree.end.tolist() == [3, 2, 3]


def test_two_children_of_the_same_name_are_kept(write: Callable[..., Path]) -> None:
    tree = build_call_tree(load(write("t", Call("a", 1, [Call("a", 2), Call("a", 3)]))))

    assert described(tree) == [("a", None, 1), ("a", "a", 2), ("a", "a", 3)]


def test_threads_nest_on_their_own(tmp_path: Path) -> None:
    main = TraceBuilder().add(Call("main", 100))
    other = TraceBuilder(tid=2, now=1_000_010).add(Call("other", 5))
    main.events += other.events
    tree = build_call_tree(load(main.write(tmp_path / "t.json")))

    assert described(tree) == [("main", None, 100), ("other", None, 5)]


def test_python_frames_and_utility_records_stay_out(write: Callable[..., Path]) -> None:
    calls = Call("a", 1, [Call("module.py(3): f", 2, [Call("aten::is_leaf", 4), Call("b", 8)], cat="python_function")])
    tree = build_call_tree(load(write("t", calls)))

    assert described(tree) == [("a", None, 7), ("b", "a", 8)]


def test_fifteen_hundred_levels(tmp_path: Path) -> None:
    levels = 1500
    tree = tree_of(tmp_path, [(f"level{level}", level, 2 * levels - level) for level in range(levels)])

    assert tree.depth.tolist() == list(range(levels))
    assert tree.end.tolist() == [levels] * levels
    assert int(tree.self_ns.sum()) == 2 * levels * 1000
