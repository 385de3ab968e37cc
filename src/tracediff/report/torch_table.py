"""The operator table in the layout of `torch.autograd.profiler_util`, which users know by heart."""

from __future__ import annotations

from collections.abc import Sequence

from tracediff import phrases, units
from tracediff.model.trace import Operator, Summary

_COLUMN_WIDTH = 12
_GAP = "  "
_MOST_NAME_WIDTH = 55
_MOST_SHAPES_WIDTH = 80
_ROW_LIMIT = 100


def torch_table(summary: Summary, limit: int | None = None) -> str:
    """Writes what torch would print: titles, widths, percentages of the self CPU time total, footer.

    Args:
        summary: its operators in the order to print.
        limit: rows to print at most; None for torch's own 100, 0 for all.
    """
    most = _ROW_LIMIT if limit is None else limit
    operators = summary.operators[: most or None]
    titles = ["Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"]
    titles += [*(["Self device", "Device total"] if summary.device else []), "# of Calls"]
    widths = [min(max((len(operator.name) for operator in summary.operators), default=0) + 4, _MOST_NAME_WIDTH)]
    widths += [_COLUMN_WIDTH] * len(titles)
    if summary.by_shape:
        titles.append("Input Shapes")
        longest = max((len(_shapes(operator)) for operator in summary.operators), default=0)
        widths.append(min(longest + 4, _MOST_SHAPES_WIDTH))
    rule = "".join("-" * width + _GAP for width in widths)
    lines = [rule, _line(["Name", *titles], widths), rule]
    lines += [_line(_cells(operator, summary, widths), widths) for operator in operators]
    lines += [rule, f"Self CPU time total: {units.torch_duration(summary.self_total_ns / 1000)}"]
    lines += [*(phrases.device_totals(summary.device) if summary.device else []), ""]
    return "\n".join(lines)


def _cells(operator: Operator, summary: Summary, widths: Sequence[int]) -> list[str]:
    name = units.printable(operator.name)
    if len(name) >= _MOST_NAME_WIDTH - 3:
        name = name[: _MOST_NAME_WIDTH - 3] + "..."
    cells = [
        name,
        units.torch_percent(operator.self_ns, summary.self_total_ns),
        units.torch_duration(operator.self_ns / 1000),
        units.torch_percent(operator.total_ns, summary.self_total_ns),
        units.torch_duration(operator.total_ns / 1000),
        units.torch_duration(operator.total_ns / 1000 / max(1, operator.calls)),
        *(
            units.torch_duration(ns / 1000)
            for ns in ((operator.self_device_ns, operator.device_total_ns) if summary.device else ())
        ),
        str(operator.calls),
    ]
    return [*cells, _shapes(operator)[: widths[-1]]] if summary.by_shape else cells


def _shapes(operator: Operator) -> str:
    return str(phrases.as_lists(operator.input_shapes or ()))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(cell.rjust(width) + _GAP for cell, width in zip(cells, widths, strict=True))
