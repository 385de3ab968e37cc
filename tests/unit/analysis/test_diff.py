"""What a comparison says of small call trees whose difference is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tracediff.compare import CompareOptions, compare
from tracediff.model.diff import Diff, Row

from builders import Call, TraceBuilder, annotation, conv

DiffOf = Callable[[list[Call], list[Call]], Diff]
Write = Callable[..., Path]


def only(diff: Diff, family: str) -> Row:
    (row,) = [row for row in diff.rows if row.family == family]
    return row


def sides(row: Row):
    assert row.base
    assert row.candidate
    return row.base, row.candidate


def terms(diff: Diff) -> dict[str, int]:
    return {term.term: term.delta_ns for term in diff.ledger}


def test_another_implementation_is_one_row_at_the_stable_operator(diff_of: DiffOf) -> None:
    slow = conv("thnn_conv2d", 1, helpers=[Call("aten::_slow_conv2d_forward", 20, [Call("aten::copy_", 9)])])
    row = only(diff_of([slow], [conv("mkldnn_convolution", 12, helpers=[Call("aten::empty", 2)])]), "conv2d")
    base, candidate = sides(row)

    assert (row.change, row.match, row.shape) == ("implementation", "family", "[1,3,8,8] [4,3,3,3] [4]")
    assert [way.chain for way in base.implementations] == [("aten::thnn_conv2d", "aten::_slow_conv2d_forward")]
    assert [way.chain for way in candidate.implementations] == [("aten::mkldnn_convolution",)]
    assert (base.time_ns, candidate.time_ns, row.delta_ns) == (33_000, 17_000, -16_000)
    assert (base.dispatch_ns, candidate.dispatch_ns) == (3_000, 3_000)
    assert [operator.name for operator in candidate.operators] == [
        "aten::conv2d",
        "aten::convolution",
        "aten::_convolution",
        "aten::mkldnn_convolution",
        "aten::empty",
    ]


def test_calls_effect_and_cost_effect(diff_of: DiffOf) -> None:
    """4 calls of 10 us against 6 of 15: 2 more at 12.5 on average, and 5 us more for each of 5."""
    row = only(diff_of([Call("aten::relu", 10)] * 4, [Call("aten::relu", 15)] * 6), "activation")

    assert (row.change, row.match) == ("calls", "exact")
    assert (row.delta_ns, row.calls_effect_ns, row.cost_effect_ns) == (50_000, 25_000, 25_000)


def test_a_row_of_one_side_is_all_calls_effect(diff_of: DiffOf) -> None:
    row = only(diff_of([Call("aten::relu", 10)], [Call("aten::relu", 10), Call("aten::softmax", 7)]), "softmax")

    assert (row.base, row.change, row.match) == (None, "only candidate", "none")
    assert (row.delta_ns, row.calls_effect_ns, row.cost_effect_ns) == (7_000, 7_000, 0)


def test_the_outermost_family_owns_the_time_below_it(diff_of: DiffOf) -> None:
    lstm = Call("aten::lstm", 1, [Call("aten::linear", 2, [Call("aten::addmm", 30)]), Call("aten::sigmoid_", 4)])
    diff = diff_of([lstm, Call("aten::addmm", 5)], [lstm])

    base, _ = sides(only(diff, "lstm"))
    assert (base.calls, base.time_ns) == (1, 37_000)
    assert only(diff, "linear").delta_ns == -5_000


def test_an_operator_without_a_family_owns_its_own_time_only(diff_of: DiffOf) -> None:
    fused = Call("custom::block", 3, [annotation("label", Call("aten::relu", 10), own=2), Call("custom::inner", 5)])
    diff = diff_of([fused], [fused])

    times = {row.family: row.base.time_ns for row in diff.rows if row.base}
    # The label's own 2 us lie inside custom::block, no operator of their own.
    assert times == {"custom::block": 5_000, "activation": 10_000, "custom::inner": 5_000}


def test_gaps_are_iteration_time_inside_no_operator(diff_of: DiffOf) -> None:
    def step(outside: int) -> Call:
        return annotation("ProfilerStep#1", annotation("inference", Call("aten::relu", 10), own=outside), own=4)

    diff = diff_of([step(20)], [step(50)])

    assert terms(diff) == {"activation": 0, "gaps": 30_000, "remainder": 0}
    assert diff.total.delta_ns == 30_000


def test_annotations_of_one_side_are_looked_through(diff_of: DiffOf) -> None:
    calls = [conv("mkldnn_convolution"), Call("aten::relu", 5, (), [[1, 4]]), Call("aten::linear", 9, (), [[1, 4]])]
    wrapped = [annotation("ProfilerStep#1", annotation("features", *calls[:2]), annotation("head", calls[2]))]
    plain = [annotation("model_inference", *calls)]
    diff = diff_of(wrapped, plain)

    assert {row.match for row in diff.rows} == {"exact"}
    assert diff.call_tree is not None
    matched = (diff.call_tree.base_name >= 0) & (diff.call_tree.candidate_name >= 0)
    assert int(matched.sum()) == 6
    assert len(diff.call_tree) == 8


def test_other_shapes_in_the_same_place_are_a_structural_match(diff_of: DiffOf) -> None:
    def model(batch: int) -> list[Call]:
        return [
            conv("mkldnn_convolution", 10 * batch, shape=(batch, 3, 8, 8)),
            Call("aten::relu", batch, (), [[batch, 4, 6, 6]]),
            Call("aten::linear", 5 * batch, (), [[batch, 144], [10, 144]]),
        ]

    diff = diff_of(model(1), model(4))

    assert {row.match for row in diff.rows} == {"structural"}
    base, candidate = sides(only(diff, "linear"))
    assert (base.shape, candidate.shape) == ("[1,144] [10,144]", "[4,144] [10,144]")
    assert diff.comparable.verdict == "different workload"


def test_shapes_are_not_asked_for_where_one_side_has_none(diff_of: DiffOf) -> None:
    diff = diff_of([Call("aten::linear", 5, (), [[1, 4], [2, 4]])], [Call("aten::linear", 6)])

    assert [(row.family, row.shape, row.match) for row in diff.rows] == [("linear", None, "exact")]
    assert diff.comparable.verdict == "unknown"


def test_a_fused_convolution_takes_in_what_it_replaced(diff_of: DiffOf) -> None:
    shapes = [[1, 4, 6, 6]]
    apart = [
        conv("mkldnn_convolution", 10),
        Call("aten::batch_norm", 4, (), shapes),
        Call("aten::relu_", 3, (), shapes),
    ]
    fused = Call("mkldnn::_convolution_pointwise", 12, (), [[1, 3, 8, 8], [4, 3, 3, 3], [4]])
    tail = Call("aten::softmax", 2, (), shapes)
    diff = diff_of([*apart, tail], [fused, tail])

    base, candidate = sides(only(diff, "conv2d"))
    assert (base.calls, base.time_ns) == (1, 20_000)
    assert (candidate.calls, candidate.time_ns) == (1, 12_000)
    assert only(diff, "conv2d").match == "structural"
    assert [row.family for row in diff.rows] == ["conv2d", "softmax"]
    assert diff.comparable.verdict == "same workload"


def test_fused_attention_takes_in_what_it_replaced(diff_of: DiffOf) -> None:
    query = [[1, 4, 32, 32], [1, 4, 32, 32]]
    projection = Call("aten::linear", 8, (), [[1, 32, 128], [128, 128]])
    eager = [
        Call("aten::transpose", 1, (), [[1, 4, 32, 32]]),
        Call("aten::matmul", 10, (), query),
        Call("aten::div", 2, (), [[1, 4, 32, 32]]),
        Call("aten::softmax", 5, (), [[1, 4, 32, 32]]),
        Call("aten::matmul", 11, (), query),
    ]
    fused = Call("aten::scaled_dot_product_attention", 15, (), [*query, [1, 4, 32, 32]])
    diff = diff_of([projection, *eager, projection], [projection, fused, projection])

    row = only(diff, "attention")
    base, candidate = sides(row)
    assert (base.calls, base.time_ns, candidate.time_ns, row.match) == (1, 29_000, 15_000, "structural")
    assert [row.family for row in diff.rows] == ["attention", "linear"]


def test_iterations_of_another_structure_are_in_the_rows(write: Write) -> None:
    plain = [Call("aten::relu", 10)]
    odd = [Call("aten::relu", 10), Call("aten::softmax", 30)]
    runs = [plain, plain, odd]
    steps = [annotation(f"ProfilerStep#{n}", *calls) for n, calls in enumerate(runs)]
    diff = compare(write("mixed", *steps), write("plain", annotation("ProfilerStep#1", *plain)))

    assert only(diff, "softmax").delta_ns == -10_000
    assert diff.call_tree is not None
    assert diff.call_tree.base_iterations == (2, 3)
    assert any("other calls than the rest" in warning for warning in diff.warnings)


def test_other_threads_have_a_ledger_beside(tmp_path: Path) -> None:
    def trace(name: str, beside: int) -> Path:
        builder = TraceBuilder().add(annotation("ProfilerStep#1", Call("aten::relu", 100)))
        other = TraceBuilder(tid=2, now=1_000_010).add(Call("aten::softmax", beside), Call("aten::add", 1))
        late = TraceBuilder(tid=2, now=9_000_000).add(Call("aten::mul", 1))
        builder.events += other.events + late.events
        return builder.write(tmp_path / f"{name}.json")

    diff = compare(trace("base", 20), trace("candidate", 50))

    assert diff.total.delta_ns == 0
    assert [row.family for row in diff.rows] == ["activation"]
    assert diff.other_threads is not None
    assert {row.family: row.delta_ns for row in diff.other_threads.rows} == {"softmax": 30_000, "elementwise": 0}
    assert "aten::softmax" in {pair.name for pair in diff.operators}
    assert "aten::mul" not in {pair.name for pair in diff.operators}


def test_families_of_the_user(write: Write, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('[family.rotary]\noperators = ["my::rotary_*"]\n')
    base, candidate = write("base", Call("my::rotary_v1", 10)), write("candidate", Call("my::rotary_v2", 7))

    assert {row.match for row in compare(base, candidate).rows} == {"none"}
    (row,) = compare(base, candidate, CompareOptions(families=own)).rows
    assert (row.family, row.change, row.delta_ns) == ("rotary", "implementation", -3_000)


def test_linear_spelled_addmm_is_the_same_workload(diff_of: DiffOf) -> None:
    linear = Call("aten::linear", 1, [Call("aten::addmm", 9)], [[1, 16], [4, 16], [4]])
    addmm = Call("aten::addmm", 8, (), [[4], [1, 16], [16, 4]])
    diff = diff_of([linear], [addmm])

    assert only(diff, "linear").match == "structural"
    assert diff.comparable.verdict == "same workload"


def test_a_compiled_kernel_takes_in_what_it_replaced(diff_of: DiffOf) -> None:
    shapes = [[1, 4, 6, 6]]
    linear = Call("aten::addmm", 5, (), [[4], [1, 16], [16, 4]])
    eager = [
        conv("mkldnn_convolution"),
        Call("aten::relu", 9, (), shapes),
        Call("aten::max_pool2d", 7, (), shapes),
        linear,
    ]
    compiled = [conv("mkldnn_convolution"), Call("graph_0_cpp_fused_max_pool2d_relu_1", 4, (), []), linear]
    diff = diff_of(eager, compiled)

    base, candidate = sides(only(diff, "graph_0_cpp_fused_max_pool2d_relu_1"))
    assert (base.calls, base.time_ns, candidate.time_ns) == (1, 16_000, 4_000)
    assert {row.family for row in diff.rows} == {"conv2d", "linear", "graph_0_cpp_fused_max_pool2d_relu_1"}


def test_another_mix_of_implementations_is_a_change(diff_of: DiffOf) -> None:
    fast, slow = conv("mkldnn_convolution", 10), conv("_slow_conv2d_forward", 30)
    row = only(diff_of([fast, fast, fast, slow], [fast, slow, slow, slow]), "conv2d")
    base, candidate = sides(row)

    assert row.change == "implementation"
    assert {way.chain[0]: way.calls for way in base.implementations} == {
        "aten::mkldnn_convolution": 3,
        "aten::_slow_conv2d_forward": 1,
    }
    assert {way.chain[0]: way.calls for way in candidate.implementations}["aten::_slow_conv2d_forward"] == 3


def test_linear_without_a_bias_matches_mm(diff_of: DiffOf) -> None:
    product = Call("aten::matmul", 2, [Call("aten::mm", 20, (), [[2, 16], [16, 4]])], [[2, 16], [16, 4]])
    eager = Call("aten::linear", 1, [product], [[2, 16], [4, 16]])
    compiled = Call("aten::mm", 15, (), [[2, 16], [16, 4]])
    diff = diff_of([eager], [compiled])

    (row,) = diff.rows
    assert (row.family, row.match, row.delta_ns) == ("linear", "structural", -8_000)
    assert diff.comparable.verdict == "same workload"


def test_each_compiled_kernel_takes_its_own(diff_of: DiffOf) -> None:
    shapes = [[1, 8]]
    eager = [Call("aten::relu", 9, (), shapes), Call("aten::softmax", 50, (), shapes)]
    compiled = [Call("graph_0_cpp_fused_relu_0", 4, (), []), Call("graph_0_cpp_fused__softmax_1", 40, (), [])]
    anchor = Call("aten::addmm", 5, (), [[4], [1, 16], [16, 4]])
    diff = diff_of([anchor, *eager, anchor], [anchor, *compiled, anchor])

    assert {row.family: row.delta_ns for row in diff.rows if row.family != "linear"} == {
        "graph_0_cpp_fused_relu_0": -5_000,
        "graph_0_cpp_fused__softmax_1": -10_000,
    }


def test_what_a_fused_call_replaced_counts_once_in_iterations_of_any_structure(write: Write) -> None:
    """A view whose shape grows with each iteration, as in a decode loop, makes each one another structure."""

    def run(name: str, body: list[Call]) -> Path:
        steps = [annotation(f"ProfilerStep#{n}", *body, Call("aten::view", 1, (), [[1, n + 1]])) for n in range(4)]
        return write(name, *steps)

    shapes = [[1, 4, 6, 6]]
    apart = [conv("mkldnn_convolution"), Call("aten::relu", 3, (), shapes)] * 5
    fused = [Call("mkldnn::_convolution_pointwise", 12, (), [[1, 3, 8, 8], [4, 3, 3, 3], [4]])] * 5
    diff = compare(run("apart", apart), run("fused", fused))

    base, candidate = sides(only(diff, "conv2d"))
    assert (base.calls, candidate.calls) == (5, 5)
    assert only(diff, "conv2d").calls_effect_ns == 0
    assert diff.comparable.verdict == "same workload"


def test_workloads_are_not_told_apart_by_rounding(write: Write) -> None:
    def run(name: str, count: int) -> Path:
        linears = [Call("aten::linear", 5, (), [[n + 1, 4], [2, 4]]) for n in range(count)]
        return write(name, *[annotation(f"ProfilerStep#{n}", one) for n, one in enumerate(linears)])

    assert not any(
        " calls an iteration" in reason for reason in compare(run("six", 6), run("five", 5)).comparable.reasons
    )


def test_dimensions_do_not_decide_where_one_side_has_none(diff_of: DiffOf) -> None:
    recorded = Call("aten::_convolution", 5, (), [[1, 4, 8], [2, 4, 3]])
    diff = diff_of([recorded], [Call("aten::_convolution", 6)])

    assert [(row.match, row.delta_ns) for row in diff.rows] == [("exact", 1_000)]


def test_two_shapes_that_changed_places_keep_their_rows(diff_of: DiffOf) -> None:
    first, second = (conv("mkldnn_convolution", 10, shape=(1, 3, size, 8)) for size in (8, 9))
    diff = diff_of([first, second], [second, first])

    assert {row.match for row in diff.rows} == {"exact"}


def test_the_call_tree_shows_means_over_the_iterations(write: Write) -> None:
    def run(name: str, times: list[int]) -> Path:
        return write(name, *[annotation(f"ProfilerStep#{n}", Call("aten::relu", time)) for n, time in enumerate(times)])

    tree = compare(run("a", [10, 20, 12]), run("b", [30, 30, 30])).call_tree

    assert tree is not None
    assert (tree.base_ns.tolist(), tree.candidate_ns.tolist()) == ([14_000], [30_000])


def test_files_of_one_name_are_told_apart(write: Write, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    trace = write("t", Call("aten::relu", 1))
    paths = [
        tmp_path / folder / name
        for folder, name in (
            ("old", "acl.json"),
            ("new", "acl.json"),
            ("old", "h.1700000000001.pt.trace.json"),
            ("old", "h.1700000000002.pt.trace.json"),
        )
    ]
    for path in paths:
        path.write_bytes(trace.read_bytes())

    by_folder, by_time = compare(*paths[:2]), compare(*paths[2:])
    assert (by_folder.base.run.label, by_folder.candidate.run.label) == ("old/acl", "new/acl")
    assert by_time.base.run.label != by_time.candidate.run.label


def test_a_fused_call_takes_in_nothing_without_what_it_needs(diff_of: DiffOf) -> None:
    """Two products without a softmax are no attention."""
    query = [[1, 4, 32, 32], [1, 4, 32, 32]]
    projection = Call("aten::linear", 8, (), [[1, 32, 128], [128, 128]])
    products = [Call("aten::matmul", 10, (), query), Call("aten::matmul", 11, (), query)]
    fused = Call("aten::scaled_dot_product_attention", 15, (), [*query, [1, 4, 32, 32]])
    diff = diff_of([projection, *products, projection], [projection, fused, projection])

    assert {(row.family, row.match) for row in diff.rows} == {
        ("linear", "exact"),
        ("matmul", "none"),
        ("attention", "none"),
    }


def test_operators_of_other_dimensions_are_not_paired(diff_of: DiffOf) -> None:
    """A residual sum and a weight update are both `add_`."""
    residual, update = (Call("aten::add_", 5, (), shapes) for shapes in ([[1, 16, 64]] * 2, [[32, 3, 5, 5]] * 2))

    assert {row.match for row in diff_of([residual], [update]).rows} == {"none"}
