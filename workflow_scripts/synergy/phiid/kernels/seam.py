"""The seam of a rotated series, and how its effect on the null is undone.

Two independent series of n samples, with autocorrelations that decay as ρ_x^m and ρ_y^m, have a cross-product Σ x_t y_t
of variance V = n + 2 Σ (n − m) r^m, r = ρ_x ρ_y. After a rotation the products fall into two stretches that know
nothing of each other, and the variance is V' = n + 2 Σ (n − m)² r^m / n on average over rotations: smaller by 1 % at
ρ = 0.6, by 5 % at 0.9, for n = 99. Cross-correlations are therefore multiplied by √(V / V') before sts, rtr and TDMI
are computed from them. Φ_R is computed before: what it adds up are correlations given the heads' own pasts, of which
little is autocorrelated, and the seam does not lower them. With

    Σ r^m = r / (1 − r),  Σ m r^m = r / (1 − r)²,  Σ m² r^m = r (1 + r) / (1 − r)³

over m = 1 … ∞. What is ignored: autocorrelation of other shape than ρ^m, and the bias of ρ as estimated.
"""

import numpy as np

from synergy.phiid.kernels.compiled_code import keep_compiled_code
from synergy.phiid.kernels.mmi import BLOCK

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)

# ASSUME: Where the circular-shift null mends its seam, a product of two heads' autocorrelations above 0.95 is taken as
# 0.95, since the correction diverges at 1.
LARGEST = 0.95


@njit(cache=True, nogil=True, error_model="numpy")
def mend(work, own, others, n):
    """Multiply the correlations of a block of pairs by √(V / V'), in place.

    Parameters
    ----------
    work : float64 (4, BLOCK)
        Correlations between the two heads of each pair.
    own : float
        Lag-1 autocorrelation of the row's head.
    others : float64 (BLOCK,)
        Lag-1 autocorrelation of the partners.
    n : int
        Number of samples.
    """
    for k in range(BLOCK):
        r = own * others[k]
        r = LARGEST if r > LARGEST else r
        s = 1.0 / (1.0 - r)
        whole = n * (1.0 + 2.0 * r * s) - 2.0 * r * s * s
        parts = n * (1.0 + 2.0 * r * s) - 4.0 * r * s * s + 2.0 * r * (1.0 + r) * s * s * s / n
        factor = np.sqrt(whole / parts)
        work[0, k] *= factor
        work[1, k] *= factor
        work[2, k] *= factor
        work[3, k] *= factor
