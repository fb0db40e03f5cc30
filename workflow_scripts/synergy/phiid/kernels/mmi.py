"""Integrated Information Decomposition of blocks of pairs, Gaussian, MMI, in nats.

The fast path gives sts, rtr, Φ_R and TDMI; the other all sixteen redundancies of the lattice. Redundancy of a set of
past sources α with a set of future targets β is the smallest I(a; b), a in α, b in β; the atoms follow by inversion
(`synergy.phiid.atoms`).

A pair's four vectors, past (x, y) and future (u, v), are standardised beforehand, so that dot products are
correlations. Every minimum of mutual informations is decided on determinants and the products are taken before the
logarithm. Determinants come from Schur complements that share their intermediate results, which is a Cholesky
factorisation without the divisions: its error is that of a perturbation of the correlations by a few rounding
errors, so digits are lost only with the condition number.

Results do not depend on which other pairs are computed or on threads: a pair is always computed in the same lane of
the same block, sums over prompts run in the order of prompts, and sums over the partners of a head are integers
(fixed point), which add up exactly in any order.

Reference: Mediano et al., Towards an extended taxonomy of information dynamics via Integrated Information
Decomposition, arXiv:2109.13186.
"""

import numpy as np

from synergy.phiid.kernels.compiled_code import keep_compiled_code

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)

