"""NuMIT: a pair's synergy as its quantile among random systems that hold as much information about their future.

The null model of Liardi et al. 2024 (arXiv:2410.11583, code at github.com/alberto-liardi/NuMIT) for two variables and
lag 1: z_t = A z_{t−1} + noise of covariance V, entries of A standard normal, V of the Wishart distribution with unit
scale and 3 degrees of freedom. A is multiplied by the factor at which the time-delayed mutual information, ½ log(|Γ| /
|V|) with Γ = A Γ Aᵀ + V, is the one asked for; it grows with the factor, from 0 without bound, so there is exactly one.
The score is the share of systems with a smaller sts, ties counted half.

What is ignored: the estimate's own bias and spread. Observed pairs and pairs of broken coupling have the same, so their
scores compare.
"""

from functools import cache

import numpy as np

from synergy.files.errors import InputError

# ASSUME: The table of NuMIT holds 4,000 random systems at 48 values of TDMI; between two values the quantile is
# interpolated along log TDMI, and beyond the table's ends it is that of the end.
N_SYSTEMS = 4000
TDMI_NATS = np.geomspace(1e-3, 6.0, 48)
SPECTRAL_RADII = 1 / (1 + np.exp(-np.linspace(-12, 14, 150)))
SCALES = {"redundancy": ("mmi",), "estimator": ("gaussian", "gaussian_copula")}  # whose sts the systems' compare with


def numit(sts: np.ndarray, tdmi: np.ndarray) -> np.ndarray:
    """Quantile of sts among random systems of the same TDMI.

    Parameters
    ----------
    sts, tdmi : (...)
        In nats, MMI, of a Gaussian estimator.

    Returns
    -------
    float64 (...)
        From 0 to 1; NaN where either is NaN or TDMI is not positive.
    """
    table = _table()
    with np.errstate(invalid="ignore", divide="ignore"):
        defined = (tdmi > 0) & ~np.isnan(sts)
        share, place = sts[defined] / tdmi[defined], np.log(tdmi[defined])
    level = np.interp(place, np.log(TDMI_NATS), np.arange(len(TDMI_NATS)))
    below = np.minimum(level.astype(int), len(TDMI_NATS) - 2)
    quantiles = np.empty((2, share.size))
    for k in np.unique(below):
        own = below == k
        for end in range(2):
            quantiles[end, own] = _quantile(table[k + end], share[own])
    scores = np.full(np.shape(sts), np.nan)
    scores[defined] = quantiles[0] + (level - below) * (quantiles[1] - quantiles[0])
    return scores


def numit_matrices(atoms: dict[str, np.ndarray], settings: dict) -> tuple[np.ndarray, np.ndarray]:
    """NuMIT of each pair, and of the pair with its coupling broken.

    The null's TDMI is its Φ_R − rtr plus the pair's own self-informations, which are those observed: rotations and
    exchanges of prompts keep each head's, mean over prompts, exactly. Phases do not, so their null is undefined.

    Parameters
    ----------
    atoms : dict of arrays
        Of the artifact of ``merge_pairs``: matrices and null means of sts, rtr and phi_r, ``tdmi_matrix``, in nats.
    settings : dict
        Of the decomposition: ``redundancy``, ``estimator``, ``null_kind``.

    Returns
    -------
    observed, null : float64 (n_heads, n_heads)
        NaN throughout where redundancy or estimator is another than the random systems'.

    Raises
    ------
    InputError
        If a setting is missing.
    """
    if missing := {*SCALES, "null_kind"} - settings.keys():
        hint = "delete the pairwise artifact and run the workflow again"
        raise InputError("the settings of the decomposition", f"no {', '.join(sorted(missing))}", hint)
    if any(settings[name] not in known for name, known in SCALES.items()):
        return (np.full_like(atoms["sts_matrix"], np.nan),) * 2
    own = atoms["tdmi_matrix"] - atoms["phi_r_matrix"] + atoms["rtr_matrix"]
    null_tdmi = own + atoms["phi_r_null_mean"] - atoms["rtr_null_mean"]
    if settings["null_kind"] == "phase":
        null_tdmi = np.full_like(own, np.nan)
    return numit(atoms["sts_matrix"], atoms["tdmi_matrix"]), numit(atoms["sts_null_mean"], null_tdmi)


