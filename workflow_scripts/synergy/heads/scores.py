"""Scores of heads, from redundant to synergistic, beside their null, and the table that holds them."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from synergy.files.errors import InputError, set_aside
from synergy.files.folders import is_own
from synergy.files.tables import read_table
from synergy.statistics.descriptive import average_ranks, mean_defined, pearson, rank_quantiles

# ASSUME: Of the three scores in the literature, the paper's text describes `rank_difference` and its code seems to use
# `value_difference`; whether the inverted U appears depends on the choice, so all three are computed and reported, and
# `ranking.score` names the one that orders the heads.
SCORES = ("rank_difference", "value_difference", "balance")
N_SPLITS = 200  # of the prompts, for the split-half reliability
FURTHER_SCORES = ("integration", "numit")  # which order no heads, and are shown beside those that do
Score = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of mean synergy and mean redundancy


def rank_difference(synergy: np.ndarray, redundancy: np.ndarray) -> np.ndarray:
    """Rank by synergy minus rank by redundancy, scaled to [0, 1]: (r_syn − r_red + n − 1) / (2 (n − 1)).

    ASSUME: `rank_difference` is scaled by the largest difference possible, not by the largest found, so that models
    compare.

    Parameters
    ----------
    synergy, redundancy : (..., n_heads)
        Means over partners, in nats.
    """
    largest = np.maximum(_n_defined(synergy) - 1, 1)
    return (average_ranks(synergy) - average_ranks(redundancy) + largest) / (2 * largest)


def value_difference(synergy: np.ndarray, redundancy: np.ndarray) -> np.ndarray:
    """Rank of mean synergy minus mean redundancy, scaled to [0, 1]: (r − 1) / (n − 1)."""
    return rank_quantiles(synergy - redundancy)


def balance(sts: np.ndarray, rtr: np.ndarray) -> np.ndarray:
    """Mean over partners of sts / (sts + rtr), from matrices (n_heads, n_heads) in nats.

    Partners whose sum is undefined or not positive are left out; NaN if none is left.
    """
    total = sts + rtr
    with np.errstate(invalid="ignore", divide="ignore"):
        return mean_defined(np.where(total > 0, sts / total, np.nan), axis=1)


def scores(sts: np.ndarray, rtr: np.ndarray, synergy: np.ndarray, redundancy: np.ndarray) -> dict[str, np.ndarray]:
    """All scores of each head, high = synergistic.

    Parameters
    ----------
    sts, rtr : (n_heads, n_heads)
        Atoms of each pair in nats.
    synergy, redundancy : (n_heads,)
        Their means over partners.

    Returns
    -------
    dict
        Score name to (n_heads,).
    """
    return {
        "rank_difference": rank_difference(synergy, redundancy),
        "value_difference": value_difference(synergy, redundancy),
        "balance": balance(sts, rtr),
    }


def prompt_score(score: str) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The score as a function of means over partners alone, (..., n_heads), as resampling of prompts needs it.

    What is ignored: for ``balance`` the quotient is taken after the mean over partners, not before.
    """
    return {"rank_difference": rank_difference, "value_difference": value_difference, "balance": _quotient}[score]


