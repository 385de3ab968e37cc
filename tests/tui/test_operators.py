"""The Operators pane: grouping, drilling down and back, jumping between changes, filtering."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tracediff import units
from tracediff.analysis.grouped import grouped
from tracediff.model.diff import Diff
from tracediff.tui.panes import OperatorsPane
from tracediff.tui.screens.menu import Menu
from tracediff.tui.widgets.groups_table import GroupsTable, name_of
from tracediff.tui.widgets.tables import OperatorsTable, RowsTable
from tui.driver import BERT, NARROW, PRINTED, opened
from tui.test_comparison import cells, rows_table, text_of


def pane(pilot: Pilot[int]) -> OperatorsPane:
    return pilot.app.screen.query_one(OperatorsPane)


def groups_table(pilot: Pilot[int]) -> GroupsTable:
    return pilot.app.screen.query_one(GroupsTable)


async def group_by(pilot: Pilot[int], choice: int) -> None:
    await pilot.press("b")
    await pilot.pause()
    assert isinstance(pilot.app.screen, Menu)
    await pilot.press("g", *"j" * choice, "enter")
    await pilot.pause()


@pytest.mark.parametrize(("choice", "by"), [(1, "family"), (2, "shape"), (3, "module"), (4, "kernel")])
async def test_groups_are_those_of_the_analysis(gtsrb: Diff, choice: int, by: str) -> None:
    async with opened() as pilot:
        await group_by(pilot, choice)
        assert pane(pilot).group == by
        groups, table = grouped(gtsrb, by), groups_table(pilot)
        assert pilot.app.focused is table
        assert cells(table, "name") == [name_of(group) for group in groups]
        assert cells(table, "base") == [units.duration(group.base_ns) for group in groups]
        assert cells(table, "difference") == [units.difference(group.delta_ns) for group in groups]
        assert cells(table, "rows") == [str(len(group.rows)) for group in groups]


async def test_i_joins_the_shapes_of_a_family_and_parts_them(gtsrb: Diff) -> None:
    async with opened(size=NARROW) as pilot:
        await pilot.press("i")
        await pilot.pause()
        assert cells(groups_table(pilot), "name") == [group.name for group in grouped(gtsrb, "family")]
        assert "6 families" in text_of(pilot, "#status")
        await pilot.press("i")
        await pilot.pause()
        assert pilot.app.focused is rows_table(pilot)
        assert len(rows_table(pilot).shown) == len(gtsrb.rows)


async def test_enter_shows_the_rows_of_a_group_and_escape_goes_back(gtsrb: Diff) -> None:
    async with opened() as pilot:
        await group_by(pilot, 3)
        await pilot.press("j", "j", "enter")
        await pilot.pause()
        group = grouped(gtsrb, "module")[2]
        assert isinstance(pilot.app.focused, RowsTable)
        assert [gtsrb.rows.index(row) for row in rows_table(pilot).shown] == list(group.rows)
        assert f"module {group.name}" in text_of(pilot, "#status")
        await pilot.press("escape")
        await pilot.pause()
        assert pane(pilot).group == "module"
        assert groups_table(pilot).item_under_cursor() == group
        assert pilot.app.focused is groups_table(pilot)


async def test_a_group_can_be_grouped_again(gtsrb: Diff) -> None:
    async with opened() as pilot:
        await pilot.press("i", "enter")
        await pilot.pause()
        await group_by(pilot, 3)
        family = grouped(gtsrb, "family")[0]
        modules = grouped(gtsrb, "module", family.rows)
        assert cells(groups_table(pilot), "difference") == [units.difference(module.delta_ns) for module in modules]
        await group_by(pilot, 5)
        shown = pilot.app.screen.query_one(OperatorsTable).shown
        inside = {
            operator.name
            for at in family.rows
            for side in (gtsrb.rows[at].base, gtsrb.rows[at].candidate)
            for operator in (side.operators if side else ())
        }
        assert {pair.name for pair in shown} == inside
        await pilot.press("escape")
        await pilot.pause()
        assert pane(pilot).group == "family"
        assert len(groups_table(pilot).shown) == len(grouped(gtsrb, "family"))


async def test_an_operator_leads_to_its_rows_and_back() -> None:
    async with opened() as pilot:
        await group_by(pilot, 5)
        table = pilot.app.screen.query_one(OperatorsTable)
        name = table.shown[0].name
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.screen.query_one(Input).value == f"op:{name}"
        assert rows_table(pilot).shown
        assert all(
            name in [one.name for side in (row.base, row.candidate) if side for one in side.operators]
            for row in rows_table(pilot).shown
        )


async def test_a_filter_narrows_groups_by_their_names_and_by_their_rows(gtsrb: Diff) -> None:
    async with opened() as pilot:
        await group_by(pilot, 3)
        for needle, names in (
            ("Linear_1", ["GTSRBNet_0 > Linear_1"]),
            ("module:Linear_1", ["GTSRBNet_0 > Linear_1"]),
            ("family:conv2d", ["GTSRBNet_0 > Conv2d_1", "GTSRBNet_0 > Conv2d_0"]),
            ("<-20ms", ["GTSRBNet_0 > Conv2d_1"]),
        ):
            pilot.app.screen.query_one(Input).value = needle
            await pilot.pause()
            assert cells(groups_table(pilot), "name") == names


async def test_changed_differences_and_regular_expressions_narrow_while_typing(gtsrb: Diff) -> None:
    async with opened() as pilot:
        table = rows_table(pilot)
        for needle, wanted in (
            ("changed", [row for row in gtsrb.rows if row.change == "implementation"]),
            (">+0ns", [row for row in gtsrb.rows if row.delta_ns > 0]),
            ("/^linear|addmm$/", [row for row in gtsrb.rows if row.family == "linear"]),
            ("!family:conv2d !family:linear", [row for row in gtsrb.rows if row.family not in ("conv2d", "linear")]),
        ):
            await pilot.press("escape", "/", *needle)
            await pilot.pause()
            assert table.shown == wanted
        await pilot.press("escape", "/", *"/(")
        await pilot.pause()
        assert len(table.shown) == len(gtsrb.rows)
        assert "unterminated" in text_of(pilot, "#status")


async def test_braces_jump_between_significant_changes(gtsrb: Diff) -> None:
    limit = abs(gtsrb.total.delta_ns) * 0.01
    significant = [at for at, row in enumerate(gtsrb.rows) if abs(row.delta_ns) >= limit]
    assert 2 < len(significant) < len(gtsrb.rows)
    async with opened() as pilot:
        table = rows_table(pilot)
        visited = [table.cursor]
        for _ in significant[1:]:
            await pilot.press("}")
            visited.append(table.cursor)
        assert visited == significant
        await pilot.press("}")
        assert table.cursor == significant[-1]
        await pilot.press("G", "{")
        assert table.cursor == significant[-1]
        await pilot.press("{")
        assert table.cursor == significant[-2]


async def test_what_is_not_recorded_is_said_in_the_menu() -> None:
    async with opened(PRINTED) as pilot:
        await pilot.press("b")
        await pilot.pause()
        choices = pilot.app.screen.query_one("#choices")
        texts = [str(choices.get_option_at_index(at).prompt) for at in range(choices.option_count)]
        assert "module of the model (none recorded)" in texts
        assert "library kernel (none recorded)" in texts
        await pilot.press("escape")
        await group_by(pilot, 3)
        assert cells(groups_table(pilot), "name") == ["none recorded"]


async def test_mouse_chooses_opens_and_sorts() -> None:
    async with opened() as pilot:
        table = rows_table(pilot)
        await pilot.click(table, offset=(5, 3))
        assert table.cursor == 2
        await pilot.press("i")
        await pilot.pause()
        await pilot.click(groups_table(pilot), offset=(5, 2))
        await pilot.click(groups_table(pilot), offset=(5, 2))
        await pilot.pause()
        assert [row.family for row in table.shown] == ["linear"] * 2


async def test_another_diff_keeps_grouping_and_cursor() -> None:
    async with opened(BERT) as pilot:
        await pilot.press("i", "j", "j")
        under_cursor = groups_table(pilot).item_under_cursor()
        assert under_cursor
        pilot.app.screen.show(pilot.app.screen.diff)
        await pilot.pause()
        again = groups_table(pilot).item_under_cursor()
        assert again
        assert again.name == under_cursor.name
