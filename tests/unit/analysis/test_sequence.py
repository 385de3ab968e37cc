from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from tracediff.analysis import sequence
from tracediff.analysis.sequence import match_in_order

sequences = st.lists(st.integers(0, 6), max_size=25)


def longest(a: list[int], b: list[int]) -> int:
    """Length of the longest common subsequence, by the textbook."""
    above = [0] * (len(b) + 1)
    for x in a:
        row = [0]
        for j, y in enumerate(b):
            row.append(above[j] + 1 if x == y else max(above[j + 1], row[j]))
        above = row
    return above[-1]


@given(sequences, sequences)
def test_pairs_are_equal_rising_and_as_many_as_can_be(a: list[int], b: list[int]) -> None:
    pairs = match_in_order(a, b)

    assert all(a[i] == b[j] for i, j in pairs)
    assert all(i < k and j < m for (i, j), (k, m) in itertools.pairwise(pairs))
    assert len(pairs) == longest(a, b)


@given(sequences, sequences)
def test_swapping_the_arguments_swaps_the_pairs(a: list[int], b: list[int]) -> None:
    assert match_in_order(b, a) == [(j, i) for i, j in match_in_order(a, b)]


@settings(max_examples=50)
@given(st.lists(st.integers(0, 40), max_size=120), st.lists(st.integers(0, 40), max_size=120))
def test_long_sequences_are_cut_at_anchors_and_stay_in_order(a: list[int], b: list[int]) -> None:
    allowed = sequence._EXACT_CELLS
    sequence._EXACT_CELLS = 64
    try:
        pairs = match_in_order(a, b)
        swapped = match_in_order(b, a)
    finally:
        sequence._EXACT_CELLS = allowed

    assert all(a[i] == b[j] for i, j in pairs)
    assert all(i < k and j < m for (i, j), (k, m) in itertools.pairwise(pairs))
    assert swapped == [(j, i) for i, j in pairs]


def test_an_insertion_into_a_hundred_thousand_leaves_the_rest_matched() -> None:
    a = [n % 7 for n in range(100_000)]
    b = [*a[:50_000], 99, *a[50_000:70_000], *a[70_001:]]

    assert len(match_in_order(a, b)) == 99_999
