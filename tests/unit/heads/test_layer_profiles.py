"""Truths about layer means, ranks of layers, the inverted U and its permutation test."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synergy.heads.layer_profiles import (
    FEWEST_LAYERS,
    depth_p,
    depths,
    inverted_u,
    layer_means,
    permuted_p,
    quadratic_contrast,
    resampled_profiles,
    template_correlation,
)


def test_layer_means_follow_the_flat_head_index_and_leave_out_undefined_heads():
    values = np.array([1.0, 3.0, np.nan, 5.0, np.nan, np.nan])
    np.testing.assert_array_equal(layer_means(values, layers=3, heads=2), [2.0, 5.0, np.nan])
    np.testing.assert_array_equal(layer_means(np.stack([values, values]), 3, 2)[1], [2.0, 5.0, np.nan])


def test_depth_and_template_run_from_end_to_end():
    np.testing.assert_array_equal(depths(3), [0, 0.5, 1])
    np.testing.assert_array_equal(inverted_u(3), [0, 1, 0])
    np.testing.assert_array_equal(depths(1), [0])


@pytest.mark.parametrize("sign", [1, -1])
def test_a_parabola_correlates_perfectly_and_its_height_is_recovered(sign):
    profile = 0.2 + sign * 0.7 * inverted_u(12)
    assert template_correlation(profile) == pytest.approx(sign)
    assert quadratic_contrast(profile) == pytest.approx(sign * 0.7)
    assert permuted_p(profile, 999, seed=0) == pytest.approx(1 / 1000)


def test_a_slope_is_no_inverted_u():
    assert template_correlation(depths(12)) == pytest.approx(0, abs=1e-12)
    assert permuted_p(depths(12), 999, seed=0) > 0.9
    assert depth_p(depths(12), 999, seed=0) > 0.9
    assert quadratic_contrast(depths(12)) == pytest.approx(0, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(-5, 5))
def test_correlation_is_the_contrast_in_other_units(seed, scale, shift):
    profile = np.random.default_rng(seed).random(9)
    correlation = template_correlation(profile)
    assert template_correlation(scale * profile + shift) == pytest.approx(correlation, abs=1e-9)
    assert correlation == pytest.approx(np.corrcoef(profile, inverted_u(9))[0, 1])
    ratio = quadratic_contrast(profile) / (correlation * profile.std())
    assert ratio == pytest.approx(1 / inverted_u(9).std())


def test_correlation_leaves_out_undefined_layers():
    profile = np.array([0.0, np.nan, 1.0, 0.8, 0.1])
    kept = np.isfinite(profile)
    assert template_correlation(profile) == pytest.approx(np.corrcoef(profile[kept], inverted_u(5)[kept])[0, 1])


@pytest.mark.parametrize("profile", [np.full(10, 0.3), inverted_u(FEWEST_LAYERS - 1), np.full(10, np.nan)])
def test_flat_short_and_undefined_profiles_are_not_tested(profile):
    assert np.isnan(depth_p(profile, 99, seed=0))


def test_p_values_of_layers_that_may_be_exchanged_are_uniform():
    generator = np.random.default_rng(0)
    p_values = np.array([permuted_p(generator.random(12), 199, seed) for seed in range(300)])
    assert np.mean(p_values < 0.05) == pytest.approx(0.05, abs=0.035)
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.06)


def test_resampling_stays_within_the_layer():
    values = np.repeat([0.0, 1.0, 2.0], 4)
    np.testing.assert_array_equal(resampled_profiles(values, 3, 4, draws=5, seed=0), np.tile([0.0, 1.0, 2.0], (5, 1)))
