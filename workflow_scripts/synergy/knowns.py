"""All sixteen redundancies of the lattice under MMI, Gaussian, for blocks of pairs.

Redundancy of a set of past sources α with a set of future targets β: the smallest I(a; b), a in α, b in β (Mediano et
al., arXiv:2109.13186). The atoms follow by inversion (:mod:`synergy.lattice`).
"""

import numpy as np

from synergy.jit import keep_compiled_code
from synergy.phiid import BLOCK, SINGULAR, log, minors_of

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)


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
    """The sixteen redundancies (rows in the order of ``lattice.ATOMS``) from a block of mutual informations."""
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
