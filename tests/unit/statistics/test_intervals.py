"""Wilson's interval: its defining equation, symmetry, the edges, and its coverage."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synergy.statistics.intervals import wilson_interval

Z95 = 1.959963984540054


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_are_the_proportions_whose_score_test_just_rejects(counts):
    n_correct, n = counts
    observed = n_correct / n
    low, high = wilson_interval(n_correct, n)
    assert 0 <= low <= observed <= high <= 1
    for bound in (low, high):
        assert abs(observed - bound) == pytest.approx(Z95 * math.sqrt(bound * (1 - bound) / n), abs=1e-9)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_failures_mirror_successes(counts):
    n_correct, n = counts
    low, high = wilson_interval(n_correct, n)
    assert wilson_interval(n - n_correct, n) == pytest.approx((1 - high, 1 - low))


def test_none_and_all_correct_keep_a_width():
    # With p = 0 the upper bound is z^2 / (n + z^2).
    assert wilson_interval(0, 10) == (0.0, pytest.approx(Z95**2 / (10 + Z95**2)))
    assert wilson_interval(10, 10) == (pytest.approx(10 / (10 + Z95**2)), 1.0)


def test_published_example():
    # Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E), table I, method 3.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson_interval(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@pytest.mark.parametrize("truth", [0.05, 0.5, 0.9])
def test_mean_coverage_is_near_what_is_promised(truth):
    n = 60
    inside = [k for k in range(n + 1) if (bounds := wilson_interval(k, n)) and bounds[0] <= truth <= bounds[1]]
    coverage = sum(math.comb(n, k) * truth**k * (1 - truth) ** (n - k) for k in inside)
    assert 0.92 < coverage < 0.98


def test_more_problems_and_less_confidence_narrow_the_interval():
    def width(*arguments):
        low, high = wilson_interval(*arguments)
        return high - low

    assert width(500, 1000) < width(50, 100) < width(5, 10)
    assert width(50, 100, 0.8) < width(50, 100, 0.95) < width(50, 100, 0.99)


def test_no_trials_say_nothing():
    assert all(math.isnan(bound) for bound in wilson_interval(0, 0))


@pytest.mark.parametrize("arguments", [(-1, 5), (6, 5), (0, -1), (1, 2, 0.0), (1, 2, 1.0)])
def test_impossible_counts_are_refused(arguments):
    with pytest.raises(ValueError, match="must lie between"):
        wilson_interval(*arguments)
