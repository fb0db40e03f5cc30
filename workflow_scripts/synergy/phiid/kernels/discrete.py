"""Decomposition of series cut at their mean, from counts of the sixteen joint states, in nats.

Plug-in estimates: probabilities are relative frequencies. A vector's samples are bits of 64-bit words.
"""

import numpy as np

from synergy.phiid.kernels.ccs import pointwise
from synergy.phiid.kernels.compiled_code import keep_compiled_code

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)


@njit(cache=True, nogil=True)
def pack(z, words):
    """Pack bits (n_heads, 2, n_samples) into words (n_heads, 2, n_words), which must be 0."""
    for h in range(z.shape[0]):
        for s in range(2):
            for t in range(z.shape[2]):
                words[h, s, t // 64] |= np.uint64(z[h, s, t]) << np.uint64(t % 64)


@njit(cache=True, nogil=True)
def ones(word):
    """Number of bits set in a 64-bit word."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def count_states(words, i, j, n, counts):
    """Write the margins of the joint counts of heads i and j.

    `counts` (3, 3, 3, 3) is indexed by x, y, u, v, each 0, 1 or 2 = summed over.
    """
    for x in range(2):
        for y in range(2):
            for u in range(2):
                for v in range(2):
                    counts[x, y, u, v] = 0
    for w in range(words.shape[2]):
        x, u, y, v = words[i, 0, w], words[i, 1, w], words[j, 0, w], words[j, 1, w]
        bits = max(0, min(64, n - 64 * w))
        valid = ~np.uint64(0) if bits == 64 else (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
        for state in range(16):
            cell = x if state & 8 else ~x
            cell &= y if state & 4 else ~y
            cell &= u if state & 2 else ~u
            cell &= v if state & 1 else ~v
            counts[state >> 3, (state >> 2) & 1, (state >> 1) & 1, state & 1] += ones(cell & valid)
    for y in range(2):
        for u in range(2):
            for v in range(2):
                counts[2, y, u, v] = counts[0, y, u, v] + counts[1, y, u, v]
    for x in range(3):
        for u in range(2):
            for v in range(2):
                counts[x, 2, u, v] = counts[x, 0, u, v] + counts[x, 1, u, v]
    for x in range(3):
        for y in range(3):
            for v in range(2):
                counts[x, y, 2, v] = counts[x, y, 0, v] + counts[x, y, 1, v]
    for x in range(3):
        for y in range(3):
            for u in range(3):
                counts[x, y, u, 2] = counts[x, y, u, 0] + counts[x, y, u, 1]


@njit(cache=True, nogil=True, error_model="numpy")
def average_informations(counts, n, logs, n_logs, sums, k, minors):
    """Mutual informations of a pair from its counts, to lane k of `minors` (rows as in `mmi.informations`).

    With S(A) the sum of c log c over the counts c of the vectors A, I(A; B) = log n + (S(A, B) − S(A) − S(B)) / n.
    `sums` (16,) is overwritten: S of the vectors whose bits (x 8, y 4, u 2, v 1) are set.
    """
    for kept in range(16):
        sums[kept] = 0.0
    for x in range(3):
        for y in range(3):
            for u in range(3):
                for v in range(3):
                    kept = 8 * (x < 2) + 4 * (y < 2) + 2 * (u < 2) + (v < 2)
                    sums[kept] += n_logs[counts[x, y, u, v]]
    minors[0, k] = logs[n] + (sums[10] - sums[8] - sums[2]) / n
    minors[1, k] = logs[n] + (sums[9] - sums[8] - sums[1]) / n
    minors[2, k] = logs[n] + (sums[6] - sums[4] - sums[2]) / n
    minors[3, k] = logs[n] + (sums[5] - sums[4] - sums[1]) / n
    minors[6, k] = logs[n] + (sums[14] - sums[12] - sums[2]) / n
    minors[7, k] = logs[n] + (sums[13] - sums[12] - sums[1]) / n
    minors[8, k] = logs[n] + (sums[11] - sums[8] - sums[3]) / n
    minors[9, k] = logs[n] + (sums[7] - sums[4] - sums[3]) / n
    minors[10, k] = logs[n] + (sums[15] - sums[12] - sums[3]) / n


@njit(cache=True, nogil=True, error_model="numpy")
def common_change(counts, n, logs, shared):
    """Redundancies of a pair by common change in surprisal, mean over samples, to `shared` (7,)."""
    for row in range(7):
        shared[row] = 0.0
    for state in range(16):
        x, y, u, v = state >> 3, (state >> 2) & 1, (state >> 1) & 1, state & 1
        cell = counts[x, y, u, v]
        if cell > 0:
            lx, ly, lxy = logs[counts[x, 2, 2, 2]], logs[counts[2, y, 2, 2]], logs[counts[x, y, 2, 2]]
            lu, lv, luv = logs[counts[2, 2, u, 2]], logs[counts[2, 2, 2, v]], logs[counts[2, 2, u, v]]
            redundancies = pointwise(
                logs[n] + logs[counts[x, 2, u, 2]] - lx - lu,
                logs[n] + logs[counts[x, 2, 2, v]] - lx - lv,
                logs[n] + logs[counts[2, y, u, 2]] - ly - lu,
                logs[n] + logs[counts[2, y, 2, v]] - ly - lv,
                logs[n] + logs[counts[x, y, u, 2]] - lxy - lu,
                logs[n] + logs[counts[x, y, 2, v]] - lxy - lv,
                logs[n] + logs[counts[x, 2, u, v]] - lx - luv,
                logs[n] + logs[counts[2, y, u, v]] - ly - luv,
                logs[n] + logs[cell] - lxy - luv,
            )
            for row in range(7):
                shared[row] += cell * redundancies[row] / n
