"""Comparing two conditions that answered the same problems: problem by problem, since problems differ far more."""

from typing import NamedTuple

import numpy as np

from synergy.statistics.permutation_tests import BLOCK, sign_flip_test


class Difference(NamedTuple):
    """A mean difference, its 95 % interval and two-sided p."""

    estimate: float
    ci_low: float
    ci_high: float
    p_value: float


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
    n, smaller = only_first + only_second, min(only_first, only_second)
    binomial, tail = 1, 1
    for k in range(1, smaller + 1):
        binomial = binomial * (n - k + 1) // k
        tail += binomial
    return only_first, only_second, min(1.0, 2 * tail / 2**n)  # integers, so that nothing overflows


def paired_differences(differences: np.ndarray, draws: int, seed: int) -> list[Difference]:
    """Test and estimate mean differences over problems.

    The problem is the unit: where several seeds were run, their outcomes are averaged per problem before. Then each
    problem counts once, however many seeds answered it, and a p says how the difference compares with what these
    draws of the noise would do on other problems; it says nothing of other draws.

    p is that of the two-sided sign-flip permutation test (see `synergy.sign_flips`). The interval is the 95 %
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
