"""Layer profiles: means by layer, and tests of whether a profile is an inverted U over depth."""

from functools import cache

import numpy as np

from synergy.statistics.descriptive import LARGEST, autoregression, coefficient, mean_defined
from synergy.statistics.inference import share_as_extreme

FEWEST_LAYERS = 6  # with fewer, how smooth a profile is cannot be told
GRID = np.linspace(0.0, LARGEST, 50)  # coefficients at which the spread of the correlation is found
GRID_DRAWS = 2000


def layer_means(values: np.ndarray, layers: int, heads: int) -> np.ndarray:
    """Mean over the heads of each layer, undefined heads left out.

    Parameters
    ----------
    values : ndarray (..., layers * heads)
        One value a head, in flat head order.
    layers, heads : int

    Returns
    -------
    ndarray (..., layers)
        NaN for a layer without a defined head.
    """
    return mean_defined(values.reshape(*values.shape[:-1], layers, heads), axis=-1)


def depths(layers: int) -> np.ndarray:
    """Relative depth of each layer, (layers,), 0 for the first and 1 for the last."""
    return np.linspace(0.0, 1.0, layers) if layers > 1 else np.zeros(1)


def inverted_u(layers: int) -> np.ndarray:
    """Template 4 d (1 - d) over relative depth d: 0 at both ends, 1 in the middle, (layers,)."""
    # ASSUME: How far a layer profile is an inverted U is its correlation with the parabola 4 d (1 - d) over relative
    # depth d, with p from profiles that are as smooth over depth by chance.
    depth = depths(layers)
    return 4 * depth * (1 - depth)


def template_correlation(profiles: np.ndarray) -> np.ndarray:
    """Pearson correlation of profiles (..., layers) with the inverted-U template over the layers without NaN, (...)."""
    template = np.broadcast_to(inverted_u(profiles.shape[-1]), profiles.shape)
    defined = np.isfinite(profiles)
    count = defined.sum(axis=-1, keepdims=True)

    def centred(values: np.ndarray) -> np.ndarray:
        kept = np.where(defined, values, 0.0)
        return np.where(defined, kept - kept.sum(axis=-1, keepdims=True) / np.maximum(count, 1), 0.0)

    x, y = centred(template), centred(profiles)
    scale = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
    # A flat profile differs from its mean by rounding only, and has no shape to correlate.
    flat = np.abs(y).max(axis=-1) <= 1e-12 * np.abs(np.where(defined, profiles, 0.0)).max(axis=-1)
    return np.where(flat | (scale == 0), np.nan, (x * y).sum(axis=-1) / np.where(scale == 0, 1.0, scale))


def quadratic_contrast(profile: np.ndarray) -> float:
    """Rise of the fitted parabola from the ends to the middle, in the unit of the profile.

    The least-squares fit is a + b x + c x^2 with x from -1 (first layer) to 1 (last); the contrast is -c, positive
    for an inverted U.
    """
    defined = np.isfinite(profile)
    if defined.sum() < 3:
        return float("nan")
    x = 2 * depths(len(profile)) - 1
    return float(-np.polyfit(x[defined], profile[defined], 2)[0])


def depth_p(profile: np.ndarray, draws: int, seed: int) -> float:
    """Two-sided p of the correlation of a profile (layers,) with the inverted U, against profiles smooth by chance.

    Neighbouring layers are alike, so permuting layers would decide far too often. The null is a first-order
    autoregression over depth with the coefficient of the profile itself. The statistic is the correlation over its
    standard deviation at that coefficient, and every drawn profile is given its own coefficient, as the observed one
    was: the chance of the estimate is part of the null.

    Parameters
    ----------
    profile : ndarray (layers,)
        Undefined layers (NaN) are undefined in the draws too.
    draws, seed : int

    Returns
    -------
    float
        NaN with fewer than `FEWEST_LAYERS` defined layers or a flat profile.
    """
    return depth_p_of_difference(profile, np.empty((0, len(profile))), draws, seed)


def depth_p_of_difference(profile: np.ndarray, others: np.ndarray, draws: int, seed: int) -> float:
    """The same of a profile's correlation minus the mean correlation of other profiles (n_others, layers).

    The others take their draws from one common shock: profiles of one architecture may be alike, and then several say
    no more than one.
    """
    n_layers, profiles = len(profile), np.vstack([profile[None], others])
    if (np.isfinite(profiles).sum(axis=1) < FEWEST_LAYERS).any() or np.isnan(template_correlation(profiles)).any():
        return float("nan")
    shocks = np.random.default_rng([seed, 1]).standard_normal((2, draws, n_layers))
    kinds = [shocks[min(number, 1)] for number in range(len(profiles))]
    drawn = np.stack([autoregression(shock, phi) for shock, phi in zip(kinds, coefficient(profiles), strict=True)])
    drawn = np.where(np.isfinite(profiles)[:, None], drawn, np.nan)
    spreads = [_spread_of_correlation(tuple(np.isfinite(own)), seed) for own in profiles]
    return share_as_extreme(_scaled_difference(drawn, spreads), float(_scaled_difference(profiles, spreads)))


def _scaled_difference(profiles: np.ndarray, spreads: list[np.ndarray]) -> np.ndarray:
    """First correlation minus the mean of the others, over its standard deviation, of (n, ..., layers): (...)."""
    correlations = template_correlation(profiles)
    variances = [np.interp(coefficient(own), GRID, spread) ** 2 for own, spread in zip(profiles, spreads, strict=True)]
    difference, variance = correlations[0], variances[0]
    if len(profiles) > 1:
        difference, variance = difference - correlations[1:].mean(axis=0), variance + np.mean(variances[1:], axis=0)
    return difference / np.sqrt(variance)


@cache
def _spread_of_correlation(defined: tuple[bool, ...], seed: int) -> np.ndarray:
    """Standard deviation of the correlation with the inverted U at each coefficient of `GRID`."""
    shocks = np.random.default_rng([seed, 0]).standard_normal((GRID_DRAWS, len(defined)))
    drawn = np.stack([autoregression(shocks, phi) for phi in GRID])
    return template_correlation(np.where(defined, drawn, np.nan)).std(axis=-1)


def permuted_p(profile: np.ndarray, permutations: int, seed: int) -> float:
    """Two-sided p of the same correlation if layers were exchangeable, which neighbours that are alike are not."""
    shuffled = np.random.default_rng(seed).permuted(np.tile(profile, (permutations, 1)), axis=1)
    return share_as_extreme(template_correlation(shuffled), float(template_correlation(profile)))


def resampled_profiles(values: np.ndarray, layers: int, heads: int, draws: int, seed: int) -> np.ndarray:
    """Layer means of `draws` bootstraps of the heads within each layer, (draws, layers)."""
    by_layer = values.reshape(layers, heads)
    picked = np.random.default_rng(seed).integers(heads, size=(draws, layers, heads))
    resampled = by_layer[np.arange(layers)[None, :, None], picked]  # (draws, layers, heads)
    return layer_means(resampled.reshape(draws, layers * heads), layers, heads)
