"""Walk over ranges of pairs in a batch of prompts: compute blocks and add them up."""

import numpy as np

from synergy.accumulation import accumulate, atoms_of, lanes
from synergy.ccs import CHANGED, ccs_knowns
from synergy.discrete import average_informations, common_change, count_states
from synergy.jit import keep_compiled_code
from synergy.knowns import determinants, informations, mmi_knowns
from synergy.phiid import BLOCK, correlations, mmi_block
from synergy.seam import mend

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)

ROWS = 8


@njit(cache=True, nogil=True, error_model="numpy")
def gaussian_range(
    z,
    self_correlation,
    autocorrelation,
    n_samples,
    ccs,
    rotated,
    n_heads,
    first,
    last,
    start,
    sums,
    undefined,
    head_sums,
    head_undefined,
):
    """Add the atoms of pairs first … last − 1 in every prompt of a batch to the sums of those pairs.

    Parameters
    ----------
    z : float64 (n_prompts, n_heads_padded, 2, n_samples_padded)
        Standardised past and future, each of unit norm, padded with zeros.
    self_correlation : float64 (n_prompts, n_heads_padded)
        Correlation of a head's past with its own future; NaN where either has no variance.
    autocorrelation : float64 (n_prompts, n_heads_padded)
        Lag-1 autocorrelation; used only where `rotated`.
    n_samples : int64 (n_prompts,)
        Samples without padding.
    ccs : bool
        Redundancy by common change in surprisal, else by minimum mutual information.
    rotated : bool
        Whether each head was rotated by its own offset: then seams are mended (:mod:`synergy.seam`).
    n_heads, first, last, start : int
        Number of heads; range of pairs; the pair that element 0 of the sums of pairs belongs to.
    sums : float64 (2, 3 or 16, n_pairs)
        Sums over prompts in nats: sts, rtr; or sts, rtr, TDMI; or the sixteen redundancies (``lattice.ATOMS``).
    undefined : int32 (n_pairs,)
        Number of prompts in which the pair is singular.
    head_sums : int64 (n_prompts, 2, n_heads_padded)
        Sums over partners of sts and rtr, in units of 1 / SCALE nats; only where `sums` has three rows.
    head_undefined : int64 (n_prompts, n_heads_padded)
        Number of undefined partners.
    """
    rows = sums.shape[0]
    work, values, minors = np.empty((ROWS, 4, BLOCK)), np.empty((rows, BLOCK)), np.empty((11, BLOCK))
    knowns, origin = np.empty((16, BLOCK)), np.empty(ROWS, dtype=np.int64)
    low, high = np.empty(ROWS, dtype=np.int64), np.empty(ROWS, dtype=np.int64)
    for p in range(z.shape[0]):
        vectors, own, n = z[p], self_correlation[p], n_samples[p]
        row_first = 0
        for group in range(0, n_heads - 1, ROWS):
            n_rows = min(ROWS, n_heads - 1 - group)
            row_last = row_first
            for r in range(n_rows):
                origin[r] = row_last - group - r - 1
                row_last += n_heads - 1 - group - r
            if row_first < last and row_last > first:
                for j in range((group + 1) // BLOCK * BLOCK, n_heads, BLOCK):
                    for r in range(n_rows):
                        low[r], high[r] = lanes(group + r, j, origin[r], n_heads, first, last)
                    # Four columns stay in the cache while the rows of the group go over them.
                    for k in range(0, BLOCK, 4):
                        for r in range(n_rows):
                            if low[r] < high[r]:
                                correlations(vectors, group + r, j + k, z.shape[3], work[r], k)
                    for r in range(n_rows):
                        if low[r] < high[r]:
                            i, c, d = group + r, own[group + r], own[j : j + BLOCK]
                            if rotated:
                                mend(work[r], autocorrelation[p, i], autocorrelation[p, j : j + BLOCK], n)
                            if rows < 16 and not ccs:
                                mmi_block(work[r], c, d, values)
                            else:
                                determinants(work[r], c, d, minors)
                                informations(minors)
                                mmi_knowns(minors, knowns)
                                if ccs:
                                    ccs_knowns(vectors, i, j, n, work[r], c, d, minors, low[r], high[r], knowns)
                                atoms_of(knowns, values)
                            pair = origin[r] + j - start
                            accumulate(
                                *(values, low[r], high[r], i, j, pair),
                                *(sums, undefined, head_sums[p], head_undefined[p]),
                            )
            row_first = row_last


@njit(cache=True, nogil=True, error_model="numpy")
def discrete_range(
    words, varies, n_samples, ccs, n_heads, first, last, start, sums, undefined, head_sums, head_undefined
):
    """As :func:`gaussian_range`, of bits packed into words (n_prompts, n_heads_padded, 2, n_words).

    `varies` (n_prompts, n_heads_padded) is NaN where a head has no variance.
    """
    rows = sums.shape[0]
    values, minors, knowns = np.empty((rows, BLOCK)), np.zeros((11, BLOCK)), np.empty((16, BLOCK))
    counts, entropies = np.empty((3, 3, 3, 3), dtype=np.int64), np.empty(16)
    shared, redundancies = np.empty(7), np.empty((7, BLOCK))
    logs = np.log(np.maximum(np.arange(n_samples.max() + 1), 1))
    n_logs = logs * np.arange(n_samples.max() + 1)
    for p in range(words.shape[0]):
        n, row_first = n_samples[p], 0
        for i in range(n_heads - 1):
            origin = row_first - i - 1
            for j in range((i + 1) // BLOCK * BLOCK, n_heads, BLOCK):
                low, high = lanes(i, j, origin, n_heads, first, last)
                if low < high:
                    for k in range(low, high):
                        count_states(words[p], i, j + k, n, counts)
                        average_informations(counts, n, logs, n_logs, entropies, k, minors)
                        if ccs:
                            common_change(counts, n, logs, shared)
                            for row in range(7):
                                redundancies[row, k] = shared[row]
                    mmi_knowns(minors, knowns)
                    if ccs:
                        for row in range(7):
                            for k in range(low, high):
                                knowns[CHANGED[row], k] = redundancies[row, k]
                    for k in range(low, high):
                        if not (varies[p, i] == varies[p, i] and varies[p, j + k] == varies[p, j + k]):
                            for row in range(16):
                                knowns[row, k] = np.nan
                    atoms_of(knowns, values)
                    accumulate(
                        *(values, low, high, i, j, origin + j - start),
                        *(sums, undefined, head_sums[p], head_undefined[p]),
                    )
            row_first += n_heads - 1 - i
