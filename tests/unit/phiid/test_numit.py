"""NuMIT: quantiles among random systems of the same TDMI."""

import numpy as np
import pytest
import reference_phiid as reference
from artifacts import ar1
from scipy.linalg import solve_discrete_lyapunov
from scipy.stats import kstest

from synergy.files.errors import InputError
from synergy.phiid.numit import TDMI_NATS, numit, numit_matrices, random_systems, stationary_informations

SETTINGS = {"redundancy": "mmi", "estimator": "gaussian", "null_kind": "circular_shift"}


def score(sts, tdmi):
    return float(numit(np.array([sts]), np.array([tdmi]))[0])


def of_radius(coefficients, noise, tdmi):
    """sts and TDMI of each system at the spectral radius that gives it nearly the TDMI asked for."""
    radii = 1 / (1 + np.exp(-np.linspace(-12, 14, 400)))
    _, found = stationary_informations(coefficients, noise, radii)
    chosen = [np.interp(np.log(tdmi), np.log(row), np.arange(400)) for row in found]
    at = np.interp(chosen, np.arange(400), np.log(radii / (1 - radii)))
    return np.array(
        [
            stationary_informations(coefficients[k : k + 1], noise[k : k + 1], np.array([1 / (1 + np.exp(-at[k]))]))
            for k in range(len(at))
        ]
    )[:, :, 0, 0].T


def test_informations_are_those_of_the_stationary_covariance():
    """Against a Lyapunov solver, and the slow reference on series of exactly that covariance."""
    coefficients, noise = random_systems(5, 3)
    sts, tdmi = stationary_informations(coefficients, noise, np.array([0.3, 0.9]))[:, :, 1]
    for k in range(5):
        a = 0.9 * coefficients[k]
        present = solve_discrete_lyapunov(a, noise[k])
        assert tdmi[k] == pytest.approx(0.5 * np.log(np.linalg.det(present) / np.linalg.det(noise[k])), abs=1e-10)
        covariance = np.block([[present, (a @ present).T], [a @ present, present]])
        x, y = series_of_covariance(covariance)
        assert sts[k] == pytest.approx(reference.atoms(x, y, lag=50)["sts"], abs=1e-9)


def series_of_covariance(covariance, n=50):
    """Two series whose first and last n tokens have exactly the covariance of past x, y and future x, y."""
    values = np.random.default_rng(0).normal(size=(4, n))
    values -= values.mean(axis=1, keepdims=True)
    white = np.linalg.solve(np.linalg.cholesky(values @ values.T), values)
    past_x, past_y, future_x, future_y = np.linalg.cholesky(covariance) @ white
    return np.concatenate([past_x, future_x]), np.concatenate([past_y, future_y])


@pytest.mark.parametrize("tdmi", [0.002, 0.05, 0.4, 1.0, 2.5, 5.0])
def test_systems_of_the_null_itself_have_uniform_quantiles_at_every_tdmi(tdmi):
    sts, found = of_radius(*random_systems(1500, 7), tdmi)
    np.testing.assert_allclose(found, tdmi, rtol=5e-3)
    assert kstest(numit(sts, found), "uniform").pvalue > 0.01


@pytest.mark.parametrize("phi", [0.1, 0.5, 0.9])
def test_independent_heads_of_equal_memory_are_above_all_random_systems(phi):
    """All their TDMI is sts under MMI: the quantile does not take away what memory alone gives."""
    information = -0.5 * np.log(1 - phi**2)
    assert score(2 * information, 2 * information) > 0.99


def test_independent_heads_of_unequal_memory_are_lower():
    one, other = (-0.5 * np.log(1 - phi**2) for phi in (0.2, 0.9))
    assert score(2 * one, one + other) < 0.7


def test_copies_of_one_driver_are_below_most_random_systems():
    x, y = ar1(0, 1, 100_000, 0.9)[0] + 0.3 * np.random.default_rng(1).normal(size=(2, 100_000))
    atoms = reference.atoms(x, y)
    assert score(atoms["sts"], sum(atoms.values())) < 0.3


def test_quantile_grows_with_synergy_and_is_continuous_in_tdmi():
    for tdmi in (0.01, 0.3, 3.0):
        scores = numit(np.linspace(-0.2, 1.2, 200) * tdmi, np.full(200, tdmi))
        assert (np.diff(scores) >= 0).all()
        assert (scores[0], scores[-1]) == (0, 1)
    path = numit(0.2 * np.geomspace(1e-4, 20, 2000), np.geomspace(1e-4, 20, 2000))
    assert np.abs(np.diff(path)).max() < 0.01
    assert path[0] == score(0.2 * TDMI_NATS[0], TDMI_NATS[0])
    assert path[-1] == pytest.approx(score(0.2 * TDMI_NATS[-1], TDMI_NATS[-1]))


@pytest.mark.parametrize(("sts", "tdmi"), [(np.nan, 1.0), (0.1, np.nan), (0.0, 0.0), (0.1, -0.1)])
def test_what_has_no_tdmi_has_no_quantile(sts, tdmi):
    assert np.isnan(score(sts, tdmi))


def atoms_of(coupled):
    """Two heads of equal memory, as observed and with nothing but memory."""
    own = {"sts": 0.4, "rtr": 0.0, "phi_r": 0.0}
    observed = own | {"phi_r": 0.3, "sts": 0.1, "rtr": 0.2} if coupled else own
    matrices = {f"{name}_matrix": np.full((2, 2), value) for name, value in observed.items()}
    nulls = {f"{name}_null_mean": np.full((2, 2), value) for name, value in own.items()}
    tdmi = 0.4 + observed["phi_r"] - observed["rtr"]
    return matrices | nulls | {"tdmi_matrix": np.full((2, 2), tdmi)}


def test_null_has_the_tdmi_that_the_heads_own_pasts_give():
    observed, null = numit_matrices(atoms_of(coupled=True), SETTINGS)
    assert null[0, 1] == score(0.4, 0.4)
    assert observed[0, 1] == score(0.1, 0.5)
    observed, null = numit_matrices(atoms_of(coupled=False), SETTINGS)
    assert np.array_equal(observed, null)


@pytest.mark.parametrize("change", [{"redundancy": "ccs"}, {"estimator": "discrete"}])
def test_other_measures_than_the_systems_have_no_quantile(change):
    assert np.isnan(numit_matrices(atoms_of(True), SETTINGS | change)).all()


def test_phase_surrogates_keep_no_self_information_and_so_give_no_null():
    observed, null = numit_matrices(atoms_of(True), SETTINGS | {"null_kind": "phase"})
    assert np.isfinite(observed).all()
    assert np.isnan(null).all()


def test_settings_must_be_known():
    with pytest.raises(InputError, match="settings of the decomposition; found no estimator, null_kind"):
        numit_matrices(atoms_of(True), {"redundancy": "mmi"})
