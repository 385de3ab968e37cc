"""Where the times of a distribution end up in character cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracediff.model.distribution import Distribution, Sample
from tracediff.tui.widgets.strip import Scale, box, dots, histogram

WIDTH = 20
TIMES = st.lists(st.integers(1, 10**12), min_size=1, max_size=30)


def sample(
    *captures: tuple[int, ...], counts: tuple[int, ...] = (), quartiles: tuple[int, int, int] = (0, 0, 0)
) -> Sample:
    times = [ns for capture in captures for ns in capture]
    return Sample(captures, min(times), quartiles, max(times), counts)


def columns(line: str) -> set[int]:
    """Dot columns of a line of braille that hold any dot."""
    bits = [(column, ord(cell) - 0x2800) for column, cell in enumerate(line)]
    return {2 * column + right for column, set_ in bits for right, mask in ((0, 0x47), (1, 0xB8)) if set_ & mask}


@given(TIMES, st.booleans())
def test_order_is_kept_and_extremes_are_at_the_ends(times: list[int], is_logarithmic: bool) -> None:
    times.sort()
    scale = Scale(times[0], times[-1], is_logarithmic)
    slots = [scale.slot(ns, WIDTH) for ns in times]
    assert slots == sorted(slots)
    assert (slots[0], slots[-1]) == ((0, WIDTH - 1) if times[0] < times[-1] else (slots[0], slots[0]))
    (line,) = dots(sample(tuple(times)), scale, WIDTH)
    assert len(line) == WIDTH
    assert columns(line) == {scale.slot(ns, 2 * WIDTH) for ns in times}


def test_equal_times_are_one_heap_in_the_middle() -> None:
    (line,) = dots(sample((7,) * 30), Scale(7, 7), WIDTH)
    assert line.replace(chr(0x2800), "") == chr(0x2800 | 0xB8)
    assert line.index(chr(0x2800 | 0xB8)) == WIDTH // 2 - 1
    assert box(sample((7,) * 30, quartiles=(7, 7, 7)), Scale(7, 7), WIDTH).strip() == "┃"


def test_heaps_are_as_high_as_their_times_are_many() -> None:
    # One, two and four times: one dot, two and four, from below.
    (line,) = dots(sample((0, 50, 50, 100, 100, 100, 100)), Scale(0, 100), 3)
    assert [ord(cell) - 0x2800 for cell in line] == [0x40, 0x40 | 0x04, 0xB8]


def test_each_capture_has_a_row_of_dots() -> None:
    captures = ((0,), (100,), (0,), (100,), (0, 100))
    first, second = dots(sample(*captures), Scale(0, 100), 2)
    assert [ord(cell) - 0x2800 for cell in first] == [0x01 | 0x04, 0x10 | 0x80]
    assert [ord(cell) - 0x2800 for cell in second] == [0x01, 0x08]


@pytest.mark.parametrize(
    ("quartiles", "drawn"),
    [((20, 40, 60), "├─▒▒┃▒▒───┤"), ((0, 0, 0), "┃─────────┤"), ((0, 100, 100), "▒▒▒▒▒▒▒▒▒▒┃")],
)
def test_box(quartiles: tuple[int, int, int], drawn: str) -> None:
    assert box(sample((0, 100), quartiles=quartiles), Scale(0, 100), 11) == drawn


def test_histogram_grows_from_the_centre_and_shows_single_times() -> None:
    distribution = Distribution(
        sample((1,), counts=(1000, 500, 0)), sample((1,), counts=(1, 0, 3)), edges_ns=(0, 1, 2, 3), is_logarithmic=False
    )
    assert list(histogram(distribution, 4)) == [("████", "█▌  "), ("  ██", "    "), ("    ", "████")]
    alone = Distribution(None, sample((1,), counts=(1000, 1)), edges_ns=(0, 1, 2), is_logarithmic=False)
    assert list(histogram(alone, 4)) == [("    ", "████"), ("    ", "▌   ")]
