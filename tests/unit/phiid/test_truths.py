"""What is true of the decomposition whatever computes it."""

import numpy as np
import pytest
from artifacts import ar1, full
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_discrete_lyapunov

from synergy.phiid.atoms import ATOMS, all_atoms, invert
from synergy.phiid.decomposition import Decomposition, Settings
from synergy.phiid.pairs import n_pairs, symmetric

EVERY = [
    Settings(redundancy=redundancy, estimator=estimator)
    for redundancy in ("mmi", "ccs")
    for estimator in ("gaussian", "gaussian_copula", "discrete")
]


def matrices(series, how=None):
    found = Decomposition(series, full(series), how or Settings()).run(range(n_pairs(series.shape[1])))
    return [symmetric(found[name], series.shape[1]) for name in ("sts", "rtr", "tdmi")]


def series_of(seed, n_heads=4, n_tokens=40, n_prompts=2):
    """Autocorrelated and coupled series."""
    generator = np.random.default_rng(seed)
    series = ar1(seed, n_heads, n_tokens, generator.uniform(-0.9, 0.9), n_prompts)
    return np.einsum("gh,pht->pgt", np.eye(n_heads) + generator.normal(size=(n_heads, n_heads)) / 2, series)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), how=st.sampled_from(EVERY))
def test_sixteen_atoms_sum_to_tdmi_and_contain_the_fast_path(seed, how):
    series = series_of(seed)
    atoms, _ = all_atoms(series, full(series), np.array([[0, 1], [1, 3]]), how)
    sts, rtr, tdmi = matrices(series, how)
    for k, pair in enumerate([(0, 1), (1, 3)]):
        assert sum(atoms[name][k] for name in ATOMS) == pytest.approx(tdmi[pair], abs=1e-11)
        assert atoms["sts"][k] == pytest.approx(sts[pair], abs=1e-11)
        assert atoms["rtr"][k] == pytest.approx(rtr[pair], abs=1e-11)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), how=st.sampled_from(EVERY))
def test_permuting_heads_permutes_matrices(seed, how):
    """Which includes symmetry in the pair: a permutation exchanges x and y."""
    series = series_of(seed)
    order = np.random.default_rng(seed).permutation(4)
    for before, after in zip(matrices(series, how), matrices(series[:, order], how), strict=True):
        np.testing.assert_allclose(after, before[np.ix_(order, order)], atol=1e-11)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    how=st.sampled_from(EVERY),
    scale=st.floats(-8, 8).map(lambda power: 10.0**power),
    offset=st.floats(-100, 100),
)
def test_invariant_to_positive_affine_changes(seed, how, scale, offset):
    series = series_of(seed)
    changed = series.copy()
    changed[:, 1] = scale * (series[:, 1] + offset)
    for before, after in zip(matrices(series, how), matrices(changed, how), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), how=st.sampled_from([how for how in EVERY if how.estimator == "gaussian"]))
def test_invariant_to_sign(seed, how):
    series = series_of(seed)
    changed = series * np.array([1, -1, 1, -1])[:, None]
    for before, after in zip(matrices(series, how), matrices(changed, how), strict=True):
        np.testing.assert_allclose(after, before, atol=1e-10)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_mmi_bounds(seed):
    """Informations are not negative, double redundancy is at most any of them, redundancies do not exceed TDMI."""
    sts, rtr, tdmi = matrices(series_of(seed))
    above = np.triu_indices(4, 1)
    assert (rtr[above] >= -1e-12).all()
    assert (rtr[above] <= tdmi[above] + 1e-12).all()
    assert np.isfinite(sts[above]).all()


def test_independent_ar1_have_synergy_without_interaction_under_mmi():
    """sts → 2 min I(x;x'), with I = −½ log(1 − φ²); rtr → 0."""
    series = np.concatenate([ar1(seed, 1, 200_000, phi) for seed, phi in ((0, 0.5), (1, 0.8))], axis=1)
    sts, rtr, _ = matrices(series)
    assert sts[0, 1] == pytest.approx(-np.log(1 - 0.5**2), abs=5e-3)
    assert rtr[0, 1] < 1e-4


def test_independent_ar1_have_no_synergy_under_ccs():
    series = np.concatenate([ar1(seed, 1, 200_000, phi) for seed, phi in ((0, 0.5), (1, 0.8))], axis=1)
    sts, rtr, _ = matrices(series, Settings(redundancy="ccs"))
    assert abs(sts[0, 1]) < 0.01 * -np.log(1 - 0.5**2)
    assert abs(rtr[0, 1]) < 0.01 * -np.log(1 - 0.5**2)


