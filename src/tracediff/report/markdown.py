"""The comparison for a pull request or an issue."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from tracediff import phrases, units
from tracediff.model.diff import Diff, Row
from tracediff.model.noise import Noise
from tracediff.model.trace import Summary
from tracediff.report.base import ReportOptions
from tracediff.report.noise_text import NOISE_TITLES, noise_cells, noise_heading

HOLDS_WARNINGS = True

_DEFAULT_LIMIT = 15
_OF_KERNELS = ("Kernels", "Operator", "Library", "Kernel")
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~])")


def render_diff(diff: Diff, options: ReportOptions) -> str:
    """Headline, ledger, why, rows, unmatched rows folded away, doubts."""
    return "\n".join(_diff_lines(diff, options)) + "\n"


def render_summary(summary: Summary, options: ReportOptions) -> str:
    """The operator table with torch's titles."""
    titles = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"]
    titles += [*(["Self device", "Device total"] if summary.device else []), "# of Calls"]
    operators = summary.operators[: options.limit or None]
    whole = summary.self_total_ns
    rows = [
        [
            _code(operator.name),
            units.torch_percent(operator.self_ns, whole),
            units.torch_duration(operator.self_ns / 1000),
            units.torch_percent(operator.total_ns, whole),
            units.torch_duration(operator.total_ns / 1000),
            units.torch_duration(operator.total_ns / 1000 / max(1, operator.calls)),
            *(
                units.torch_duration(ns / 1000)
                for ns in ((operator.self_device_ns, operator.device_total_ns) if summary.device else ())
            ),
            str(operator.calls),
            *([_code(str(phrases.as_lists(operator.input_shapes or ())))] if summary.by_shape else []),
        ]
        for operator in operators
    ]
    lines = [*_table([*titles, *(["Input Shapes"] if summary.by_shape else [])], rows), ""]
    lines.append(f"Self CPU time total: {units.torch_duration(whole / 1000)}")
    for line in phrases.device_totals(summary.device) if summary.device else []:
        lines += ["", line]
    lines += _kernels(summary, options) if summary.kernel_coverage else []
    lines += ["", *(f"- ⚠ {_plain(warning)}" for warning in summary.warnings)] if summary.warnings else []
    return "\n".join(lines) + "\n"


def _kernels(summary: Summary, options: ReportOptions) -> Iterator[str]:
    from tracediff.report.kernel_table import LEFT, TITLES, kernel_cells, kernel_sentences

    yield ""
    if summary.kernels:
        cells = kernel_cells(summary, options.limit)
        yield from _table(TITLES, [[*map(_code, row[:LEFT]), *row[LEFT:]] for row in cells])
        yield ""
    yield from (f"- {_plain(sentence)}" for sentence in kernel_sentences(summary))


def render_noise(noise: Noise, options: ReportOptions) -> str:
    """A table a label."""
    lines: list[str] = []
    for label in noise.labels:
        rows = [[_plain(cell) for cell in noise_cells(one)] for one in label.families[: options.limit or None]]
        lines += [f"**{_plain(noise_heading(label))}**", "", *_table(NOISE_TITLES, rows), ""]
        lines += [*(f"- ⚠ {_plain(warning)}" for warning in label.warnings), ""] if label.warnings else []
    return "\n".join(lines)


def render_table(titles: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[bool]) -> str:
    """Any table; None is an empty cell.

    Args:
        titles: of the columns.
        rows: their cells.
        right: which columns are aligned right.
    """
    cells = ([_plain("" if cell is None else str(cell)) for cell in row] for row in rows)
    return "\n".join(_aligned([_plain(title) for title in titles], cells, right)) + "\n"


