"""What a head's series looks like by itself: autocorrelation, mean, constancy."""

import numpy as np


def mean_autocorrelation(activations: np.ndarray, n_tokens: np.ndarray) -> np.ndarray:
    """Lag-1 autocorrelation of each head, mean over the prompts in which it varies.

    Pearson correlation of x_t with x_{t+1}, each with its own mean and variance.

    Parameters
    ----------
    activations : (n_prompts, n_heads_total, n_tokens)
        Padded at the end where a series is shorter.
    n_tokens : int (n_prompts,)
        Length of each prompt's series.

    Returns
    -------
    float64 (n_heads_total,)
        NaN for a head that varies in no prompt.
    """
    total, count = np.zeros(activations.shape[1]), np.zeros(activations.shape[1])
    for series, n in zip(activations, n_tokens, strict=True):
        past, future = series[:, : n - 1].astype(np.float64), series[:, 1:n].astype(np.float64)
        varies = (np.ptp(past, axis=1) > 0) & (np.ptp(future, axis=1) > 0)
        past, future = (v[varies] - v[varies].mean(axis=1, keepdims=True) for v in (past, future))
        norms = np.sqrt((past**2).sum(axis=1) * (future**2).sum(axis=1))
        total[varies] += (past * future).sum(axis=1) / norms
        count[varies] += 1
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def mean_norm(activations: np.ndarray, n_tokens: np.ndarray) -> np.ndarray:
    """Mean activation of each head over tokens, then prompts, (n_heads_total,); parameters as above."""
    means = [series[:, :n].mean(axis=1, dtype=np.float64) for series, n in zip(activations, n_tokens, strict=True)]
    return np.mean(means, axis=0)


def constant_heads(activations: np.ndarray, n_tokens: np.ndarray) -> list[int]:
    """Heads that are constant in every prompt; parameters as above."""
    constant = [np.ptp(series[:, :n], axis=1) == 0 for series, n in zip(activations, n_tokens, strict=True)]
    return np.flatnonzero(np.all(constant, axis=0)).tolist()
