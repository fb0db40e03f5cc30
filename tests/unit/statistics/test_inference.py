"""Tests and intervals: exact where they are exact, calibrated where they are random, corrected as the textbooks do."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from synergy.statistics.inference import (
    BLOCK,
    exceedance_floor,
    exceedance_p,
    holm,
    jackknife,
    mcnemar,
    paired_differences,
    paired_score_interval,
    rank_floor,
    rank_p,
    share_as_extreme,
    sign_flip_test,
    wilson_interval,
)

Z95 = 1.959963984540054


def outcomes(only_first, only_second, both=5, neither=5):
    first = [True] * only_first + [False] * only_second + [True] * both + [False] * neither
    second = [False] * only_first + [True] * only_second + [True] * both + [False] * neither
    return np.array(first), np.array(second)


def test_share_as_extreme_counts_both_sides_and_itself_but_nothing_undefined():
    assert share_as_extreme(np.array([-3.0, 0.5, 2.0, 1.0]), 2.0) == 3 / 5
    assert share_as_extreme(np.array([-3.0, 0.5, np.nan, 2.0, 1.0, np.nan]), 2.0) == 3 / 5


@pytest.mark.parametrize("n_draws", [1, 39, 119])
def test_a_rank_cannot_be_rarer_than_its_draws_allow(n_draws):
    draws = np.arange(float(n_draws))
    assert rank_p(draws, n_draws) == rank_p(draws, -1.0) == rank_floor(n_draws) == min(1, 2 / (n_draws + 1))
    assert exceedance_p(draws, n_draws) == exceedance_floor(n_draws) == 1 / (n_draws + 1)
    assert exceedance_p(draws, -1.0) == 1


def test_ranks_count_ties_on_both_sides_and_nothing_undefined():
    draws = np.array([1.0, 2.0, 2.0, 3.0, np.nan])
    assert rank_p(draws, 2.0) == 1
    assert rank_p(draws, 3.0) == pytest.approx(2 * 2 / 5)
    assert exceedance_p(draws, 2.0) == pytest.approx(4 / 5)
    assert all(math.isnan(p) for p in (rank_p(draws[4:], 2.0), rank_p(draws, np.nan), exceedance_p(draws, np.nan)))


def test_p_of_ranks_is_uniform_where_the_value_is_one_of_the_draws():
    generator = np.random.default_rng(0)
    values = generator.standard_normal((4000, 40))
    for p_value in (rank_p, exceedance_p):
        found = np.array([p_value(row[1:], row[0]) for row in values])
        for level in (0.05, 0.5):
            assert np.mean(found <= level) == pytest.approx(level, abs=3 * math.sqrt(level / 4000))


# ---- the jackknife


@pytest.mark.parametrize("neutral", [0.0, 0.3])
def test_the_jackknife_of_a_mean_is_students_t(neutral):
    values = np.random.default_rng(1).standard_normal(20)
    found = jackknife(values.mean(), (values.sum() - values) / 19, neutral=neutral)
    exact = stats.ttest_1samp(values, neutral)
    interval = exact.confidence_interval()
    assert found == pytest.approx((values.mean(), stats.sem(values), interval.low, interval.high, exact.pvalue))


def test_groups_of_several_sizes_count_by_their_size():
    generator = np.random.default_rng(2)
    sizes = np.array([3, 5, 4, 6, 2, 4, 5, 3, 4, 4, 5, 5])
    groups = np.repeat(np.arange(12), sizes)
    errors, spread = [], []
    for _ in range(800):
        values = generator.standard_normal(50)
        partial = [values[groups != group].mean() for group in range(12)]
        errors.append(jackknife(values.mean(), partial, sizes).standard_error ** 2)
        spread.append(values.mean())
    assert np.mean(errors) == pytest.approx(1 / 50, rel=0.05)
    one_size = jackknife(1.0, [1.1, 0.9, 1.3, 0.8])
    assert jackknife(1.0, [1.1, 0.9, 1.3, 0.8], [7, 7, 7, 7]) == pytest.approx(one_size)


@pytest.mark.parametrize("partial", [[1.0, 1.2], [1.0, 1.2, np.nan, 1.1], [1.0, 1.0, 1.0]])
def test_no_interval_without_a_spread(partial):
    found = jackknife(1.0, partial)
    assert found.estimate == 1
    assert np.isnan(found[1:]).all()


# ---- signs flipped at random


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(-1000, 1000).map(lambda n: n / 97), min_size=1, max_size=9))
@example([0.1, 0.2, -0.3])  # 0 but for rounding: nothing is less extreme
def test_few_pairs_are_enumerated_and_p_depends_on_neither_sign_nor_scale(values):
    differences = np.array(values)
    p_value, statement = sign_flip_test(differences, 99, 0)
    sums = np.abs(np.array(list(product([-1, 1], repeat=len(values)))) @ differences)
    assert p_value == np.mean(sums >= abs(differences.sum()) - 1e-12 * np.abs(differences).sum())
    assert f"all 2^{len(values)}" in statement
    assert sign_flip_test(-differences, 99, 0)[0] == sign_flip_test(4 * differences, 99, 0)[0] == p_value


def test_many_pairs_give_the_textbook_p():
    # Darwin's maize, Fisher 1935, § 21: 1,726 of 32,768 assignments of 15 differences.
    darwin = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48], dtype=float)
    p_value, statement = sign_flip_test(darwin, 9999, 0)
    assert p_value == pytest.approx(1726 / 32768, abs=0.008)
    assert "9999 draws" in statement


def test_p_is_uniform_where_nothing_differs():
    p_values, _ = sign_flip_test(np.random.default_rng(0).standard_normal((300, 10)), 9999, 0)
    assert stats.kstest(p_values, "uniform").pvalue > 0.01


# ---- two conditions on the same problems


def test_mcnemar_by_hand():
    # 1 against 9: 2 (C(10,0) + C(10,1)) / 2^10.
    assert mcnemar(*outcomes(1, 9)) == (1, 9, pytest.approx(2 * (1 + 10) / 2**10, rel=1e-12))
    assert mcnemar(*outcomes(7, 7)) == (7, 7, 1)
    assert mcnemar(*outcomes(0, 0)) == (0, 0, 1)
    assert 0 < mcnemar(*outcomes(400, 600))[2] < 1e-9


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


def test_contrasts_do_not_depend_on_their_company():
    differences = np.random.default_rng(2).normal(0.2, 1, (4, 30))
    together = paired_differences(differences, BLOCK + 7, 3)
    alone = [paired_differences(row[None], BLOCK + 7, 3)[0] for row in differences]
    for one, other in zip(together, alone, strict=True):
        assert one == pytest.approx(other)
    assert together[0].p_value >= 1 / (BLOCK + 8)


# ---- the difference of two proportions on the same trials


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 200))
@example(0, 0, 100)
@example(7, 0, 7)
@example(0, 7, 7)
def test_paired_bounds_are_the_differences_whose_score_test_just_rejects(only_first, only_second, n):
    n = max(n, only_first + only_second)
    found = (only_first - only_second) / n
    low, high = paired_score_interval(only_first, only_second, n)
    assert -1 <= low < high <= 1
    assert low <= found <= high
    other_way = paired_score_interval(only_second, only_first, n)
    assert other_way == pytest.approx((-high, -low), abs=1e-9)
    for bound in (low, high):
        if abs(bound - found) > 1e-6 and abs(bound) < 1 - 1e-6:
            # The share of the second alone that makes the counts most probable, found by search; the variance follows.
            def unlikely(share, bound=bound):
                logs = np.log(np.maximum([share + bound, share, 1 - bound - 2 * share], 1e-300))
                return -np.dot([only_first, only_second, n - only_first - only_second], logs)

            limits = (max(0, -bound), (1 - bound) / 2)
            share = optimize.minimize_scalar(unlikely, bounds=limits, method="bounded", options={"xatol": 1e-13}).x
            best = min((share, *limits), key=unlikely)
            sd = math.sqrt((2 * best + bound - bound**2) / n)
            assert abs(found - bound) / sd == pytest.approx(Z95, rel=1e-3)


def test_published_paired_intervals():
    # Fagerland, Lydersen, Laake 2014 (doi:10.1002/sim.6148), airway reactivity of 21 children: 1 and 7 alone.
    assert paired_score_interval(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)


def test_trials_that_all_agree_bound_the_difference_by_the_score_test():
    bound = Z95**2 / (100 + Z95**2)
    assert paired_score_interval(0, 0, 100) == pytest.approx((-bound, bound))


@pytest.mark.parametrize("share_of_first", [0.5, 0.75, 1.0])
@pytest.mark.parametrize("discordant", [0.01, 0.02, 0.05])
def test_paired_intervals_hold_the_truth_where_few_trials_differ(discordant, share_of_first):
    n, probabilities = 100, [discordant * share_of_first, discordant * (1 - share_of_first), 1 - discordant]
    truth = probabilities[0] - probabilities[1]
    covered = 0.0
    for only_first, only_second in product(range(18), repeat=2):  # more are as good as impossible
        low, high = paired_score_interval(only_first, only_second, n)
        assert high - low > 0.03
        counts = [only_first, only_second, n - only_first - only_second]
        covered += (low <= truth <= high) * stats.multinomial.pmf(counts, n, probabilities)
    assert covered >= 0.93


@pytest.mark.parametrize("arguments", [(-1, 5, 10), (5, -1, 10), (6, 5, 10), (0, 0, 0)])
def test_impossible_paired_counts_are_refused(arguments):
    with pytest.raises(ValueError, match="one alone succeeded in"):
        paired_score_interval(*arguments)


# ---- proportions


@given(st.floats(0, 1), st.floats(0.5, 2000))
def test_bounds_are_the_proportions_whose_score_test_just_rejects(observed, n):
    low, high = wilson_interval(observed * n, n)
    assert 0 <= low <= observed + 1e-12
    assert observed - 1e-12 <= high <= 1
    for bound in (low, high):
        assert abs(observed - bound) == pytest.approx(Z95 * math.sqrt(bound * (1 - bound) / n), abs=1e-7)


def test_published_intervals():
    # Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E), table I, method 3.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_none_and_all_correct_keep_a_width_and_no_trials_say_nothing():
    assert wilson_interval(0, 10) == (0.0, pytest.approx(Z95**2 / (10 + Z95**2)))
    assert wilson_interval(10, 10) == (pytest.approx(10 / (10 + Z95**2)), 1.0)
    assert all(math.isnan(bound) for bound in wilson_interval(0, 0))


@pytest.mark.parametrize("arguments", [(-1, 5), (6, 5), (0, -1), (1, 2, 0.0), (1, 2, 1.0)])
def test_impossible_counts_are_refused(arguments):
    with pytest.raises(ValueError, match="must lie between"):
        wilson_interval(*arguments)


# ---- several tests


def test_holm_multiplies_by_the_number_of_hypotheses_left_and_never_falls():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1, 1])


def test_what_was_not_tested_does_not_count():
    np.testing.assert_allclose(holm([0.01, np.nan, 0.04]), [0.02, np.nan, 0.04])
    assert np.isnan(holm([np.nan, np.nan])).all()
