"""Redundancy as common change in surprisal, pointwise, Gaussian.

Each sample has its own mutual informations i(a; b) = h(a) + h(b) − h(a, b), h the surprisal under the fitted normal
distribution (covariances with n − 1 in the denominator). A sample's redundancy of two sources with a target is
i1 + i2 − i12 where that and i1, i2, i12 have one sign, else 0 (Ince 2017, doi:10.3390/e19070318). Double redundancy is
the double co-information where that and the four i of single sources with single targets have one sign, else 0 (Mediano
et al., arXiv:2109.13186):

    i(x;uv) + i(y;uv) + i(xy;u) + i(xy;v) − i(xy;uv) − Σ i(single; single)
    + r(x,y;u) + r(x,y;v) − r(x,y;uv) + r(u,v;x) + r(u,v;y) − r(u,v;xy).

ASSUME: a change of less than 1e-12 nats counts as none, so that rounding does not decide signs of exact zeros.
"""

from synergy.jit import keep_compiled_code

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)

NO_CHANGE = 1e-12


@njit(cache=True, nogil=True, error_model="numpy")
def common(one, other, both):
    """Common change in surprisal of two sources about a target, from the mutual informations at one sample."""
    shared = one + other - both
    low = min(min(one, other), min(both, shared))
    high = max(max(one, other), max(both, shared))
    return shared if (low > NO_CHANGE) | (high < -NO_CHANGE) else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def pointwise(xu, xv, yu, yv, xy_u, xy_v, x_uv, y_uv, xy_uv):
    """The seven redundancies at one sample, rtr, rtx, rty, rts, xtr, ytr, str, from its nine mutual informations."""
    rtx, rty, rts = common(xu, yu, xy_u), common(xv, yv, xy_v), common(x_uv, y_uv, xy_uv)
    xtr, ytr, st_r = common(xu, xv, x_uv), common(yu, yv, y_uv), common(xy_u, xy_v, xy_uv)
    double = x_uv + y_uv + xy_u + xy_v - xy_uv - (xu + xv + yu + yv) + rtx + rty - rts + xtr + ytr - st_r
    low = min(min(min(xu, xv), min(yu, yv)), double)
    high = max(max(max(xu, xv), max(yu, yv)), double)
    rtr = double if (low > NO_CHANGE) | (high < -NO_CHANGE) else 0.0
    return rtr, rtx, rty, rts, xtr, ytr, st_r


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def sample_redundancies(x, u, y, v, n, a, b, c, d, e, f, averages, out):
    """Write the seven redundancies at each of n samples to `out` (7, n_samples).

    x, u, y, v have unit norm; a … f are their correlations xy, uv, xu, yv, xv, yu; `averages` (11,) the mutual
    informations of the pair in the order of ``knowns.informations``. A quadratic form of an inverse covariance is a
    sum of squares of residuals of successive regressions, each over its residual variance.
    """
    qa, qb = (1.0 - a) * (1.0 + a), (1.0 - b) * (1.0 + b)
    qc, qd = (1.0 - c) * (1.0 + c), (1.0 - d) * (1.0 + d)
    qe, qf = (1.0 - e) * (1.0 + e), (1.0 - f) * (1.0 + f)
    uy, vy = (f - a * c) / qa, (d - a * e) / qa
    var_u, var_v = qc - uy * (f - a * c), qe - vy * (d - a * e)
    uv = (b - c * e - uy * (d - a * e)) / var_u
    var_uv = var_v - uv * (b - c * e - uy * (d - a * e))
    xv, yv = (e - b * c) / qb, (d - b * f) / qb
    var_x, var_y = qc - xv * (e - b * c), qf - yv * (d - b * f)
    half = 0.5 * (n - 1)
    hb, hc, hd, he, hf = half / qb, half / qc, half / qd, half / qe, half / qf
    hu, hv, huv, hx, hy = half / var_u, half / var_v, half / var_uv, half / var_x, half / var_y
    i_xu, i_xv, i_yu, i_yv = averages[0], averages[1], averages[2], averages[3]
    i_xy_u, i_xy_v, i_x_uv, i_y_uv, i_xy_uv = averages[6], averages[7], averages[8], averages[9], averages[10]
    for t in range(n):
        xt, yt, ut, vt = x[t], y[t], u[t], v[t]
        y_x, u_x, v_x = yt - a * xt, ut - c * xt, vt - e * xt
        u_y, v_y = ut - f * yt, vt - d * yt
        x_u, y_u, v_u = xt - c * ut, yt - f * ut, vt - b * ut
        u_xy, v_xy = u_x - uy * y_x, v_x - vy * y_x
        v_xyu = v_xy - uv * u_xy
        x_uv, y_uv = x_u - xv * v_u, y_u - yv * v_u
        uu, vv, given_xy_u = half * ut * ut, half * vt * vt, hu * u_xy * u_xy
        out[0, t], out[1, t], out[2, t], out[3, t], out[4, t], out[5, t], out[6, t] = pointwise(
            i_xu + uu - hc * u_x * u_x,
            i_xv + vv - he * v_x * v_x,
            i_yu + uu - hf * u_y * u_y,
            i_yv + vv - hd * v_y * v_y,
            i_xy_u + uu - given_xy_u,
            i_xy_v + vv - hv * v_xy * v_xy,
            i_x_uv + half * xt * xt - hx * x_uv * x_uv,
            i_y_uv + half * yt * yt - hy * y_uv * y_uv,
            i_xy_uv + uu + hb * v_u * v_u - given_xy_u - huv * v_xyu * v_xyu,
        )


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"}, error_model="numpy")
def total(values, n):
    """Sum of the first n values."""
    result = 0.0
    for t in range(n):
        result += values[t]
    return result


@njit(cache=True, nogil=True, error_model="numpy")
def ccs_knowns(z, i, j, n, work, c, d, minors, low, high, samples, knowns):
    """Replace the seven redundancies of ``knowns.mmi_knowns`` in lanes low … high − 1 of a block by those of CCS."""
    for k in range(low, high):
        if knowns[0, k] == knowns[0, k]:
            sample_redundancies(
                *(z[i, 0], z[i, 1], z[j + k, 0], z[j + k, 1], n),
                *(work[0, k], work[1, k], c, d[k], work[2, k], work[3, k], minors[:, k], samples),
            )
            for row in range(7):
                known = (0, 1, 2, 3, 4, 8, 12)[row]
                knowns[known, k] = total(samples[row], n) / n