BLOCK = 32
# ASSUME: Where the circular-shift null mends its seam, a product of two heads' autocorrelations above 0.95 is taken as
# 0.95, since the correction diverges at 1.
LARGEST_AUTOCORRELATION = 0.95
SINGULAR = 1e-13
LN2_HIGH = np.float64.fromhex("0x1.62e42fee00000p-1")
LN2_LOW = np.float64.fromhex("0x1.a39ef35793c76p-33")
SQRT_HALF_BITS = np.float64(0.5**0.5).view(np.int64)
INVERSE_ODD = tuple(1.0 / k for k in range(1, 23, 2))


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def correlations(z, i, j, n, work, k):
    """Correlations of head i with heads j … j + 3: past-past, future-future, past-future, future-past of n samples."""
    x, u = z[i, 0], z[i, 1]
    x0, u0, x1, u1 = z[j, 0], z[j, 1], z[j + 1, 0], z[j + 1, 1]
    x2, u2, x3, u3 = z[j + 2, 0], z[j + 2, 1], z[j + 3, 0], z[j + 3, 1]
    a0 = a1 = a2 = a3 = b0 = b1 = b2 = b3 = 0.0
    e0 = e1 = e2 = e3 = f0 = f1 = f2 = f3 = 0.0
    for t in range(n):
        past, future = x[t], u[t]
        a0 += past * x0[t]
        b0 += future * u0[t]
        e0 += past * u0[t]
        f0 += future * x0[t]
        a1 += past * x1[t]
        b1 += future * u1[t]
        e1 += past * u1[t]
        f1 += future * x1[t]
        a2 += past * x2[t]
        b2 += future * u2[t]
        e2 += past * u2[t]
        f2 += future * x2[t]
        a3 += past * x3[t]
        b3 += future * u3[t]
        e3 += past * u3[t]
        f3 += future * x3[t]
    work[0, k], work[0, k + 1], work[0, k + 2], work[0, k + 3] = a0, a1, a2, a3
    work[1, k], work[1, k + 1], work[1, k + 2], work[1, k + 3] = b0, b1, b2, b3
    work[2, k], work[2, k + 1], work[2, k + 2], work[2, k + 3] = e0, e1, e2, e3
    work[3, k], work[3, k + 1], work[3, k + 2], work[3, k + 3] = f0, f1, f2, f3


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def log(x):
    """Natural logarithm of a positive normal number, within 2 units in the last place; it vectorises, libm does not.

    With x = 2^k m, sqrt(1/2) <= m < sqrt(2) and s = (m − 1) / (m + 1): log x = k log 2 + 2 artanh s.
    """
    bits = np.float64(x).view(np.int64)
    k = (bits - SQRT_HALF_BITS) >> 52
    m = np.int64(bits - (k << 52)).view(np.float64)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = INVERSE_ODD[10]
    p = p * z + INVERSE_ODD[9]
    p = p * z + INVERSE_ODD[8]
    p = p * z + INVERSE_ODD[7]
    p = p * z + INVERSE_ODD[6]
    p = p * z + INVERSE_ODD[5]
    p = p * z + INVERSE_ODD[4]
    p = p * z + INVERSE_ODD[3]
    p = p * z + INVERSE_ODD[2]
    p = p * z + INVERSE_ODD[1]
    return k * LN2_HIGH + (2.0 * s + (2.0 * s * (z * p) + k * LN2_LOW))


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def minors_of(a, b, c, d, e, f):
    """Determinants of the correlation matrices of two, three and all of x, y, u, v.

    From the correlations xy, uv, xu, yv, xv, yu, in this order: of those six pairs, 1 − r²; then |xyu|, |xyv|, |xuv|,
    |yuv|, |xyuv|.
    """
    qa, qb = (1.0 - a) * (1.0 + a), (1.0 - b) * (1.0 + b)
    qc, qd = (1.0 - c) * (1.0 + c), (1.0 - d) * (1.0 + d)
    qe, qf = (1.0 - e) * (1.0 + e), (1.0 - f) * (1.0 + f)
    # Given x: covariances of u with y, v with y, u with v. Then given x and y.
    uy, vy, uv = f - a * c, d - a * e, b - c * e
    xyu = qa * qc - uy * uy
    xyv = qa * qe - vy * vy
    uv = qa * uv - uy * vy
    xyuv = (xyu * xyv - uv * uv) / qa
    # Given u: covariances of x with v, y with v.
    xv, yv = e - b * c, d - b * f
    xuv = qb * qc - xv * xv
    yuv = qb * qf - yv * yv
    return qa, qb, qc, qd, qe, qf, xyu, xyv, xuv, yuv, xyuv


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def mmi_block(work, c, d, values):
    """sts, rtr and, of four rows, TDMI of a block of pairs from its correlations; NaN where singular.

    With q = 1 − r², and determinants of correlation matrices |xyu| and so on, every mutual information is −½ log of
    a quotient, and

    sts = −½ log( max(q) · min(q_xu, q_yu) · min(q_xv, q_yv) · |xyuv|
                  / (max(q_xu, q_xv) · max(q_yu, q_yv) · min(|xyu|, |xyv|) · min(|xuv|, |yuv|)) ).

    Parameters
    ----------
    work : float64 (4, BLOCK)
        Correlations xy, uv, xv, yu; the first row is overwritten.
    c : float
        Correlation xu; NaN where x or u does not vary.
    d : float64 (BLOCK,)
        Correlations yv; NaN where y or v does not vary.
    values : float64 (3 or 4, BLOCK)
        Written, but for the third row, Φ_R of `integrated_block`; where that is NaN, so are the others.
    """
    for k in range(BLOCK):
        a, b, e, f = work[0, k], work[1, k], work[2, k], work[3, k]
        qa, qb, qc, qd, qe, qf, xyu, xyv, xuv, yuv, xyuv = minors_of(a, b, c, d[k], e, f)
        low3, high3 = (xyu, xyv) if xyu < xyv else (xyv, xyu)
        low4, high4 = (xuv, yuv) if xuv < yuv else (yuv, xuv)
        low_u = qc if qc < qf else qf
        low_v = qe if qe < qd else qd
        high_x = qc if qc > qe else qe
        high_y = qf if qf > qd else qd
        highest = high_x if high_x > high_y else high_y
        # Largest minors of order 2 and 3: the next order must exceed them by more than rounding errors.
        minor2 = highest if highest > qa else qa
        minor2 = minor2 if minor2 > qb else qb
        minor3 = high3 if high3 > high4 else high4
        regular = (qa > SINGULAR) & (qb > SINGULAR) & (low_u > 0.0) & (low_v > 0.0) & (low3 > 0.0) & (low4 > 0.0)
        regular = regular & (minor3 > SINGULAR * minor2) & (xyuv > SINGULAR * minor3)
        regular = regular & (values[2, k] == values[2, k])
        synergy = (highest * low_u * low_v * xyuv) / (high_x * high_y * low3 * low4)
        values[0, k] = synergy if regular else np.nan
        values[1, k] = highest if regular else np.nan
        work[0, k] = xyuv / (qa * qb) if regular else np.nan
    if values.shape[0] == 4:
        for k in range(BLOCK):
            values[3, k] = work[0, k]
    for row in range(values.shape[0]):
        if row != 2:
            for k in range(BLOCK):
                ratio = values[row, k]
                values[row, k] = -0.5 * log(ratio) if ratio == ratio else ratio


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def integrated_block(work, c, d, values):
    """Φ_R = −½ log( max(q) · |xyuv| / (q_xy · q_uv · q_xu · q_yv) ) of a block of pairs, to `values` (BLOCK,).

    NaN where a determinant is not positive; other parameters as in `mmi_block`, and nothing is overwritten.
    """
    for k in range(BLOCK):
        a, b, e, f = work[0, k], work[1, k], work[2, k], work[3, k]
        qa, qb, qc, qd, qe, qf, _, _, _, _, xyuv = minors_of(a, b, c, d[k], e, f)
        high_x = qc if qc > qe else qe
        high_y = qf if qf > qd else qd
        highest = high_x if high_x > high_y else high_y
        own = qa * qb * qc * qd
        ratio = highest * xyuv / own
        values[k] = ratio if (own > 0.0) & (xyuv > 0.0) else np.nan
    for k in range(BLOCK):
        ratio = values[k]
        values[k] = -0.5 * log(ratio) if ratio == ratio else ratio


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def determinants(work, c, d, minors):
    """Determinants of correlation matrices of a block of pairs, NaN where singular; parameters as in `mmi_block`.

    Rows of `minors` (11, BLOCK): xu, xv, yu, yv, xy, uv, xyu, xyv, xuv, yuv, xyuv.
    """
    for k in range(BLOCK):
        a, b, e, f = work[0, k], work[1, k], work[2, k], work[3, k]
        qa, qb, qc, qd, qe, qf, xyu, xyv, xuv, yuv, xyuv = minors_of(a, b, c, d[k], e, f)
        minor2 = max(max(max(qa, qb), max(qc, qd)), max(qe, qf))
        minor3 = max(max(xyu, xyv), max(xuv, yuv))
        lowest = min(min(min(xyu, xyv), min(xuv, yuv)), min(min(qc, qd), min(qe, qf)))
        regular = (qa > SINGULAR) & (qb > SINGULAR) & (lowest > 0.0)
        regular = regular & (minor3 > SINGULAR * minor2) & (xyuv > SINGULAR * minor3)
        minors[0, k] = qc if regular else np.nan
        minors[1, k] = qe if regular else np.nan
        minors[2, k] = qf if regular else np.nan
        minors[3, k] = qd if regular else np.nan
        minors[4, k] = qa if regular else np.nan
        minors[5, k] = qb if regular else np.nan
        minors[6, k] = xyu if regular else np.nan
        minors[7, k] = xyv if regular else np.nan
        minors[8, k] = xuv if regular else np.nan
        minors[9, k] = yuv if regular else np.nan
        minors[10, k] = xyuv if regular else np.nan


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def informations(minors):
    """Turn determinants into mutual informations in nats, in place.

    Rows after: I(x;u), I(x;v), I(y;u), I(y;v), −, −, I(xy;u), I(xy;v), I(x;uv), I(y;uv), I(xy;uv).
    """
    for row in range(11):
        for k in range(BLOCK):
            minor = minors[row, k]
            minors[row, k] = -0.5 * log(minor) if minor == minor else minor
    for k in range(BLOCK):
        xy, uv = minors[4, k], minors[5, k]
        minors[6, k] -= xy
        minors[7, k] -= xy
        minors[8, k] -= uv
        minors[9, k] -= uv
        minors[10, k] -= xy + uv


