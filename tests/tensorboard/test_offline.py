from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from tracediff.tensorboard.offline import (
    align_rows,
    iterations_as_steps,
    mended_page,
    rounded,
    script,
    script_names,
)


class Row(NamedTuple):
    """As the plugin's OpAgg."""

    name: str
    calls: int
    host_duration: float


class Side:
    def __init__(self, *rows: Row) -> None:
        self.op_aggs = list(rows)


class Node:
    """As the plugin's DiffStats."""

    def __init__(self, left: Side, right: Side, *children: Node) -> None:
        self.left = left
        self.right = right
        self.children = children


def mkldnn_against_native() -> Node:
    left = Side(Row("aten::conv2d", 2, 300.0), Row("aten::mkldnn_convolution", 2, 290.0), Row("aten::relu", 1, 5.0))
    right = Side(Row("aten::relu", 1, 6.0), Row("aten::conv2d", 2, 400.0), Row("aten::thnn_conv2d", 2, 390.0))
    return Node(left, right)


def test_rows_are_paired_by_name() -> None:
    node = mkldnn_against_native()

    align_rows(node)

    assert list(zip(node.left.op_aggs, node.right.op_aggs, strict=True)) == [
        (Row("aten::conv2d", 2, 300.0), Row("aten::conv2d", 2, 400.0)),
        (Row("aten::mkldnn_convolution", 2, 290.0), Row("aten::mkldnn_convolution", 0, 0)),
        (Row("aten::relu", 1, 5.0), Row("aten::relu", 1, 6.0)),
        (Row("aten::thnn_conv2d", 0, 0), Row("aten::thnn_conv2d", 2, 390.0)),
    ]


def test_rows_of_children_are_paired_too() -> None:
    child = mkldnn_against_native()

    align_rows(Node(Side(), Side(), child))

    assert len(child.left.op_aggs) == len(child.right.op_aggs) == 4


def test_pages_load_nothing_from_the_web() -> None:
    page = mended_page(
        '<script src="https://www.gstatic.com/charts/loader.js"></script>'
        '<script src="https://cdnjs.cloudflare.com/ajax/libs/webcomponentsjs/0.7.24/webcomponents.min.js"></script>'
    )

    assert "https://" not in page
    assert all(f'src="{name}"' in page for name in script_names())


def test_every_stand_in_is_there() -> None:
    assert all(script(name) for name in script_names())
    assert script("index.html") is None


def test_differences_of_the_diff_view_are_rounded() -> None:
    page = 'deltaCalls:o.calls-r.calls,deltaHostDuration:o.host_duration-r.host_duration,j=isNaN(n)?"N/A":n'

    assert mended_page(page) == (
        "deltaCalls:+(o.calls-r.calls).toFixed(3),"
        'deltaHostDuration:+(o.host_duration-r.host_duration).toFixed(3),j=!isFinite(n)?"N/A":n'
    )


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (19386.70361328125, 19386.704),
        (0.00012345678, 0.000123),
        ({"rows": [["1", 2.00049, True, None]]}, {"rows": [["1", 2.0, True, None]]}),
    ],
)
def test_answers_have_no_more_digits_than_the_clock(answer: Any, expected: Any) -> None:
    assert rounded(answer) == expected


def test_marked_iterations_become_steps() -> None:
    events = [{"ph": "X", "name": "tracediff::iteration#0"}, {"ph": "X", "name": "aten::relu"}, {"ph": "i"}]

    iterations_as_steps(events)

    assert [event.get("name") for event in events] == ["ProfilerStep#0", "aten::relu", None]


def test_a_trace_with_steps_keeps_them() -> None:
    events = [{"ph": "X", "name": "tracediff::iteration#0"}, {"ph": "X", "name": "ProfilerStep#7"}]

    iterations_as_steps(events)

    assert [event["name"] for event in events] == ["tracediff::iteration#0", "ProfilerStep#7"]
