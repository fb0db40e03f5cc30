"""Values read off the published figures, to be drawn faintly beside ours."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from synergy.ablation.curves import curve_of_order, methods
from synergy.files.tables import read_table
from synergy.heads.layer_profiles import layer_means
from synergy.perturbation.outcomes import pooled_accuracy
from synergy.statistics.descriptive import pearson, rank_quantiles
from synergy.statistics.inference import share_as_extreme

AGREEMENT_COLUMNS = (
    "model",
    "published_model",
    "figure",
    "quantity",
    "unit",
    "n",
    "rank_correlation",
    "p_value",
    "mean_abs_difference",
    "mean_difference",
    "agreement",
    "note",
)
AGREES, UNSHOWN, DISAGREES = "agrees", "no agreement shown", "opposite"
SAME_ORDER, OTHER_ORDER, REVERSED = "same order", "another order", "reversed order"
NOT_COMPARABLE = "not comparable"
FEWEST = 5  # with fewer values not even the most extreme order has p < 0.05, so only the order is compared


@dataclass(frozen=True)
class Quantity:
    """Values here and in the paper, element by element; ``monotone`` where both rise by construction."""

    figure: str
    name: str
    unit: str
    ours: np.ndarray
    theirs: np.ndarray
    monotone: bool = False
    note: str = ""


def agreement_rule(significance: float) -> str:
    """In words, how `judged` decides."""
    return (
        f"{AGREES} if the rank correlation is positive with p < {significance:g} (permutation, two-sided), {DISAGREES} "
        f"if negative with p < {significance:g}, else {UNSHOWN}; with fewer than {FEWEST} values only their order is "
        f"compared ({SAME_ORDER}, {REVERSED}, {OTHER_ORDER}); curves that rise by construction have differences alone"
    )


def judged(quantity: Quantity, significance: float, permutations: int, seed: int) -> dict:
    """Rank correlation, differences (here minus paper) and the word for them, keyed by the last of `COLUMNS`.

    Parameters
    ----------
    quantity : Quantity
        Pairs where either is NaN are left out.
    significance : float
        Two-sided level.
    permutations, seed : int
        Draws that permute one side, and their seed.
    """
    both = np.isfinite(quantity.ours) & np.isfinite(quantity.theirs)
    ours, theirs = quantity.ours[both], quantity.theirs[both]
    n = int(both.sum())
    correlation, p_value = np.nan, np.nan
    if n > 1 and not quantity.monotone:
        x, y = rank_quantiles(ours), rank_quantiles(theirs)
        correlation = pearson(x, y)
        if n >= FEWEST and np.isfinite(correlation):
            p_value = share_as_extreme(_permuted(x, y, permutations, seed), correlation)
    difference = ours - theirs
    return {
        "figure": quantity.figure,
        "quantity": quantity.name,
        "unit": quantity.unit,
        "n": n,
        "rank_correlation": correlation,
        "p_value": p_value,
        "mean_abs_difference": float(np.abs(difference).mean()) if n else np.nan,
        "mean_difference": float(difference.mean()) if n else np.nan,
        "agreement": _word(n, correlation, p_value, significance, quantity.monotone),
        "note": quantity.note,
    }


def _word(n: int, correlation: float, p_value: float, significance: float, monotone: bool) -> str:
    if monotone and n:
        return ""
    if not np.isfinite(correlation):
        return NOT_COMPARABLE
    if n < FEWEST:
        if abs(correlation) > 1 - 1e-9:
            return SAME_ORDER if correlation > 0 else REVERSED
        return OTHER_ORDER
    if p_value >= significance:
        return UNSHOWN
    return AGREES if correlation > 0 else DISAGREES


def _permuted(x: np.ndarray, y: np.ndarray, permutations: int, seed: int) -> np.ndarray:
    """Correlations of x with `permutations` random orders of y."""
    x, y = (values - values.mean() for values in (x, y))
    shuffled = np.random.default_rng(seed).permuted(np.tile(y, (permutations, 1)), axis=1)
    return shuffled @ x / np.sqrt((x @ x) * (y @ y))


# ASSUME: Where the paper has another variant of a model (instruct, base) than the study, its values are shown all the
# same, under their own name, since the published claims are said to hold across variants.
MODEL_VARIANTS = ("", "-it", "-base")


def published_name(model: str, table: pd.DataFrame) -> str | None:
    """Name under which the paper has `model`: itself, or its instruct or base variant; None if it has neither."""
    names = set(table["model"])
    return next((model + variant for variant in MODEL_VARIANTS if model + variant in names), None)


def variant_in_words(model: str, name: str) -> str:
    """Say so where the paper shows another variant than ours; empty where both are the same."""
    kinds = {"-it": "instruct", "-base": "base"}
    kind = next((word for ending, word in kinds.items() if name.endswith(ending)), "")
    return "" if name == model else f"Another variant: the paper's is {name} ({kind} model), ours {model}."


def read_published(path: str | Path, model: str, columns: tuple[str, ...]) -> tuple[str | None, pd.DataFrame]:
    """Rows of a published table that belong to `model`.

    Parameters
    ----------
    path : str or Path
        CSV with a column ``model``.
    model : str
        Key of a model of the study.
    columns : tuple of str
        Columns that must be there besides ``model``.

    Returns
    -------
    name : str or None
        The paper's name of the model, None if the paper does not have it.
    table : DataFrame
        Its rows; no rows when `name` is None.
    """
    table = read_table(path, required=("model", *columns))
    name = published_name(model, table)
    return name, table[table["model"] == name].reset_index(drop=True)


RANK = "rank, scaled to 0-1"
PUBLISHED_CONDITIONS = ("baseline", "synergistic", "redundant", "random")
PUBLISHED_ORDERS = ("synergistic", "random")
PUBLISHED_COLUMNS = {
    "2b": ("layer", "head_in_layer", "syn_red_rank"),
    "2c": ("layer", "layer_rank_quantile"),
    "3c": ("network", "global_efficiency", "modularity"),
    "4a": ("order", "fraction_removed", "kl_nats"),
    "4b": ("condition", "accuracy_percent"),
}


@dataclass(frozen=True)
class Measured:
    """What was measured of one model: geometry, head ranking, graph metrics, ablation, accuracies and their sigma."""

    layers: int
    heads: int
    ranking: pd.DataFrame
    metrics: dict
    ablation: pd.DataFrame
    math: pd.DataFrame
    sigma: float


def quantities(model: str, measured: Measured, published: Mapping[str, str]) -> Iterator[tuple[str, Quantity]]:
    """Each quantity that the paper shows of `model`, with the paper's name of the model.

    `published` maps figures, the keys of `COLUMNS`, to the paths of the paper's tables (CSV).
    """
    layers, heads = measured.layers, measured.heads
    compared = {
        "2b": lambda theirs: head_ranks(measured.ranking, theirs, heads),
        "2c": lambda theirs: layer_ranks(measured.ranking, theirs, layers, heads),
        "3c": lambda theirs: graph_values(measured.metrics, theirs),
        "4a": lambda theirs: divergences(measured.ablation, theirs),
        "4b": lambda theirs: accuracies(measured.math, theirs, measured.sigma),
    }
    for figure, columns in PUBLISHED_COLUMNS.items():
        name, theirs = read_published(published[figure], model, columns)
        if name:
            yield from ((name, quantity) for quantity in compared[figure](theirs))


def head_ranks(ranking: pd.DataFrame, theirs: pd.DataFrame, heads: int) -> Iterator[Quantity]:
    """Rank of each head by its score (Fig. 2b), matched by layer and head in layer."""
    index = theirs["layer"] * heads + theirs["head_in_layer"]
    if index.max() >= len(ranking) or theirs["head_in_layer"].max() >= heads:
        return  # another geometry under the same name
    ours = rank_quantiles(ranking["syn_red_score"].to_numpy()[index])
    yield Quantity("2b", "rank of each head", RANK, ours, rank_quantiles(theirs["syn_red_rank"].to_numpy()))


def layer_ranks(ranking: pd.DataFrame, theirs: pd.DataFrame, layers: int, heads: int) -> Iterator[Quantity]:
    """Rank of each layer by the mean score of its heads (Fig. 2c), observed and null-subtracted."""
    if theirs["layer"].max() >= layers:
        return  # another geometry under the same name
    published = rank_quantiles(theirs["layer_rank_quantile"].to_numpy())
    for column, name in (("syn_red_score", "rank of each layer"), ("excess_score", "the same, null-subtracted here")):
        profile = layer_means(ranking[column].to_numpy(), layers, heads)
        yield Quantity("2c", name, RANK, rank_quantiles(profile[theirs["layer"]]), published)


def graph_values(metrics: dict, theirs: pd.DataFrame) -> Iterator[Quantity]:
    """Efficiency and modularity of both networks (Fig. 3c), all edges with weights."""
    record = metrics["definitions"]["dense_weighted"]
    for metric, unit in (("global_efficiency", "nats"), ("modularity", "")):
        ours = np.array([record[network][metric]["value"] for network in theirs["network"]], dtype=float)
        networks = ", ".join(theirs["network"])
        note = f"Networks: {networks}. The paper states no definition; here: all edges, weights in nats."
        yield Quantity("3c", metric.replace("_", " "), unit, ours, theirs[metric].to_numpy(), note=note)


def divergences(ablation: pd.DataFrame, theirs: pd.DataFrame) -> Iterator[Quantity]:
    """KL divergence at the paper's fractions of removed heads (Fig. 4a), ours interpolated and never extrapolated."""
    curves = {}
    for order in PUBLISHED_ORDERS:
        rows = theirs[theirs["order"] == order]
        curve = curve_of_order(ablation, order, methods(ablation)[0])
        if curve and len(rows):
            rows = rows[rows["fraction_removed"].between(curve.fraction[0], curve.fraction[-1])]
            at, published = rows["fraction_removed"].to_numpy(), rows["kl_nats"].to_numpy()
            ours = np.interp(at, curve.fraction, curve.kl)
            curves[order] = at, ours, published
            yield Quantity("4a", f"KL in {order} order", "nats", ours, published, monotone=True)
    if len(curves) == len(PUBLISHED_ORDERS):
        (at, *synergistic), (grid, *random) = (curves[order] for order in PUBLISHED_ORDERS)
        ours, published = (
            values - np.interp(at, grid, other) for values, other in zip(synergistic, random, strict=True)
        )
        higher = [float(np.mean(values[at > 0] > 0)) if (at > 0).any() else np.nan for values in (ours, published)]
        note = (
            f"Synergistic order is the higher at {higher[0]:.0%} of the fractions here, {higher[1]:.0%} in the paper."
        )
        yield Quantity("4a", "KL, synergistic minus random order", "nats", ours, published, note=note)


def accuracies(math: pd.DataFrame, theirs: pd.DataFrame, sigma: float) -> Iterator[Quantity]:
    """Accuracy by condition at the configured noise (Fig. 4b), seeds pooled."""
    pooled = [pooled_accuracy(math, name, 0.0 if name == "baseline" else sigma) for name in PUBLISHED_CONDITIONS]
    ours = np.array([100 * own.n_correct / own.n_problems if own else np.nan for own in pooled])
    published = theirs.groupby("condition")["accuracy_percent"].first().reindex(PUBLISHED_CONDITIONS).to_numpy()
    names = ", ".join(PUBLISHED_CONDITIONS)
    note = f"Conditions: {names}. Sigma here {sigma:g}; the paper states none, nor the problems asked."
    yield Quantity("4b", "accuracy under noise", "percentage points", ours, published, note=note)
