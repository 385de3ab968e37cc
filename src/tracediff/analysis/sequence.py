"""Matches two sequences in order, in near-linear time: the longest common subsequence, or close to it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Sequence
from typing import TypeAlias

Pairs: TypeAlias = list[tuple[int, int]]

_EXACT_CELLS = 16_000_000
"""Up to this product of lengths rapidfuzz's bit-parallel search is exact and takes a few milliseconds."""


def match_in_order(a: Sequence[int], b: Sequence[int]) -> Pairs:
    """Pairs (i, j) with a[i] == b[j], both rising: a longest such list up to some 4,000 by 4,000, a good one above.

    Swapping the arguments gives the same pairs swapped.
    """
    # The search breaks ties by the order of its arguments, so that order must not depend on which side is which.
    if (len(a), list(a)) > (len(b), list(b)):
        return [(i, j) for j, i in match_in_order(b, a)]
    pairs: Pairs = []
    work = [(0, len(a), 0, len(b))]
    while work:
        a_low, a_high, b_low, b_high = work.pop()
        while a_low < a_high and b_low < b_high and a[a_low] == b[b_low]:
            pairs.append((a_low, b_low))
            a_low, b_low = a_low + 1, b_low + 1
        while a_low < a_high and b_low < b_high and a[a_high - 1] == b[b_high - 1]:
            a_high, b_high = a_high - 1, b_high - 1
            pairs.append((a_high, b_high))
        if a_low == a_high or b_low == b_high:
            continue
        if set(a[a_low:a_high]).isdisjoint(b[b_low:b_high]):
            continue
        if a_high - a_low == 1:
            pairs.append((a_low, b.index(a[a_low], b_low)))
            continue
        if (a_high - a_low) * (b_high - b_low) <= _EXACT_CELLS:
            found = _exact(a[a_low:a_high], b[b_low:b_high])
            pairs.extend((a_low + i, b_low + j) for i, j in found)
            continue
        anchors = _anchors(a[a_low:a_high], b[b_low:b_high])
        if not anchors:
            # Nothing stands out: cut both in the middle, so that each half is searched on its own.
            anchors = [((a_high - a_low) // 2, (b_high - b_low) // 2)]
            work.append((a_low, a_low + anchors[0][0], b_low, b_low + anchors[0][1]))
            work.append((a_low + anchors[0][0], a_high, b_low + anchors[0][1], b_high))
            continue
        before = (-1, -1)
        for anchor in [*anchors, (a_high - a_low, b_high - b_low)]:
            work.append((a_low + before[0] + 1, a_low + anchor[0], b_low + before[1] + 1, b_low + anchor[1]))
            before = anchor
        pairs.extend((a_low + i, b_low + j) for i, j in anchors)
    return sorted(pairs)


def _exact(a: Sequence[int], b: Sequence[int]) -> Pairs:
    # Loaded here: most comparisons end at the common head and tail and never need it.
    from rapidfuzz.distance import LCSseq

    return [
        (block.a + offset, block.b + offset)
        for block in LCSseq.editops(a, b).as_matching_blocks()
        for offset in range(block.size)
    ]


def _anchors(a: Sequence[int], b: Sequence[int]) -> Pairs:
    """Pairs of tokens that occur equally often on both sides, rarest kinds first, as far as they rise together."""
    counts_a, counts_b = Counter(a), Counter(b)
    common = [token for token, count in counts_a.items() if counts_b[token] == count]
    if not common:
        return []
    # Patience diff uses tokens that occur once; where none does, the rarest serve as well.
    rarest = min(counts_a[token] for token in common)
    tokens = {token for token in common if counts_a[token] == rarest}
    places_a, places_b = _places(a, tokens), _places(b, tokens)
    return _longest_rising(
        sorted(pair for token in tokens for pair in zip(places_a[token], places_b[token], strict=True))
    )


def _places(sequence: Sequence[int], tokens: Collection[int]) -> dict[int, list[int]]:
    places: dict[int, list[int]] = {token: [] for token in tokens}
    for place, token in enumerate(sequence):
        if token in tokens:
            places[token].append(place)
    return places


def _longest_rising(pairs: Pairs) -> Pairs:
    """The longest chain in which the second places rise too (patience sorting, n log n)."""
    tops: list[int] = []
    top_pair: list[int] = []
    previous = [-1] * len(pairs)
    for number, (_, place) in enumerate(pairs):
        pile = bisect_left(tops, place)
        previous[number] = top_pair[pile - 1] if pile else -1
        if pile == len(tops):
            tops.append(place)
            top_pair.append(number)
        else:
            tops[pile], top_pair[pile] = place, number
    chain: Pairs = []
    number = top_pair[-1] if top_pair else -1
    while number >= 0:
        chain.append(pairs[number])
        number = previous[number]
    return chain[::-1]
