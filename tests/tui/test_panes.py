"""Ledger, kernels and environment: what they show is the Diff's, and what they link to are its rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from msgspec import structs
from rich.console import Console
from rich.style import Style
from textual.pilot import Pilot
from textual.widgets import Input, Static, TabbedContent

from tracediff import units
from tracediff.model.diff import Diff
from tracediff.recorded_fields import fields_of_both
from tracediff.tui.figures import Figures
from tracediff.tui.screens.detail import DetailScreen
from tracediff.tui.widgets.explanations import Explanations
from tracediff.tui.widgets.kernels_table import KernelsTable
from tracediff.tui.widgets.ledger_table import LedgerTable
from tracediff.tui.widgets.prose import Prose
from tracediff.waterfall import waterfall
from tui.driver import BERT, NARROW, PRINTED, RESNET, WIDE, messages, on_screen, opened, until
from tui.test_comparison import cells, rows_table, text_of

from builders import Call, TraceBuilder, annotation
from devices import DeviceTraceBuilder, step


def environment(pilot: Pilot[int], width: int = 400) -> str:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(pilot.app.screen.query_one("#surroundings", Prose).query_one(Static).content)
    return capture.get()


def shown_rows(pilot: Pilot[int], diff: Diff) -> list[int]:
    assert pilot.app.screen.query_one(TabbedContent).active == "operators"
    places = {(row.family, row.shape): at for at, row in enumerate(diff.rows)}
    return sorted(places[row.family, row.shape] for row in rows_table(pilot).shown)


@pytest.mark.parametrize(("start", "width"), [(0, 100), (0, 50), (37.5, 25), (12.3, 61.7), (99.9, 0.1), (40, 0)])
def test_a_floating_bar_is_as_long_as_it_says(gtsrb: Diff, start: float, width: float) -> None:
    """To an eighth of a cell; a cell in reverse is filled where its block is not."""
    bar = Figures(gtsrb).span(start, width, 40, Style())
    filled = 0.0
    for at, block in enumerate(bar.plain):
        reverse = any(span.start <= at < span.end and Style.parse(str(span.style)).reverse for span in bar.spans)
        eighths = 1 if block == "│" else " ▏▎▍▌▋▊▉█".index(block)
        filled += 8 - eighths if reverse else eighths
    assert bar.cell_len == 40
    assert filled == pytest.approx(max(1, width * 40 * 8 / 100), abs=1)
    assert len(bar.plain) - len(bar.plain.lstrip()) == pytest.approx(start * 40 / 100, abs=1)


async def test_the_ledger_is_a_waterfall_of_the_diff(gtsrb: Diff) -> None:
    async with opened(tab="ledger") as pilot:
        table = pilot.app.screen.query_one(LedgerTable)
        fall = waterfall(gtsrb.ledger, gtsrb.total)
        assert [line.bar for line in table.shown] == [fall.base, *fall.terms, fall.candidate]
        names = cells(table, "term")
        assert names[0] == f"base {units.duration(gtsrb.total.base_ns)}"
        assert names[-1] == f"candidate {units.duration(gtsrb.total.candidate_ns)}"
        assert f"bars from {fall.begins} to {fall.ends}" in text_of(pilot, "#status")
        await pilot.press("s", "<", "I")
        assert [line.bar for line in table.shown] == [fall.base, *fall.terms, fall.candidate]


async def test_every_line_of_the_ledger_opens_what_it_can(gtsrb: Diff) -> None:
    async with opened(tab="ledger") as pilot:
        await pilot.press("enter")
        await pilot.pause()
        assert shown_rows(pilot, gtsrb) == list(range(len(gtsrb.rows)))
        at = [term.term for term in gtsrb.ledger].index("gaps")
        await pilot.press("1", *"j" * (at + 1), "enter")
        await pilot.pause()
        assert pilot.app.screen.query_one(TabbedContent).active == "ledger"


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_an_explanation_leads_to_its_rows_until_escape(gtsrb: Diff, size: tuple[int, int]) -> None:
    at = next(at for at, one in enumerate(gtsrb.explanations) if at and one.rows)
    async with opened(size=size, tab="ledger") as pilot:
        beside = pilot.app.screen.query_one(Explanations).region.x > 0
        assert beside == (size == WIDE)
        await pilot.press("2", "i", "1", "tab", *"j" * at, "enter")
        await pilot.pause()
        assert shown_rows(pilot, gtsrb) == sorted(gtsrb.explanations[at].rows)
        if size == WIDE:
            assert gtsrb.explanations[at].text[:20] in text_of(pilot, "#status")
        await pilot.press("escape")
        await pilot.pause()
        assert shown_rows(pilot, gtsrb) == list(range(len(gtsrb.rows)))


async def test_the_mouse_opens_an_explanation(gtsrb: Diff) -> None:
    async with opened(tab="ledger") as pilot:
        await pilot.click(Explanations, offset=(5, 0))
        await pilot.pause()
        assert shown_rows(pilot, gtsrb) == sorted(gtsrb.explanations[0].rows)


async def test_chosen_rows_are_forgotten_with_their_diff(gtsrb: Diff) -> None:
    async with opened(tab="ledger") as pilot:
        await pilot.press("tab", "enter", "x")
        await until(pilot, lambda: "+" in text_of(pilot, "#headline"))
        await pilot.pause(0.05)
        assert len(rows_table(pilot).shown) == len(gtsrb.rows)


async def test_devices_and_other_threads_stay_beside_the_ledger(tmp_path: Path) -> None:
    files: list[str] = []
    for runs in (100, 80):
        trace = DeviceTraceBuilder().add(step(1, runs))
        trace.tid, trace.now = 2, 1_000_002
        files.append(str(trace.add(Call("aten::mul", 3)).write(tmp_path / f"{runs}.json")))
    async with opened((files[0], files[1]), size=(200, 60), tab="ledger") as pilot:
        note = text_of(pilot, "#beside-ledger")
        assert "On devices, beside the ledger: 157.000 us -> 137.000 us" in note
        assert "Other threads, not part of the total: 3.000 us -> 3.000 us" in note
        assert cells(pilot.app.screen.query_one(LedgerTable), "devices")[-1] == "157.000 us -> 137.000 us"
        await pilot.press("tab", "tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DetailScreen))
        assert isinstance(pilot.app.screen, DetailScreen)
        assert pilot.app.screen.row.family == "elementwise"


async def test_kernels_are_those_of_the_diff_and_lead_to_their_rows(gtsrb: Diff) -> None:
    async with opened(tab="kernels") as pilot:
        table = pilot.app.screen.query_one(KernelsTable)
        assert cells(table, "kernel")[0] == "convolution gemm:acl"
        assert cells(table, "candidate") == [
            units.duration(pair.candidate.time_ns) if pair.candidate and pair.candidate.time_ns else "-"
            for pair in gtsrb.kernels
        ]
        assert cells(table, "difference")[-1] == "-"
        assert "24 kernels in the log: 24 attributed" in text_of(pilot, "#kernel-sources")
        await pilot.press("/", *"family:linear", "enter")
        await pilot.pause()
        assert cells(table, "kernel") == ["gemm OpenBLAS"]
        await pilot.press("enter")
        await pilot.pause()
        assert shown_rows(pilot, gtsrb) == sorted(gtsrb.kernels[-1].rows)


@pytest.mark.parametrize(
    ("needle", "kept"),
    [
        ("kernel:sve >1us", "eltwise jit:sve_256"),
        ("family:activation significant slower changed", "eltwise jit:sve_256"),
        ("op:addmm !changed", "gemm OpenBLAS"),
    ],
)
async def test_fields_and_differences_filter_kernels(needle: str, kept: str) -> None:
    async with opened(BERT, tab="kernels") as pilot:
        await pilot.press("/")
        pilot.app.screen.query_one("#filter", Input).value = needle
        await pilot.pause()
        assert cells(pilot.app.screen.query_one(KernelsTable), "kernel") == [kept]


async def test_the_environment_says_what_of_a_filter_it_ignores() -> None:
    async with opened(tab="environment") as pilot:
        await pilot.press("/", *"OMP >1us kernel:acl")
        await pilot.pause()
        assert "env OMP_NUM_THREADS" in environment(pilot)
        assert "only the filter's words count here" in text_of(pilot, "#status")


async def test_names_in_messages_are_no_markup(gtsrb: Diff) -> None:
    async with opened(tab="kernels") as pilot:
        table = pilot.app.screen.query_one(KernelsTable)
        elsewhere = structs.replace(gtsrb.kernels[0], implementation="gemm[/x]", rows=())
        table.post_message(KernelsTable.Opened(table, elsewhere))
        await until(pilot, lambda: bool(messages(pilot)))
        await pilot.pause(0.1)
        assert "gemm[/x] ran on other threads only" in on_screen(pilot)


async def test_a_side_without_a_log_says_how_to_get_one() -> None:
    async with opened(PRINTED, tab="kernels") as pilot:
        assert not pilot.app.screen.query_one(KernelsTable).display
        assert text_of(pilot, "#kernel-sources").count("capture with tracediff capture") == 2


async def test_environment_has_every_field_differences_first_and_every_warning(gtsrb: Diff) -> None:
    fields = fields_of_both(gtsrb.base, gtsrb.candidate)
    async with opened(tab="environment") as pilot:
        lines = environment(pilot).splitlines()
        assert [line.split() for line in lines[1:3]] == [
            ["≠", "differs", "backend", "openblas", "acl"],
            ["same", "torch", "2.3.0", "2.3.0"],
        ]
        assert sum(" ".join(line.split()).startswith(("≠", "same", "only")) for line in lines) == len(fields)
        for said in (*gtsrb.warnings, *gtsrb.comparable.reasons, gtsrb.base.path):
            assert f"{said}" in "\n".join(lines)
        await pilot.press("/", *"OMP", "enter")
        await pilot.pause()
        assert "env OMP_NUM_THREADS" in environment(pilot)
        assert "backend" not in environment(pilot)
        assert "1 of 20 fields" in text_of(pilot, "#status")


async def test_environment_names_the_damage_of_each_file(tmp_path: Path) -> None:
    cut = tmp_path / "cut.json"
    cut.write_bytes(gzip.decompress(Path(RESNET[1]).read_bytes())[:300_000])
    async with opened((str(cut), RESNET[1]), tab="environment") as pilot:
        assert f"base: {cut}: read 99.8 % of" in environment(pilot)
        assert "candidate: 1 file without damage" in environment(pilot)


async def test_cards_name_what_the_sides_differ_by(tmp_path: Path) -> None:
    files: list[str] = []
    for threads in (1, 4):
        record = {
            "environment": {"threads": threads, "env": {f"V{n}": threads for n in range(5)}},
            "checks": {"load": threads},
        }
        trace = TraceBuilder().add(annotation("ProfilerStep#0", Call("aten::relu", 5)))
        file = tmp_path / f"{threads}.json"
        file.write_text(json.dumps({"tracediff": {"schema_version": 1, **record}, **trace.document()}))
        files.append(str(file))
    for size, lines in ((NARROW, 1), ((120, 36), 3)):
        async with opened((files[0], files[1]), size=size) as pilot:
            shown = text_of(pilot, "#candidate-card")
            assert "threads 4" in shown
            assert sum(line.endswith(" 4") for line in shown.splitlines()) == lines
            assert f"+{6 - lines} more" in str(pilot.app.screen.query_one("#base-card")._border_subtitle)