def random_systems(n_systems: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients A of spectral radius 1 and covariances V of the noise, both (n_systems, 2, 2)."""
    generator = np.random.default_rng(seed)
    coefficients = generator.normal(size=(n_systems, 2, 2))
    coefficients /= np.abs(np.linalg.eigvals(coefficients)).max(axis=1)[:, None, None]
    noise = generator.normal(size=(n_systems, 2, 3))
    return coefficients, noise @ noise.swapaxes(1, 2)


def stationary_informations(coefficients: np.ndarray, noise: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """sts and TDMI (2, n_systems, n_radii) in nats of systems whose coefficients are multiplied by spectral radii.

    With A = W diag(λ) W⁻¹ and M = W⁻¹ V W⁻ᴴ, the stationary covariance is W [M_ij / (1 − ρ² λ_i λ̄_j)] Wᴴ.
    """
    eigenvalues, vectors = np.linalg.eig(coefficients.astype(complex))
    inverse = np.linalg.inv(vectors)
    mixed = (inverse @ noise @ inverse.conj().swapaxes(1, 2))[:, None]
    decay = eigenvalues[:, :, None] * eigenvalues.conj()[:, None, :]
    inner = mixed / (1 - radii[:, None, None] ** 2 * decay[:, None])
    present = (vectors[:, None] @ inner @ vectors.conj().swapaxes(1, 2)[:, None]).real
    lagged = radii[:, None, None] * (coefficients[:, None] @ present)  # future by past
    tdmi = 0.5 * np.log(_determinant(inner) / _determinant(mixed))
    x, y = np.sqrt(present[..., 0, 0]), np.sqrt(present[..., 1, 1])
    between, of_x, of_y = present[..., 0, 1] / (x * y), lagged[..., 0, 0] / x**2, lagged[..., 1, 1] / y**2
    x_to_y, y_to_x = lagged[..., 1, 0] / (x * y), lagged[..., 0, 1] / (x * y)
    return np.stack([_mmi_synergy(between, of_x, of_y, x_to_y, y_to_x, tdmi), tdmi])


def _mmi_synergy(a, c, d, e, f, tdmi):
    """sts under MMI from the correlations xy (= uv), xu, yv, xv, yu and TDMI."""

    def of_two(r, s):  # of two variables, correlated by a, with a third
        return -0.5 * np.log1p(-(r * r + s * s - 2 * a * r * s) / (1 - a * a))

    xu, yv, xv, yu = (-0.5 * np.log1p(-r * r) for r in (c, d, e, f))
    lowest, minimum = np.minimum.reduce([xu, yv, xv, yu]), np.minimum
    singles = xu + yv + xv + yu - minimum(xu, yu) - minimum(xv, yv) - minimum(xu, xv) - minimum(yu, yv)
    sources = np.maximum(of_two(c, f), of_two(e, d))
    targets = np.maximum(of_two(c, e), of_two(f, d))
    return lowest + singles - sources - targets + tdmi


def _determinant(matrix: np.ndarray) -> np.ndarray:
    """Determinants of Hermitian matrices (…, 2, 2)."""
    return (matrix[..., 0, 0] * matrix[..., 1, 1] - matrix[..., 0, 1] * matrix[..., 1, 0]).real


@cache
def _table() -> np.ndarray:
    """sts / TDMI of the random systems at each of `TDMI_NATS`, sorted, (len(TDMI_NATS), N_SYSTEMS)."""
    with np.errstate(invalid="ignore", divide="ignore"):  # where a system all but knows its future, far above the table
        sts, tdmi = stationary_informations(*random_systems(N_SYSTEMS, 0), SPECTRAL_RADII)
    shares, places, finite = sts / tdmi, np.log(tdmi), np.isfinite(sts)
    systems = zip(places, shares, finite, strict=True)
    at_levels = [np.interp(np.log(TDMI_NATS), place[own], share[own]) for place, share, own in systems]
    return np.sort(at_levels, axis=0).T.copy()


def _quantile(ordered: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Share of `ordered` below each of the values, those equal counted half."""
    return (np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")) / (2 * ordered.size)
