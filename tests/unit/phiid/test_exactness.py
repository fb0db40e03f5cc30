"""The engine against the slow reference: 1e-12 nats, or 1e-14 times the condition number from 1e3 on."""

import hypothesis
import numpy as np
import pytest
import reference_phiid as reference
from artifacts import ar1, full
from hypothesis import strategies as st

from synergy.phiid.atoms import all_atoms
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairs import heads_of, n_pairs

T = 60


def independent():
    return np.concatenate([ar1(seed, 3, T, phi)[0] for seed, phi in ((20, 0.0), (21, 0.5), (22, 0.9))])


def nearly_copied():
    """Copies with noise of relative size 1e-2 (r = 0.9999) to 1e-6, and heads that share such copies."""
    base, noise = ar1(1, 2, T, 0.7)[0], np.random.default_rng(2).normal(size=(8, T))
    return np.stack([*base, *(base[k % 2] + 10.0 ** -(2 + k // 2 * 4 / 3) * noise[k] for k in range(8))])


def scaled():
    return ar1(3, 5, T)[0] * np.array([1e-8, 1e-4, 1.0, 1e4, 1e8])[:, None] + np.array([0, 1, 1e3, 1e6, 5e8])[:, None]


def trending():
    return ar1(4, 4, T)[0] + np.linspace(0, 20, T) * np.array([0, 1, 1, -1])[:, None]


def repeated_values():
    """Few distinct values, as norms in bfloat16 have."""
    return np.round(ar1(5, 5, T)[0])


def deviations(series, settings):
    """Largest |engine − reference| over all atoms of each pair, and what is tolerated."""
    numbers = range(n_pairs(len(series)))
    pairs = np.stack(heads_of(numbers, len(series)), axis=1)
    fast = Decomposition(series[None], np.array([T]), settings).run(numbers)
    atoms, undefined = all_atoms(series[None], np.array([T]), pairs, settings)
    assert not undefined.any()
    for k, (i, j) in enumerate(pairs):
        expected = reference.atoms(series[i], series[j], settings.lag, settings.redundancy, settings.estimator)
        condition = reference.condition_number(series[i], series[j], settings.lag)
        found = [(atoms[name][k], value) for name, value in expected.items()]
        found += [(fast["sts"][k], expected["sts"]), (fast["rtr"][k], expected["rtr"])]
        found += [(fast["tdmi"][k], sum(expected.values()))]
        found += [(fast["phi_r"][k], reference.phi_r(expected))]
        yield max(abs(a - b) for a, b in found), 1e-12 if condition < 1e3 else 1e-14 * condition


@pytest.mark.parametrize("redundancy", ["mmi", "ccs"])
@pytest.mark.parametrize("lag", [1, 2, 5])
@pytest.mark.parametrize("series", [independent, nearly_copied, scaled, trending, repeated_values])
def test_gaussian_agrees_with_reference(series, lag, redundancy):
    for found, tolerated in deviations(series(), Settings(lag=lag, redundancy=redundancy)):
        assert found <= tolerated


@hypothesis.settings(max_examples=15, deadline=None)
@hypothesis.given(
    seed=st.integers(0, 2**32 - 1),
    lag=st.integers(1, 5),
    phi=st.floats(-0.95, 0.95),
    closeness=st.floats(0, 6).map(lambda power: 10.0**-power),
    redundancy=st.sampled_from(["mmi", "ccs"]),
)
def test_any_gaussian_pair_agrees_with_reference(seed, lag, phi, closeness, redundancy):
    """Heads 0 and 1 differ by noise of any relative size between 1 and 1e-6."""
    series = ar1(seed, 3, T, phi)[0]
    series[1] = series[0] + closeness * series[1]
    for found, tolerated in deviations(series, Settings(lag=lag, redundancy=redundancy)):
        assert found <= tolerated


@pytest.mark.parametrize("redundancy", ["mmi", "ccs"])
@pytest.mark.parametrize("estimator", ["gaussian_copula", "discrete"])
@pytest.mark.parametrize("series", [independent, repeated_values])
def test_other_estimators_agree_with_reference(series, estimator, redundancy):
    for found, _ in deviations(series(), Settings(lag=1, redundancy=redundancy, estimator=estimator)):
        assert found <= 1e-12


@pytest.mark.parametrize("estimator", ["gaussian", "gaussian_copula", "discrete"])
def test_ragged_lengths_are_averaged_prompt_by_prompt(estimator):
    series = ar1(6, 3, 90, n_prompts=3).astype(np.float32)
    n_tokens = np.array([90, 30, 65])
    for p, n in enumerate(n_tokens):
        series[p, :, n:] = np.nan
    found = Decomposition(series, n_tokens, Settings(estimator=estimator)).run(range(3))
    for k, (i, j) in enumerate([(0, 1), (0, 2), (1, 2)]):
        prompts = [
            reference.atoms(series[p, i, :n].astype(float), series[p, j, :n].astype(float), estimator=estimator)
            for p, n in enumerate(n_tokens)
        ]
        assert found["sts"][k] == pytest.approx(np.mean([atoms["sts"] for atoms in prompts]), abs=1e-12)
        assert found["rtr"][k] == pytest.approx(np.mean([atoms["rtr"] for atoms in prompts]), abs=1e-12)


def singular_heads():
    """Heads 0-5: x; its copy; an affine copy; the sum of x and another; that other; independent."""
    x, y, z = ar1(7, 3, T)[0]
    return np.stack([x, x, 3 - 2 * x, x + y, y, z])


@pytest.mark.parametrize("redundancy", ["mmi", "ccs"])
def test_exactly_singular_pairs_are_nan_and_counted(redundancy):
    series = np.stack([singular_heads(), ar1(8, 6, T)[0]])
    settings = Settings(redundancy=redundancy)
    alone = Decomposition(series[:1], np.array([T]), settings).run(range(15))
    both = Decomposition(series, full(series), settings).run(range(15))
    copies = [0, 1, 5]  # pairs (0, 1), (0, 2), (1, 2)
    assert np.flatnonzero(np.isnan(alone["sts"])).tolist() == copies
    assert np.flatnonzero(np.isnan(alone["tdmi"])).tolist() == copies
    assert np.flatnonzero(both["n_undefined"]).tolist() == copies
    assert np.isfinite(both["sts"]).all()


def test_future_that_the_past_determines_is_singular():
    """y at t + 1 is x at t: the correlation of x's past with y's future is 1."""
    x, z = ar1(9, 2, T)[0]
    series = np.stack([x, np.roll(x, 1), z])[None, :, 1:]
    found = Decomposition(series, full(series), Settings()).run(range(3))
    assert np.isnan(found["sts"]).tolist() == [True, False, False]


def test_constant_head_is_undefined_in_its_prompt_only():
    series = ar1(10, 4, T, n_prompts=3)
    series[1, 2] = 7.25
    for estimator in ("gaussian", "gaussian_copula", "discrete"):
        found = Decomposition(series, full(series), Settings(estimator=estimator, surrogates=2)).run(range(6))
        assert found["n_undefined"].tolist() == [0, 1, 0, 1, 0, 1]
        assert found["head_prompt_sums"][:, 3].tolist() == [[0, 0, 0, 0], [1, 1, 3, 1], [0, 0, 0, 0]]
        assert np.isfinite(found["sts_null_mean"]).all()


def test_too_few_samples_for_four_variables_are_singular():
    """lag + 4 tokens are accepted; four centred samples span three dimensions."""
    series = ar1(11, 3, 5)
    assert np.isnan(Decomposition(series, full(series), Settings()).run(range(3))["sts"]).all()
    assert np.isfinite(Decomposition(ar1(11, 3, 6), np.array([6]), Settings()).run(range(3))["sts"]).all()