def _diff_lines(diff: Diff, options: ReportOptions) -> Iterator[str]:
    yield f"**{_plain(phrases.headline(diff))}**"
    yield ""
    for line in phrases.beside_headline(diff):
        yield f"**{_plain(line)}**"
        yield ""
    yield f"- base: {_code(phrases.name(diff.base))}, {_plain(phrases.side_facts(diff.base))}"
    yield f"- candidate: {_code(phrases.name(diff.candidate))}, {_plain(phrases.side_facts(diff.candidate))}"
    yield f"- comparable: {_plain(phrases.comparable(diff))}"
    if diff.numerics:
        yield f"- outputs: {_plain(phrases.numerics(diff))}"
    yield ""
    judged, on_device = phrases.has_certainty(diff), diff.device is not None
    yield from _table(
        ["Ledger", "Base", "Candidate", "Difference", "Share", *(["Device"] * on_device), *(["Verdict"] * judged)],
        [
            [
                _plain(phrases.term_name(term)),
                units.duration(term.base_ns),
                units.duration(term.candidate_ns),
                units.difference(term.delta_ns),
                phrases.share(term.delta_ns, diff),
                *([phrases.device_times(term.base_device_ns, term.candidate_device_ns)] * on_device),
                *([phrases.certainty(term)] * judged),
            ]
            for term in diff.ledger
        ]
        + [
            [
                "**total**",
                units.duration(diff.total.base_ns),
                units.duration(diff.total.candidate_ns),
                units.difference(diff.total.delta_ns),
                "100.0 %" if diff.total.delta_ns else "-",
                *(
                    [phrases.device_times(diff.device.base.total_ns, diff.device.candidate.total_ns)]
                    if diff.device
                    else []
                ),
                *([phrases.certainty(diff.total)] * judged),
            ]
        ],
    )
    yield ""
    if diff.explanations:
        yield "**Why**"
        yield ""
        yield from (f"- {_plain(one.text)}" for one in diff.explanations)
        yield ""
    if diff.other_threads:
        yield phrases.other_threads(diff.other_threads)
        yield ""
    rows, more = phrases.limited(phrases.matched(diff), options.limit, _DEFAULT_LIMIT)
    yield from _rows(diff, rows, more)
    rows, more = phrases.limited(phrases.unmatched(diff), options.limit, _DEFAULT_LIMIT)
    if rows:
        yield f"<details><summary>{units.count(len(phrases.unmatched(diff)), 'row')} on one side only</summary>"
        yield ""
        yield from _rows(diff, rows, more)
        yield "</details>"
        yield ""
    yield from (f"- ⚠ {_plain(warning)}" for warning in diff.warnings)


def _rows(diff: Diff, rows: Sequence[Row], more: str) -> Iterator[str]:
    if not rows:
        return
    with_kernels, judged, on_device = phrases.has_kernels(diff), phrases.has_certainty(diff), diff.device is not None
    yield from _table(
        [
            *("Family", "Shape", "Implementation", *(["Kernels"] * with_kernels)),
            *("Calls", "Base", "Candidate", "Difference", "Share", *(["Device"] * on_device)),
            *("Change", *(["Verdict"] * judged)),
        ],
        [
            [
                _plain(units.short_name(row.family)),
                _code(phrases.shapes(row)),
                _code(phrases.implementations(row)),
                *([_code(phrases.kernels(row))] if with_kernels else []),
                phrases.calls(row),
                phrases.time(row.base),
                phrases.time(row.candidate),
                units.difference(row.delta_ns),
                phrases.share(row.delta_ns, diff),
                *([phrases.row_device_times(row)] * on_device),
                phrases.change(row),
                *([phrases.certainty(row)] * judged),
            ]
            for row in rows
        ],
    )
    yield ""
    if more:
        yield more
        yield ""


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    left = {"Ledger", "Family", "Shape", "Implementation", "Name", "Input Shapes", "Change", "Verdict", *_OF_KERNELS}
    return _aligned(titles, rows, [title not in left for title in titles])


def _aligned(titles: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[bool]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'|'.join('---:' if is_right else '---' for is_right in right)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", units.printable(text))


def _code(text: str) -> str:
    """Names from traces as code: no mark-up inside, and no column break."""
    clean = units.printable(text).replace("`", "'").replace("|", "\\|").replace("\n", " ")
    return f"`{clean}`" if clean else ""
