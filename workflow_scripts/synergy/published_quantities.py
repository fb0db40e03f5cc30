"""What the paper shows of a model, each beside the same quantity measured here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from synergy.agreement import Quantity
from synergy.profiles import layer_means, rank_quantiles
from synergy.published import read_published
from synergy.tables import Table, select

RANK = "rank, scaled to 0-1"
CONDITIONS = ("baseline", "synergistic", "redundant", "random")
ORDERS = ("synergistic", "random")
COLUMNS = {
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
    ranking: Table
    metrics: dict
    ablation: Table
    math: Table
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
    for figure, columns in COLUMNS.items():
        name, theirs = read_published(published[figure], model, columns)
        if name:
            yield from ((name, quantity) for quantity in compared[figure](theirs))


def head_ranks(ranking: Table, theirs: Table, heads: int) -> Iterator[Quantity]:
    """Rank of each head by its score (Fig. 2b), matched by layer and head in layer."""
    index = (theirs["layer"] * heads + theirs["head_in_layer"]).astype(int)
    scores = ranking["syn_red_score"]
    if index.max() >= len(scores) or theirs["head_in_layer"].max() >= heads:
        return  # another geometry under the same name
    yield Quantity(
        "2b", "rank of each head", RANK, rank_quantiles(scores[index]), rank_quantiles(theirs["syn_red_rank"])
    )


def layer_ranks(ranking: Table, theirs: Table, layers: int, heads: int) -> Iterator[Quantity]:
    """Rank of each layer by the mean score of its heads (Fig. 2c), observed and null-subtracted."""
    index = theirs["layer"].astype(int)
    if index.max() >= layers:
        return  # another geometry under the same name
    for column, name in (("syn_red_score", "rank of each layer"), ("excess_score", "the same, null-subtracted here")):
        profile = layer_means(ranking[column], layers, heads)
        ours = rank_quantiles(profile[index])
        yield Quantity("2c", name, RANK, ours, rank_quantiles(theirs["layer_rank_quantile"]))


def graph_values(metrics: dict, theirs: Table) -> Iterator[Quantity]:
    """Efficiency and modularity of both networks (Fig. 3c), all edges with weights."""
    record = metrics["definitions"]["dense_weighted"]
    for metric, unit in (("global_efficiency", "nats"), ("modularity", "")):
        networks = [str(name) for name in theirs["network"]]
        ours = np.array([_number(record[network][metric]["value"]) for network in networks])
        note = f"Networks: {', '.join(networks)}. The paper states no definition; here: all edges, weights in nats."
        yield Quantity("3c", metric.replace("_", " "), unit, ours, theirs[metric], note=note)


def divergences(ablation: Table, theirs: Table) -> Iterator[Quantity]:
    """KL divergence at the paper's fractions of removed heads (Fig. 4a), ours interpolated and never extrapolated."""
    curves = {}
    for order in ORDERS:
        rows = select(theirs, order=np.str_(order))
        fractions, kl = mean_curve(ablation, order)
        if len(fractions) and len(rows["fraction_removed"]):
            within = (rows["fraction_removed"] >= fractions[0]) & (rows["fraction_removed"] <= fractions[-1])
            at, published = rows["fraction_removed"][within], rows["kl_nats"][within]
            ours = np.interp(at, fractions, kl)
            curves[order] = at, ours, published
            yield Quantity("4a", f"KL in {order} order", "nats", ours, published, monotone=True)
    if len(curves) == len(ORDERS):
        (at, *synergistic), (grid, *random) = (curves[order] for order in ORDERS)
        ours, published = (
            values - np.interp(at, grid, other) for values, other in zip(synergistic, random, strict=True)
        )
        higher = [float(np.mean(values[at > 0] > 0)) if (at > 0).any() else np.nan for values in (ours, published)]
        note = (
            f"Synergistic order is the higher at {higher[0]:.0%} of the fractions here, {higher[1]:.0%} in the paper."
        )
        yield Quantity("4a", "KL, synergistic minus random order", "nats", ours, published, note=note)


def accuracies(math: Table, theirs: Table, sigma: float) -> Iterator[Quantity]:
    """Accuracy by condition at the configured noise (Fig. 4b), seeds pooled."""
    published = [select(theirs, condition=np.str_(name))["accuracy_percent"] for name in CONDITIONS]
    ours = []
    for name in CONDITIONS:
        rows = select(math, condition=np.str_(name))
        chosen = np.isclose(rows["sigma"], 0.0 if name == "baseline" else sigma)
        asked = rows["n_problems"][chosen].sum()
        ours.append(100 * rows["n_correct"][chosen].sum() / asked if asked else np.nan)
    note = f"Conditions: {', '.join(CONDITIONS)}. Sigma here {sigma:g}; the paper states none, nor the problems asked."
    values = np.array([value[0] if len(value) else np.nan for value in published])
    yield Quantity("4b", "accuracy under noise", "percentage points", np.array(ours), values, note=note)


def mean_curve(ablation: Table, order: str) -> tuple[np.ndarray, np.ndarray]:
    """Fractions removed, ascending, and the mean KL over seeds in nats, of the first method if there are several."""
    rows = select(ablation, order_type=np.str_(order))
    if "method" in rows and len(rows["method"]):
        rows = select(rows, method=rows["method"][0])
    fractions = np.unique(rows["fraction_removed"])
    kl = [rows["mean_kl_div"][rows["fraction_removed"] == fraction].mean() for fraction in fractions]
    return fractions, np.array(kl)


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
