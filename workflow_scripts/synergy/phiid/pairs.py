"""Unordered pairs of heads, numbered in lexicographic order: (0, 1), (0, 2), … (0, n − 1), (1, 2), …

And the means over the partners of a head. A float sum depends on its order, hence on how pairs are sharded. Values are
therefore rounded to multiples of 2⁻⁴⁰ nats and added as 64-bit integers. The error of a mean is below 5e-13 nats; no
atom of double precision correlations exceeds 128 nats, so 2¹⁶ partners fit.
"""

from itertools import pairwise

import numpy as np

from synergy.files.shards import item_range

SCALE = 2.0**40  # of the integers that partners are added as
QUANTITIES = ("sts", "rtr", "phi_r", "tdmi")  # what the decomposition gives of a pair
WITH_NULL = QUANTITIES[:3]


def n_pairs(n_heads: int) -> int:
    """Number of unordered pairs of `n_heads` heads, n (n − 1) / 2."""
    return n_heads * (n_heads - 1) // 2


def first_of_row(row: int, n_heads: int) -> int:
    """Number of the pair (row, row + 1)."""
    return row * (2 * n_heads - row - 1) // 2


def pair_range(item: str, n_heads: int) -> range:
    """Pairs of a scatter item.

    Parameters
    ----------
    item : str
        ``"k-of-n"``, k from 1 to n.
    n_heads : int
        Number of heads, at least 2.

    Returns
    -------
    range
        The k-th of n consecutive ranges of nearly equal length that cover all pairs; empty where n exceeds the pairs.
    """
    return item_range(item, n_pairs(n_heads))


def split(pairs: range, n_parts: int) -> list[range]:
    """Cut a range of pairs into at most `n_parts` consecutive non-empty ranges of nearly equal length."""
    cuts = [pairs.start + len(pairs) * k // n_parts for k in range(n_parts + 1)]
    return [range(a, b) for a, b in pairwise(cuts) if a < b]


def heads_of(pairs: range, n_heads: int) -> tuple[np.ndarray, np.ndarray]:
    """The two heads of each pair, i < j, as two arrays (n_pairs,)."""
    i, j = np.triu_indices(n_heads, k=1)
    return i[pairs.start : pairs.stop], j[pairs.start : pairs.stop]


def symmetric(values: np.ndarray, n_heads: int, diagonal: float = np.nan) -> np.ndarray:
    """Spread values (n_pairs,) of all pairs over a symmetric matrix (n_heads, n_heads) with a constant diagonal."""
    matrix = np.full((n_heads, n_heads), diagonal, dtype=values.dtype)
    for row in range(n_heads - 1):
        start = first_of_row(row, n_heads)
        matrix[row, row + 1 :] = values[start : start + n_heads - 1 - row]
        matrix[row + 1 :, row] = matrix[row, row + 1 :]
    return matrix


def fixed_point_means(sums: np.ndarray, n_values: int) -> tuple[np.ndarray, np.ndarray]:
    """Means from fixed-point sums over all pairs, of a head's partners or of the pairs within a layer.

    Parameters
    ----------
    sums : int64 (n, 4, n_places)
        Sums of sts, rtr and Φ_R in units of 1 / `SCALE` nats; number of values left out.
    n_values : int
        Values that each sum is of where none is left out.

    Returns
    -------
    means : float64 (3, n, n_places)
        Mean sts, rtr and Φ_R in nats; NaN where every value is left out.
    defined : int64 (n, n_places)
        Number of values that the means are of.
    """
    defined = n_values - sums[:, 3]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(defined > 0, sums[:, :3].swapaxes(0, 1) / SCALE / defined, np.nan), defined


def head_means(sums: np.ndarray) -> np.ndarray:
    """Mean sts, rtr and Φ_R over a head's partners, float64 (3, n, n_heads), from sums (n, 4, n_heads)."""
    return fixed_point_means(sums, sums.shape[2] - 1)[0]


def between_layers(head_sums: np.ndarray, layer_sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over the pairs of different layers: what is left of all pairs without those within a layer.

    Parameters
    ----------
    head_sums, layer_sums : int64 (n, 4, n_heads), (n, 4, layers)
        As in `fixed_point_means`.

    Returns
    -------
    means : float64 (3, n)
        Mean sts, rtr and Φ_R in nats; NaN where there is no such pair.
    defined : int64 (n,)
        Number of pairs that the means are of.
    """
    n_heads, layers = head_sums.shape[2], layer_sums.shape[2]
    # As floats, since a sum over all pairs may exceed 64-bit integers. Every pair is in the sums of two heads.
    sums = (head_sums[:, :3] / SCALE).sum(axis=2) / 2 - (layer_sums[:, :3] / SCALE).sum(axis=2)
    left_out = head_sums[:, 3].sum(axis=1) // 2 - layer_sums[:, 3].sum(axis=1)
    defined = n_pairs(n_heads) - layers * n_pairs(n_heads // layers) - left_out
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(defined > 0, sums.T / defined, np.nan), defined
