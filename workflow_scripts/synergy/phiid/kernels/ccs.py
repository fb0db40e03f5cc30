"""Redundancy as common change in surprisal, pointwise, Gaussian.

Each sample has its own mutual informations i(a; b) = h(a) + h(b) − h(a, b), h the surprisal under the fitted normal
distribution (covariances with n − 1 in the denominator). A sample's redundancy of two sources with a target is
i1 + i2 − i12 where that and i1, i2, i12 have one sign, else 0 (Ince 2017, doi:10.3390/e19070318). Double redundancy is
the double co-information where that and the four i of single sources with single targets have one sign, else 0 (Mediano
et al., arXiv:2109.13186):

    i(x;uv) + i(y;uv) + i(xy;u) + i(xy;v) − i(xy;uv) − Σ i(single; single)
    + r(x,y;u) + r(x,y;v) − r(x,y;uv) + r(u,v;x) + r(u,v;y) − r(u,v;xy).

ASSUME: Under CCS a change in surprisal below 1e-12 nats counts as none, so that rounding does not decide the sign of
exact zeros.
"""

from synergy.phiid.kernels.compiled_code import keep_compiled_code

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)

NO_CHANGE = 1e-12
CHANGED = (0, 1, 2, 3, 4, 8, 12)  # rtr, rtx, rty, rts, xtr, ytr, str among `atoms.ATOMS`


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy")
def common(one, other, both):
    """Common change in surprisal of two sources about a target, from the mutual informations at one sample."""
    shared = one + other - both
    low = min(min(one, other), min(both, shared))
    high = max(max(one, other), max(both, shared))
    return shared if (low > NO_CHANGE) | (high < -NO_CHANGE) else 0.0


@njit(cache=True, nogil=True, forceinline=True, error_model="numpy")
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
def coefficients(a, b, c, d, e, f, n):
    """Regression coefficients of a pair and half the inverse residual variances, for `at_sample`.

    a … f are the correlations xy, uv, xu, yv, xv, yu of n samples.
    """
    qa, qb = (1.0 - a) * (1.0 + a), (1.0 - b) * (1.0 + b)
    qc, qd = (1.0 - c) * (1.0 + c), (1.0 - d) * (1.0 + d)
    qe, qf = (1.0 - e) * (1.0 + e), (1.0 - f) * (1.0 + f)
    # Given x: u and v on y. Given x and y: v on u. Given u: x and y on v.
    uy, vy = (f - a * c) / qa, (d - a * e) / qa
    var_u, var_v = qc - uy * (f - a * c), qe - vy * (d - a * e)
    uv = (b - c * e - uy * (d - a * e)) / var_u
    var_uv = var_v - uv * (b - c * e - uy * (d - a * e))
    xv, yv = (e - b * c) / qb, (d - b * f) / qb
    var_x, var_y = qc - xv * (e - b * c), qf - yv * (d - b * f)
    half = 0.5 * (n - 1)
    inverse2 = half, half / qb, half / qc, half / qd, half / qe, half / qf
    inverse3 = half / var_u, half / var_v, half / var_uv, half / var_x, half / var_y
    return (a, b, c, d, e, f), (uy, vy, uv, xv, yv), inverse2, inverse3


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def at_sample(x, u, y, v, correlation, slope, inverse2, inverse3, average):
    """The nine mutual informations at one sample, as `pointwise` takes them.

    x, u, y, v are standardised to unit norm; `average` are the mutual informations of the pair, in the same order. A
    quadratic form of an inverse covariance is a sum of squares of residuals of successive regressions, each over its
    residual variance.
    """
    a, b, c, d, e, f = correlation
    uy, vy, uv, xv, yv = slope
    half, hb, hc, hd, he, hf = inverse2
    hu, hv, huv, hx, hy = inverse3
    y_x, u_x, v_x = y - a * x, u - c * x, v - e * x
    u_y, v_y = u - f * y, v - d * y
    x_u, y_u, v_u = x - c * u, y - f * u, v - b * u
    u_xy, v_xy = u_x - uy * y_x, v_x - vy * y_x
    v_xyu = v_xy - uv * u_xy
    x_uv, y_uv = x_u - xv * v_u, y_u - yv * v_u
    uu, vv, of_u_xy = half * u * u, half * v * v, hu * u_xy * u_xy
    return (
        average[0] + uu - hc * u_x * u_x,
        average[1] + vv - he * v_x * v_x,
        average[2] + uu - hf * u_y * u_y,
        average[3] + vv - hd * v_y * v_y,
        average[4] + uu - of_u_xy,
        average[5] + vv - hv * v_xy * v_xy,
        average[6] + half * x * x - hx * x_uv * x_uv,
        average[7] + half * y * y - hy * y_uv * y_uv,
        average[8] + uu + hb * v_u * v_u - of_u_xy - huv * v_xyu * v_xyu,
    )


@njit(cache=True, nogil=True, fastmath={"reassoc"}, error_model="numpy")
def sample_redundancies(x, u, y, v, n, correlation, slope, inverse2, inverse3, average):
    """The seven redundancies of a pair by common change in surprisal, mean over n samples, in nats."""
    rtr = rtx = rty = rts = xtr = ytr = st_r = 0.0
    for t in range(n):
        local = at_sample(x[t], u[t], y[t], v[t], correlation, slope, inverse2, inverse3, average)
        r0, r1, r2, r3, r4, r5, r6 = pointwise(*local)
        rtr += r0
        rtx += r1
        rty += r2
        rts += r3
        xtr += r4
        ytr += r5
        st_r += r6
    return rtr / n, rtx / n, rty / n, rts / n, xtr / n, ytr / n, st_r / n


@njit(cache=True, nogil=True, error_model="numpy")
def ccs_knowns(z, i, j, n, work, c, d, minors, low, high, knowns):
    """Replace the seven redundancies of `mmi.mmi_knowns` in lanes low … high − 1 of a block by those of CCS."""
    x, u = z[i, 0], z[i, 1]
    for k in range(low, high):
        if knowns[0, k] == knowns[0, k]:
            pair = coefficients(work[0, k], work[1, k], c, d[k], work[2, k], work[3, k], n)
            average = (
                minors[0, k],
                minors[1, k],
                minors[2, k],
                minors[3, k],
                minors[6, k],
                minors[7, k],
                minors[8, k],
                minors[9, k],
                minors[10, k],
            )
            shared = sample_redundancies(x, u, z[j + k, 0], z[j + k, 1], n, *pair, average)
            knowns[0, k], knowns[1, k], knowns[2, k], knowns[3, k] = shared[0], shared[1], shared[2], shared[3]
            knowns[4, k], knowns[8, k], knowns[12, k] = shared[4], shared[5], shared[6]
