"""Walk over ranges of pairs in a batch of prompts: compute blocks, and add them up per pair, per head, over surrogates.

The order of additions is fixed where it matters: floats of a pair are added prompt after prompt and surrogate after
surrogate, integers of a head (`synergy.phiid.pairs`) in any order.
"""

import numpy as np

from synergy.phiid.kernels.ccs import CHANGED, ccs_knowns
from synergy.phiid.kernels.compiled_code import keep_compiled_code
from synergy.phiid.kernels.discrete import average_informations, common_change, count_states
from synergy.phiid.kernels.mmi import (
    BLOCK,
    correlations,
    determinants,
    informations,
    integrated_block,
    mend_seam,
    mmi_block,
    mmi_knowns,
)
from synergy.phiid.pairs import SCALE

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)

ROWS = 8  # of heads, that blocks are gone through together


@njit(cache=True, nogil=True)
def lanes(i, j, origin, n_heads, first, last):
    """Lanes of the block of heads j, j + 1, … whose pair with i, number origin + head, is in the range."""
    low = max(max(first - origin, i + 1) - j, 0)
    high = min(min(last - origin, n_heads) - j, BLOCK)
    return low, high


@njit(cache=True, nogil=True, error_model="numpy")
def atoms_of(knowns, values):
    """Write what a pass adds up, from a block of redundancies: all sixteen, or sts, rtr, Φ_R and, if four, TDMI."""
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
        values[2, k] = knowns[15, k] - knowns[5, k] - knowns[10, k] + knowns[0, k]
        if values.shape[0] == 4:
            values[3, k] = knowns[15, k]


@njit(cache=True, nogil=True, error_model="numpy")
def leave_out_near(values, own, others, n, least):
    """Make undefined the lanes of a block whose two heads were rotated to within `least` of n samples of each other."""
    for k in range(BLOCK):
        apart = abs(own - others[k])
        apart = min(apart, n - apart)
        values[0, k] = values[0, k] if apart >= least else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def subtract_own(values, own, others):
    """Take from sts and, of four rows, TDMI of a block what independent heads of the same self-informations have."""
    for k in range(BLOCK):
        other = others[k]
        values[0, k] -= 2.0 * (own if own < other else other)
    if values.shape[0] == 4:
        for k in range(BLOCK):
            values[3, k] -= own + others[k]


@njit(cache=True, nogil=True, error_model="numpy")
def own_means(information, n_heads, start, means):
    """Write what `subtract_own` takes of sts and TDMI to `means` (2, n_pairs): mean over the prompts that define it.

    `information` (n_prompts, n_heads_padded) are the self-informations, NaN where a head does not vary.
    """
    pair = -start
    for i in range(n_heads - 1):
        for j in range(i + 1, n_heads):
            if 0 <= pair < means.shape[1]:
                lower, both, count = 0.0, 0.0, 0
                for p in range(information.shape[0]):
                    one, other = information[p, i], information[p, j]
                    if one == one and other == other:
                        lower += 2.0 * (one if one < other else other)
                        both += one + other
                        count += 1
                means[0, pair], means[1, pair] = lower / max(count, 1), both / max(count, 1)
            pair += 1


@njit(cache=True, nogil=True, error_model="numpy")
def accumulate(values, low, high, i, j, pair, heads, sums, undefined, head_sums, layer_sums):
    """Add lanes low … high − 1 of a block to the sums of pairs; of four rows, the first three to heads and layers.

    Sums of heads and layers are integers in units of 1 / SCALE; lanes that hold NaN count as undefined in their last
    row instead.
    """
    # ASSUME: A pair that is undefined in a prompt, because a head does not vary or the covariance is singular, is left
    # out of the mean over prompts and counted, and is never 0.
    layer = i // heads
    inside = min(high, (layer + 1) * heads - j)
    for k in range(low, high):
        if values[0, k] != values[0, k]:
            undefined[pair + k] += 1
            head_sums[3, i] += 1
            head_sums[3, j + k] += 1
            layer_sums[3, layer] += k < inside
            for row in range(values.shape[0]):
                values[row, k] = 0.0
    for row in range(sums.shape[0]):
        # Slices, because loops from 0 over them vectorise.
        value, total = values[row, low:high], sums[row, pair + low : pair + high]
        for k in range(value.size):
            total[k] += value[k]
        if sums.shape[0] == 4 and row < 3:
            partner, own = head_sums[row, j + low : j + high], np.int64(0)
            for k in range(value.size):
                fixed = np.int64(np.rint(value[k] * SCALE))
                own += fixed
                partner[k] += fixed
            head_sums[row, i] += own
            for k in range(low, inside):
                layer_sums[row, layer] += np.int64(np.rint(values[row, k] * SCALE))


