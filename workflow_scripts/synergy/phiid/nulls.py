"""Surrogates: series whose coupling between heads is broken and whose own dynamics is kept.

Draws come from a counter-based generator, Philox 4x64 (Salmon et al. 2011, doi:10.1145/2063384.2063405), with key
(seed, surrogate) and counter (…, prompt), of which head h takes its own words. A draw therefore depends on (seed,
surrogate, prompt, head) alone: not on the pairs, shards or threads that ask for it.

``circular_shift``
    The samples (x_t, x_{t+lag}) of each head are rotated in time by its own offset, uniform on 1 … n_samples − 1. Past
    and future stay together, so a head's self-information is exactly that of the data; rotating the series itself
    would instead make samples across the seam, which lowers the autocorrelation and so biases the null. What the seam
    does to correlations between heads is undone for Gaussian estimators under MMI (`mend_seam`). Where
    two heads' rotations are nearer than `least_offset`, the pair is left out of that prompt of that surrogate; for
    Gaussian estimators under MMI, what the heads' own informations give to sts stays in.
``cross_prompt``
    Each head takes its samples from another prompt, by its own random permutation of the prompts of equal length. What
    all heads do at the same token in every prompt stays. In one in n_prompts a pair meets in one prompt by chance.
``phase``
    The series' Fourier phases are replaced by random ones (Theiler et al. 1992, doi:10.1016/0167-2789(92)90102-S): the
    periodogram stays, hence the circular autocorrelation. What is ignored: the series is not periodic.
"""

from functools import lru_cache

import numpy as np

from synergy.files.errors import InputError
from synergy.phiid.estimators import HeadSeries, Series, prepare
from synergy.phiid.kernels.compiled_code import keep_compiled_code

keep_compiled_code()

from numba import njit  # noqa: E402  (the cache folder must be set first)

KINDS = ("circular_shift", "cross_prompt", "phase")
# ASSUME: Two heads that the circular-shift null rotates to within 6 tokens of each other keep what slow drive they
# share; such a pair is left out of that prompt of that surrogate. In series of fewer than 48 samples the least distance
# is an eighth of the samples.
LEAST_OFFSET = 6


def words(seed: int, surrogate: int, prompt: int, n_words: int) -> np.ndarray:
    """Random 64-bit words of a surrogate and prompt, uint64 (n_words,)."""
    generator = np.random.Philox(key=[seed, surrogate], counter=[0, 0, 0, prompt])
    return generator.random_raw(n_words)


def offsets(seed: int, surrogate: int, prompt: int, n_heads: int, n_samples: int) -> np.ndarray:
    """Each head's rotation, uniform on 1 … n_samples − 1, int64 (n_heads,)."""
    return (1 + words(seed, surrogate, prompt, n_heads) % np.uint64(n_samples - 1)).astype(np.int64)


def least_offset(n_samples: np.ndarray) -> np.ndarray:
    """Least distance around the circle of two heads' rotations, int64 of the shape of `n_samples`."""
    return np.minimum(LEAST_OFFSET, np.asarray(n_samples, dtype=np.int64) // 8)


@lru_cache(maxsize=2)
def sources(seed: int, surrogate: int, n_heads: int, n_samples: tuple[int, ...]) -> np.ndarray:
    """The prompt that each head takes its samples from, int64 (n_prompts, n_heads): permutations within a length."""
    draws = np.stack([words(seed, surrogate, prompt, n_heads) for prompt in range(len(n_samples))])
    drawn = np.empty(draws.shape, dtype=np.int64)
    lengths = np.array(n_samples)
    for length in np.unique(lengths):
        prompts = np.flatnonzero(lengths == length)
        drawn[prompts] = prompts[np.argsort(draws[prompts], axis=0, kind="stable")]
    return drawn


def phases(seed: int, surrogate: int, prompt: int, n_heads: int, n_frequencies: int) -> np.ndarray:
    """Phases uniform on [0, 2π), float64 (n_heads, n_frequencies)."""
    draws = words(seed, surrogate, prompt, n_heads * n_frequencies).reshape(n_heads, n_frequencies)
    return (draws >> np.uint64(11)) * (2 * np.pi / 2**53)


def check_null(kind: str, surrogates: int, recording: HeadSeries) -> None:
    """Refuse an unknown kind, a negative number of surrogates, or prompts that cannot be exchanged.

    Raises
    ------
    InputError
        ``cross_prompt`` needs at least two prompts of every length.
    """
    if kind not in KINDS:
        raise InputError(f"a kind of null among {', '.join(KINDS)}", f"{kind}", "correct decomposition.null.kind")
    if surrogates < 0:
        raise InputError("0 or more surrogates", f"{surrogates}", "correct decomposition.null.surrogates")
    if kind == "cross_prompt" and surrogates:
        lengths, counts = np.unique(recording.n_tokens, return_counts=True)
        if counts.min() < 2:
            found = f"one prompt of {lengths[counts.argmin()]} tokens"
            raise InputError(
                "at least 2 prompts of every length for cross_prompt", found, "use null.kind circular_shift"
            )


def surrogate_prompt(
    recording: HeadSeries, series: Series, kind: str, seed: int, surrogate: int, prompt: int, out: Series, k: int
) -> None:
    """Write the surrogate of one prompt to place k of `out`.

    Parameters
    ----------
    recording, series : HeadSeries, Series
        What was observed, and its prepared form.
    kind : str
        One of `KINDS`.
    seed, surrogate, prompt : int
        Key of the draws.
    out : Series
        Zero where padded.
    """
    n, n_heads = int(series.n_samples[prompt]), series.n_heads
    out.n_samples[k] = n
    if kind == "circular_shift":
        # ASSUME: The circular-shift null rotates samples (x_t, x_t+lag), not the series, since rotating the series
        # makes samples that never were and finds synergy in nearly every pair of independent heads.
        out.rotation[k, :n_heads] = offsets(seed, surrogate, prompt, n_heads, n)
        rotate(series.z[prompt], out.rotation[k, :n_heads], n, out.z[k])
        out.self_correlation[k] = series.self_correlation[prompt]
        out.autocorrelation[k] = series.autocorrelation[prompt]
    elif kind == "cross_prompt":
        heads = np.arange(n_heads)
        drawn = sources(seed, surrogate, n_heads, tuple(series.n_samples.tolist()))[prompt]
        out.z[k, :n_heads] = series.z[drawn, heads]
        out.self_correlation[k, :n_heads] = series.self_correlation[drawn, heads]
    else:
        values = recording.activations[prompt, :, : n + recording.lag].astype(np.float64)
        changed = randomise_phases(values, seed, surrogate, prompt)
        alone = HeadSeries(changed[None], np.array([n + recording.lag]), recording.lag, recording.estimator)
        prepared = prepare(alone)
        out.z[k, :, :, : prepared.z.shape[3]] = prepared.z[0]
        out.self_correlation[k] = prepared.self_correlation[0]


def randomise_phases(values: np.ndarray, seed: int, surrogate: int, prompt: int) -> np.ndarray:
    """Series (n_heads, n_tokens) with the same periodogram and mean and random phases."""
    n_heads, n_tokens = values.shape
    mean = values.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(values - mean, axis=1)
    inner = slice(1, (n_tokens + 1) // 2)  # neither the mean nor, for even n_tokens, the Nyquist frequency
    angle = phases(seed, surrogate, prompt, n_heads, spectrum[:, inner].shape[1])
    spectrum[:, inner] = np.abs(spectrum[:, inner]) * np.exp(1j * angle)
    return mean + np.fft.irfft(spectrum, n=n_tokens, axis=1)


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
