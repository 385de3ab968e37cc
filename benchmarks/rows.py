"""What a table of many rows takes to show, sort, filter and scroll, against Textual's own table with the same cells.

Both run in turn in one process without a terminal: quote ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence

from rich.text import Text
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import DataTable

from tracediff.analysis.grouped import grouped
from tracediff.model.diff import Comparability, Diff, Implementation, OperatorTime, Row, RowSide, Side, Total
from tracediff.model.run import Run
from tracediff.model.sites import Site
from tracediff.tui.figures import Figures
from tracediff.tui.filtering import row_subjects
from tracediff.tui.query import parse
from tracediff.tui.widgets.tables import RowsTable

SIZE = (200, 60)
FAMILIES = ("conv2d", "linear", "matmul", "elementwise", "activation", "normalization", "layout", "softmax")


def made_up_diff(rows: int) -> Diff:
    """A Diff with so many rows, all different, of no trace."""
    chance = random.Random(7)  # noqa: S311, what is made up is no secret
    made = sorted((made_up_row(number, chance) for number in range(rows)), key=lambda row: -abs(row.delta_ns))
    totals = [
        sum(side.time_ns for side in sides if side)
        for sides in zip(*((row.base, row.candidate) for row in made), strict=True)
    ]
    sides = [
        Side(f"{name}.json", Run(name), 1, 1, (), None, total) for name, total in zip(("a", "b"), totals, strict=True)
    ]
    return Diff(*sides, Comparability("unknown"), Total(*totals), tuple(made), (), ())


def made_up_row(number: int, chance: random.Random) -> Row:
    """A row of two sides."""
    family = chance.choice(FAMILIES)
    shape = f"[{number % 64 + 1},{number // 64 + 1},56,56] [{number % 512},64,3,3] [64]"

    def side(operator: str) -> RowSide:
        ns = int(chance.lognormvariate(11, 2))
        operators = tuple(OperatorTime(f"aten::{name}", 4, ns // 2, ns) for name in (family, f"_{family}", operator))
        way = Implementation((f"aten::_{family}", f"aten::{operator}"), 4, ns)
        return RowSide(shape, 4, ns, ns // 20, operators, (way,), (f"aten::{family}",))

    base, candidate = side(f"native_{family}"), side(chance.choice((f"native_{family}", f"mkldnn_{family}")))
    delta = candidate.time_ns - base.time_ns
    change = "same" if base.implementations[0].chain == candidate.implementations[0].chain else "implementation"
    site = Site(f"Net_0 > Block_{number % 50} > Layer_{number}", 4, base.time_ns, 4, candidate.time_ns)
    return Row(family, shape, base, candidate, delta, 0, delta, change, "exact", sites=(site,))


class Bench(App[None]):
    """One table on a screen."""

    def __init__(self, table: RowsTable | DataTable[Text]) -> None:
        super().__init__()
        self.table = table

    def compose(self) -> ComposeResult:
        yield self.table


async def timed(pilot: Pilot[None], do: Callable[[], object]) -> float:
    """CPU seconds until what it does is on the screen."""
    begin = time.process_time()
    do()
    await pilot.pause()
    return time.process_time() - begin


async def own(diff: Diff, needle: str) -> list[float]:
    """For tracediff's table: to show, to sort, to filter, to page down."""
    table, figures = RowsTable("rows-table"), Figures(diff)
    async with Bench(table).run_test(size=SIZE) as pilot:
        await pilot.pause()
        show = await timed(pilot, lambda: table.fill(diff.rows, figures))
        sort = await timed(pilot, lambda: table.sort_by("base"))
        row_subjects.cache_clear()

        def narrow() -> None:
            subjects = dict(zip(map(id, diff.rows), row_subjects(diff), strict=True))
            query = parse(needle)
            table.keep(lambda row: query.keeps(subjects[id(row)]))

        first = await timed(pilot, narrow)
        later = await timed(pilot, narrow)
        table.keep(lambda row: True)
        page = await timed(pilot, table.action_page_down)
    return [show, sort, first, later, page]


async def textuals(diff: Diff, needle: str) -> list[float]:
    """Textual's table, with the cells that tracediff's would have."""
    source = RowsTable("rows-table")
    async with Bench(source).run_test(size=SIZE) as pilot:
        await pilot.pause()
        source.fill(diff.rows, Figures(diff))
        columns = [column for column, _ in source._columns_shown]
        lines = list(zip(*(source.texts(column.key) for column in columns), strict=True))
    table: DataTable[Text] = DataTable(cursor_type="row")
    words = needle.split()

    def fill(wanted: Sequence[tuple[Text, ...]]) -> None:
        table.clear(columns=True)
        for column in columns:
            table.add_column(column.title, key=column.key)
        table.add_rows(wanted)

    def narrow() -> None:
        fill([line for line in lines if all(any(word in cell.plain for cell in line) for word in words)])

    async with Bench(table).run_test(size=SIZE) as pilot:
        await pilot.pause()
        show = await timed(pilot, lambda: fill(lines))
        sort = await timed(pilot, lambda: table.sort("base", key=lambda cell: cell.plain))
        first = await timed(pilot, narrow)
        later = await timed(pilot, narrow)
        fill(lines)
        await pilot.pause()
        page = await timed(pilot, table.action_page_down)
    return [show, sort, first, later, page]


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--needle", default="conv2d mkldnn", help="words of the filter")
    options = parser.parse_args()
    diff = made_up_diff(options.rows)
    kinds: dict[str, Callable[[Diff, str], Awaitable[list[float]]]] = {"Textual's": textuals, "tracediff's": own}
    found: dict[str, list[list[float]]] = {name: [] for name in kinds}
    for _ in range(options.rounds):
        for name, run in kinds.items():
            found[name].append(asyncio.run(run(diff, options.needle)))
    print(f"{options.rows:,} rows, {SIZE[0]}x{SIZE[1]}, {options.rounds} rounds; medians of ms, and of ratios\n")
    print("| | Textual's table | tracediff's | ratio |\n| --- | ---: | ---: | ---: |")
    for at, what in enumerate(("show", "sort", "filter, first key", "filter, next key", "page down")):
        one, other = ([run[at] for run in found[name]] for name in kinds)
        ratio = statistics.median(a / b for a, b in zip(one, other, strict=True))
        print(f"| {what} | {statistics.median(one) * 1e3:,.0f} | {statistics.median(other) * 1e3:,.0f} | {ratio:.0f} |")
    for by in ("family", "shape", "module", "kernel"):
        begin = time.process_time()
        groups = grouped(diff, by)
        print(f"\ngrouped by {by}: {len(groups):,} groups in {(time.process_time() - begin) * 1e3:,.0f} ms", end="")
    print()


if __name__ == "__main__":
    main()
