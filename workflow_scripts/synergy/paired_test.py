"""A paired test over prompts."""

from itertools import product

import numpy as np

N_FLIPS = 9999
MOST_ENUMERATED = 13  # 2^13 = 8,192 assignments of signs


def sign_flip_test(differences: np.ndarray, seed: int) -> tuple[float, str]:
    """Two-sided sign-flip permutation test that the mean of paired differences is zero (Fisher 1935).

    If the two members of every pair may be exchanged, each difference is as likely with either sign. The p value is
    the share of all assignments of signs whose |mean| is at least the one found; up to `MOST_ENUMERATED` pairs all
    2^n are enumerated, beyond that N = `N_FLIPS` are drawn and p = (1 + count) / (1 + N).

    Parameters
    ----------
    differences : float (n_pairs,)
    seed : of the draws.

    Returns
    -------
    p_value : float
        At least 2 / 2^n when enumerated; 1 when all differences are 0.
    statement : str
        What was done, in words.

    References
    ----------
    R. A. Fisher, The Design of Experiments (1935), § 21.
    """
    n_pairs = len(differences)
    found = abs(differences.sum())
    slack = 1e-12 * np.abs(differences).sum()  # assignments that differ in rounding alone are equal
    if n_pairs <= MOST_ENUMERATED:
        signs = np.array(list(product((1.0, -1.0), repeat=n_pairs)))
        p_value = float(np.mean(np.abs(signs @ differences) >= found - slack))
        return p_value, f"sign-flip permutation, two-sided, all 2^{n_pairs} assignments"
    generator = np.random.default_rng(seed)
    signs = generator.integers(0, 2, (N_FLIPS, n_pairs)) * 2.0 - 1.0
    count = np.count_nonzero(np.abs(signs @ differences) >= found - slack)
    return (1 + count) / (1 + N_FLIPS), f"sign-flip permutation, two-sided, {N_FLIPS} draws"
