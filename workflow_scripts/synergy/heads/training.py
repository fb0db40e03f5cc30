"""Layer profiles over training: scaled as the paper scales them, unscaled beside that, and what chance would give.

The paper scales each checkpoint's profile to [0, 1] by itself (arXiv:2601.06851, Fig. 3a), which makes any profile as
large as any other, one of noise included. The score is a difference of ranks and so stretched already: the range of its
layer means says little about nats. Both ranges are therefore kept, the first beside what chance gives it.
"""

import json

import numpy as np
import pandas as pd

from synergy.heads.layer_profiles import layer_means, template_correlation
from synergy.statistics.descriptive import spearman

PUBLISHED_MODEL = "pythia-1b"
DRAWS_AT_ONCE = 500
# Column of the ranking, of which the layer means are kept, and of the trajectory.
MEANS = {
    "syn_red_score": "score",
    "excess_score": "excess_score",
    "avg_synergy": "synergy",
    "null_avg_synergy": "null_synergy",
    "excess_synergy": "excess_synergy",
    "avg_redundancy": "redundancy",
    "null_avg_redundancy": "null_redundancy",
    "excess_redundancy": "excess_redundancy",
}
TRAJECTORY_COLUMNS = (
    "model",
    "training_step",
    "layer",
    "score",
    "score_scaled",
    "excess_score",
    "excess_score_scaled",
    "synergy",
    "null_synergy",
    "excess_synergy",
    "redundancy",
    "null_redundancy",
    "excess_redundancy",
    "published_score_scaled",
)


def min_max(profile: np.ndarray) -> np.ndarray:
    """Scale (layers,) to [0, 1]: (x − min) / (max − min); NaN for a flat profile."""
    # ASSUME: Profiles over training are shown unscaled beside the paper's scaling of each checkpoint to [0, 1], which
    # makes any profile as large as any other.
    low, extent = np.nanmin(profile) if np.isfinite(profile).any() else np.nan, extent_of(profile)
    return (profile - low) / extent if extent > 0 else np.full(profile.shape, np.nan)


def extent_of(profile: np.ndarray) -> float:
    """Largest minus smallest value of a profile (layers,), in its unit; NaN if nothing is defined."""
    return float(np.nanmax(profile) - np.nanmin(profile)) if np.isfinite(profile).any() else float("nan")


def chance_extent(scores: np.ndarray, layers: int, heads: int, permutations: int, seed: int) -> tuple[float, float]:
    """Extent of the layer means of scores whose heads are dealt to the layers at random.

    Parameters
    ----------
    scores : (layers * heads,)
    layers, heads, permutations, seed : int

    Returns
    -------
    quantile : float
        95 % quantile of the extents.
    p_value : float
        Share of deals that give the observed extent or more, (1 + count) / (1 + permutations). Both NaN where nothing
        is defined.
    """
    if not np.isfinite(scores).any():
        return float("nan"), float("nan")
    generator, extents = np.random.default_rng(seed), []
    for start in range(0, permutations, DRAWS_AT_ONCE):
        n_draws = min(DRAWS_AT_ONCE, permutations - start)
        means = layer_means(generator.permuted(np.tile(scores, (n_draws, 1)), axis=1), layers, heads)
        extents.append(np.nanmax(means, axis=1) - np.nanmin(means, axis=1))
    drawn, observed = np.concatenate(extents), extent_of(layer_means(scores, layers, heads))
    as_large = np.count_nonzero(drawn >= observed * (1 - 1e-12))
    return float(np.quantile(drawn, 0.95)), (1 + as_large) / (1 + permutations)


def profiles(
    rankings: dict[str, pd.DataFrame], steps: dict[str, int], layers: int, heads: int, published: pd.DataFrame
) -> pd.DataFrame:
    """Layer means of each checkpoint, a row a checkpoint and layer.

    Parameters
    ----------
    rankings : dict of str to DataFrame
        Head ranking of each checkpoint, by model key.
    steps : dict of str to int
        Training step of each, in the order wanted.
    layers, heads : int
        Geometry of the model.
    published : DataFrame
        ``training_step``, ``layer``, ``minmax_scaled_rank``; no rows where the paper does not have the model.

    Returns
    -------
    DataFrame
        Columns `TRAJECTORY_COLUMNS`.
    """
    checkpoints = []
    for model, step in steps.items():
        means = {name: layer_means(rankings[model][column].to_numpy(), layers, heads) for column, name in MEANS.items()}
        scaled = {f"{name}_scaled": min_max(means[name]) for name in ("score", "excess_score")}
        place = {"model": model, "training_step": step, "layer": np.arange(layers)}
        checkpoints.append(pd.DataFrame({**place, **means, **scaled}))
    table = pd.concat(checkpoints, ignore_index=True)
    theirs = published.rename(columns={"minmax_scaled_rank": "published_score_scaled"})
    return table.merge(theirs, how="left", on=["training_step", "layer"])[list(TRAJECTORY_COLUMNS)]


def describe(
    rows: pd.DataFrame, scores: pd.DataFrame, last: pd.DataFrame, layers: int, heads: int, drawn: tuple[int, int]
) -> dict:
    """What one checkpoint's profile is worth: its extents, chance, shape, and agreement with others.

    Parameters
    ----------
    rows, last : DataFrame
        Rows of :func:`profiles` of this checkpoint and of the last one.
    scores : DataFrame
        Head ranking of this checkpoint.
    layers, heads : int
    drawn : (permutations, seed)

    Returns
    -------
    dict
        Extents in score units and nats, their 95 % chance quantile and p, Spearman correlations over layers, and the
        correlation with an inverted U.
    """
    found = {"model": rows["model"].iloc[0], "training_step": rows["training_step"].iloc[0]}
    published = rows["published_score_scaled"].to_numpy()
    for column, name in (("syn_red_score", "score"), ("excess_score", "excess_score")):
        quantile, p_value = chance_extent(scores[column].to_numpy(), layers, heads, *drawn)
        profile = rows[name].to_numpy()
        found[name] = {
            "extent": extent_of(profile),
            "extent_by_chance_95": quantile,
            "p_value": p_value,
            "inverted_u_fit": float(template_correlation(profile)),
            "spearman_with_last": spearman(profile, last[name].to_numpy()),
            "spearman_with_published": spearman(profile, published),
        }
    in_nats = [name for name in MEANS.values() if "score" not in name]
    found["extent_nats"] = {name: extent_of(rows[name].to_numpy()) for name in in_nats}
    return found


def identical_weights(records: dict[str, dict]) -> list[list[str]]:
    """Groups of checkpoints that have the same weights, by the sha256 of their files; by source and seed if untrained.

    Parameters
    ----------
    records : dict of str to dict
        Prefetch record of each checkpoint, by model key.
    """
    groups: dict[str, list[str]] = {}
    for model, record in records.items():
        marks = sorted(record["sha256"].values()) or [record["source"], record["weights"]]
        groups.setdefault(json.dumps(marks, sort_keys=True), []).append(model)
    return [models for models in groups.values() if len(models) > 1]
