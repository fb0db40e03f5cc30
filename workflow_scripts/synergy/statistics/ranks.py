"""Ranks, correlations and means of values of which some are undefined (NaN)."""

import numpy as np


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks along the last axis, 1 = lowest, ties at their average rank; NaN keeps NaN and takes no rank."""
    ranks = np.full(values.shape, np.nan)
    for row in np.ndindex(values.shape[:-1]):
        defined = ~np.isnan(values[row])
        _, inverse, counts = np.unique(values[row][defined], return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        ranks[row][defined] = (last - (counts - 1) / 2)[inverse]
    return ranks


def rank_quantiles(values: np.ndarray) -> np.ndarray:
    """Average rank of each defined value (...), scaled along the last axis to [0, 1]; NaN stays NaN."""
    largest = np.maximum(np.isfinite(values).sum(axis=-1, keepdims=True) - 1, 1)
    return (average_ranks(values) - 1) / largest


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Rank correlation of two arrays (n,) where both are defined, ties averaged; NaN where one does not vary."""
    both = np.isfinite(x) & np.isfinite(y)
    return pearson(average_ranks(x[both]), average_ranks(y[both]))


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson correlation of two arrays (n,) where both are defined; NaN where one does not vary."""
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])


def mean_defined(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean over an axis without the NaN; NaN where nothing is left."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, np.where(defined, values, 0.0).sum(axis=axis) / count, np.nan)
