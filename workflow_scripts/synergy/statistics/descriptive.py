"""Descriptive statistics: ranks, correlations and means where some values are undefined (NaN); autoregression."""

import numpy as np
from scipy.signal import lfilter
from scipy.stats import pearsonr, rankdata

LARGEST = 0.98  # coefficient; beyond it a short series is hardly told from a random walk


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


def coefficient(series: np.ndarray) -> np.ndarray:
    r"""Coefficient of the autoregression that made short series (..., n), corrected for its bias: (...).

    With :math:`r` the lag-1 autocorrelation about the series' own mean, whose expectation is about
    :math:`\\varphi - (1 + 4 \\varphi) / n`, it is :math:`(n r + 1) / (n - 4)`, kept within 0 and `LARGEST`.
    Undefined values (NaN) are left out, with the pairs that they are in. NaN for fewer than 5 values or a constant.

    References
    ----------
    F. H. C. Marriott and J. A. Pope, Bias in the estimation of autocorrelations, Biometrika 41 (1954) 390-402,
    doi:10.1093/biomet/41.3-4.390.
    """
    defined = np.isfinite(series)
    n = defined.sum(axis=-1)
    kept = np.where(defined, series, 0.0)
    mean = kept.sum(axis=-1, keepdims=True) / np.maximum(n, 1)[..., None]
    centred = np.where(defined, kept - mean, 0.0)
    pairs = (defined[..., 1:] & defined[..., :-1]).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        products = (centred[..., 1:] * centred[..., :-1]).sum(axis=-1) / pairs * (n - 1)
        corrected = (n * products / (centred**2).sum(axis=-1) + 1) / (n - 4)
    return np.where(n > 4, np.clip(corrected, 0.0, LARGEST), np.nan)


def autoregression(shocks: np.ndarray, coefficient: float) -> np.ndarray:
    """Stationary series (..., n) of the given coefficient, of variance 1, from shocks of variance 1."""
    scale = np.sqrt(1 - coefficient**2)
    scaled = np.concatenate([shocks[..., :1], shocks[..., 1:] * scale], axis=-1)
    return lfilter([1.0], [1.0, -coefficient], scaled, axis=-1)
