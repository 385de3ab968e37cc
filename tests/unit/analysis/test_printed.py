"""Tables without a timeline: nothing is counted twice, and what they cannot say is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracediff.analysis.families import load_families
from tracediff.analysis.printed import diff_tables, table_of
from tracediff.compare import compare
from tracediff.importers import load
from tracediff.model.diff import Diff
from tracediff.model.run import Run
from tracediff.model.trace import Operator, PrintedTable, ReadReport, Trace

from builders import SAMPLES, SHARED_TRACES

US = 1000
TABLES = sorted(SHARED_TRACES.glob("*/*.key_averages.txt"))


def table(*rows: tuple[str, int, int, int], total: int | None = None, by_shape: bool = False) -> PrintedTable:
    """Rows of (name, calls, self us, total us)."""
    operators = tuple(Operator(name, calls, own * US, whole * US) for name, calls, own, whole in rows)
    self_total = sum(operator.self_ns for operator in operators) if total is None else total * US
    return PrintedTable("table.txt", Run("table"), operators, self_total, by_shape, US, ReadReport(1, len(rows)))


def diff(base: PrintedTable, candidate: PrintedTable) -> Diff:
    return diff_tables(base, candidate, load_families())


def terms(result: Diff) -> dict[str, int]:
    return {term.term: term.base_ns // US for term in result.ledger}


def test_the_tutorial_names_what_its_text_does_not() -> None:
    result = compare(SAMPLES / "arm-tutorial-openblas.txt", SAMPLES / "arm-tutorial-acl.txt")
    deltas = {term.term: term.delta_ns // US for term in result.ledger}
    rows = {row.family: row for row in result.rows}

    assert result.total.delta_ns == -7_576 * US
    assert (deltas["linear"], deltas["pooling"], deltas["conv2d"]) == (-4055, -3142, 573)
    assert (rows["pooling"].change, rows["linear"].change, rows["conv2d"].change) == ("same", "same", "implementation")
    conv = rows["conv2d"]
    assert conv.base
    assert conv.candidate
    assert [way.chain for way in conv.base.implementations] == [("aten::_nnpack_spatial_convolution",)]
    assert [way.chain for way in conv.candidate.implementations] == [("aten::mkldnn_convolution",)]
    assert any("aten::relu" in warning for warning in result.warnings)
    assert any("aten::clone" in warning for warning in result.warnings)


def test_wrappers_give_the_hierarchy() -> None:
    rows = table(
        ("aten::conv2d", 2, 1, 100),
        ("aten::convolution", 2, 2, 99),
        ("aten::_convolution", 2, 3, 97),
        ("aten::mkldnn_convolution", 2, 90, 94),
        ("aten::empty", 2, 4, 4),
    )

    assert terms(diff(rows, rows)) == {"conv2d": 100, "gaps": 0, "remainder": 0}


def test_an_operator_that_also_runs_outside_is_outermost_for_that_part() -> None:
    """Of 120 us of mm, 60 fit into linear; the rest ran on its own."""
    rows = table(("aten::linear", 4, 10, 70), ("aten::mm", 6, 120, 120))

    assert terms(diff(rows, rows)) == {"linear": 70, "matmul": 60, "gaps": 0, "remainder": 0}


def test_an_operator_without_a_family_owns_its_own_time() -> None:
    rows = table(("custom::block", 1, 5, 50), ("aten::addmm", 1, 45, 45))

    assert terms(diff(rows, rows)) == {"linear": 45, "custom::block": 5, "gaps": 0, "remainder": 0}


def test_labels_are_gaps_and_autograd_is_not() -> None:
    rows = table(("model_inference", 2, 30, 100), ("AddmmBackward0", 2, 20, 20), ("aten::relu", 2, 50, 50))
    result = diff(rows, rows)

    assert (result.base.marker, result.base.iterations) == ("model_inference", 2)
    assert terms(result) == {"activation": 25, "AddmmBackward0": 10, "gaps": 15, "remainder": 0}


def test_our_own_marks_are_iterations() -> None:
    rows = table(*((f"tracediff::iteration#{n}", 1, 10, 60) for n in range(5)), ("aten::relu", 5, 250, 250))
    result = diff(rows, rows)

    assert (result.base.marker, result.base.iterations) == ("tracediff::iteration", 5)
    assert terms(result) == {"activation": 50, "gaps": 10, "remainder": 0}


def test_what_one_cut_off_table_prints_alone_makes_no_row() -> None:
    whole = table(("aten::linear", 1, 90, 90), ("aten::relu", 1, 20, 20))
    cut = table(("aten::linear", 1, 50, 50), total=80)

    assert {row.family for row in diff(whole, cut).rows} == {"linear"}
    assert {row.family for row in diff(whole, table(("aten::linear", 1, 50, 50))).rows} == {"linear", "activation"}


def test_rows_of_one_operator_by_shape_are_added_up() -> None:
    """One table by shape against one that is not."""
    by_shape = table(("aten::relu", 1, 10, 10), ("aten::relu", 2, 30, 30), by_shape=True)
    plain = table(("aten::relu", 3, 40, 40))
    (row,) = diff(by_shape, plain).rows

    assert row.base
    assert (row.base.calls, row.base.time_ns, row.delta_ns) == (3, 40 * US, 0)
    assert [(operator.calls, operator.self_ns) for operator in row.base.operators] == [(3, 40 * US)]


def test_a_trace_against_its_own_table(tmp_path: Path) -> None:
    trace = load(SAMPLES / "acl.json")
    assert isinstance(trace, Trace)
    result = diff(table_of(trace), table_of(trace))

    assert result.base.iterations == 3
    assert abs(terms(result)["remainder"]) * 20 < result.base.iteration_ns // US


@pytest.mark.skipif(not TABLES, reason="the shared traces are not here")
@pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_table_counts_much_twice(path: Path) -> None:
    result = compare(path, path)
    remainder = next(term for term in result.ledger if term.term == "remainder")

    assert remainder.base_ns > -0.03 * result.total.base_ns
