"""Iterations call by call; that times nest and add up is held by `property/test_timeline.py`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tracediff.compare import compare
from tracediff.model.diff import Diff
from tracediff.model.timeline import IterationCalls

from builders import Call, TraceBuilder, annotation, conv

Write = Callable[..., Path]


def step(number: int, *calls: Call) -> Call:
    return annotation(f"ProfilerStep#{number}", *calls)


def timed(*times: int) -> list[Call]:
    return [step(number, Call("aten::relu", us)) for number, us in enumerate(times)]


def names(calls: IterationCalls, among: tuple[str, ...]) -> list[str]:
    return [among[name] for name in calls.name.tolist()]


def test_the_iteration_shown_is_the_one_nearest_the_median_of_those_that_are_alike(write: Write) -> None:
    other = step(4, Call("aten::relu", 14), Call("aten::sum", 1))
    diff = compare(write("base", *timed(10, 30, 13, 12), other), write("candidate", *timed(9)))

    assert diff.timeline
    assert (diff.timeline.base.label, diff.timeline.candidate.label) == ("ProfilerStep#2", "ProfilerStep#0")


def test_calls_that_match_have_the_same_node_whatever_did_them(diff_of: Callable[..., Diff]) -> None:
    base = [step(0, conv("thnn_conv2d", helpers=[Call("aten::_slow_conv2d_forward", 5)]), Call("aten::relu", 3))]
    candidate = [step(0, conv("mkldnn_convolution"), Call("aten::relu", 4))]
    timeline = diff_of(base, candidate).timeline

    assert timeline
    by_node = [
        dict(zip(side.node.tolist(), names(side, timeline.names), strict=True))
        for side in (timeline.base, timeline.candidate)
    ]
    shared = by_node[0].keys() & by_node[1].keys()
    assert [by_node[0][node] for node in sorted(shared)][:2] == ["aten::conv2d", "aten::convolution"]
    assert by_node[0][max(shared)] == by_node[1][max(shared)] == "aten::relu"
    assert [timeline.families[family] for family in timeline.candidate.family[:4]] == ["conv2d"] * 4
    assert timeline.base.row.tolist()[-1] == timeline.candidate.row.tolist()[-1]


def test_cold_iterations_come_first_and_are_in_no_row(write: Write) -> None:
    diff = compare(write("base", *timed(90, 10, 11, 9)), write("candidate", *timed(10, 11)))

    assert diff.timelines
    pairs = list(diff.timelines.pairs())
    assert [(pair.base.label, pair.candidate.label) for pair in pairs] == [
        ("ProfilerStep#0", ""),
        ("ProfilerStep#1", "ProfilerStep#0"),
        ("ProfilerStep#2", "ProfilerStep#1"),
        ("ProfilerStep#3", ""),
    ]
    assert [pair.base.is_cold for pair in pairs] == [True, False, False, False]
    assert pairs[0].base.row.tolist() == [-1]
    # Its structure is that of the others, so its calls are those of the tree.
    assert pairs[0].base.node.tolist() == pairs[1].base.node.tolist() == [0]


def test_cold_iterations_of_repeated_captures_are_where_they_ran(write: Write) -> None:
    captures = [write(name, *timed(90, 10, 11, 9)) for name in ("a", "b")]
    diff = compare(captures, write("candidate", *timed(10)))

    assert diff.timelines
    cold = [pair.base for pair in diff.timelines.pairs() if pair.base.is_cold]
    assert [(calls.capture, calls.time_ns, calls.dur_ns.tolist()) for calls in cold] == [
        (0, 91_000, [90_000]),
        (1, 91_000, [90_000]),
    ]


def test_calls_on_other_threads_come_last_and_belong_to_the_iteration_that_runs(tmp_path: Path) -> None:
    main = TraceBuilder().add(*timed(50, 50))
    beside = TraceBuilder(now=1_000_010, tid=2).add(Call("aten::conv2d", 5, [Call("aten::copy_", 2)]))
    main.events += beside.events
    path = main.write(tmp_path / "t.json")
    diff = compare(path, path)

    assert diff.timelines
    first, second = (pair.base for pair in diff.timelines.pairs())
    assert [(first.threads[thread].tid, depth) for thread, depth in zip(first.thread, first.depth, strict=True)] == [
        ("1", 0),
        ("2", 0),
        ("2", 1),
    ]
    assert first.start_ns.tolist() == [1_000, 10_000, 15_000]
    assert (first.row.tolist(), first.node.tolist()) == ([0, -1, -1], [0, -1, -1])
    assert len(second) == 1


def test_a_call_that_overlaps_an_earlier_one_is_cut(tmp_path: Path) -> None:
    """As in traces with Python frames, whose clock is another."""
    builder = TraceBuilder()
    for name, start, dur in (("aten::relu", 0, 20), ("aten::sum", 15, 25)):
        event = {"ph": "X", "cat": "cpu_op", "name": name, "pid": 1, "tid": 1, "ts": start, "dur": dur}
        builder.events.append(event)
    path = builder.write(tmp_path / "t.json")
    timeline = compare(path, path).timeline

    assert timeline
    assert (timeline.base.start_ns.tolist(), timeline.base.dur_ns.tolist()) == ([0, 20_000], [20_000, 20_000])
