"""Resampling of prompts: how far a head's score would move with other prompts."""

from collections.abc import Callable

import numpy as np
from scipy.stats import norm, t

from synergy.statistics.descriptive import pearson

N_SPLITS = 200
Score = Callable[[np.ndarray, np.ndarray], np.ndarray]


def bootstrap_interval(
    score: Score, by_prompt: dict[str, np.ndarray], replicates: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of each head's score over prompts drawn with replacement: percentiles, expanded for few prompts.

    The percentiles are Φ(± t √(n / (n − 1))), t the quantile of Student's distribution with n − 1 degrees of freedom:
    plain ones are too narrow for few prompts (Hesterberg 2015, doi:10.1080/00031305.2015.1089789).

    Parameters
    ----------
    score : callable
        From mean synergy and mean redundancy (replicates, n_heads) to scores of the same shape.
    by_prompt : dict
        ``sts`` and ``rtr``: means over partners per prompt (n_prompts, n_heads), in nats; NaN where undefined.
    replicates : int
        Number of resamples; 0 gives NaN, as does a single prompt.
    seed : int
        Seed of the resampling.

    Returns
    -------
    low, high : (n_heads,)
    """
    n_prompts, n_heads = by_prompt["sts"].shape
    if replicates == 0 or n_prompts == 1:
        return np.full(n_heads, np.nan), np.full(n_heads, np.nan)
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(n_prompts, np.full(n_prompts, 1 / n_prompts), size=replicates)
    replicated = score(_weighted_mean(weights, by_prompt["sts"]), _weighted_mean(weights, by_prompt["rtr"]))
    undefined = np.isnan(replicated).all(axis=0)
    level = norm.cdf(t.ppf(0.025, n_prompts - 1) * np.sqrt(n_prompts / (n_prompts - 1)))
    low, high = np.nanquantile(np.where(undefined, 0.0, replicated), [level, 1 - level], axis=0)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)


def split_half(score: Score, by_prompt: dict[str, np.ndarray], seed: int) -> dict[str, float]:
    """Split-half reliability over prompts of mean synergy, mean redundancy and the score.

    The prompts are cut into two halves at random, `N_SPLITS` times; with r the mean Pearson correlation between the
    two halves over heads, the reliability of all prompts is 2 r / (1 + r) (Spearman 1910, Brown 1910).

    Parameters
    ----------
    score, by_prompt, seed
        As in :func:`bootstrap_interval`.

    Returns
    -------
    dict
        ``avg_synergy``, ``avg_redundancy``, ``score``; NaN for fewer than two prompts.
    """
    n_prompts = by_prompt["sts"].shape[0]
    names = ("avg_synergy", "avg_redundancy", "score")
    if n_prompts < 2:
        return dict.fromkeys(names, float("nan"))
    generator = np.random.default_rng(seed)
    first = np.zeros((N_SPLITS, n_prompts))
    for split in first:
        split[generator.permutation(n_prompts)[: n_prompts // 2]] = 1.0
    halves = []
    for weights in (first, 1.0 - first):
        synergy, redundancy = _weighted_mean(weights, by_prompt["sts"]), _weighted_mean(weights, by_prompt["rtr"])
        halves.append((synergy, redundancy, score(synergy, redundancy)))
    reliability = {}
    for name, one, other in zip(names, *halves, strict=True):
        r = np.mean([pearson(a, b) for a, b in zip(one, other, strict=True)])
        reliability[name] = float(2 * r / (1 + r))
    return reliability


def _weighted_mean(weights: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Means (n, n_heads) of values (n_prompts, n_heads) under each row of weights (n, n_prompts), NaN left out."""
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return (weights @ np.where(defined, values, 0.0)) / (weights @ defined.astype(float))
