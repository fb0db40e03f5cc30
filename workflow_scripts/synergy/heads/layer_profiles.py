"""Layer profiles: means by layer, and tests of whether a profile is an inverted U over depth."""

from dataclasses import dataclass

import numpy as np

from synergy.statistics.inference import share_as_extreme
from synergy.statistics.ranks import mean_defined

FEWEST_LAYERS = 5  # with fewer, not even the most extreme permutation of layers has p < 0.05


@dataclass(frozen=True)
class Arch:
    """How far a layer profile is an inverted U.

    correlation: Pearson correlation with the template; height: quadratic contrast, the fitted rise from the ends to
    the middle in the unit of the profile; p_value: two-sided, permuting layers; p_value_rotated: the same under
    rotations of the layer order, which keep the smoothness over depth that free permutation destroys.
    """

    correlation: float
    height: float
    p_value: float
    p_value_rotated: float


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
    # depth d, with p from permuting the layers.
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


def fit_arch(profile: np.ndarray, permutations: int, seed: int) -> Arch:
    """Test whether a layer profile is an inverted U.

    Where every layer is defined, the correlation is the quadratic contrast divided by the profile's standard deviation
    (up to a constant), and permuting layers keeps that deviation: one permutation test serves both.

    Parameters
    ----------
    profile : ndarray (layers,)
    permutations : int
    seed : int

    Returns
    -------
    Arch
        All NaN with fewer than `FEWEST_LAYERS` defined layers or a flat profile.
    """
    observed = float(template_correlation(profile))
    if np.isfinite(profile).sum() < FEWEST_LAYERS or np.isnan(observed):
        return Arch(*[float("nan")] * 4)
    shuffled = np.random.default_rng(seed).permuted(np.tile(profile, (permutations, 1)), axis=1)
    rotated = np.stack([np.roll(profile, shift) for shift in range(1, len(profile))])
    return Arch(
        correlation=observed,
        height=quadratic_contrast(profile),
        p_value=share_as_extreme(template_correlation(shuffled), observed),
        p_value_rotated=share_as_extreme(template_correlation(rotated), observed),
    )


def resampled_profiles(values: np.ndarray, layers: int, heads: int, draws: int, seed: int) -> np.ndarray:
    """Layer means of `draws` bootstraps of the heads within each layer, (draws, layers)."""
    by_layer = values.reshape(layers, heads)
    picked = np.random.default_rng(seed).integers(heads, size=(draws, layers, heads))
    resampled = by_layer[np.arange(layers)[None, :, None], picked]  # (draws, layers, heads)
    return layer_means(resampled.reshape(draws, layers * heads), layers, heads)
