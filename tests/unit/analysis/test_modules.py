from __future__ import annotations

from pathlib import Path

from tracediff.analysis.call_tree import build_call_tree
from tracediff.analysis.modules import find_modules
from tracediff.compare import compare
from tracediff.importers import load
from tracediff.model.diff import Row
from tracediff.model.sites import Site

from builders import Call, TraceBuilder, annotation


def module(name: str, *children: Call, own: int = 1, tail: int = 0) -> Call:
    return Call(f"nn.Module: {name}", own, children, cat="python_function", tail=tail)


def frame(name: str, *children: Call) -> Call:
    return Call(name, 1, children, cat="python_function")


def relu(own: int = 10) -> Call:
    return Call("aten::relu", own, shapes=[[1, 4]])


def net() -> Call:
    inner = module("Sequential_0", frame("nn.py(1): _call_impl", relu(20)), relu(30), module("ReLU_1"))
    return module("Net_0", relu(), inner, relu(40), module("ReLU_1", relu(50)))


def only_row(path: Path) -> Row:
    (row,) = compare(path, path).rows
    return row


def test_innermost_frame_around_the_start(tmp_path: Path) -> None:
    trace = TraceBuilder(gap=5).add(annotation("ProfilerStep#1", net(), relu(60)))
    row = only_row(trace.write(tmp_path / "t.json"))

    def site(path: str | None, calls: int, us: int) -> Site:
        return Site(path, calls, us * 1000, calls, us * 1000)

    # A frame that ended before a call is not around it, nor are frames that are no modules.
    assert row.sites == (
        site(None, 1, 60),
        site("Net_0", 2, 50),
        site("Net_0 > ReLU_1", 1, 50),
        site("Net_0 > Sequential_0", 2, 50),
    )


def test_modules_of_another_thread_are_around_nothing(tmp_path: Path) -> None:
    busy = TraceBuilder().add(module("Net_0", relu()))
    other = TraceBuilder(tid=2).add(Call("autograd::engine", 5), relu())
    busy.events += other.events
    tree = build_call_tree(load(busy.write(tmp_path / "t.json")))
    modules = find_modules([tree])
    assert modules
    where = {(tree.thread[call], modules.of_call[call] >= 0) for call in range(len(tree))}
    assert where == {(0, True), (1, False)}


def test_torchscript_writes_paths_with_operators(tmp_path: Path) -> None:
    hierarchies = {
        "aten::mul": "TOP(ResNet)::forward.layer1(Sequential)::forward.0(Block)::forward.SELF(Block)::_impl.",
        "aten::add": "TOP(ResNet)::forward.",
        "aten::sub": "model.layers.0.mlp",
        "aten::div": 7,
    }
    builder = TraceBuilder().add(module("RecursiveScriptModule_0", *(Call(name) for name in hierarchies)))
    for event in builder.events:
        if event["name"] in hierarchies:
            event["args"]["Module Hierarchy"] = hierarchies[event["name"]]
    tree = build_call_tree(load(builder.write(tmp_path / "t.json")))
    modules = find_modules([tree])
    assert modules
    assert [modules.paths[number] for number in modules.of_call] == [
        "ResNet.layer1.0",
        "ResNet",
        "model.layers.0.mlp",
        # What is no text says nothing, and the frame does.
        "RecursiveScriptModule_0",
    ]


def test_captures_keep_their_own_frames(tmp_path: Path) -> None:
    """A frame goes on after its last call, into the time that the next capture gets in the pooled tree."""
    first = TraceBuilder().add(annotation("ProfilerStep#1", module("Net_0", relu(), tail=1000)))
    second = TraceBuilder().add(annotation("ProfilerStep#1", module("Net_0", module("Linear_0", relu()))))
    folder = tmp_path / "captures"
    folder.mkdir()
    for name, builder in (("a", first), ("b", second)):
        builder.write(folder / f"{name}.json")
    assert [(site.module, site.base_calls) for site in only_row(folder).sites] == [
        ("Net_0", 0.5),
        ("Net_0 > Linear_0", 0.5),
    ]


def test_rounded_means_add_up_and_a_side_without_modules_has_no_module(tmp_path: Path) -> None:
    steps = [
        annotation(f"ProfilerStep#{number}", *(module(f"Linear_{at}", relu(own)) for at in range(4)))
        for number, own in enumerate((1, 1, 2))
    ]
    with_modules = TraceBuilder().add(*steps).write(tmp_path / "with.json")
    without = TraceBuilder().add(annotation("ProfilerStep#0", relu(7))).write(tmp_path / "without.json")
    (row,) = compare(with_modules, without).rows
    assert row.base
    assert sum(site.base_ns for site in row.sites) == row.base.time_ns == 5333
    assert {site.module: site.candidate_ns for site in row.sites if site.candidate_ns} == {None: 7000}
    (bare,) = compare(without, without).rows
    assert bare.sites == ()
