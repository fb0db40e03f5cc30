"""Tests and intervals: exact where they are exact, calibrated where they are random, corrected as the textbooks do."""

import math
from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import binomtest

from synergy.statistics.inference import (
    BLOCK,
    MOST_ENUMERATED,
    holm,
    mcnemar,
    paired_differences,
    share_as_extreme,
    sign_flip_test,
    wilson_interval,
)

Z95 = 1.959963984540054
p_value_lists = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(np.array)


def test_share_as_extreme_counts_both_sides_and_itself():
    assert share_as_extreme(np.array([-3.0, 0.5, 2.0, 1.0]), 2.0) == 3 / 5


def test_enumerated_signs_give_the_textbook_p():
    assert sign_flip_test(np.array([1.0, 2.0, 3.0]), 9999, 0)[0] == 2 / 8
    assert sign_flip_test(np.array([1.0, 2.0, -3.0]), 9999, 0)[0] == 1
    # Darwin's maize, Fisher 1935, § 21: 1,726 of 32,768 assignments of 15 differences.
    darwin = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)
    p_value, statement = sign_flip_test(darwin, 9999, 0)
    assert p_value == pytest.approx(1726 / 32768, abs=0.008)
    assert "9999 draws" in statement


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=MOST_ENUMERATED - 3))
def test_p_depends_on_neither_sign_nor_scale(values):
    differences = np.array(values)
    p_value, _ = sign_flip_test(differences, 9999, 0)
    assert 2 / 2 ** len(values) - 1e-12 <= p_value <= 1
    assert sign_flip_test(-differences, 9999, 0)[0] == p_value
    assert sign_flip_test(4 * differences, 9999, 0)[0] == p_value


def test_p_is_uniform_where_nothing_differs():
    generator = np.random.default_rng(0)
    p_values = [sign_flip_test(generator.standard_normal(10), 9999, 0)[0] for _ in range(300)]
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


def outcomes(only_first, only_second, both=5, neither=5):
    first = [True] * only_first + [False] * only_second + [True] * both + [False] * neither
    second = [False] * only_first + [True] * only_second + [True] * both + [False] * neither
    return np.array(first), np.array(second)


@pytest.mark.parametrize(("a", "b"), [(0, 0), (1, 0), (5, 0), (0, 6), (3, 9), (7, 7), (20, 45), (0, 60)])
def test_mcnemar_is_the_exact_sign_test_of_what_differs(a, b):
    only_first, only_second, p = mcnemar(*outcomes(a, b))
    assert (only_first, only_second) == (a, b)
    assert p == pytest.approx(binomtest(a, a + b).pvalue if a + b else 1.0, rel=1e-12)


def test_mcnemar_by_hand():
    # 1 against 9: 2 (C(10,0) + C(10,1)) / 2^10.
    assert mcnemar(*outcomes(1, 9))[2] == float(Fraction(2 * (comb(10, 0) + comb(10, 1)), 2**10))


def test_mcnemar_of_thousands_neither_overflows_nor_underflows():
    assert 0 < mcnemar(*outcomes(400, 600))[2] < 1e-9
    assert mcnemar(*outcomes(2500, 2500))[2] == 1.0


def test_sign_flips_agree_with_all_of_them():
    difference = np.array([1.0, 1.0, 0.0, 1.0, -1.0, 1.0, 1.0, 0.5, 1.0])
    flips = np.array(list(product([-1, 1], repeat=9))) @ difference
    exact = (np.abs(flips) >= abs(difference.sum()) - 1e-12).mean()
    found = paired_differences(difference[None], 20_000, 0)[0]
    assert found.estimate == pytest.approx(difference.mean())
    assert found.p_value == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000))


def test_sign_flips_of_one_seed_are_mcnemars_test():
    first, second = outcomes(4, 12)
    p = paired_differences((first.astype(float) - second)[None], 40_000, 1)[0].p_value
    assert p == pytest.approx(mcnemar(first, second)[2], abs=0.005)


def test_no_difference_is_no_evidence():
    for difference in (np.zeros(50), np.tile([1.0, -1.0], 25)):
        found = paired_differences(difference[None], 1000, 0)[0]
        assert found.estimate == 0
        assert found.p_value == 1.0
        assert found.ci_low <= 0 <= found.ci_high


def test_interval_covers_the_truth_and_p_is_uniform_without_an_effect():
    generator = np.random.default_rng(0)
    found = paired_differences(generator.normal(0, 1, (600, 60)), 1000, 0)
    covered = np.mean([d.ci_low <= 0 <= d.ci_high for d in found])
    assert covered == pytest.approx(0.95, abs=0.035)  # the percentile interval is a little narrow
    for level in (0.05, 0.2, 0.5):
        share = np.mean([d.p_value <= level for d in found])
        assert share == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 600))


def test_seeds_of_the_same_outcomes_are_no_more_certain_than_one():
    first, second = outcomes(10, 18, 30, 30)
    by_seed = np.tile(first.astype(float) - second, (5, 1))
    one, five = paired_differences(by_seed[:1], 4000, 0)[0], paired_differences(by_seed.mean(0)[None], 4000, 0)[0]
    assert five == pytest.approx(one)


def test_pairing_sees_what_independent_samples_would_not():
    first, second = outcomes(0, 10, 250, 240)
    assert paired_differences((first.astype(float) - second)[None], 10_000, 0)[0].p_value < 0.005


def test_contrasts_do_not_depend_on_their_company():
    differences = np.random.default_rng(2).normal(0.2, 1, (4, 30))
    together = paired_differences(differences, BLOCK + 7, 3)
    alone = [paired_differences(row[None], BLOCK + 7, 3)[0] for row in differences]
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other)
    assert together[0].p_value >= 1 / (BLOCK + 8)


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


def test_holm_multiplies_by_the_number_of_hypotheses_left_and_never_falls():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1, 1])


def test_what_was_not_tested_does_not_count():
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])
    assert np.isnan(holm([np.nan, np.nan])).all()


@given(p_value_lists)
def test_corrected_values_lie_between_the_raw_and_bonferroni_and_keep_the_order(raw):
    corrected = holm(raw)
    assert (corrected >= raw).all()
    assert (corrected <= np.minimum(1, len(raw) * raw) + 1e-12).all()
    assert (np.diff(corrected[np.argsort(raw)]) >= 0).all()


def test_false_decisions_are_rarer_than_the_level_among_all_eight():
    generator = np.random.default_rng(0)
    wrong = [(holm(generator.random(8)) < 0.05).any() for _ in range(2000)]
    assert np.mean(wrong) == pytest.approx(0.05, abs=0.015)
