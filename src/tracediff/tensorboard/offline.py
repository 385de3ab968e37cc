"""What is wrong with the profiler plugin's pages and answers, and how it is mended; knows no TensorBoard."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, cast

_STATIC = files("tracediff.tensorboard") / "static"
_CHARTS = (
    "table_data.js",
    "svg.js",
    "axes.js",
    "series.js",
    "line_chart.js",
    "pie_chart.js",
    "timeline.js",
    "table.js",
)

_ADDRESSES = {
    "https://www.gstatic.com/charts/loader.js": "charts.js",
    "https://cdnjs.cloudflare.com/ajax/libs/webcomponentsjs/0.7.24/webcomponents.min.js": "webcomponents.min.js",
}
"""Scripts that the pages load from the web, and what stands in for them (routes of the plugin)."""

_DELTA = re.compile(r"\b(delta\w+):(o\.(\w+)-r\.\3)\b")
_PERCENT = 'isNaN(n)?"N/A"'

_STEP_MARK = re.compile(r"^tracediff::iteration#(\d+)$")
_STEP = "ProfilerStep#"


def script(name: str) -> bytes | None:
    """A stand-in by the name that the pages ask for."""
    if name == "charts.js":
        return b"\n".join((_STATIC / "charts" / part).read_bytes() for part in _CHARTS)
    if name in _ADDRESSES.values():
        return (_STATIC / name).read_bytes()
    return None


def script_names() -> tuple[str, ...]:
    """The stand-ins that there are."""
    return tuple(_ADDRESSES.values())


def mended_page(page: str) -> str:
    """A page of the plugin that loads nothing from the web.

    The Diff view's arithmetic is mended with it: differences of microseconds with three decimals have no more than
    three, and what the baseline does not have at all is no `Infinity%`.
    """
    for address, name in _ADDRESSES.items():
        page = page.replace(address, name)
    page = _DELTA.sub(r"\1:+(\2).toFixed(3)", page)
    return page.replace(_PERCENT, '!isFinite(n)?"N/A"')


def align_rows(node: Any) -> None:
    """Gives both sides of a node of the Diff view, and of all below it, the same operators in the same order.

    The page pairs the rows of the two sides by their position, whatever they are. An operator that one side does not
    have gets a row of zeros there.

    Args:
        node: the plugin's DiffStats.
    """
    left = {row.name: row for row in node.left.op_aggs}
    right = {row.name: row for row in node.right.op_aggs}
    names = dict.fromkeys([*left, *right])
    node.left.op_aggs = [left[name] if name in left else _absent(right[name]) for name in names]
    node.right.op_aggs = [right[name] if name in right else _absent(left[name]) for name in names]
    for child in node.children:
        align_rows(child)


def rounded(answer: Any) -> Any:
    """An answer of the plugin without the noise of its sums: microseconds with at most three decimals."""
    if isinstance(answer, float):
        return round(answer, 3 if abs(answer) >= 1 else 6)
    if isinstance(answer, dict):
        return {key: rounded(value) for key, value in cast("dict[Any, Any]", answer).items()}
    if isinstance(answer, list | tuple):
        return [rounded(value) for value in cast("list[Any]", answer)]
    return answer


def _absent(row: Any) -> Any:
    return row._replace(**dict.fromkeys((field for field in row._fields if field != "name"), 0))


def iterations_as_steps(events: Iterable[dict[str, Any]]) -> None:
    """Renames the iterations that `tracediff capture` marks to what the plugin takes for steps.

    Without steps its Overview holds one step as long as the whole profile. A trace with steps keeps its own.
    """
    marks: list[tuple[dict[str, Any], str]] = []
    for event in events:
        name = event.get("name")
        if not isinstance(name, str) or event.get("ph") != "X":
            continue
        if name.startswith(_STEP):
            return
        if mark := _STEP_MARK.match(name):
            marks.append((event, mark[1]))
    for event, number in marks:
        event["name"] = f"{_STEP}{number}"