@njit(cache=True, nogil=True, error_model="numpy")
def take_in(totals, defined, own, i, j, inside, layer, pair, null, count, head_sums, layer_sums):
    """Take one surrogate's sums of a pair over its defined prompts into moments and sums (see `finish_surrogate`)."""
    if defined > 0:
        count[pair] += 1
        for row in range(3):
            value = totals[row] / defined + (own[pair] if row == 0 else 0.0)
            step = value - null[2 * row, pair]
            null[2 * row, pair] += step / count[pair]
            null[2 * row + 1, pair] += step * (value - null[2 * row, pair])
            fixed = np.int64(np.rint(value * SCALE))
            head_sums[row, i] += fixed
            head_sums[row, j] += fixed
            layer_sums[row, layer] += inside * fixed
    else:
        head_sums[3, i] += 1
        head_sums[3, j] += 1
        layer_sums[3, layer] += inside


@njit(cache=True, nogil=True, error_model="numpy")
def finish_surrogate(sums, undefined, n_prompts, n_heads, heads, start, own, null, count, head_sums, layer_sums):
    """Take one surrogate's sums over prompts into the running moments of its pairs and the sums of heads and layers.

    `own` (n_pairs,) is added to the means of sts, from which it was taken (`subtract_own`). `null` (6, n_pairs) holds
    mean and sum of squared deviations of sts, of rtr and of Φ_R; `count` (n_pairs,) the number of surrogates that
    define the pair; `head_sums` int64 (4, n_heads_padded) and `layer_sums` (4, layers) the sums of this surrogate's
    means over prompts, over partners and over pairs within a layer, in units of 1 / SCALE, and in their last row the
    number of undefined ones.
    """
    pair = -start
    for i in range(n_heads - 1):
        layer = i // heads
        for j in range(i + 1, n_heads):
            if 0 <= pair < count.size:
                totals = sums[0, pair], sums[1, pair], sums[2, pair]
                where = i, j, j // heads == layer, layer, pair
                take_in(totals, n_prompts - undefined[pair], own, *where, null, count, head_sums, layer_sums)
            pair += 1


