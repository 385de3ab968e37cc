"""The comparison shows the numbers of the Diff, and keys do what the help says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.events import Key
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Footer, Input, Static, TabbedContent
from textual.widgets._footer import FooterKey

from tracediff import units
from tracediff.model.diff import Diff
from tracediff.tui.screens.compare import CompareScreen
from tracediff.tui.screens.detail import DetailScreen
from tracediff.tui.widgets.call_tree import CallTreeView
from tracediff.tui.widgets.ledger_table import LedgerTable
from tracediff.tui.widgets.sortable_table import SortableTable
from tracediff.tui.widgets.tables import OperatorsTable, RowsTable
from tui.driver import GTSRB, NARROW, PRINTED, WIDE, compared, messages, opened, until


def cells(table: SortableTable, column: str) -> list[str]:
    return [cell.plain for cell in table.texts(column)]


def rows_table(pilot: Pilot[int]) -> RowsTable:
    return pilot.app.screen.query_one("#rows-table", RowsTable)


def text_of(pilot: Pilot[int], selector: str) -> str:
    return str(pilot.app.screen.query_one(selector, Static).render())


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_rows_are_those_of_the_diff(gtsrb: Diff, size: tuple[int, int]) -> None:
    async with opened(size=size) as pilot:
        table = rows_table(pilot)
        assert cells(table, "base") == [units.duration(row.base.time_ns) for row in gtsrb.rows if row.base]
        assert cells(table, "candidate") == [
            units.duration(row.candidate.time_ns) for row in gtsrb.rows if row.candidate
        ]
        assert cells(table, "difference") == [units.difference(row.delta_ns) for row in gtsrb.rows]
        assert [name.split()[0] for name in cells(table, "row")] == [row.family for row in gtsrb.rows]


async def test_wide_rows_name_implementations_and_shares(gtsrb: Diff) -> None:
    async with opened(size=(180, 48)) as pilot:
        await pilot.press("d")
        await pilot.pause(0.1)
        table = rows_table(pilot)
        assert cells(table, "implementation")[0] == "_slow_conv2d_forward -> mkldnn_convolution"
    async with opened(size=(250, 60)) as pilot:
        await pilot.press("d")
        await pilot.pause(0.1)
        table = rows_table(pilot)
        assert cells(table, "base_implementation")[0] == "thnn_conv2d > _slow_conv2d_forward"
        assert cells(table, "candidate_implementation")[0] == "mkldnn_convolution"
        assert cells(table, "share")[0] == units.percent(gtsrb.rows[0].delta_ns / gtsrb.total.delta_ns)
        assert cells(table, "change")[0] == "implementation"


async def test_all_columns_fit_the_screen() -> None:
    for width in (60, 80, 100, 120, 160, 220):
        async with opened(size=(width, 24)) as pilot:
            for table_id, keys in (("ledger", "1"), ("rows", "2"), ("groups", "i"), ("names", ["b", "G", "enter"])):
                await pilot.press(*keys)
                await pilot.pause()
                table = pilot.app.screen.query_one(f"#{table_id}-table", SortableTable)
                assert table.heading().cell_len < width, (width, table_id)


async def test_operators_and_ledger_are_those_of_the_diff(gtsrb: Diff) -> None:
    async with opened() as pilot:
        await pilot.press("b", "G", "enter")
        await pilot.pause()
        operators = pilot.app.screen.query_one(OperatorsTable)
        assert cells(operators, "name") == [pair.name for pair in gtsrb.operators]
        assert cells(operators, "base_self") == [
            units.duration(pair.base.self_ns) if pair.base else "-" for pair in gtsrb.operators
        ]
        await pilot.press("1")
        await pilot.pause()
        ledger = pilot.app.screen.query_one(LedgerTable)
        assert cells(ledger, "difference")[1:-1] == [units.difference(term.delta_ns) for term in gtsrb.ledger]
        assert cells(ledger, "difference")[-1] == units.difference(gtsrb.total.delta_ns)
        assert cells(ledger, "share")[1:-1] == [units.percent(term.share) for term in gtsrb.ledger]
        assert cells(ledger, "term")[-3:-1] == ["gaps", "remainder"]


async def test_headline_and_cards(gtsrb: Diff) -> None:
    async with opened(size=NARROW) as pilot:
        total = gtsrb.total
        for part in (total.base_ns, total.candidate_ns):
            assert units.duration(part) in text_of(pilot, "#headline")
        assert units.difference(total.delta_ns) in text_of(pilot, "#headline")
        assert units.ratio(total.ratio) in text_of(pilot, "#headline")
        assert "same workload" in text_of(pilot, "#headline")
        assert "torch 2.3.0, openblas" in text_of(pilot, "#base-card")
        card = pilot.app.screen.query_one("#candidate-card")
        assert "emulated: times are not real" in str(card.border_subtitle)
        assert card.outer_size.height <= 5


async def test_sorting_by_keys_menu_and_mouse(gtsrb: Diff) -> None:
    by_candidate = sorted(gtsrb.rows, key=lambda row: -row.candidate.time_ns if row.candidate else 1)
    by_family = sorted(row.family for row in gtsrb.rows)
    async with opened() as pilot:
        table = rows_table(pilot)
        await pilot.press("<")
        await pilot.pause()
        assert table.sort_key == "candidate"
        expected = [units.duration(row.candidate.time_ns) for row in by_candidate if row.candidate]
        assert cells(table, "candidate") == expected
        await pilot.press("I")
        await pilot.pause()
        assert cells(table, "candidate") == expected[::-1]
        await pilot.press("s", "g", "enter")
        await pilot.pause()
        assert [name.split()[0] for name in cells(table, "row")] == by_family
        await pilot.click(table, offset=(2, 0))
        await pilot.pause()
        assert [name.split()[0] for name in cells(table, "row")] == by_family[::-1]


async def test_a_wider_screen_keeps_the_order_of_a_column_that_it_splits() -> None:
    async with opened() as pilot:
        table = rows_table(pilot)
        await pilot.press("d")
        await pilot.pause(0.1)
        table.sort_by("implementation")
        order = [id(row) for row in table.shown]
        await pilot.resize_terminal(250, 60)
        await pilot.pause(0.1)
        assert "base_implementation" in [column.key for column in table.columns_wanted]
        assert "by implementation ▲" in text_of(pilot, "#status")
        await pilot.press("/", "enter", "I", "I")
        await pilot.pause()
        assert [id(row) for row in table.shown] == order


async def test_cursor_stays_on_its_row_when_the_order_turns() -> None:
    async with opened() as pilot:
        table = rows_table(pilot)
        await pilot.press("j", "j")
        row = table.item_under_cursor()
        await pilot.press("I")
        await pilot.pause()
        assert table.item_under_cursor() is row
        await pilot.press("G")
        assert table.cursor == table.line_count - 1
        await pilot.press("g", "k")
        assert table.cursor == 0


async def test_filter_narrows_and_clears(gtsrb: Diff) -> None:
    async with opened() as pilot:
        table = rows_table(pilot)
        await pilot.press("/", *"MKLDNN_conv")
        await pilot.pause()
        assert [row.family for row in table.shown] == ["conv2d", "conv2d"]
        assert "2 of 12 rows" in text_of(pilot, "#status")
        await pilot.press("enter")
        assert pilot.app.focused is table
        assert len(table.shown) == 2
        await pilot.press("escape")
        await pilot.pause()
        assert len(table.shown) == len(gtsrb.rows)
        assert pilot.app.screen.query_one(Input).value == ""


async def test_filter_takes_letters_that_are_keys_elsewhere() -> None:
    async with opened() as pilot:
        await pilot.press("/", *"qx%?s1")
        assert pilot.app.screen.query_one(Input).value == "qx%?s1"
        assert isinstance(pilot.app.screen, CompareScreen)


async def test_keys_that_arrive_together_with_the_filters_are_typed_into_it() -> None:
    async with opened() as pilot:
        for character in "/squ/eeze":
            pilot.app.post_message(Key("slash" if character == "/" else character, character))
        await pilot.pause(0.2)
        assert pilot.app.is_running
        assert pilot.app.screen.query_one("#filter", Input).value == "squ/eeze"


async def test_a_small_screen_says_that_a_row_has_no_room_beside_the_table() -> None:
    async with opened(size=NARROW) as pilot:
        await pilot.press("d", "d")
        await pilot.pause(0.2)
        assert any("no room" in message for message in messages(pilot))
    async with opened(size=(120, 36)) as pilot:
        await pilot.press("d", "d")
        await pilot.pause(0.2)
        assert not messages(pilot)


async def test_tab_goes_round_the_panes_and_back() -> None:
    async with opened(tab="ledger") as pilot:
        first = pilot.app.focused
        await pilot.press("tab")
        assert pilot.app.focused is not first
        await pilot.press("shift+tab")
        assert pilot.app.focused is first


async def test_ledger_term_leads_to_its_rows(gtsrb: Diff) -> None:
    async with opened() as pilot:
        await pilot.press("1", "j", "j", "enter")
        await pilot.pause()
        table = rows_table(pilot)
        assert pilot.app.focused is table
        assert {id(row) for row in table.shown} <= {id(row) for row in table._items}
        assert [row.family for row in table.shown] == [gtsrb.rows[place].family for place in gtsrb.ledger[1].rows]


async def test_unchanged_rows_can_be_hidden(gtsrb: Diff) -> None:
    async with opened() as pilot:
        table = rows_table(pilot)
        await pilot.press("u")
        await pilot.pause()
        assert 0 < len(table.shown) < len(gtsrb.rows)
        limit = abs(gtsrb.total.delta_ns) * 0.01
        assert all(row.change != "same" or abs(row.delta_ns) >= limit for row in table.shown)
        await pilot.press("u")
        await pilot.pause()
        assert len(table.shown) == len(gtsrb.rows)


async def test_times_as_shares(gtsrb: Diff) -> None:
    async with opened() as pilot:
        table = rows_table(pilot)
        await pilot.press("%")
        await pilot.pause()
        first = gtsrb.rows[0]
        assert first.base
        assert cells(table, "base")[0] == units.percent(first.base.time_ns / gtsrb.total.base_ns)
        assert cells(table, "difference")[0] == units.signed_percent(first.delta_ns / gtsrb.total.base_ns)
        await pilot.press("%")
        await pilot.pause()
        assert cells(table, "base")[0] == units.duration(first.base.time_ns)


async def test_tabs_by_number_and_bracket() -> None:
    async with opened() as pilot:
        tabs = pilot.app.screen.query_one(TabbedContent)
        for key, tab, focus in (
            ("1", "ledger", "ledger-table"),
            ("]", "operators", "rows-table"),
            ("]", "calls", "call-tree"),
            ("4", "kernels", "kernels-table"),
            ("]", "timeline", "base-icicle"),
            ("]", "environment", "surroundings"),
            ("]", "ledger", "ledger-table"),
            ("[", "environment", "surroundings"),
        ):
            await pilot.press(key)
            await pilot.pause()
            assert tabs.active == tab
            assert isinstance(pilot.app.focused, Widget)
            assert pilot.app.focused.id == focus


async def test_printed_tables_have_rows_and_say_why_there_is_no_tree(printed: Diff) -> None:
    async with opened(PRINTED, size=NARROW) as pilot:
        assert cells(rows_table(pilot), "difference") == [units.difference(row.delta_ns) for row in printed.rows]
        assert "unknown whether the same workload" in text_of(pilot, "#headline")
        await pilot.press("3")
        await pilot.pause()
        assert not pilot.app.screen.query_one(CallTreeView).display
        assert "no timeline" in text_of(pilot, "#no-call-tree")
        await pilot.press("2", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DetailScreen))
        assert "no timeline" in text_of(pilot, "#no-calls")


async def test_swap_turns_every_sign(gtsrb: Diff) -> None:
    async with opened() as pilot:
        await pilot.press("x")
        await until(pilot, lambda: "+" in text_of(pilot, "#headline"))
        await pilot.pause(0.05)
        assert units.difference(-gtsrb.total.delta_ns) in text_of(pilot, "#headline")
        assert "openblas" in text_of(pilot, "#candidate-card")
        expected = {units.difference(-row.delta_ns) for row in gtsrb.rows}
        assert set(cells(rows_table(pilot), "difference")) == expected


async def test_names_from_traces_are_no_markup(tmp_path: Path) -> None:
    files = []
    for place, name in enumerate(("[red]a[/red]", "[/]b")):
        events = [
            {"ph": "X", "cat": "cpu_op", "name": f"{name}::op", "pid": 1, "tid": 1, "ts": 10, "dur": 50},
            {"ph": "X", "cat": "cpu_op", "name": "[bold]::leaf", "pid": 1, "tid": 1, "ts": 20, "dur": 10 + place},
        ]
        file = tmp_path / f"[link={place}].json"
        file.write_text(json.dumps({"schemaVersion": 1, "traceEvents": events}))
        files.append(str(file))
    async with opened((files[0], files[1])) as pilot:
        names = cells(rows_table(pilot), "row")
        assert any("[red]a[/red]::op" in name for name in names)
        assert any("[/]b::op" in name for name in names)
        assert "[link=0]" in str(pilot.app.screen.query_one("#base-card")._border_title)
        for keys in (["1"], ["3", "*"], ["4"], ["5"], ["2"], ["i"], ["b", "G", "enter"], ["enter"]):
            await pilot.press(*keys)
            await pilot.pause()


async def test_footer_never_shows_more_than_eight_keys() -> None:
    async with opened(size=NARROW) as pilot:
        for keys in (["1"], ["1", "tab"], ["2"], ["3"], ["4"], ["5"], ["6"], ["2", "enter"], ["tab"], ["f1"]):
            await pilot.press(*keys)
            await pilot.pause(0.05)
            footer = pilot.app.screen.query_one(Footer)
            shown = footer.query(FooterKey)
            assert 2 <= len(shown) <= 8, keys
            assert footer.max_scroll_x == 0


async def test_inputs_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder, sample in zip(("one", "two"), GTSRB, strict=True):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "trace.json").write_bytes(Path(sample).read_bytes())
    async with opened((str(tmp_path / "one/trace.json"), str(tmp_path / "two/trace.json"))) as pilot:
        await compared(pilot)
        assert "one/trace" in str(pilot.app.screen.query_one("#base-card")._border_title)
        assert "two/trace" in str(pilot.app.screen.query_one("#candidate-card")._border_title)
