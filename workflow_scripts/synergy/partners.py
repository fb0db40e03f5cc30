"""Means over the partners of a head, from sums that are exact in whatever order pairs are added.

A float sum depends on its order, hence on how pairs are sharded. Values are therefore rounded to multiples of 2⁻⁴⁰
nats and added as 64-bit integers. The error of a mean is below 5e-13 nats; no atom of double precision correlations
exceeds 128 nats, so 2¹⁶ partners fit.
"""

import numpy as np

SCALE = 2.0**40


def head_means(sums: np.ndarray, undefined: np.ndarray) -> np.ndarray:
    """Means over partners from fixed-point sums over all pairs.

    Parameters
    ----------
    sums : int64 (n, 2, n_heads)
        Sums over partners of sts and rtr, in units of 1 / `SCALE` nats, over all pairs.
    undefined : int64 (n, n_heads)
        Partners left out.

    Returns
    -------
    float64 (2, n, n_heads)
        Mean sts and mean rtr in nats; NaN where every partner is left out.
    """
    partners = undefined.shape[1] - 1 - undefined
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(partners > 0, sums.swapaxes(0, 1) / SCALE / partners, np.nan)
