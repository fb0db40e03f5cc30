"""Claim 3: pairs of heads within a layer have higher synergy than pairs between layers."""

import numpy as np

from synergy.claims import Claim, Effect, decided
from synergy.profiles import share_as_extreme

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
    generator = np.random.default_rng(seed)
    in_order = np.arange(layers * heads)
    sums, counts = sums_by_layer(matrix, in_order, layers, heads)
    if not (counts[:, 0].any() and counts[:, 1].any()):
        return Effect(obstacle="no defined pairs within or between layers")
    observed = _contrast(sums, counts)
    total, count = np.nansum(matrix), np.count_nonzero(np.isfinite(matrix))
    null = np.empty(permutations)
    for draw in range(permutations):
        inside, n_inside = _within(matrix, generator.permutation(in_order), layers, heads)
        inside, n_inside = inside.sum(), n_inside.sum()
        null[draw] = inside / max(n_inside, 1) - (total - inside) / max(count - n_inside, 1)
    picked = generator.integers(layers, size=(BOOTSTRAPS, layers))
    low, high = np.percentile([_contrast(sums[draw], counts[draw]) for draw in picked], [2.5, 97.5])
    return Effect(observed, share_as_extreme(null, observed), float(low), float(high))


def sums_by_layer(matrix: np.ndarray, dealt: np.ndarray, layers: int, heads: int) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of defined entries of each layer's rows, within the layer and outside it, each (layers, 2)."""
    inside, n_inside = _within(matrix, dealt, layers, heads)
    rows = matrix[dealt].reshape(layers, -1)
    total, n_total = np.nansum(rows, axis=1), np.isfinite(rows).sum(axis=1)
    return np.column_stack([inside, total - inside]), np.column_stack([n_inside, n_total - n_inside])


def _within(matrix: np.ndarray, dealt: np.ndarray, layers: int, heads: int) -> tuple[np.ndarray, np.ndarray]:
    blocks = matrix[dealt.reshape(layers, heads, 1), dealt.reshape(layers, 1, heads)]
    return np.nansum(blocks, axis=(1, 2)), np.isfinite(blocks).sum(axis=(1, 2))


def _contrast(sums: np.ndarray, counts: np.ndarray) -> float:
    within, between = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
    return float(within - between)
