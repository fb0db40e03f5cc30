"""The permutation test of paired differences."""

from itertools import product

import numpy as np

MOST_ENUMERATED = 13  # 2^13 = 8,192 assignments of signs
BLOCK = 500  # draws held at once: with 5,000 pairs 20 MB


def sign_flip_test(differences: np.ndarray, draws: int, seed: int) -> tuple[np.ndarray, str]:
    """Two-sided sign-flip permutation test that mean paired differences are zero (Fisher 1935).

    If the two members of every pair may be exchanged, each difference is as likely with either sign. The p value is
    the share of all assignments of signs whose |mean| is at least the one found; up to `MOST_ENUMERATED` pairs all
    2^n are enumerated, beyond that N = `draws` are drawn, the same for all contrasts, and p = (1 + count) / (1 + N).

    Parameters
    ----------
    differences : float (…, n_pairs)
        One or more contrasts.
    draws : int
        Of signs, where there are too many to enumerate.
    seed : int
        Of the draws.

    Returns
    -------
    p_values : float (…)
        At least 2 / 2^n when enumerated; 1 when all differences are 0.
    statement : str
        What was done, in words.

    References
    ----------
    R. A. Fisher, The Design of Experiments (1935), § 21.
    """
    n_pairs = differences.shape[-1]
    # Assignments that differ in rounding alone are equal.
    reached = np.abs(differences.sum(-1)) - 1e-12 * np.abs(differences).sum(-1)
    if n_pairs <= MOST_ENUMERATED:
        signs = np.array(list(product((1.0, -1.0), repeat=n_pairs)))
        p_values = np.mean(np.abs(differences @ signs.T) >= reached[..., None], axis=-1)
        return p_values, f"sign-flip permutation, two-sided, all 2^{n_pairs} assignments"
    generator = np.random.default_rng(seed)
    count = np.zeros(differences.shape[:-1], dtype=int)
    for start in range(0, draws, BLOCK):
        signs = generator.integers(0, 2, (min(BLOCK, draws - start), n_pairs), dtype=np.int8) * 2.0 - 1
        count += (np.abs(differences @ signs.T) >= reached[..., None]).sum(-1)
    return (1 + count) / (1 + draws), f"sign-flip permutation, two-sided, {draws} draws"
