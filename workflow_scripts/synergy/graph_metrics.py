"""Efficiency and modularity of the synergy and redundancy networks, under every definition, beside their nulls."""

from collections.abc import Callable

import numpy as np

from synergy.communities import louvain, modularity
from synergy.graphs import global_efficiency, shuffled_weights, strongest_edges, weighted_graph

DESCRIPTIONS = {
    "top_fraction": "headline: strongest top_fraction of pairs; efficiency counts edges, modularity uses weights",
    "dense_weighted": "all pairs of positive weight; an edge is 1/weight long, efficiency in nats",
    "dense_mean_normalised": "dense_weighted over the mean weight: efficiency without unit, modularity the same",
}
NULL = (
    "weights dealt anew among the pairs; without weights, the strongest edges of such a graph are a random graph "
    "with the same number of nodes and edges"
)
METRICS = ("global_efficiency", "modularity")
JACKKNIFE_GROUPS = 20
Metrics = dict[str, float]


def top_fraction_metrics(graph: np.ndarray, top_fraction: float, seed: int) -> Metrics:
    """Efficiency (unweighted, no unit) and modularity (weighted) of the strongest edges."""
    # ASSUME: Of the strongest edges, global efficiency counts the edges on the shortest paths and ignores their
    # weights, and modularity is Louvain's with weights and a fixed seed.
    kept = strongest_edges(graph, top_fraction)
    return {"global_efficiency": global_efficiency(kept), "modularity": modularity(kept, louvain(kept, seed))}


def dense_metrics(graph: np.ndarray, seed: int) -> Metrics:
    """Efficiency (nats) and modularity of the whole weighted graph."""
    return {
        "global_efficiency": global_efficiency(graph, weighted=True),
        "modularity": modularity(graph, louvain(graph, seed)),
    }


def network_definitions(atoms: np.ndarray, top_fraction: float, seed: int, null_networks: int) -> dict[str, dict]:
    """Measure one network under every definition, each metric beside its weight-shuffled null.

    Parameters
    ----------
    atoms : ndarray (n_heads_total, n_heads_total)
        One atom, in nats; NaN where undefined.
    top_fraction : float
    seed : int
        Seeds Louvain and the shuffles.
    null_networks : int
        Number of shuffles; 0 leaves the null NaN.

    Returns
    -------
    dict
        By definition: ``n_edges`` and, by metric, ``value``, ``null_mean``, ``null_sd``, ``relative_to_null`` (value /
        null mean), ``z``, ``null_draws``.
    """
    graph = weighted_graph(atoms)
    defined = np.isfinite(atoms)
    n_pairs = np.count_nonzero(np.triu(defined, k=1))
    mean_weight = graph.sum() / (2 * n_pairs) if n_pairs else float("nan")
    generator = np.random.default_rng(seed)
    shuffles = [shuffled_weights(graph, defined, generator) for _ in range(null_networks)]

    def measured(measure: Callable[[np.ndarray], Metrics]) -> dict[str, dict]:
        observed, null = measure(graph), [measure(shuffle) for shuffle in shuffles]
        return {metric: _beside_null(observed[metric], [draw[metric] for draw in null]) for metric in METRICS}

    n_edges = np.count_nonzero(graph) // 2
    top = measured(lambda network: top_fraction_metrics(network, top_fraction, seed))
    dense = measured(lambda network: dense_metrics(network, seed))
    normalised = {
        "global_efficiency": _divided(dense["global_efficiency"], mean_weight),
        "modularity": dense["modularity"],
    }
    n_kept = np.count_nonzero(strongest_edges(graph, top_fraction)) // 2
    return {
        "top_fraction": {"n_edges": n_kept, **top},
        "dense_weighted": {"n_edges": n_edges, "mean_weight": mean_weight, **dense},
        "dense_mean_normalised": {"n_edges": n_edges, **normalised},
    }


def headline_contrasts(synergy: np.ndarray, redundancy: np.ndarray, top_fraction: float, seed: int) -> dict[str, dict]:
    """Synergy minus redundancy of each headline metric, with an interval by leaving out groups of heads.

    Delete-a-group jackknife: heads are dealt at random into g groups (g = 20, or the number of heads if that is less),
    both networks are measured without each group in turn, and the squared standard error is
    (g - 1)/g times the sum of squared deviations of the g contrasts from their mean.

    Parameters
    ----------
    synergy, redundancy : ndarray (n_heads_total, n_heads_total)
        Atoms, in nats.
    top_fraction : float
    seed : int
        Seeds the groups and Louvain.

    Returns
    -------
    dict
        By metric: ``estimate``, ``standard_error``, ``ci_low``, ``ci_high`` (95 %, normal).
    """
    n_heads_total = len(synergy)
    groups = np.array_split(
        np.random.default_rng(seed).permutation(n_heads_total), min(JACKKNIFE_GROUPS, n_heads_total)
    )

    def contrast(heads: np.ndarray) -> Metrics:
        block = np.ix_(heads, heads)
        first, second = (
            top_fraction_metrics(weighted_graph(atoms[block]), top_fraction, seed) for atoms in (synergy, redundancy)
        )
        return {metric: first[metric] - second[metric] for metric in METRICS}

    everything = np.arange(n_heads_total)
    whole = contrast(everything)
    partial = [contrast(np.setdiff1d(everything, group)) for group in groups]
    contrasts = {}
    for metric in METRICS:
        values = np.array([part[metric] for part in partial])
        error = float(np.sqrt((len(values) - 1) * np.mean((values - values.mean()) ** 2)))
        contrasts[metric] = {
            "estimate": whole[metric],
            "standard_error": error,
            "ci_low": whole[metric] - 1.96 * error,
            "ci_high": whole[metric] + 1.96 * error,
        }
    return contrasts


def _beside_null(value: float, draws: list[float]) -> dict:
    mean = float(np.mean(draws)) if draws else float("nan")
    sd = float(np.std(draws, ddof=1)) if len(draws) > 1 else float("nan")
    return {
        "value": value,
        "null_mean": mean,
        "null_sd": sd,
        "relative_to_null": value / mean if mean else float("nan"),
        "z": (value - mean) / sd if sd else float("nan"),
        "null_draws": draws,
    }


def _divided(measured: dict, unit: float) -> dict:
    """Express a metric and its null in another unit; what is relative to the null stays."""
    unit = unit or float("nan")
    scaled = {key: measured[key] / unit for key in ("value", "null_mean", "null_sd")}
    return {**measured, **scaled, "null_draws": [draw / unit for draw in measured["null_draws"]]}
