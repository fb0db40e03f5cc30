"""Surrogates: series whose coupling between heads is broken and whose own dynamics is kept.

Draws come from a counter-based generator, Philox 4x64 (Salmon et al. 2011, doi:10.1145/2063384.2063405), with key
(seed, surrogate) and counter (…, prompt), of which head h takes its own words. A draw therefore depends on (seed,
surrogate, prompt, head) alone: not on the pairs, shards or threads that ask for it.
"""

import numpy as np

from synergy.errors import InputError
from synergy.estimators import Series
from synergy.jit import keep_compiled_code

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)

KINDS = ("circular_shift",)


def words(seed: int, surrogate: int, prompt: int, n_words: int) -> np.ndarray:
    """Random 64-bit words of a surrogate and prompt, uint64 (n_words,)."""
    generator = np.random.Philox(key=[seed, surrogate], counter=[0, 0, 0, prompt])
    return generator.random_raw(n_words)


def offsets(seed: int, surrogate: int, prompt: int, n_heads: int, n_samples: int) -> np.ndarray:
    """Each head's rotation, uniform on 1 … n_samples − 1, int64 (n_heads,)."""
    return (1 + words(seed, surrogate, prompt, n_heads) % np.uint64(n_samples - 1)).astype(np.int64)


def surrogate_batch(series: Series, kind: str, seed: int, surrogate: int, prompts: range) -> Series:
    """Surrogate series of a batch of prompts.

    Parameters
    ----------
    series : Series
        The observed series.
    kind : str
        ``circular_shift``: the samples (x_t, x_{t+lag}) of each head are rotated in time by its own offset. Past and
        future of a head stay together, so that its self-information is exactly that of the data.
    seed, surrogate : int
        Key of the draws.
    prompts : range
        Prompts of the batch.

    Returns
    -------
    Series
        Of the prompts of the batch only.
    """
    if kind not in KINDS:
        raise InputError(f"a kind of null among {', '.join(KINDS)}", kind, "correct decomposition.null.kind")
    batch = slice(prompts.start, prompts.stop)
    z = np.zeros_like(series.z[batch])
    for k, p in enumerate(prompts):
        n = int(series.n_samples[p])
        rotate(series.z[p], offsets(seed, surrogate, p, series.n_heads, n), n, z[k])
    return Series(z, series.self_correlation[batch], series.n_samples[batch], series.n_heads)


@njit(cache=True, nogil=True)
def rotate(z, offset, n, out):
    """Write the samples of each head, rotated by its offset: out[h, :, t] = z[h, :, (t + offset[h]) mod n]."""
    for h in range(offset.size):
        k = offset[h]
        for s in range(2):
            for t in range(n - k):
                out[h, s, t] = z[h, s, t + k]
            for t in range(n - k, n):
                out[h, s, t] = z[h, s, t + k - n]
