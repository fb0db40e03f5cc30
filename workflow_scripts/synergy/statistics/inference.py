"""Tests and intervals: ranks among draws, jackknife, permutation, paired differences, proportions, Holm."""

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import bisect
from scipy.stats import binomtest, norm, permutation_test, t
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

MOST_ENUMERATED = 13  # 2^13 = 8,192 assignments of signs
BLOCK = 500  # draws held at once: with 5,000 pairs 20 MB
DIGITS = 12  # of a sum of differences, relative to the sum of their sizes: what differs less is rounding


def rank_p(draws: np.ndarray, observed: float) -> float:
    """Two-sided p of a value's rank among draws (S,): 2 (1 + the fewer of those above and those below) / (1 + S).

    A draw that equals `observed` counts on both sides; p is at most 1. Undefined draws (NaN) are left out; without a
    draw, or without a value, p is NaN.
    """
    above, below, n_draws = _beside(draws, observed)
    if not n_draws or np.isnan(observed):
        return math.nan
    return min(1.0, 2 * (1 + min(above, below)) / (1 + n_draws))


def exceedance_p(draws: np.ndarray, observed: float) -> float:
    """One-sided p: (1 + draws at least as high as `observed`) / (1 + S), with undefined values as in `rank_p`."""
    above, _, n_draws = _beside(draws, observed)
    if not n_draws or np.isnan(observed):
        return math.nan
    return (1 + above) / (1 + n_draws)


def rank_floor(n_draws: int) -> float:
    """The smallest p that `rank_p` can give with so many draws."""
    return min(1.0, 2 / (1 + n_draws))


def exceedance_floor(n_draws: int) -> float:
    """The smallest p that `exceedance_p` can give with so many draws."""
    return 1 / (1 + n_draws)


def _beside(draws: np.ndarray, observed: float) -> tuple[int, int, int]:
    """Draws at least as high as `observed`, at most as high, and all that are defined; rounding makes no difference."""
    draws = np.asarray(draws, dtype=float)
    draws = draws[~np.isnan(draws)]
    tolerance = 1e-12 * max(abs(observed), 1e-300)
    above, below = np.count_nonzero(draws >= observed - tolerance), np.count_nonzero(draws <= observed + tolerance)
    return above, below, len(draws)


class Estimate(NamedTuple):
    """An estimate, its standard error, 95 % interval and two-sided p."""

    estimate: float
    standard_error: float
    ci_low: float
    ci_high: float
    p_value: float


def jackknife(whole: float, partial: np.ndarray, sizes: np.ndarray | None = None, neutral: float = 0.0) -> Estimate:
    r"""Delete-a-group jackknife with Student's t of G - 1 degrees of freedom.

    With :math:`m_g` of :math:`n` units in group :math:`g` and :math:`h_g = n / m_g`, the pseudo-values are
    :math:`\tilde\theta_g = h_g \hat\theta - (h_g - 1) \hat\theta_{(g)}` and the squared standard error is

    .. math:: \frac{1}{G} \sum_g \frac{(\tilde\theta_g - \hat\theta_J)^2}{h_g - 1}, \quad
        \hat\theta_J = \sum_g \left(\hat\theta - (1 - 1 / h_g) \hat\theta_{(g)}\right)

    which for groups of one size is :math:`(G - 1) / G` times the sum of squared deviations from the mean. The estimate
    stays the one of all units.

    Parameters
    ----------
    whole : float
        The statistic of all units.
    partial : float (G,)
        The statistic without each group in turn; a unit may be a group.
    sizes : int (G,), optional
        Units in each group; equal if not given.
    neutral : float
        The value that the test asks about.

    Returns
    -------
    Estimate
        The estimate alone, all else NaN, if a value is undefined, there are fewer than 3 groups, or nothing varies.

    References
    ----------
    F. M. T. A. Busing, E. Meijer and R. van der Leeden, Delete-m jackknife for unequal m, Statistics and Computing 9
    (1999) 3-8, doi:10.1023/A:1008800423698.
    """
    partial = np.asarray(partial, dtype=float)
    n_groups = len(partial)
    undefined = Estimate(float(whole), *[math.nan] * 4)
    if n_groups < 3 or not (np.isfinite(whole) and np.isfinite(partial).all()):
        return undefined
    sizes = np.ones(n_groups) if sizes is None else np.asarray(sizes, dtype=float)
    h = sizes.sum() / sizes
    pseudo = h * whole - (h - 1) * partial
    centre = np.sum(whole - (1 - 1 / h) * partial)
    error = math.sqrt(np.mean((pseudo - centre) ** 2 / (h - 1)))
    if error <= 1e-12 * max(abs(whole), abs(neutral)):  # rounding
        return undefined
    half = t.ppf(0.975, n_groups - 1) * error
    p_value = 2 * t.sf(abs(whole - neutral) / error, n_groups - 1)
    return Estimate(float(whole), error, float(whole - half), float(whole + half), float(p_value))


