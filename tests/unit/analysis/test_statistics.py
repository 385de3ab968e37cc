from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tracediff.analysis.statistics import FEWEST_PAIRS, Processes, adjusted, compare_processes, t_quantile


def processes(
    seed: int, count: int, rows: int = 40, factor: float = 1.0, iterations: int = 8, between: float = 0.05
) -> Processes:
    """Rows of times with 5 % between processes and 5 % within."""
    draw = np.random.default_rng(seed)
    return [
        1e6 * factor * np.exp(draw.normal(0, between, (rows, 1)) + draw.normal(0, 0.05, (rows, iterations)))
        for _ in range(count)
    ]


def constant(*times: float) -> Processes:
    return [np.array([[time]]) for time in times]


@pytest.mark.parametrize(("a_side", "smallest"), [(2, 1 / 3), (3, 0.1), (4, 2 / 70), (5, 2 / 252)])
def test_the_smallest_p_is_that_of_all_splits(a_side: int, smallest: float) -> None:
    test = compare_processes(constant(*range(1, a_side + 1)), constant(*range(101, 101 + a_side)))

    assert test.p[0] == pytest.approx(smallest)


def test_a_known_ratio() -> None:
    test = compare_processes(constant(100, 100, 100), constant(200, 200, 200))

    assert (test.ratio[0], test.low[0], test.high[0]) == pytest.approx((2, 2, 2))


@pytest.mark.parametrize("counts", [(3, 3), (5, 7), (10, 10), (FEWEST_PAIRS, FEWEST_PAIRS)])
@pytest.mark.parametrize("paired", [False, True])
def test_swapped_sides_mirror(counts: tuple[int, int], paired: bool) -> None:
    if paired and counts[0] != counts[1]:
        pytest.skip("pairs need as many on both sides")
    base, candidate = processes(1, counts[0]), processes(2, counts[1], factor=1.1)
    test, swapped = compare_processes(base, candidate, paired), compare_processes(candidate, base, paired)

    np.testing.assert_allclose(swapped.low, 1 / test.high, rtol=1e-9)
    np.testing.assert_allclose(swapped.high, 1 / test.low, rtol=1e-9)
    np.testing.assert_array_equal(swapped.p, test.p)


def test_the_same_again() -> None:
    first, second = (compare_processes(processes(3, 6), processes(4, 6)) for _ in range(2))

    np.testing.assert_array_equal(first.low, second.low)
    np.testing.assert_array_equal(first.p, second.p)


@pytest.mark.parametrize("a_side", [3, 5, 7, 10, FEWEST_PAIRS])
def test_intervals_hold_what_they_promise(a_side: int) -> None:
    test = compare_processes(processes(5, a_side, 1000), processes(6, a_side, 1000), paired=a_side >= FEWEST_PAIRS)
    covered = ((test.low <= 1) & (test.high >= 1)).mean()

    assert 0.94 <= covered <= 0.995
    assert (test.p <= 0.05).mean() <= 0.06


def test_pairs_take_the_drift_out() -> None:
    drift = np.linspace(1, 2, FEWEST_PAIRS)
    base = [times * factor for times, factor in zip(processes(7, FEWEST_PAIRS), drift, strict=True)]
    candidate = [times * factor for times, factor in zip(processes(8, FEWEST_PAIRS, factor=1.1), drift, strict=True)]

    assert np.median(compare_processes(base, candidate).p) > 0.2
    assert np.median(compare_processes(base, candidate, paired=True).p) < 0.01


def test_an_outlier_among_the_iterations_moves_no_median() -> None:
    base, candidate = processes(9, 6, 1), processes(10, 6, 1)
    spoiled = [np.concatenate((times, np.full((1, 1), 1e9)), axis=1) for times in candidate]

    assert compare_processes(base, spoiled).ratio[0] < 1.1


def test_a_row_that_most_iterations_lack_goes_by_its_mean() -> None:
    seldom = [np.array([[0.0, 0, 0, 0, 1000]])] * 5
    test = compare_processes(seldom, [2 * times for times in seldom])

    assert test.ratio[0] == pytest.approx(2)


