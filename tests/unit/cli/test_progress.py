"""The line about progress fits its terminal, and the bar what it says."""

from __future__ import annotations

from tracediff.cli.progress import line_of


def test_it_fits_every_terminal() -> None:
    for width in range(2, 200):
        for done in (0, 310_000_000, 2_000_000_000):
            assert len(line_of(done, 2_000_000_000, width)) < width


def test_it_says_how_far_reading_has_come() -> None:
    assert line_of(500_000_000, 2_000_000_000, 80) == f"reading 500 MB of 2,000 MB [{'#' * 10}{'.' * 30}]"
    assert line_of(500_000_000, 2_000_000_000, 30) == "reading 500 MB of 2,000 MB"
    assert line_of(2_000_000_000, 2_000_000_000, 80) == "read 2,000 MB, analysing"