def test_planted_redundancy_is_found():
    """Noisy copies of one slow driver: rtr carries most of the information."""
    driver = ar1(2, 1, 20_000, 0.9)
    series = driver + 0.3 * np.random.default_rng(3).normal(size=(1, 2, 20_000))
    sts, rtr, tdmi = matrices(series)
    assert rtr[0, 1] > 0.7 * tdmi[0, 1]
    assert rtr[0, 1] > 5 * abs(sts[0, 1])


@pytest.mark.parametrize("redundancy", ["mmi", "ccs"])
def test_planted_synergy_is_found(redundancy):
    """x = s + n, y = s − n: only the sum shows the slow s, so the future depends on the pair jointly."""
    slow = ar1(4, 1, 20_000, 0.95)
    noise = np.random.default_rng(5).normal(scale=10 * slow.std(), size=slow.shape)
    sts, rtr, tdmi = matrices(np.concatenate([slow + noise, slow - noise], axis=1), Settings(redundancy=redundancy))
    assert tdmi[0, 1] > 1.0
    assert sts[0, 1] > 0.9 * tdmi[0, 1]
    assert abs(rtr[0, 1]) < 0.02 * tdmi[0, 1]


def test_lattice_inversion_undoes_summation():
    """Every redundancy is the sum of the atoms below it; its top is the sum of all."""
    below = {"r": "r", "x": "rx", "y": "ry", "s": "rxys"}
    atoms = np.random.default_rng(6).normal(size=(16, 5))
    knowns = [sum(atoms[ATOMS.index(f"{a}t{b}")] for a in below[name[0]] for b in below[name[2]]) for name in ATOMS]
    np.testing.assert_allclose(invert(np.array(knowns)), atoms, atol=1e-12)


def test_means_over_partners_are_means_of_the_matrix():
    from synergy.phiid.pairs import head_means

    series = series_of(7, n_heads=9, n_prompts=3)
    found = Decomposition(series, full(series), Settings()).run(range(36))
    by_prompt = head_means(found["head_prompt_sums"])
    for values, name in zip(by_prompt, ("sts", "rtr", "phi_r"), strict=True):
        expected = np.nanmean(symmetric(found[name], 9), axis=1)
        np.testing.assert_allclose(values.mean(axis=0), expected, atol=1e-12)


def with_covariance(covariance, n=50):
    """Series (1, 2, 2 n) of two heads whose first and last n tokens have exactly the covariance of x, y, u, v."""
    values = np.random.default_rng(0).normal(size=(4, n))
    values -= values.mean(axis=1, keepdims=True)
    white = np.linalg.solve(np.linalg.cholesky(values @ values.T), values)
    x, y, u, v = np.linalg.cholesky(covariance) @ white
    return np.stack([np.concatenate([x, u]), np.concatenate([y, v])])[None]


def shared_input(phi, share):
    """AR(1) heads of coefficient phi; white input that they share makes the given share of their variance."""
    memory = phi * (1 - share) * np.eye(2)
    present = np.array([[1, share], [share, 1]])
    return np.block([[present, memory], [memory, present]])


def interacting(weight, noise_correlation):
    """u, v = weight (x + y) + noise."""
    weights, noise = np.full((2, 2), weight), np.array([[1, noise_correlation], [noise_correlation, 1]])
    present = solve_discrete_lyapunov(weights, noise)
    return np.block([[present, (weights @ present).T], [weights @ present, present]])


def uncoupled(covariance):
    """The same without any covariance between the heads: what the coupling null estimates."""
    return covariance * np.tile(np.eye(2), (2, 2))


@pytest.mark.parametrize(
    ("covariance", "sts", "null", "phi_r"),
    [
        (uncoupled(shared_input(0.8, 0.0)), 1.022, 1.022, 0.0),
        (shared_input(0.8, 0.5), 0.482, 0.174, 0.373),
        (interacting(0.3, 0.0), 0.047, 0.144, None),
        (interacting(0.3, -0.9), 0.196, 0.002, None),
    ],
)
def test_excess_is_not_synergy(covariance, sts, null, phi_r):
    """Population values: shared input raises sts above its null without interaction, interaction lowers it."""
    how = Settings(lag=50)
    found, alone = (
        Decomposition(series, full(series), how).run(range(1))
        for series in map(with_covariance, (covariance, uncoupled(covariance)))
    )
    assert found["sts"][0] == pytest.approx(sts, abs=6e-4)
    assert alone["sts"][0] == pytest.approx(null, abs=6e-4)
    assert alone["phi_r"][0] == pytest.approx(0, abs=1e-12)
    if phi_r is not None:
        assert found["phi_r"][0] == pytest.approx(phi_r, abs=6e-4)
    assert found["phi_r"][0] >= -1e-12
