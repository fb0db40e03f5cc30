"""Ranks, correlations and means, with ties and undefined values."""

import numpy as np
import pytest

from synergy.statistics.descriptive import average_ranks, mean_defined, pearson, rank_quantiles, spearman


def test_average_ranks():
    ranks = average_ranks(np.array([[3.0, 1.0, 3.0, np.nan], [4.0, 3.0, 2.0, 1.0]]))
    np.testing.assert_array_equal(ranks, [[2.5, 1, 2.5, np.nan], [4, 3, 2, 1]])


def test_rank_quantiles_average_ties_and_skip_what_is_undefined():
    values = np.array([5.0, 1.0, np.nan, 1.0, 9.0])
    np.testing.assert_allclose(rank_quantiles(values), [2 / 3, 1 / 6, np.nan, 1 / 6, 1])
    np.testing.assert_array_equal(rank_quantiles(np.stack([values, -values]))[0], rank_quantiles(values))
    np.testing.assert_array_equal(rank_quantiles(np.array([7.0, np.nan])), [0, np.nan])


def test_pearson():
    x = np.array([1.0, 2.0, np.nan, 4.0])
    assert pearson(x, -3 * x) == pytest.approx(-1)
    assert np.isnan(pearson(x, np.ones(4)))
    assert np.isnan(pearson(x[:1], x[:1]))


def test_spearman():
    assert spearman(np.array([1.0, 2, 3, 4]), np.array([1.0, 10, 9, 100])) == pytest.approx(0.8)
    assert spearman(np.array([1.0, np.nan, 3]), np.array([5.0, 0, 6])) == pytest.approx(1)
    assert np.isnan(spearman(np.ones(3), np.arange(3.0)))


def test_mean_defined():
    values = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]])
    np.testing.assert_array_equal(mean_defined(values, axis=1), [2, np.nan])
    np.testing.assert_array_equal(mean_defined(values, axis=0), [1, np.nan, 3])