@njit(cache=True, nogil=True, error_model="numpy")
def mmi_knowns(minors, knowns):
    """The sixteen redundancies (rows in the order of `atoms.ATOMS`) from a block of mutual informations."""
    for k in range(BLOCK):
        xu, xv, yu, yv = minors[0, k], minors[1, k], minors[2, k], minors[3, k]
        xy_u, xy_v, x_uv, y_uv = minors[6, k], minors[7, k], minors[8, k], minors[9, k]
        to_u, to_v = xu if xu < yu else yu, xv if xv < yv else yv
        knowns[0, k] = to_u if to_u < to_v else to_v
        knowns[1, k] = to_u
        knowns[2, k] = to_v
        knowns[3, k] = x_uv if x_uv < y_uv else y_uv
        knowns[4, k] = xu if xu < xv else xv
        knowns[5, k] = xu
        knowns[6, k] = xv
        knowns[7, k] = x_uv
        knowns[8, k] = yu if yu < yv else yv
        knowns[9, k] = yu
        knowns[10, k] = yv
        knowns[11, k] = y_uv
        knowns[12, k] = xy_u if xy_u < xy_v else xy_v
        knowns[13, k] = xy_u
        knowns[14, k] = xy_v
        knowns[15, k] = minors[10, k]


@njit(cache=True, nogil=True, error_model="numpy")
def mend_seam(work, own, others, n):
    """Multiply the correlations of a block of pairs by √(V / V'), in place: the effect of a rotation's seam.

    Two independent series of n samples, with autocorrelations that decay as ρ_x^m and ρ_y^m, have a cross-product
    Σ x_t y_t of variance V = n + 2 Σ (n − m) r^m, r = ρ_x ρ_y. After a rotation the products fall into two stretches
    that know nothing of each other, and the variance is V' = n + 2 Σ (n − m)² r^m / n on average over rotations:
    smaller by 1 % at ρ = 0.6, by 5 % at 0.9, for n = 99. Cross-correlations are therefore multiplied by √(V / V')
    before sts, rtr and TDMI are computed from them. Φ_R is computed before: what it adds up are correlations given the
    heads' own pasts, of which little is autocorrelated, and the seam does not lower them. With

        Σ r^m = r / (1 − r),  Σ m r^m = r / (1 − r)²,  Σ m² r^m = r (1 + r) / (1 − r)³

    over m = 1 … ∞. What is ignored: autocorrelation of other shape than ρ^m, and the bias of ρ as estimated.

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
        r = LARGEST_AUTOCORRELATION if r > LARGEST_AUTOCORRELATION else r
        s = 1.0 / (1.0 - r)
        whole = n * (1.0 + 2.0 * r * s) - 2.0 * r * s * s
        parts = n * (1.0 + 2.0 * r * s) - 4.0 * r * s * s + 2.0 * r * (1.0 + r) * s * s * s / n
        factor = np.sqrt(whole / parts)
        work[0, k] *= factor
        work[1, k] *= factor
        work[2, k] *= factor
        work[3, k] *= factor
