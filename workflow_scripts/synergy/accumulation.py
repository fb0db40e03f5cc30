"""Adding up blocks of pairs: per pair, per head, over surrogates.

The order of additions is fixed where it matters: floats of a pair are added prompt after prompt and surrogate after
surrogate, integers of a head (:mod:`synergy.partners`) in any order.
"""

import numpy as np

from synergy.jit import keep_compiled_code
from synergy.partners import SCALE
from synergy.phiid import BLOCK

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)


@njit(cache=True, nogil=True)
def lanes(i, j, origin, n_heads, first, last):
    """Lanes of the block of heads j, j + 1, … whose pair with i, number origin + head, is in the range."""
    low = max(max(first - origin, i + 1) - j, 0)
    high = min(min(last - origin, n_heads) - j, BLOCK)
    return low, high


@njit(cache=True, nogil=True, error_model="numpy")
def atoms_of(knowns, values):
    """Write what a pass adds up, from a block of redundancies: all sixteen, or sts, rtr and TDMI, or sts and rtr."""
    if values.shape[0] == 16:
        for row in range(16):
            for k in range(BLOCK):
                values[row, k] = knowns[row, k]
        return
    for k in range(BLOCK):
        of_r = knowns[3, k] - knowns[1, k] - knowns[2, k] + knowns[0, k]
        of_x = knowns[7, k] - knowns[5, k] - knowns[6, k] + knowns[4, k]
        of_y = knowns[11, k] - knowns[9, k] - knowns[10, k] + knowns[8, k]
        of_s = knowns[15, k] - knowns[13, k] - knowns[14, k] + knowns[12, k]
        values[0, k] = of_s - of_x - of_y + of_r
        values[1, k] = knowns[0, k]
        if values.shape[0] == 3:
            values[2, k] = knowns[15, k]


@njit(cache=True, nogil=True, error_model="numpy")
def accumulate(values, low, high, i, j, pair, sums, undefined, head_sums, head_undefined):
    """Add lanes low … high − 1 of a block to the sums of their pairs; of three rows, the first two also to heads.

    Heads' sums are integers in units of 1 / SCALE; lanes that hold NaN count as undefined instead.
    """
    # ASSUME: A pair that is undefined in a prompt, because a head does not vary or the covariance is singular, is left
    # out of the mean over prompts and counted, and is never 0.
    for k in range(low, high):
        if values[0, k] != values[0, k]:
            undefined[pair + k] += 1
            head_undefined[i] += 1
            head_undefined[j + k] += 1
            for row in range(values.shape[0]):
                values[row, k] = 0.0
    for row in range(sums.shape[0]):
        # Slices, because loops from 0 over them vectorise.
        value, total = values[row, low:high], sums[row, pair + low : pair + high]
        for k in range(value.size):
            total[k] += value[k]
        if sums.shape[0] == 3 and row < 2:
            partner, own = head_sums[row, j + low : j + high], np.int64(0)
            for k in range(value.size):
                fixed = np.int64(np.rint(value[k] * SCALE))
                own += fixed
                partner[k] += fixed
            head_sums[row, i] += own


@njit(cache=True, nogil=True, error_model="numpy")
def finish_surrogate(sums, undefined, n_prompts, n_heads, start, null, count, head_sums, head_undefined):
    """Take one surrogate's sums over prompts into the running moments of its pairs and the sums of its heads.

    `null` (4, n_pairs) holds mean and sum of squared deviations of sts, then of rtr; `count` (n_pairs,) the number of
    surrogates that define the pair; `head_sums` int64 (2, n_heads_padded) the sums over partners of this surrogate's
    means over prompts, in units of 1 / SCALE.
    """
    pair = -start
    for i in range(n_heads - 1):
        for j in range(i + 1, n_heads):
            if 0 <= pair < count.size:
                defined = n_prompts - undefined[pair]
                if defined > 0:
                    count[pair] += 1
                    for row in range(2):
                        value = sums[row, pair] / defined
                        step = value - null[2 * row, pair]
                        null[2 * row, pair] += step / count[pair]
                        null[2 * row + 1, pair] += step * (value - null[2 * row, pair])
                        fixed = np.int64(np.rint(value * SCALE))
                        head_sums[row, i] += fixed
                        head_sums[row, j] += fixed
                else:
                    head_undefined[i] += 1
                    head_undefined[j] += 1
            pair += 1
