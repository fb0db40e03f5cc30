"""Unordered pairs of heads, numbered in lexicographic order: (0, 1), (0, 2), … (0, n − 1), (1, 2), …

And the means over the partners of a head. A float sum depends on its order, hence on how pairs are sharded. Values are
therefore rounded to multiples of 2⁻⁴⁰ nats and added as 64-bit integers. The error of a mean is below 5e-13 nats; no
atom of double precision correlations exceeds 128 nats, so 2¹⁶ partners fit.
"""

from itertools import pairwise

import numpy as np

from synergy.files.shards import item_range

SCALE = 2.0**40  # of the integers that partners are added as


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


def head_means(sums: np.ndarray, undefined: np.ndarray) -> np.ndarray:
    """Means over partners from fixed-point sums over all pairs.

    Parameters
    ----------
    sums : int64 (n, 2, n_heads)
        Sums over partners of sts and rtr, in units of 1 / `SCALE` nats, over all pairs.
    undefined : int64 (n, n_heads)
        Partners left out.

    Returns
    -------
    float64 (2, n, n_heads)
        Mean sts and mean rtr in nats; NaN where every partner is left out.
    """
    partners = undefined.shape[1] - 1 - undefined
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(partners > 0, sums.swapaxes(0, 1) / SCALE / partners, np.nan)
