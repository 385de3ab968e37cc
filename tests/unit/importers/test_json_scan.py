from __future__ import annotations

import pytest

from tracediff.importers.json_scan import UnfinishedError, end_of_value


@pytest.mark.parametrize("behind", ["", " ", ", {}", "}", "]", "x", "\0\0", " \n , "])
def test_where_a_value_ends(behind: str) -> None:
    """The decoder says where it stopped; this is what would break if it said so otherwise."""
    value = b'{"a": [1, {"b": "}"}], "c": -1.5e3}'

    assert end_of_value(value + behind.encode()) == len(value)


@pytest.mark.parametrize(
    "text",
    [
        b'{"a": ',
        b'{"a"',
        b'{"a": 12',
        b'{"a": "x',
        b'{"a": [1, {',
        b"{",
        b'{"a": "\\',
        b'{"a": 1.',
        b'{"a": -',
        b'{"a": 1e+',
    ],
)
def test_more_text_could_help(text: bytes) -> None:
    with pytest.raises(UnfinishedError):
        end_of_value(text)


@pytest.mark.parametrize(
    "text",
    [b'{"a": "x"y"}', b'{"a": 1]', b'{"a": N/A}', b'{"a": "\\q"}', b'{"a": 1, {', b'{"a": [1, ]}, 2', b'{"a": 1, }, 2'],
)
def test_no_more_text_could_help(text: bytes) -> None:
    assert end_of_value(text) == 0


def test_half_a_number_at_the_end_of_a_file_is_none() -> None:
    assert end_of_value(b'{"a": 1.', is_all=True) == 0
