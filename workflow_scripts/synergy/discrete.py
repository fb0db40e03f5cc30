"""Decomposition of series cut at their mean, from counts of the sixteen joint states, in nats.

Plug-in estimates: probabilities are relative frequencies. A vector's samples are bits of 64-bit words.
"""

import numpy as np

from synergy.ccs import pointwise
from synergy.jit import keep_compiled_code

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
    counts[:] = 0
    for w in range(words.shape[2]):
        x, u, y, v = words[i, 0, w], words[i, 1, w], words[j, 0, w], words[j, 1, w]
        bits = min(64, n - 64 * w)
        valid = ~np.uint64(0) if bits == 64 else (np.uint64(1) << np.uint64(bits)) - np.uint64(1)
        for state in range(16):
            cell = x if state & 8 else ~x
            cell &= y if state & 4 else ~y
            cell &= u if state & 2 else ~u
            cell &= v if state & 1 else ~v
            counts[state >> 3, (state >> 2) & 1, (state >> 1) & 1, state & 1] += ones(cell & valid)
    counts[2, :2, :2, :2] = counts[0, :2, :2, :2] + counts[1, :2, :2, :2]
    counts[:, 2, :2, :2] = counts[:, 0, :2, :2] + counts[:, 1, :2, :2]
    counts[:, :, 2, :2] = counts[:, :, 0, :2] + counts[:, :, 1, :2]
    counts[:, :, :, 2] = counts[:, :, :, 0] + counts[:, :, :, 1]


@njit(cache=True, nogil=True, error_model="numpy")
def discrete_knowns(words, i, j, n, logs, ccs, low, high, counts, minors, knowns):
    """Mutual informations (rows of `minors` as in ``knowns.informations``) and, under CCS, redundancies of a block.

    `logs` holds log 0 … log n, its element 0 unused.
    """
    for k in range(low, high):
        count_states(words, i, j + k, n, counts)
        average = np.zeros(9)
        shared = np.zeros(7)
        for state in range(16):
            x, y, u, v = state >> 3, (state >> 2) & 1, (state >> 1) & 1, state & 1
            cell = counts[x, y, u, v]
            if cell > 0:
                lx, ly, lxy = logs[counts[x, 2, 2, 2]], logs[counts[2, y, 2, 2]], logs[counts[x, y, 2, 2]]
                lu, lv, luv = logs[counts[2, 2, u, 2]], logs[counts[2, 2, 2, v]], logs[counts[2, 2, u, v]]
                local = (
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
                for row in range(9):
                    average[row] += cell * local[row] / n
                if ccs:
                    redundancies = pointwise(*local)
                    for row in range(7):
                        shared[row] += cell * redundancies[row] / n
        for row in range(9):
            minors[(0, 1, 2, 3, 6, 7, 8, 9, 10)[row], k] = average[row]
        for row in range(7):
            knowns[(0, 1, 2, 3, 4, 8, 12)[row], k] = shared[row]
