"""Bad recordings are refused, each with its own message; good ones are prepared as documented."""

import numpy as np
import pytest
from artifacts import ar1

from synergy.files.errors import InputError
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.estimators import HeadSeries, check, normal_scores, prepare, standardised


def recording(lag=1, estimator="gaussian", n_tokens=None, **shape):
    series = ar1(0, **({"n_heads": 3, "n_tokens": 20, "n_prompts": 2} | shape))
    lengths = np.full(series.shape[0], series.shape[2]) if n_tokens is None else np.array(n_tokens)
    return HeadSeries(series, lengths, lag, estimator)


def broken(value, **shape):
    good = recording(**shape)
    good.activations[1, 2, 5] = value
    return good


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (recording(n_tokens=[20, 4]), r"lag \+ 4 = 5 tokens; found 4 tokens in prompt 1"),
        (recording(lag=17), r"lag \+ 4 = 21 tokens; found 20 tokens"),
        (recording(lag=0), "lag of at least 1"),
        (recording(n_heads=1), "at least 2 heads"),
        (recording(n_prompts=0), "at least 1 prompt"),
        (recording(n_tokens=[20, 21]), "n_tokens of at most 20"),
        (recording(n_tokens=[20]), "shapes"),
        (broken(np.nan), "finite activations; found nan in prompt 1, head 2, token 5"),
        (broken(-np.inf), "finite activations; found -inf in prompt 1, head 2, token 5"),
        (HeadSeries(np.ones((2, 3, 20)), np.array([20, 20])), "every head constant"),
        (recording(estimator="kernel"), "estimator among gaussian, gaussian_copula, discrete; found kernel"),
    ],
)
def test_bad_recordings_are_refused(bad, message):
    with pytest.raises(InputError, match=message):
        Decomposition(bad.activations, bad.n_tokens, Settings(lag=bad.lag, estimator=bad.estimator))


def test_shortest_series_allowed():
    check(recording(n_tokens=[20, 5]))


def test_padding_is_not_read():
    good = recording(n_tokens=[20, 12])
    before = prepare(good)
    good.activations[1, :, 12:] = np.nan
    check(good)
    assert np.array_equal(prepare(good).z, before.z)


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_standardised_has_mean_0_and_norm_1(offset):
    z = standardised(ar1(1, 3, 50)[0] + offset)
    np.testing.assert_allclose(z.sum(axis=1), 0, atol=1e-13)
    np.testing.assert_allclose((z**2).sum(axis=1), 1, rtol=1e-13)


def test_normal_scores_depend_on_order_alone_and_average_ties():
    values = np.array([[3.0, -1.0, 3.0, 10.0]])
    from statistics import NormalDist

    expected = [NormalDist().inv_cdf(rank / 5) for rank in (2.5, 1, 2.5, 4)]
    np.testing.assert_allclose(normal_scores(values)[0], expected, atol=1e-12)


def test_discrete_is_above_the_mean_of_past_and_future_each():
    values = np.array([[0.0, 1.0, 2.0, 3.0, 100.0], [5.0, 1.0, 4.0, 1.0, 4.0]])
    z = prepare(HeadSeries(values[None], np.array([5]), 1, "discrete")).z
    assert z[0, 0, :, :4].tolist() == [[0, 0, 1, 1], [0, 0, 0, 1]]
    assert z[0, 1, :, :4].tolist() == [[1, 0, 1, 0], [0, 1, 0, 1]]