def _quotient(synergy: np.ndarray, redundancy: np.ndarray) -> np.ndarray:
    """Mean synergy over the sum of mean synergy and mean redundancy."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return synergy / (synergy + redundancy)


def ranking_columns(atoms: dict[str, np.ndarray], score: str, replicates: int, seed: int) -> pd.DataFrame:
    """Columns of the ranking that follow from the pairwise atoms.

    Parameters
    ----------
    atoms : dict of arrays
        The artifact of ``merge_pairs``: ``sts_matrix``, ``rtr_matrix``, ``phi_r_matrix``, ``sts_null_mean``,
        ``rtr_null_mean``, ``head_prompt_sts``, ``head_prompt_rtr``, ``head_null_sts``, ``head_null_rtr``,
        ``head_null_phi_r``.
    score : str
        The configured one of `SCORES`.
    replicates : int
        Number of bootstrap resamples of the prompts.
    seed : int
        Seed of the resampling.

    Returns
    -------
    DataFrame
        A row a head: means over partners in nats (``avg_``, ``null_avg_``, ``excess_`` = observed −
        null), ``z_`` = excess / standard deviation of the null over surrogates, average ranks (1 = lowest), the
        scores, ``syn_red_score`` (the configured one), ``excess_score`` (the same of the excess), the interval
        ``score_ci_low``, ``score_ci_high``, and for integrated information Φ_R likewise mean, null, excess, z, and
        ``integration``, the rank of the mean scaled to [0, 1]. NaN where a head is undefined or without surrogates.
    """
    if score not in SCORES:
        raise InputError(f"a score among {', '.join(SCORES)}", score, "correct ranking.score in the config")
    sts, rtr = atoms["sts_matrix"], atoms["rtr_matrix"]
    synergy, redundancy = mean_defined(sts, axis=1), mean_defined(rtr, axis=1)
    phi_r, nulls = mean_defined(atoms["phi_r_matrix"], axis=1), ("sts", "rtr", "phi_r")
    null_synergy, null_redundancy, null_phi_r = (mean_defined(atoms[f"head_null_{atom}"], axis=0) for atom in nulls)
    excess_synergy, excess_redundancy = synergy - null_synergy, redundancy - null_redundancy
    of_values = scores(sts, rtr, synergy, redundancy)
    excess_sts, excess_rtr = sts - atoms["sts_null_mean"], rtr - atoms["rtr_null_mean"]
    of_excess = scores(excess_sts, excess_rtr, excess_synergy, excess_redundancy)
    by_prompt = {"sts": atoms["head_prompt_sts"], "rtr": atoms["head_prompt_rtr"]}
    low, high = bootstrap_interval(prompt_score(score), by_prompt, replicates, seed)
    if score == "balance":
        # The resampled quotient of means is not quite the mean of quotients: the interval moves to the latter.
        shift = of_values[score] - prompt_score(score)(*(mean_defined(v, axis=0) for v in by_prompt.values()))
        low, high = low + shift, high + shift
    columns = {
        "avg_synergy": synergy,
        "avg_redundancy": redundancy,
        "syn_rank": average_ranks(synergy),
        "red_rank": average_ranks(redundancy),
        "syn_red_score": of_values[score],
        **of_values,
        "null_avg_synergy": null_synergy,
        "null_avg_redundancy": null_redundancy,
        "excess_synergy": excess_synergy,
        "excess_redundancy": excess_redundancy,
        "z_synergy": excess_synergy / spread(atoms["head_null_sts"]),
        "z_redundancy": excess_redundancy / spread(atoms["head_null_rtr"]),
        "excess_score": of_excess[score],
        "score_ci_low": low,
        "score_ci_high": high,
        "avg_phi_r": phi_r,
        "null_avg_phi_r": null_phi_r,
        "excess_phi_r": phi_r - null_phi_r,
        "z_phi_r": (phi_r - null_phi_r) / spread(atoms["head_null_phi_r"]),
        "integration": rank_quantiles(phi_r),
    }
    return pd.DataFrame(columns)


def reliability(atoms: dict[str, np.ndarray], score: str, seed: int) -> dict[str, float]:
    """Split-half reliability over prompts of ``avg_synergy``, ``avg_redundancy`` and the score."""
    by_prompt = {"sts": atoms["head_prompt_sts"], "rtr": atoms["head_prompt_rtr"]}
    return split_half(prompt_score(score), by_prompt, seed)


def spread(null: np.ndarray) -> np.ndarray:
    """Standard deviation (n − 1 in the denominator) over surrogates, (surrogates, n_heads) to (n_heads,).

    NaN for fewer than two surrogates.
    """
    if null.shape[0] < 2:
        return np.full(null.shape[1], np.nan)
    return null.std(axis=0, ddof=1)


def _n_defined(values: np.ndarray) -> np.ndarray:
    """Number of values along the last axis that are not NaN, with that axis kept."""
    return (~np.isnan(values)).sum(axis=-1, keepdims=True)


def read_ranking(
    path: str, n_heads_total: int | None, required: Sequence[str], without_null: bool = False
) -> pd.DataFrame:
    """Read the table of ``rank_heads``, or one of another pipeline, which has a row a head and ``syn_red_score``.

    There, differences of ranks, which go from 1 − n to n − 1, are scaled to [0, 1] as ours are.

    Parameters
    ----------
    path : str
        The CSV.
    n_heads_total : int or None
        Query heads that the model has; None where the table is all that is known of it.
    required : sequence of str
        Columns that must be there.
    without_null : bool
        Whether those that a table of another pipeline lacks are taken for undefined (NaN).

    Raises
    ------
    InputError
        Naming the file, if it cannot be read, lacks a column or has not one row for each head, in order, as many in
        each layer.
    """
    others = is_own(path) and "syn_red_score" in required
    table = read_table(path, required=("syn_red_score",) if others and without_null else required)
    if others:
        table = table.reindex(columns=list(dict.fromkeys([*table, *required])))
        largest = max(len(table) - 1, 1)
        if not table["syn_red_score"].dropna().between(0, 1).all():
            table["syn_red_score"] = (table["syn_red_score"] + largest) / (2 * largest)
    n_rows, n_heads = len(table), len(table) if n_heads_total is None else n_heads_total
    index = np.arange(n_rows)
    right = n_rows == n_heads and np.array_equal(table.get("head_idx", index), index)
    if right and "layer" in table:
        right = np.array_equal(table["layer"], index // (n_rows // table["layer"].nunique()))
    if not right:
        raise InputError(
            f"a row for each of the model's {n_heads} heads, layer by layer, in order, in {path}",
            f"{n_rows} rows{', in another order' * (n_rows == n_heads)}",
            f"{set_aside(path)}; if it stays so, correct layers and heads in the config",
        )
    return table


def configured_score(table: pd.DataFrame) -> str:
    """Name of the score that the column ``syn_red_score`` holds; ``score`` if it is none of the known ones."""
    matching = (name for name in SCORES if np.allclose(table["syn_red_score"], table[name], equal_nan=True))
    return next(matching, "score").replace("_", " ")


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
        Number of resamples; 0 gives NaN, as do fewer than two prompts.
    seed : int
        Seed of the resampling.

    Returns
    -------
    low, high : (n_heads,)
    """
    n_prompts, n_heads = by_prompt["sts"].shape
    if replicates == 0 or n_prompts < 2:
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
