"""Claim 3: pairs of heads within a layer have higher synergy than pairs between layers."""

import numpy as np

from synergy.claims.verdicts import Claim, Effect, decided
from synergy.statistics.inference import percentile_interval, share_as_extreme

BOOTSTRAPS = 1000


def claim_within_layers(
    atoms: dict[str, np.ndarray], layers: int, heads: int, significance: float, permutations: int, seed: int
) -> Claim:
    """Claim 3: mean synergy of pairs within a layer minus that between layers, permuting heads over layers.

    The interval bootstraps the layers. Control: the same on synergy minus its null mean.
    """
    synergy, null = atoms["sts_matrix"], atoms["sts_null_mean"]
    geometry = layers, heads, permutations, seed
    test = within_minus_between(synergy, *geometry)
    if np.isfinite(null).any():
        control = within_minus_between(synergy - null, *geometry)
    else:
        control = Effect(obstacle="no null was computed")
    notes = []
    if not test.obstacle:
        mean = np.nanmean(synergy)
        notes = [f"The mean over all pairs is {mean:.4g} nats, so the difference is {test.estimate / mean:+.0%} of it."]
    statistic = "mean synergy within layers minus between layers (nats); permutation of heads over layers"
    return decided(3, statistic, test, "null-subtracted synergy", control, significance, notes)


def within_minus_between(matrix: np.ndarray, layers: int, heads: int, permutations: int, seed: int) -> Effect:
    """Difference of means of a symmetric head-by-head matrix, with a permutation p and a bootstrap interval.

    Parameters
    ----------
    matrix : ndarray (layers * heads, layers * heads)
        NaN where undefined.
    layers, heads : int
    permutations : int
        Each deals the heads anew among the layers.
    seed : int

    Returns
    -------
    Effect
        In the unit of `matrix`; the 95 % interval resamples layers.
    """
    if layers < 2 or heads < 2:
        return Effect(obstacle="fewer than two layers, or one head a layer")
    in_order = np.arange(layers * heads)
    sums, counts = sums_by_layer(matrix, layers, heads)
    if not counts.any(axis=0).all():
        return Effect(obstacle="no defined pairs within or between layers")
    observed = _contrast(sums, counts)
    generator = np.random.default_rng(seed)
    values, defined = np.nan_to_num(matrix), np.isfinite(matrix)
    total, count = values.sum() / 2, np.count_nonzero(defined) // 2
    partners = np.triu_indices(heads, k=1)
    null = np.empty(permutations)
    for draw in range(permutations):
        dealt = generator.permutation(in_order).reshape(layers, heads)
        pairs = dealt[:, partners[0]] * len(matrix) + dealt[:, partners[1]]  # flat indices of the pairs within layers
        inside, n_inside = values.take(pairs).sum(), np.count_nonzero(defined.take(pairs))
        null[draw] = inside / max(n_inside, 1) - (total - inside) / max(count - n_inside, 1)
    picked = generator.integers(layers, size=(BOOTSTRAPS, layers))
    resampled = np.array([_contrast(sums[draw], counts[draw]) for draw in picked])
    return Effect(observed, share_as_extreme(null, observed), *percentile_interval(resampled))


def sums_by_layer(matrix: np.ndarray, layers: int, heads: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of each layer's defined pairs, within the layer and with other layers, each (layers, 2)."""
    sums, counts = [], []
    for layer in range(layers):
        own = slice(layer * heads, (layer + 1) * heads)
        parts = matrix[own, own], np.delete(matrix[own], np.r_[own], axis=1)
        sums.append([np.nansum(part) for part in parts])
        counts.append([np.count_nonzero(np.isfinite(part)) for part in parts])
    return np.array(sums), np.array(counts)


def _contrast(sums: np.ndarray, counts: np.ndarray) -> float:
    within, between = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
    return float(within - between)
