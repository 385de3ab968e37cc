from __future__ import annotations

from pathlib import Path

import pytest

from tracediff.errors import TraceFormatError
from tracediff.importers import load
from tracediff.model.trace import Operator, PrintedTable

from builders import SAMPLES, SHARED_TRACES

TABLE = """Some prose before it, as in a bug report:

-------------  ------------  ------------  ------------  ------------  ------------
         Name    Self CPU %      Self CPU   CPU total %     CPU total    # of Calls
-------------  ------------  ------------  ------------  ------------  ------------
  ProfilerStep*         1.00%       1.500ms       100.00%        1.500s             3
     aten::relu        99.00%      987.000us        99.00%     987.654us             6
        my label        0.00%       0.123us         0.00%       0.123us             1
-------------  ------------  ------------  ------------  ------------  ------------
Self CPU time total: 1.502s

aten::prose  after  the  table  1
"""


def read(tmp_path: Path, text: str) -> PrintedTable:
    path = tmp_path / "table.txt"
    path.write_text(text)
    table = load(path)
    assert isinstance(table, PrintedTable)
    return table


def test_rows_units_and_footer(tmp_path: Path) -> None:
    table = read(tmp_path, TABLE)

    assert table.operators == (
        Operator("ProfilerStep*", 3, 1_500_000, 1_500_000_000),
        Operator("aten::relu", 6, 987_000, 987_654),
        Operator("my label", 1, 123, 123),
    )
    assert table.self_total_ns == 1_502_000_000
    assert table.resolution_ns == 1_000_000
    assert table.warnings == ()


def test_titles_of_old_torch_and_columns_in_any_order(tmp_path: Path) -> None:
    text = TABLE.replace("      Self CPU  ", "  Self CPU total  ").replace("# of Calls", "Number of Calls")
    table = read(tmp_path, text)

    assert [operator.calls for operator in table.operators] == [3, 6, 1]


def test_shapes_and_a_shape_that_was_cut_off(tmp_path: Path) -> None:
    lines = [
        "Name  Self CPU  CPU total  # of Calls  Input Shapes",
        "----  --------  ---------  ----------  ------------",
        "aten::relu  1.000us  1.000us  1  [[1, 3], []]",
        "aten::add  1.000us  1.000us  1  [[1, 3], [1,",
        "----  --------  ---------  ----------  ------------",
    ]
    table = read(tmp_path, "\n".join(lines))

    assert [operator.input_shapes for operator in table.operators] == [((1, 3), ()), None]
    assert table.has_shapes
    assert any("Self CPU time total" in warning for warning in table.warnings)
    assert table.self_total_ns == 2000


@pytest.mark.parametrize("total", ["abc", "1.502xx", "1e400s", "..ms", ""])
def test_a_total_that_is_none_is_not_used(tmp_path: Path, total: str) -> None:
    table = read(tmp_path, TABLE.replace("1.502s", total))

    assert table.self_total_ns == sum(operator.self_ns for operator in table.operators)
    assert any("Self CPU time total" in warning for warning in table.warnings)


def test_only_the_first_of_several_tables_is_used(tmp_path: Path) -> None:
    table = read(tmp_path, TABLE + TABLE)

    assert table.operators == read(tmp_path, TABLE).operators
    assert table.warnings == ("1 more table in the file: left out",)


def test_a_line_that_is_not_understood_is_counted_and_quoted(tmp_path: Path) -> None:
    table = read(tmp_path, TABLE.replace("987.000us", "n/a"))

    assert [operator.name for operator in table.operators] == ["ProfilerStep*", "my label"]
    assert table.read.events_dropped == 1
    assert any("aten::relu" in warning for warning in table.warnings)


@pytest.mark.parametrize(
    "text",
    [
        TABLE.split("  ProfilerStep*")[0],
        TABLE.replace("   CPU total  ", "  CUDA total "),
        TABLE.replace("# of Calls", "calls"),
    ],
    ids=["no rows", "no CPU total", "no calls"],
)
def test_tables_that_say_too_little(tmp_path: Path, text: str) -> None:
    with pytest.raises(TraceFormatError):
        read(tmp_path, text)


@pytest.mark.parametrize("name", ["acl", "openblas"])
def test_the_tutorial(name: str) -> None:
    table = load(SAMPLES / f"arm-tutorial-{name}.txt")

    assert isinstance(table, PrintedTable)
    assert len(table.operators) == 10
    assert table.operators[0].name == "model_inference"
    assert table.operators[0].total_ns == table.self_total_ns


@pytest.mark.skipif(not SHARED_TRACES.exists(), reason="the shared traces are not here")
def test_every_table_that_torch_printed() -> None:
    tables = sorted(SHARED_TRACES.glob("*/*.key_averages.txt"))
    for path in tables:
        table = load(path)
        assert isinstance(table, PrintedTable)
        assert not table.warnings, path
        # torch prints all of these; what is missing is rounding, at most half a digit a row.
        assert table.unprinted_ns <= len(table.operators) * table.resolution_ns, path
