"""Simulated series for the tests of the decomposition."""

import numpy as np


def ar1(seed, n_heads, n_tokens, phi=0.5, n_prompts=1):
    """Independent AR(1) series, started from their stationary distribution: (n_prompts, n_heads, n_tokens)."""
    generator = np.random.default_rng(seed)
    series = generator.normal(size=(n_prompts, n_heads, n_tokens))
    series[..., 0] /= np.sqrt(1 - np.asarray(phi) ** 2)
    for t in range(1, n_tokens):
        series[..., t] += phi * series[..., t - 1]
    return series


def full(series):
    """Lengths of series without padding."""
    return np.full(series.shape[0], series.shape[2])
