"""Confidence intervals of a proportion."""

import math
from statistics import NormalDist


def wilson_interval(n_correct: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    r"""Wilson score interval of a proportion, for instance an accuracy.

    .. math:: \frac{\hat p + z^2/2n \pm z\sqrt{\hat p(1-\hat p)/n + z^2/4n^2}}{1 + z^2/n}

    with :math:`\hat p` the observed proportion and :math:`z` the normal quantile. Unlike the textbook interval it stays
    inside [0, 1] and keeps a width when all or none are correct. The trials are taken as independent.

    Parameters
    ----------
    n_correct : float
        Successes; no whole number where several runs of the same trials are averaged.
    n : float
        Trials.
    confidence : float
        Coverage, between 0 and 1.

    Returns
    -------
    low, high : float
        The bounds; both NaN when `n` is 0.

    Raises
    ------
    ValueError
        If `n_correct` is not between 0 and `n`, or `confidence` not between 0 and 1.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927) 209-212,
    doi:10.1080/01621459.1927.10502953.
    """
    if not 0 <= n_correct <= n:
        raise ValueError(f"n_correct must lie between 0 and n = {n}, not at {n_correct}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not at {confidence}")
    if n == 0:
        return math.nan, math.nan
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    proportion = n_correct / n
    centre = proportion + z**2 / (2 * n)
    half_width = z * math.sqrt(proportion * (1 - proportion) / n + (z / (2 * n)) ** 2)
    scale = 1 + z**2 / n
    # Rounding must not push a bound that is exactly 0 or 1 outside the unit interval.
    low = 0.0 if n_correct == 0 else (centre - half_width) / scale
    high = 1.0 if n_correct == n else (centre + half_width) / scale
    return low, high
