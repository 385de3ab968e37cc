"""The comparison as one page to send, which needs no network and, for ledger and tables, no JavaScript."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tracediff import phrases, units
from tracediff.analysis.ledger import shortened
from tracediff.model.diff import Diff, Explanation, LedgerTerm, Row, Total
from tracediff.model.kernels import KernelPair
from tracediff.model.noise import Noise
from tracediff.model.trace import Operator, Summary
from tracediff.recorded_fields import fields_of, fields_of_both
from tracediff.report import kernel_table, noise_text
from tracediff.report.bars import difference_bar, length, whisker
from tracediff.report.base import ReportOptions
from tracediff.report.html_filter import operator_subject, row_subject
from tracediff.report.html_trees import PageTrees
from tracediff.waterfall import waterfall

HOLDS_WARNINGS = True

_MOST_ROWS = 300
_MOST_OPERATORS = 300
_MOST_KERNELS = 100
_MOST_TERMS = 40
_SCRIPTS = ("page.js", "query.js", "tables.js", "tree.js", "flame.js")


def render_diff(diff: Diff, options: ReportOptions) -> str:
    """Headline, ledger, why, rows, operators, kernels, call tree, flame graph, surroundings, doubts."""
    rows, more = phrases.limited(diff.rows, options.limit, _MOST_ROWS)
    operators = diff.operators[: _most(options, _MOST_OPERATORS)]
    ledger = shortened(diff.ledger, diff.total, _MOST_TERMS)
    trees = PageTrees(diff, diff.call_tree, len(rows)) if diff.call_tree is not None else None
    return _page(
        "diff.html",
        title=f"{phrases.name(diff.candidate)} against {phrases.name(diff.base)}",
        data=trees.document if trees else None,
        diff=diff,
        ledger=ledger,
        measured=[*([("Latency, without the profiler", diff.latency)] if diff.latency else []), _in_traces(diff)],
        waterfall=waterfall(ledger, diff.total),
        rows=rows,
        more_rows=more,
        operators=operators,
        kernels=diff.kernels[: _most(options, _MOST_KERNELS)],
        largest_row=max((abs(row.delta_ns) for row in rows), default=0),
        largest_operator=max((abs(pair.delta_ns) for pair in operators), default=0),
        largest_kernel=max((abs(pair.delta_ns or 0) for pair in diff.kernels), default=0),
        trees=trees,
        fields=fields_of_both(diff.base, diff.candidate),
    )


def render_summary(summary: Summary, options: ReportOptions) -> str:
    """The operator table of one trace with torch's titles, its kernels, its surroundings and what reading took."""
    operators = summary.operators[: _most(options, _MOST_OPERATORS)]
    return _page(
        "summary.html",
        title=summary.run.label,
        data=None,
        summary=summary,
        operators=[(operator, _torch_cells(operator, summary)) for operator in operators],
        kernel_rows=kernel_table.kernel_cells(summary, options.limit),
        kernel_lines=list(kernel_table.kernel_sentences(summary)),
        fields=fields_of(summary.run),
    )


def render_noise(noise: Noise, options: ReportOptions) -> str:
    """A table a label."""
    return _page("noise.html", title="Noise of this machine", data=None, noise=noise, limit=options.limit or None)


def _most(options: ReportOptions, default: int) -> int | None:
    return default if options.limit is None else options.limit or None


def _in_traces(diff: Diff) -> tuple[str, Total]:
    return ("In the traces, which the ledger is of" if diff.latency else "An iteration"), diff.total


def _torch_cells(operator: Operator, summary: Summary) -> Iterator[tuple[str, int | float]]:
    """What torch prints of an operator, and what the column is sorted by."""
    whole = summary.self_total_ns
    average_ns = operator.total_ns / max(1, operator.calls)
    yield units.torch_percent(operator.self_ns, whole), operator.self_ns
    yield units.torch_duration(operator.self_ns / 1000), operator.self_ns
    yield units.torch_percent(operator.total_ns, whole), operator.total_ns
    yield units.torch_duration(operator.total_ns / 1000), operator.total_ns
    yield units.torch_duration(average_ns / 1000), average_ns
    yield str(operator.calls), operator.calls


def _sign(ns: int) -> str:
    """The class of a difference, which colours it."""
    return "more" if ns > 0 else "less" if ns < 0 else "none"


def _judged_sign(item: Row | LedgerTerm | Total, diff: Diff) -> str:
    """The same where repeated captures can tell good from bad: only what they call faster or slower has a colour."""
    is_open = diff.certainty is not None and item.verdict not in ("faster", "slower")
    return "none" if is_open or item.within_noise else _sign(item.delta_ns)


def _shown_rows(item: Explanation | LedgerTerm | KernelPair, rows: Sequence[Row]) -> list[int]:
    """The rows behind it that the page has."""
    return [index for index in item.rows if index < len(rows)]


def _page(template: str, *, data: Mapping[str, Any] | None, **values: Any) -> str:
    """Fills a template.

    Args:
        template: its file.
        data: what the scripts read; None for none.
        values: what the template shows; every text is escaped.
    """
    style, script = _asset("report.css"), "\n".join(map(_asset, _SCRIPTS))
    page = _environment().get_template(template, globals=_helpers())
    # A `<` inside of JSON text can only be in a string, where its escape means the same and ends no element.
    text = None if data is None else Markup(json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704
    assets = {name: Markup(content) for name, content in (("style", style), ("script", script))}  # noqa: S704
    hashes = {f"{name}_hash": _hash(content) for name, content in assets.items()}
    return page.render(data=text, **assets, **hashes, **values)


def _helpers() -> dict[str, Any]:
    """What templates call."""
    return {
        "bar": difference_bar,
        "judged_sign": _judged_sign,
        "kernel_table": kernel_table,
        "length": length,
        "noise_text": noise_text,
        "operator_subject": operator_subject,
        "phrases": phrases,
        "row_subject": row_subject,
        "shown_rows": _shown_rows,
        "sign": _sign,
        "units": units,
        "whisker": whisker,
        "zip": zip,
    }


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("tracediff.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )


def _visible(value: object) -> object:
    """Control characters escaped, also those that turn the direction of writing; mark-up of our own as it is."""
    return units.printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _asset(name: str) -> str:
    return files("tracediff.report").joinpath("templates", name).read_text("utf-8")


def _hash(content: str) -> str:
    """What a Content-Security-Policy lets pass: nothing but this very text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