@pytest.mark.parametrize("iterations", [1, 2, 3, 1000])
def test_any_number_of_iterations(iterations: int) -> None:
    test = compare_processes(processes(11, 5, 3, 1.0, iterations), processes(12, 5, 3, 1.0, iterations))

    assert (test.low < test.ratio).all()
    assert (test.ratio < test.high).all()


def test_adjusted_p() -> None:
    p: Any = np.array([0.01, 0.04, 0.03, 0.5])

    np.testing.assert_allclose(adjusted(p, np.full(4, 7.0)), [0.04, 0.16 / 3, 0.16 / 3, 0.5])
    assert adjusted(np.array([]), np.array([])).shape == (0,)


def test_what_matters_more_is_given_up_less_easily() -> None:
    p = np.array([0.02, 0.02, 0.9, 0.9])
    heavy, light = adjusted(p, np.array([5.0, 1, 1, 1]))[:2]

    assert heavy < adjusted(p, np.ones(4))[0] <= light
    assert (adjusted(p, np.array([5.0, 1, 1, 1])) >= p).all()


@pytest.mark.parametrize(
    ("counts", "spreads"),
    [
        ((5, 14), (0.1, 0.02)),
        ((5, 14), (0.02, 0.1)),
        ((5, 14), (0.05, 0.05)),
        ((5, 30), (0.2, 0.03)),
        ((5, 5), (0.1, 0.02)),
    ],
)
def test_few_restless_processes_are_no_difference(counts: tuple[int, int], spreads: tuple[float, float]) -> None:
    """The bare difference, permuted, with a pooled t, called up to 15 % of these."""
    base, candidate = (
        processes(20 + which, count, 600, between=between)
        for which, (count, between) in enumerate(zip(counts, spreads, strict=True))
    )
    test = compare_processes(base, candidate)
    outside = (test.low > 1) | (test.high < 1)

    assert ((test.p <= 0.05) & outside).mean() <= 0.08
    assert outside.mean() <= 0.08


def test_a_process_that_never_ran_a_row_leaves_no_ratio() -> None:
    """One of nothing would be one of whatever stands for nothing."""
    base = [np.array([[1000.0, 1100]]) * factor for factor in (1, 1.01, 1.02, 1.03, 1.04)]
    candidate = [2 * times for times in base]
    candidate[0] = np.zeros((1, 2))
    test, swapped = compare_processes(base, candidate), compare_processes(candidate, base)

    assert np.isnan([test.ratio[0], test.low[0], test.high[0]]).all()
    assert 0.05 < test.p[0] < 1
    assert test.p[0] == swapped.p[0]
    paired = compare_processes(base * 3, candidate * 3, paired=True)
    assert np.isnan(paired.ratio[0])
    assert 0 < paired.p[0] < 1


def test_iterations_that_lack_a_row_do_not_widen_without_bound() -> None:
    """A median of drawn iterations that is zero has no logarithm, so processes alone are drawn."""
    draw = np.random.default_rng(3)
    often = [np.concatenate((np.zeros((1, 3)), 1000 * np.exp(draw.normal(0, 0.02, (1, 5)))), axis=1) for _ in range(12)]
    test = compare_processes(often[:6], often[6:])

    assert 0.9 < test.low[0] < 1 < test.high[0] < 1.1


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.706), (1.9, 12.706), (2, 4.303), (2.5, 4.303), (3, 3.182), (5, 2.571)]
)
def test_t_quantile_of_few_degrees(freedom: float, quantile: float) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(quantile, rel=0.01)
    assert t_quantile(0.025, freedom) == pytest.approx(-quantile, rel=0.01)


@pytest.mark.parametrize(("freedom", "quantile"), [(2, 4.303), (4, 2.776), (8, 2.306), (18, 2.101), (1000, 1.962)])
def test_t_quantile(freedom: int, quantile: float) -> None:
    assert t_quantile(0.975, freedom) == pytest.approx(quantile, rel=0.035)
