"""Ranks, correlations and means of values of which some are undefined (NaN)."""

import numpy as np
from scipy.stats import pearsonr, rankdata


def average_ranks(values: np.ndarray) -> np.ndarray:
    """Ranks (...) along the last axis, 1 = lowest, ties at their average rank; NaN keeps NaN and takes no rank."""
    return rankdata(values, axis=-1, nan_policy="omit")


def rank_quantiles(values: np.ndarray) -> np.ndarray:
    """Average rank of each defined value (...), scaled along the last axis to [0, 1]; NaN stays NaN."""
    largest = np.maximum((~np.isnan(values)).sum(axis=-1, keepdims=True) - 1, 1)
    return (average_ranks(values) - 1) / largest


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    """Pearson correlation of two arrays (n,) where both are defined; NaN where one does not vary."""
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(pearsonr(x, y).statistic)


def spearman(x: np.ndarray, y: np.ndarray) -> float:
    """Rank correlation of two arrays (n,) where both are defined, ties averaged; NaN where one does not vary."""
    both = ~(np.isnan(x) | np.isnan(y))
    return pearson(average_ranks(x[both]), average_ranks(y[both]))


def mean_defined(values: np.ndarray, axis: int) -> np.ndarray:
    """Mean over an axis without the NaN; NaN where nothing is left."""
    defined = ~np.isnan(values)
    count = defined.sum(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(count > 0, np.where(defined, values, 0.0).sum(axis=axis) / count, np.nan)
