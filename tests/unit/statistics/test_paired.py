"""Paired comparisons: exact where they are exact, calibrated where they are random, blind to what pairs share."""

from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.stats import binomtest

from synergy.statistics.paired import BLOCK, mcnemar, paired_differences


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
