"""From activations to the past and future vectors that the decomposition works on.

Each of a head's two vectors in a prompt, past x_t and future x_{t+lag}, t = 0 … n_tokens − lag − 1, is treated by
itself: it has its own mean and variance, its own ranks, its own threshold.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from synergy.files.errors import InputError

ESTIMATORS = ("gaussian", "gaussian_copula", "discrete")
LANES = 32
MIN_SAMPLES = 4


@dataclass(frozen=True)
class HeadSeries:
    """Activations and how to read them.

    Attributes
    ----------
    activations : (n_prompts, n_heads_total, n_tokens)
        Padded at the end where a series is shorter.
    n_tokens : int (n_prompts,)
        Length of each prompt's series.
    lag : int
        Distance between past and future in tokens, at least 1.
    estimator : str
        One of `ESTIMATORS`.
    """

    activations: np.ndarray
    n_tokens: np.ndarray
    lag: int = 1
    estimator: str = "gaussian"


@dataclass(frozen=True)
class Series:
    """Past and future vectors of all heads in all prompts, ready for the kernels.

    Attributes
    ----------
    z : (n_prompts, n_heads_padded, 2, n_samples_padded)
        Past (0) and future (1). Gaussian estimators: float64, mean 0 and unit norm. Discrete: uint8, 0 or 1.
        Zeros where padded; heads are padded to a multiple of 32, samples to a multiple of 8.
    self_correlation : float64 (n_prompts, n_heads_padded)
        Correlation of past and future of one head; NaN where either has no variance. Discrete: 0 or NaN.
    autocorrelation : float64 (n_prompts, n_heads_padded)
        The same at lag 1.
    n_samples : int64 (n_prompts,)
        Number of samples, n_tokens − lag.
    rotation : int64 (n_prompts, n_heads_padded)
        Samples that a surrogate rotated each head by; 0 for observed series.
    n_heads : int
        Number of heads without padding.
    """

    z: np.ndarray
    self_correlation: np.ndarray
    autocorrelation: np.ndarray
    n_samples: np.ndarray
    rotation: np.ndarray
    n_heads: int

    def information(self) -> np.ndarray:
        """Self-informations −½ log(1 − r²) in nats, float64 (n_prompts, n_heads_padded); NaN where infinite."""
        remaining = 1 - self.self_correlation**2
        return -0.5 * np.log(np.where(remaining > 0, remaining, np.nan))

    def of(self, prompts: slice | np.ndarray) -> "Series":
        """Series of some of the prompts."""
        arrays = self.z, self.self_correlation, self.autocorrelation, self.n_samples, self.rotation
        return Series(*(array[prompts] for array in arrays), self.n_heads)

    def blank(self) -> "Series":
        """Series of the same shape to be written: zeros, undefined correlations."""
        undefined = np.full((2, *self.self_correlation.shape), np.nan)
        zeros = np.zeros_like(self.n_samples), np.zeros_like(self.rotation)
        return Series(np.zeros_like(self.z), *undefined, *zeros, self.n_heads)


def check(recording: HeadSeries) -> None:
    """Refuse series, finite and of the right shape, that cannot be decomposed.

    Raises
    ------
    InputError
        Unknown estimator, fewer than 2 heads, a series shorter than lag + 4, or no head that varies anywhere. A head
        that is constant in some prompts is no error: its pairs are undefined there.
    """
    activations, n_tokens, lag = recording.activations, recording.n_tokens, recording.lag
    if recording.estimator not in ESTIMATORS:
        known = f"an estimator among {', '.join(ESTIMATORS)}"
        raise InputError(known, f"{recording.estimator}", "correct decomposition.estimator in the config")
    n_prompts, n_heads, _ = activations.shape
    if n_heads < 2:
        raise InputError("at least 2 heads, since pairs are decomposed", f"{n_heads}", "choose a larger model")
    if lag < 1:
        raise InputError("a lag of at least 1 token", f"lag {lag}", "correct decomposition.lag in the config")
    shortest = int(n_tokens.argmin())
    if n_tokens[shortest] < lag + MIN_SAMPLES:
        found = f"{n_tokens[shortest]} tokens in prompt {shortest}"
        raise InputError(f"at least lag + 4 = {lag + MIN_SAMPLES} tokens", found, "lower the lag or record more tokens")
    varies = False
    for p in range(n_prompts):
        series = activations[p, :, : n_tokens[p]]
        varies = varies or bool((series.min(axis=1) < series.max(axis=1)).any())
    if not varies:
        hint = "record the activations again"
        raise InputError("activations that vary in time", "every head constant in every prompt", hint)


def prepare(recording: HeadSeries, threads: int = 1) -> Series:
    """Cut series into past and future and bring them to the form that the kernels of the estimator take.

    ``gaussian``: standardised. ``gaussian_copula``: normal scores Φ⁻¹(rank / (n + 1)), ties at their average rank,
    then standardised (Ince et al. 2017, doi:10.1002/hbm.23471). ``discrete``: 1 above the mean, else 0.
    The recording is one that `check` accepts.
    """
    activations, lag, estimator = recording.activations, recording.lag, recording.estimator
    n_prompts, n_heads, _ = activations.shape
    n_samples = recording.n_tokens.astype(np.int64) - lag
    shape = (n_prompts, _padded(n_heads, LANES), 2, _padded(int(n_samples.max()), 8))
    z = np.zeros(shape, dtype=np.uint8 if estimator == "discrete" else np.float64)
    self_correlation, autocorrelation = np.full(shape[:2], np.nan), np.full(shape[:2], np.nan)

    def fill(p):
        n = int(n_samples[p])
        series = activations[p, :, : n + lag].astype(np.float64)
        vectors, varies = _past_and_future(series, lag)
        if estimator == "discrete":
            z[p, :n_heads, :, :n] = vectors > vectors.mean(axis=2, keepdims=True)
            self_correlation[p, :n_heads] = np.where(varies, 0.0, np.nan)
            return
        z[p, :n_heads, :, :n] = _standard(vectors, estimator)
        self_correlation[p, :n_heads] = np.where(varies, _correlation(z[p, :n_heads]), np.nan)
        autocorrelation[p] = self_correlation[p]
        if lag > 1:
            vectors, varies = _past_and_future(series, 1)
            autocorrelation[p, :n_heads] = np.where(varies, _correlation(_standard(vectors, estimator)), np.nan)

    if threads == 1:
        for p in range(n_prompts):
            fill(p)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(fill, range(n_prompts)))
    rotation = np.zeros(shape[:2], dtype=np.int64)
    return Series(z, self_correlation, autocorrelation, n_samples, rotation, n_heads)


def _past_and_future(series: np.ndarray, lag: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors (n_heads, 2, n_samples) of series (n_heads, n_tokens), and whether both of a head vary."""
    vectors = np.stack([series[:, :-lag], series[:, lag:]], axis=1)
    return vectors, (vectors.min(axis=2) < vectors.max(axis=2)).all(axis=1)