def share_as_extreme(null: np.ndarray, observed: float) -> float:
    """Two-sided permutation p: (1 + draws at least as far from zero as `observed`) / (1 + draws).

    Undefined draws (NaN) count neither above nor below the line.
    """
    null = null[~np.isnan(null)]
    tolerance = 1e-12 * max(abs(observed), 1e-300)
    return float((1 + np.count_nonzero(np.abs(null) >= abs(observed) - tolerance)) / (1 + len(null)))


def sign_flip_test(differences: np.ndarray, draws: int, seed: int) -> tuple[np.ndarray, str]:
    """Two-sided sign-flip permutation test that mean paired differences are zero (Fisher 1935).

    If the two members of every pair may be exchanged, each difference is as likely with either sign. The p value is
    the share of all assignments of signs whose |mean| is at least the one found; up to `MOST_ENUMERATED` pairs all
    2^n are enumerated, beyond that N = `draws` are drawn, the same for all contrasts, and p = (1 + count) / (1 + N).

    Parameters
    ----------
    differences : float (n_pairs,) or (n_contrasts, n_pairs)
        One or more contrasts.
    draws : int
        Of signs, where there are too many to enumerate.
    seed : int
        Of the draws.

    Returns
    -------
    p_values : float () or (n_contrasts,)
        At least 2 / 2^n when enumerated; 1 when all differences are 0.
    statement : str
        What was done, in words.

    References
    ----------
    R. A. Fisher, The Design of Experiments (1935), § 21.
    """
    n_pairs = differences.shape[-1]
    if n_pairs < 2:  # SciPy refuses them
        return np.ones(differences.shape[:-1]), f"sign-flip permutation, two-sided, all 2^{n_pairs} assignments"
    enumerated = n_pairs <= MOST_ENUMERATED
    total = np.abs(differences).sum(axis=-1)
    scale = np.where(total > 0, total, 1.0)

    def distance_from_zero(signs: np.ndarray, axis: int) -> np.ndarray:
        return np.round(np.abs(signs @ differences.T) / scale, DIGITS)

    # The sample whose signs SciPy flips is all ones, so that one set of signs serves all contrasts.
    p_values = permutation_test(
        (np.ones(n_pairs),),
        distance_from_zero,
        permutation_type="samples",
        alternative="greater",
        n_resamples=np.inf if enumerated else draws,
        batch=BLOCK,
        vectorized=True,
        rng=np.random.default_rng(seed),
    ).pvalue
    done = f"all 2^{n_pairs} assignments" if enumerated else f"{draws} draws"
    return p_values, f"sign-flip permutation, two-sided, {done}"


