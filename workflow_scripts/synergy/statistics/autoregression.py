"""First-order autoregression: short series that are smooth by chance, and how smooth a short series is."""

import numpy as np
from scipy.signal import lfilter

LARGEST = 0.98  # coefficient; beyond it a short series is hardly told from a random walk


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