def _standard(vectors: np.ndarray, estimator: str) -> np.ndarray:
    """Standardised values, or standardised normal scores."""
    return standardised(normal_scores(vectors) if estimator == "gaussian_copula" else vectors)


def _correlation(vectors: np.ndarray) -> np.ndarray:
    """Correlation of standardised past and future of each head, (n_heads, 2, n_samples) to (n_heads,)."""
    return np.einsum("ht,ht->h", vectors[:, 0], vectors[:, 1])


def standardised(values: np.ndarray) -> np.ndarray:
    """Subtract the mean over the last axis and divide by the norm; zeros where there is no variance."""
    deviations = values - values.mean(axis=-1, keepdims=True)
    # A second pass removes the rounding error of a mean that is large beside the deviations.
    deviations -= deviations.mean(axis=-1, keepdims=True)
    norm = np.sqrt(np.einsum("...t,...t->...", deviations, deviations))
    constant = values.min(axis=-1) == values.max(axis=-1)
    norm[constant] = 1.0
    deviations /= norm[..., None]
    deviations[constant] = 0.0
    return deviations


def normal_scores(values: np.ndarray) -> np.ndarray:
    """Replace values by Φ⁻¹(rank / (n + 1)) along the last axis, ties at their average rank."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    return ndtri(rankdata(values, axis=-1) / (values.shape[-1] + 1))


def _padded(size: int, multiple: int) -> int:
    """Smallest multiple of `multiple` that is at least `size`."""
    return -(-size // multiple) * multiple