def mcnemar(first: np.ndarray, second: np.ndarray) -> tuple[int, int, float]:
    r"""McNemar's test that two conditions are right equally often, exact.

    Only problems that one of them solves and the other does not say anything. Under the null hypothesis each of these
    :math:`n` falls on either side with probability 1/2; the two-sided p is
    :math:`\min(1, 2 \sum_{k \le m} \binom{n}{k} 2^{-n})` with :math:`m` the smaller count.

    Parameters
    ----------
    first, second : bool (n_problems,)
        Whether each problem was solved.

    Returns
    -------
    only_first, only_second : int
        Problems that one alone solved.
    p_value : float

    References
    ----------
    Q. McNemar, Note on the sampling error of the difference between correlated proportions or percentages,
    Psychometrika 12 (1947) 153-157, doi:10.1007/BF02295996.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    n_differing = only_first + only_second
    return only_first, only_second, float(binomtest(only_first, n_differing).pvalue) if n_differing else 1.0


def paired_score_interval(only_first: float, only_second: float, n: int) -> tuple[float, float]:
    r"""Tango's 95 % score interval of the difference of two proportions that were found on the same trials.

    With :math:`b` and :math:`c` trials that the first or the second alone succeeded in, it holds the differences
    :math:`\Delta` that the score test does not reject, those with :math:`|T(\Delta)| \le z`:

    .. math:: T(\Delta) = \frac{b - c - n\Delta}{\sqrt{n (2 \hat q + \Delta (1 - \Delta))}}, \quad
        \hat q = \frac{\sqrt{B^2 - 8nC} - B}{4n}, \quad B = (2n - b + c)\Delta - b - c, \quad C = -c\Delta(1 - \Delta)

    with :math:`\hat q` the most probable share of the trials that the second alone succeeds in, if the difference is
    :math:`\Delta`. Unlike a bootstrap it keeps a width where few trials or none tell the two apart. The trials are
    taken as independent.

    Parameters
    ----------
    only_first, only_second : float
        Trials that one alone succeeded in; no whole numbers where several runs of the same trials are averaged.
    n : int
        All trials.

    Returns
    -------
    low, high : float
        The bounds, first minus second.

    Raises
    ------
    ValueError
        If there is no trial, a count is negative, or their sum is above `n`.

    References
    ----------
    T. Tango, Equivalence test and confidence interval for the difference in proportions for the paired-sample design,
    Statistics in Medicine 17 (1998) 891-908, doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B.
    """
    if min(only_first, only_second) < 0 or n < 1 or only_first + only_second > n * (1 + 1e-9):  # but for rounding
        raise ValueError(
            f"trials that one alone succeeded in must be among all {n}, not {only_first} and {only_second}"
        )
    net, found = only_first - only_second, (only_first - only_second) / n
    z = norm.isf(0.025)

    def score(difference: float) -> float:
        linear = (2 * n - net) * difference - only_first - only_second
        constant = -only_second * difference * (1 - difference)
        share = (math.sqrt(max(0.0, linear**2 - 8 * n * constant)) - linear) / (4 * n)
        variance = n * (2 * share + difference * (1 - difference))
        distance = net - n * difference
        if distance == 0:
            return 0.0
        return distance / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, distance)

    # T falls from above z at -1 to below -z at 1, and is 0 at the difference found.
    low = bisect(lambda difference: score(difference) - z, -1.0, found, xtol=1e-12) if found > -1 else -1.0
    high = bisect(lambda difference: score(difference) + z, found, 1.0, xtol=1e-12) if found < 1 else 1.0
    return low, high


class Difference(NamedTuple):
    """A mean difference, its 95 % interval and two-sided p."""

    estimate: float
    ci_low: float
    ci_high: float
    p_value: float


def paired_differences(differences: np.ndarray, draws: int, seed: int) -> list[Difference]:
    """Test and estimate mean differences over problems.

    The problem is the unit: where several seeds were run, their outcomes are averaged per problem before. Then each
    problem counts once, however many seeds answered it, and a p says how the difference compares with what these
    draws of the noise would do on other problems; it says nothing of other draws.

    p is that of the two-sided sign-flip permutation test (see `sign_flip_test`). The interval is the 95 %
    percentile bootstrap over problems (Efron 1979). Both use the same draws for all contrasts.

    Parameters
    ----------
    differences : float (n_contrasts, n_problems)
        Per problem, first condition minus second.
    draws : int
        Of signs, and of resampled problems.
    seed : int
        Of both.

    Returns
    -------
    list of Difference, one a contrast
    """
    n_problems = differences.shape[1]
    p_values, _ = sign_flip_test(differences, draws, seed)
    generator, resampled = np.random.default_rng([seed, 1]), []
    for start in range(0, draws, BLOCK):
        size = min(BLOCK, draws - start)
        weights = generator.multinomial(n_problems, np.full(n_problems, 1 / n_problems), size=size)
        resampled.append(weights @ differences.T / n_problems)
    low, high = np.quantile(np.concatenate(resampled), [0.025, 0.975], axis=0)
    columns = zip(differences.mean(axis=1), low, high, p_values, strict=True)
    return [Difference(*map(float, values)) for values in columns]


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
    low, high = proportion_confint(n_correct, n, alpha=1 - confidence, method="wilson")
    # Rounding must not push a bound that is exactly 0 or 1 outside the unit interval.
    return 0.0 if n_correct == 0 else float(low), 1.0 if n_correct == n else float(high)


def holm(p_values: np.ndarray) -> np.ndarray:
    """Holm's step-down correction, which bounds the chance of even one false decision among all.

    With the m defined p values in ascending order p(1) … p(m), the corrected p(i) is the largest of (m − j + 1) p(j)
    over j ≤ i, at most 1. It needs no assumption about how the tests depend on one another.

    Parameters
    ----------
    p_values : ndarray (n_tests,)
        NaN where nothing was tested; those do not count in m.

    Returns
    -------
    ndarray (n_tests,)
        NaN stays NaN.

    References
    ----------
    Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6 (1979) 65–70.
    """
    p_values = np.asarray(p_values, dtype=float)
    tested = np.isfinite(p_values)
    corrected = np.full(p_values.shape, np.nan)
    if tested.any():
        corrected[tested] = multipletests(p_values[tested], method="holm")[1]
    return corrected
