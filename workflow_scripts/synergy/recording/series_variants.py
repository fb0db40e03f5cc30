"""Other series from the same recording: is what is found a matter of drift, padding, prompts or measure?

Each function takes the arrays of an activations file and returns ``activations`` (n_prompts, n_heads_total, n_tokens)
float32, NaN where a series is shorter, and ``n_tokens`` (n_prompts,), ready for the decomposition.
"""

from collections.abc import Callable

import numpy as np

from synergy.files.errors import InputError

Arrays = dict[str, np.ndarray]
# ASSUME: The variant `natural_length` leaves out answers that end before 20 tokens, which are too short for Gaussian
# informations of four variables, whose bias is of the order of 1 / n_tokens.
FEWEST_TOKENS = 20
# Deviations from a line below this share of the series' own are rounding of float32, not dynamics.
ROUNDING = 1e-6
RECORD_AGAIN = "record the activations with this workflow, or leave the variant out of robustness.variants"


def first_differences(arrays: Arrays, seed: int) -> Arrays:
    """Change from token to token, x_{t+1} − x_t: one token fewer, and no drift of any shape that is slow."""
    activations = arrays["activations"].astype(np.float64)
    return padded(np.diff(activations, axis=2), arrays["n_tokens"] - 1)


def detrended(arrays: Arrays, seed: int) -> Arrays:
    """Residual of the least-squares line over tokens, each head and prompt by itself.

    A series that is a line down to rounding becomes 0: it is undefined, as a constant one is.
    """
    activations, n_tokens = arrays["activations"], arrays["n_tokens"]
    found = np.full(activations.shape, np.nan)
    for row, n in enumerate(n_tokens):
        series = activations[row, :, :n].astype(np.float64)
        time = np.arange(n) - (n - 1) / 2
        deviations = series - series.mean(axis=1, keepdims=True)
        slopes = deviations @ time / (time @ time)
        residuals = deviations - slopes[:, None] * time
        reach = np.abs(series).max(axis=1, keepdims=True)
        residuals[(np.abs(residuals) <= ROUNDING * reach).all(axis=1)] = 0.0
        found[row, :, :n] = residuals
    return padded(found, n_tokens)


def natural_length(arrays: Arrays, seed: int) -> Arrays:
    """Answers up to where the model would have ended them, without those shorter than `FEWEST_TOKENS`.

    While recording, end-of-sequence is suppressed, so that what follows it is text the model did not mean to write.

    Raises
    ------
    InputError
        If no answer is long enough.
    """
    natural = np.minimum(require(arrays, "natural_length"), arrays["n_tokens"])
    kept = (natural >= FEWEST_TOKENS) | (natural == arrays["n_tokens"])
    if not kept.any():
        hint = "leave natural_length out of robustness.variants"
        raise InputError(f"an answer of {FEWEST_TOKENS} tokens or more before its natural end", "none", hint)
    return padded(arrays["activations"][kept], natural[kept])


def half_of_prompts(arrays: Arrays, seed: int) -> Arrays:
    """Half of the prompts, rounded up, drawn so that each category keeps half of its own, within one."""
    category = require(arrays, "category")
    shuffled = np.random.default_rng(seed).permutation(len(category))
    by_category = shuffled[np.argsort(category[shuffled], kind="stable")]
    kept = np.sort(by_category[::2])
    return padded(arrays["activations"][kept], arrays["n_tokens"][kept])


def after_output(arrays: Arrays, seed: int) -> Arrays:
    """Norm of what the head adds to the residual stream, ‖W_O z‖, in place of ‖z‖."""
    return padded(require(arrays, "activations_after_output"), arrays["n_tokens"])


VARIANTS: dict[str, Callable[[Arrays, int], Arrays]] = {
    variant.__name__: variant
    for variant in (first_differences, detrended, natural_length, half_of_prompts, after_output)
}


def require(arrays: Arrays, name: str) -> np.ndarray:
    """The array `name` of the activations file.

    Raises
    ------
    InputError
        If the file lacks it, as one that another programme made may.
    """
    if name not in arrays:
        raise InputError(f"an array {name} beside the activations", f"only {', '.join(arrays)}", RECORD_AGAIN)
    return arrays[name]


def padded(activations: np.ndarray, n_tokens: np.ndarray) -> Arrays:
    """Series (n_prompts, n_heads_total, n_tokens) as float32, NaN from each one's length on, cut at the longest."""
    within = np.arange(n_tokens.max()) < n_tokens[:, None, None]
    series = np.where(within, activations[:, :, : n_tokens.max()], np.nan)
    return {"activations": series.astype(np.float32), "n_tokens": n_tokens}