@njit(cache=True, nogil=True, error_model="numpy")
def gaussian_range(
    z,
    self_correlation,
    autocorrelation,
    n_samples,
    ccs,
    rotated,
    information,
    rotation,
    least,
    n_heads,
    heads,
    first,
    last,
    start,
    sums,
    undefined,
    head_sums,
    layer_sums,
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
        Whether each head was rotated by its own offset: then seams are mended (`mend_seam`), and sts
        and TDMI are counted from what independent heads have (`subtract_own`).
    information : float64 (n_prompts, n_heads_padded)
        Self-informations in nats; used only where `rotated`.
    rotation : int64 (n_prompts, n_heads_padded)
        Samples that each head was rotated by; used only where `least` is not 0.
    least : int64 (n_prompts,)
        Least distance of two heads' rotations; nearer pairs are left out.
    n_heads, heads, first, last, start : int
        Number of heads, in all and of a layer; range of pairs; the pair that element 0 of the sums of pairs belongs to.
    sums : float64 (3, 4 or 16, n_pairs)
        Sums over prompts in nats: sts, rtr, Φ_R; or also TDMI; or the sixteen redundancies (`atoms.ATOMS`).
    undefined : int32 (n_pairs,)
        Number of prompts in which the pair is singular or left out.
    head_sums, layer_sums : int64 (n_prompts, 4, n_heads_padded), (n_prompts, 4, layers)
        Sums of sts, rtr and Φ_R over partners, and over the pairs within a layer, in units of 1 / SCALE nats, only
        where `sums` has four rows; number of undefined pairs.
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
                            if rows < 16 and not ccs:
                                integrated_block(work[r], c, d, values[2])
                                if rotated:
                                    mend_seam(work[r], autocorrelation[p, i], autocorrelation[p, j : j + BLOCK], n)
                                mmi_block(work[r], c, d, values)
                                if rotated:
                                    subtract_own(values, information[p, i], information[p, j : j + BLOCK])
                            else:
                                determinants(work[r], c, d, minors)
                                informations(minors)
                                mmi_knowns(minors, knowns)
                                if ccs:
                                    ccs_knowns(vectors, i, j, n, work[r], c, d, minors, low[r], high[r], knowns)
                                atoms_of(knowns, values)
                            if least[p] > 0:
                                leave_out_near(values, rotation[p, i], rotation[p, j : j + BLOCK], n, least[p])
                            where = low[r], high[r], i, j, origin[r] + j - start, heads
                            accumulate(values, *where, sums, undefined, head_sums[p], layer_sums[p])
            row_first = row_last


@njit(cache=True, nogil=True, error_model="numpy")
def tabulate(z, correlation, autocorrelation, information, n, least, i, j, vectors, work, values, table):
    """Write the atoms of head i with heads j, j + 1, … of one prompt at each distance of their rotations.

    `table` (n_samples, BLOCK, 4) gets sts, counted from what independent heads have, rtr, Φ_R and 1 at each distance,
    or four zeros where a pair is undefined or nearer than `least`. `vectors`, `work` and `values` are room to work in.
    """
    first = vectors.shape[0] - BLOCK
    for d in range(n):
        for s in range(2):
            for t in range(n - d):
                vectors[d, s, t] = z[i, s, t + d]
            for t in range(n - d, n):
                vectors[d, s, t] = z[i, s, t + d - n]
    vectors[:first, :, n:] = 0.0
    vectors[first:] = z[j : j + BLOCK]
    for k in range(0, BLOCK, 4):  # which stay in the cache while all rotations of the other head go over them
        for d in range(least, min(n - least + 1, n)):
            correlations(vectors, d, first + k, vectors.shape[2], work[d], k)
    table[:] = 0.0
    own, others = correlation[i], correlation[j : j + BLOCK]
    for d in range(least, min(n - least + 1, n)):
        integrated_block(work[d], own, others, values[2])
        mend_seam(work[d], autocorrelation[i], autocorrelation[j : j + BLOCK], n)
        mmi_block(work[d], own, others, values)
        subtract_own(values, information[i], information[j : j + BLOCK])
        for k in range(BLOCK):
            if values[0, k] == values[0, k]:
                table[d, k, 0], table[d, k, 1], table[d, k, 2] = values[0, k], values[1, k], values[2, k]
                table[d, k, 3] = 1.0


@njit(cache=True, nogil=True, error_model="numpy")
def rotated_range(
    z,
    self_correlation,
    autocorrelation,
    n_samples,
    information,
    rotations,
    least,
    n_heads,
    heads,
    first,
    last,
    start,
    own,
    null,
    count,
    head_sums,
    layer_sums,
):
    """Take all surrogates of pairs first … last − 1 into their moments and into the sums of heads and layers.

    Rotations of two heads by a and b samples have the correlations of a rotation of one by a − b: as many as there are
    samples, however many surrogates there are. Each is decomposed once for a pair and prompt, and looked up.

    Parameters
    ----------
    z, self_correlation, autocorrelation, n_samples, information, least, n_heads, heads, first, last, start
        As in `gaussian_range`, of the observed series.
    rotations : int32 (n_prompts, n_surrogates, n_heads_padded)
        Samples that each head is rotated by.
    own, null, count
        As in `finish_surrogate`.
    head_sums, layer_sums : int64 (n_surrogates, 4, n_heads_padded), (n_surrogates, 4, layers)
        As there, of each surrogate.
    """
    n_prompts, n_surrogates, longest = z.shape[0], rotations.shape[1], n_samples.max()
    vectors, table = np.zeros((longest + BLOCK, 2, z.shape[3])), np.empty((longest, BLOCK, 4))
    work, values, sums = np.empty((longest, 4, BLOCK)), np.empty((3, BLOCK)), np.empty((n_surrogates, BLOCK, 4))
    row_first = 0
    for i in range(n_heads - 1):
        origin, layer = row_first - i - 1, i // heads
        for j in range((i + 1) // BLOCK * BLOCK, n_heads, BLOCK):
            low, high = lanes(i, j, origin, n_heads, first, last)
            if low < high:
                sums[:] = 0.0
                for p in range(n_prompts):
                    n, of_heads = n_samples[p], (self_correlation[p], autocorrelation[p], information[p])
                    tabulate(z[p], *of_heads, n, least[p], i, j, vectors, work, values, table)
                    for s in range(n_surrogates):
                        one, others = rotations[p, s, i], rotations[p, s, j : j + BLOCK]
                        for k in range(low, high):
                            d = one - others[k]
                            d = d if d >= 0 else d + n
                            for row in range(4):
                                sums[s, k, row] += table[d, k, row]
                for s in range(n_surrogates):
                    for k in range(low, high):
                        totals = sums[s, k, 0], sums[s, k, 1], sums[s, k, 2]
                        where = i, j + k, j + k < (layer + 1) * heads, layer, origin + j + k - start
                        take_in(totals, sums[s, k, 3], own, *where, null, count, head_sums[s], layer_sums[s])
        row_first += n_heads - 1 - i


@njit(cache=True, nogil=True, error_model="numpy")
def discrete_range(
    words,
    varies,
    n_samples,
    ccs,
    rotation,
    least,
    n_heads,
    heads,
    first,
    last,
    start,
    sums,
    undefined,
    head_sums,
    layer_sums,
):
    """As `gaussian_range`, of bits packed into words (n_prompts, n_heads_padded, 2, n_words).

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
                    if least[p] > 0:
                        leave_out_near(values, rotation[p, i], rotation[p, j : j + BLOCK], n, least[p])
                    pair = origin + j - start
                    accumulate(values, low, high, i, j, pair, heads, sums, undefined, head_sums[p], layer_sums[p])
            row_first += n_heads - 1 - i
