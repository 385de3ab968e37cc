"""Reads the text that `key_averages().table()` prints: what people paste into tutorials and bug reports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from tracediff import units
from tracediff.errors import TraceFormatError
from tracediff.importers.base import parse_shapes
from tracediff.importers.recorded import run_of
from tracediff.importers.source import Progress, Source
from tracediff.model.trace import Operator, PrintedTable, ReadReport

_NS_PER_UNIT = {"ns": 1, "us": 1000, "μs": 1000, "ms": 10**6, "s": 10**9}
_TIME = re.compile(r"(-?[\d.]+)\s*(ns|us|μs|ms|s)")
_FOOTER = re.compile(r"Self CPU time total:\s*(.+)")
_RULE = re.compile(r"^[\s-]*-{4,}[\s-]*$")
_GAP = re.compile(r"\s{2,}")
_MOST_BYTES = 64 * 1024 * 1024

# What the columns were called: torch >= 1.8 first, older titles after it.
_NAME = ("Name",)
_CALLS = ("# of Calls", "Number of Calls")
_SELF = ("Self CPU", "Self CPU total")
_TOTAL = ("CPU total",)
_SHAPES = ("Input Shapes",)


class KeyAveragesTableImporter:
    """A printed operator table, with whatever columns it has; text around it is ignored."""

    name = "key_averages table"

    def sniff(self, head: bytes) -> bool:
        return any(_is_header(line) for line in head.decode("utf-8", "replace").splitlines())

    def read(self, source: Source, progress: Progress | None = None) -> PrintedTable:
        content = bytearray()
        for block in source.blocks(progress):
            content += block
            if len(content) > _MOST_BYTES:
                raise TraceFormatError("is too long for a printed table. Cut the table out", source.name)
        lines = content.decode("utf-8", "replace").splitlines()
        at = next((number for number, line in enumerate(lines) if _is_header(line)), None)
        if at is None:
            raise TraceFormatError("holds no key_averages() table. Paste it with its header line", source.name)
        return _table(source.name, lines[at], lines[at + 1 :], len(content))


def _is_header(line: str) -> bool:
    titles = _GAP.split(line.strip())
    return titles[0] in _NAME and any(title in titles for title in _CALLS)


def _table(path: str, header: str, lines: Sequence[str], size: int) -> PrintedTable:
    titles = _GAP.split(header.strip())
    name, calls, self_cpu, total, shapes = (
        next((titles.index(title) for title in known if title in titles), None)
        for known in (_NAME, _CALLS, _SELF, _TOTAL, _SHAPES)
    )
    if name is None or calls is None or self_cpu is None or total is None:
        raise TraceFormatError(
            "has a table without the columns Self CPU, CPU total and # of Calls. Print it by CPU time", path
        )
    operators: list[Operator] = []
    unreadable: list[str] = []
    resolution_ns = 1
    body, footer = _body(lines)
    for line in body:
        cells = _GAP.split(line)
        try:
            self_ns, self_step = _time(cells[self_cpu])
            total_ns, total_step = _time(cells[total])
            printed_shapes = None if shapes is None or shapes >= len(cells) else parse_shapes(cells[shapes])
            operators.append(Operator(cells[name], int(cells[calls]), self_ns, total_ns, printed_shapes))
            resolution_ns = max(resolution_ns, self_step, total_step)
        except (ValueError, IndexError, InvalidOperation):
            unreadable.append(line)
    if not operators:
        raise TraceFormatError("has a key_averages() header but no rows under it. Paste the rows too", path)
    warnings = [f"line not understood and left out: {line[:80]!r}" for line in unreadable]
    if more := sum(map(_is_header, lines)):
        warnings.append(f"{units.count(more, 'more table')} in the file: left out")
    try:
        self_total_ns = _time(footer)[0]
    except (ValueError, InvalidOperation):
        self_total_ns = sum(operator.self_ns for operator in operators)
        warnings.append("the table has no 'Self CPU time total' line: the sum of the printed rows stands for it")
    return PrintedTable(
        path=path,
        run=run_of(path, None),
        operators=tuple(operators),
        self_total_ns=self_total_ns,
        has_shapes=shapes is not None,
        resolution_ns=resolution_ns,
        read=ReadReport(bytes=size, events_read=len(operators), events_dropped=len(unreadable)),
        warnings=tuple(warnings),
    )


def _body(lines: Sequence[str]) -> tuple[list[str], str]:
    """The rows between the rules under the header, and what the footer says; empty where there is none."""
    body: list[str] = []
    closed = False
    for line in map(str.strip, lines):
        if footer := _FOOTER.search(line):
            return body, footer.group(1).strip()
        if _RULE.match(line):
            closed = bool(body)
        elif line and not closed:
            body.append(line)
    return body, ""


def _time(text: str) -> tuple[int, int]:
    """Nanoseconds of a printed time, and of a unit of its last digit.

    Raises:
        ValueError, InvalidOperation: it is none.
    """
    match = _TIME.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    value, unit = Decimal(match.group(1)), _NS_PER_UNIT[match.group(2)]
    exponent = value.as_tuple().exponent
    decimals = -exponent if isinstance(exponent, int) else 0
    return int((value * unit).to_integral_value()), max(1, unit // 10**decimals)
