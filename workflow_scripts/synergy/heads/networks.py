"""Networks of heads: the strongest edges, global efficiency, communities, weight-shuffled nulls, intervals.

A graph is a symmetric float matrix of edge weights in nats with zeros where there is no edge.

ASSUME: A pair of heads whose weight is not positive or is undefined has no edge, in every definition of the networks.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import parent_process
from threading import Thread

import community as community_louvain
import networkx as nx
import numpy as np
from scipy.sparse.csgraph import shortest_path

from synergy.files.console import progress

DESCRIPTIONS = {
    "top_fraction": "headline: strongest top_fraction of pairs; efficiency counts edges, modularity uses weights",
    "dense_weighted": "all pairs of positive weight; an edge is 1/weight long, efficiency in nats; no null",
    "dense_mean_normalised": "dense_weighted over the mean weight: efficiency without unit, same modularity; no null",
}
NULL_IN_WORDS = (
    "weights dealt anew among the pairs; without weights, the strongest edges of such a graph are a random graph "
    "with the same number of nodes and edges"
)
METRICS = ("global_efficiency", "modularity")
JACKKNIFE_GROUPS = 20
Metrics = dict[str, float]


def weighted_graph(atoms: np.ndarray) -> np.ndarray:
    """Turn a matrix of atoms into a graph: positive weights stay, all else (NaN, zero, negative, diagonal) is no edge.

    Parameters
    ----------
    atoms : ndarray (n_heads_total, n_heads_total)
        Symmetric, in nats; NaN where undefined.

    Returns
    -------
    ndarray (n_heads_total, n_heads_total)
        Edge weights, zero where there is no edge.
    """
    graph = np.where(np.isfinite(atoms) & (atoms > 0), atoms, 0.0)
    np.fill_diagonal(graph, 0.0)
    return graph


def strongest_edges(graph: np.ndarray, top_fraction: float) -> np.ndarray:
    """Keep the strongest edges and drop the others.

    The number kept is `top_fraction` of all n(n-1)/2 pairs, rounded, at least 1, but never more than there are edges.
    Of edges with equal weight at the threshold, those first in row-major order are kept, so that the count is exact.

    Parameters
    ----------
    graph : ndarray (n_nodes, n_nodes)
    top_fraction : float
        In (0, 1].

    Returns
    -------
    ndarray (n_nodes, n_nodes)
        Weights of the kept edges, zero elsewhere.
    """
    rows, columns = np.triu_indices(len(graph), k=1)
    weights = graph[rows, columns]
    n_kept = min(max(1, round(top_fraction * len(weights))), np.count_nonzero(weights))
    if n_kept == 0:
        return np.zeros_like(graph)
    threshold = np.partition(weights, -n_kept)[-n_kept]
    above, at = np.flatnonzero(weights > threshold), np.flatnonzero(weights == threshold)
    kept = np.concatenate([above, at[: n_kept - len(above)]])
    return _symmetric(len(graph), rows[kept], columns[kept], weights[kept])


def shuffled_weights(graph: np.ndarray, defined: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Deal the weights of a graph anew among its pairs: the same weights, no structure.

    On a graph that is then cut to its strongest edges and read without weights, this null is a random graph with
    the same number of nodes and edges, G(n, m).

    Parameters
    ----------
    graph : ndarray (n_nodes, n_nodes)
    defined : ndarray of bool (n_nodes, n_nodes)
        Pairs that take part; undefined pairs keep no edge.
    generator : numpy.random.Generator

    Returns
    -------
    ndarray (n_nodes, n_nodes)
    """
    rows, columns = np.nonzero(np.triu(defined, k=1))
    return _symmetric(len(graph), rows, columns, generator.permutation(graph[rows, columns]))


def as_networkx(graph: np.ndarray) -> nx.Graph:
    """The same graph for networkx: nodes 0 … n - 1, with and without edges, and the attribute ``weight`` of an edge."""
    rows, columns = np.nonzero(np.triu(graph, k=1))
    network = nx.Graph()
    network.add_nodes_from(range(len(graph)))
    network.add_weighted_edges_from(
        zip(rows.tolist(), columns.tolist(), graph[rows, columns].tolist(), strict=True), weight="weight"
    )
    return network


def unweighted_efficiency(network: nx.Graph) -> float:
    """Mean over all pairs of nodes of the inverse of their distance, counted in edges: in [0, 1].

    E = 1 / (n (n - 1)) * sum over i != j of 1 / d(i, j), where a pair without a path contributes 0 and nodes
    without edges count in n. NaN for fewer than two nodes.

    References
    ----------
    Latora and Marchiori, Efficient behavior of small-world networks, doi:10.1103/PhysRevLett.87.198701.
    """
    return nx.global_efficiency(network) if len(network) > 1 else float("nan")


def weighted_efficiency(graph: np.ndarray) -> float:
    """The same with an edge of weight w being 1/w long, in nats, of a graph (n_nodes, n_nodes).

    networkx has no efficiency with weights: the paths are SciPy's.
    """
    n_nodes = len(graph)
    if n_nodes < 2:
        return float("nan")
    lengths = np.divide(1.0, graph, out=np.zeros_like(graph), where=graph > 0)
    distances = shortest_path(lengths, directed=False)
    np.fill_diagonal(distances, np.inf)
    return float((1 / distances).sum() / (n_nodes * (n_nodes - 1)))


def louvain_modularity(network: nx.Graph, seed: int) -> float:
    """Modularity of the communities that the Louvain method finds, with weights.

    Q = sum over communities c of [ W_c / W - (S_c / W)^2 ], where W is twice the weight of all edges, W_c the part
    within c and S_c the summed strength of c's nodes. Scaling all weights changes nothing.

    Parameters
    ----------
    network : networkx.Graph
        With the attribute ``weight``.
    seed : int
        Of the order in which nodes are visited: the same seed gives the same communities.

    Returns
    -------
    float
        In [-1/2, 1]; 0 for a graph without edges.

    References
    ----------
    Blondel et al., Fast unfolding of communities in large networks, doi:10.1088/1742-5468/2008/10/P10008.
    Newman, Analysis of weighted networks, doi:10.1103/PhysRevE.70.056131.
    """
    if network.number_of_edges() == 0:
        return 0.0
    # 32 bits are all that the generator of python-louvain takes.
    communities = community_louvain.best_partition(network, weight="weight", random_state=seed % 2**32)
    return community_louvain.modularity(communities, network, weight="weight")


def top_fraction_metrics(graph: np.ndarray, top_fraction: float, seed: int) -> Metrics:
    """Efficiency (unweighted, no unit) and modularity (weighted) of the strongest edges."""
    # ASSUME: Of the strongest edges, global efficiency counts the edges on the shortest paths and ignores their
    # weights, and modularity is Louvain's with weights and a fixed seed.
    network = as_networkx(strongest_edges(graph, top_fraction))
    return {"global_efficiency": unweighted_efficiency(network), "modularity": louvain_modularity(network, seed)}


def dense_metrics(graph: np.ndarray, seed: int) -> Metrics:
    """Efficiency (nats) and modularity of the whole weighted graph."""
    return {
        "global_efficiency": weighted_efficiency(graph),
        "modularity": louvain_modularity(as_networkx(graph), seed),
    }


def measure_networks(
    synergy: np.ndarray, redundancy: np.ndarray, top_fraction: float, seed: int, null_networks: int, threads: int = 1
) -> dict[str, dict]:
    """Measure both networks under every definition, the headline one beside its null and with an interval.

    The null deals the weights of a network anew among its pairs, each network by its own stream of random numbers. Only
    the strongest edges are compared with it: the efficiency of a dense graph mostly restates its mean weight, which a
    shuffle keeps, and its modularity says nothing.

    The interval is that of a delete-a-group jackknife: heads are dealt at random into g groups (g = 20, or the number
    of heads if that is less), both networks are measured without each group in turn, and the squared standard error
    is (g - 1)/g times the sum of squared deviations of the g contrasts from their mean.

    Parameters
    ----------
    synergy, redundancy : ndarray (n_heads_total, n_heads_total)
        Atoms, in nats; NaN where undefined.
    top_fraction : float
        Share of all pairs that the headline networks keep.
    seed : int
        Seeds Louvain, the shuffles and the groups.
    null_networks : int
        Shuffles of each network; 0 leaves the null NaN.
    threads : int
        Graphs measured side by side, each by a process; the numbers do not depend on it.

    Returns
    -------
    dict
        ``definitions``: by definition and network, ``n_edges`` and by metric ``value``; under ``top_fraction`` also
        ``null_mean``, ``null_sd``, ``relative_to_null`` (value / null mean), ``z``, ``null_draws``.
        ``contrasts_synergy_minus_redundancy``: by metric of the headline, ``estimate``, ``standard_error``, ``ci_low``,
        ``ci_high`` (95 %, normal).
    """
    n_heads_total = len(synergy)
    dealt = np.random.default_rng(seed).permutation(n_heads_total)
    groups = np.array_split(dealt, min(JACKKNIFE_GROUPS, n_heads_total))
    graphs, tasks = {}, {}
    for number, (name, atoms) in enumerate({"synergy": synergy, "redundancy": redundancy}.items()):
        graph, defined = weighted_graph(atoms), np.isfinite(atoms)
        shuffles = np.random.default_rng([seed, number]).spawn(null_networks)
        graphs[name] = graph, np.count_nonzero(np.triu(defined, k=1))
        tasks[name, "dense"] = [(dense_metrics, graph, seed)]
        tasks[name, "top"] = [(top_fraction_metrics, graph, top_fraction, seed)]
        tasks[name, "null"] = [(_shuffled_metrics, graph, defined, drawn, top_fraction, seed) for drawn in shuffles]
        tasks[name, "partial"] = [(_metrics_without, graph, group, top_fraction, seed) for group in groups]
    results = iter(side_by_side([task for some in tasks.values() for task in some], threads))
    measured = {key: [next(results) for _ in some] for key, some in tasks.items()}

    definitions = {definition: {} for definition in DESCRIPTIONS}
    for name, (graph, n_pairs) in graphs.items():
        (top,), (dense,), null = measured[name, "top"], measured[name, "dense"], measured[name, "null"]
        mean_weight = float(graph.sum() / (2 * n_pairs)) if n_pairs else float("nan")
        n_edges = np.count_nonzero(graph) // 2
        definitions["top_fraction"][name] = {
            "n_edges": np.count_nonzero(strongest_edges(graph, top_fraction)) // 2,
            **{metric: _beside_null(top[metric], [draw[metric] for draw in null]) for metric in METRICS},
        }
        definitions["dense_weighted"][name] = {
            "n_edges": n_edges,
            "mean_weight": mean_weight,
            **{metric: {"value": dense[metric]} for metric in METRICS},
        }
        definitions["dense_mean_normalised"][name] = {
            "n_edges": n_edges,
            "global_efficiency": {"value": dense["global_efficiency"] / (mean_weight or float("nan"))},
            "modularity": {"value": dense["modularity"]},
        }
    contrasts = {}
    for metric in METRICS:
        whole, partial = (
            [first[metric] - second[metric] for first, second in zip(*pair, strict=True)]
            for pair in ((measured["synergy", part], measured["redundancy", part]) for part in ("top", "partial"))
        )
        contrasts[metric] = _jackknife(whole[0], np.array(partial))
    return {"definitions": definitions, "contrasts_synergy_minus_redundancy": contrasts}


def side_by_side(tasks: Sequence[tuple], threads: int) -> list:
    """Results of tasks (function, argument, …) in their order, `threads` of them at a time, each in a process."""
    if threads == 1:
        return [function(*arguments) for function, *arguments in progress(tasks, "networks", "graph")]
    pool = ProcessPoolExecutor(threads, initializer=_end_with_the_parent)
    try:
        futures = [pool.submit(*task) for task in tasks]
        for done in progress(as_completed(futures), "networks", "graph", total=len(futures)):
            done.result()  # a failure ends the job at once, not after all the others
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)


def _end_with_the_parent() -> None:
    # A killed parent cannot end its workers, which would then wait for work forever.
    Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()


def _shuffled_metrics(
    graph: np.ndarray, defined: np.ndarray, generator: np.random.Generator, top_fraction: float, seed: int
) -> Metrics:
    return top_fraction_metrics(shuffled_weights(graph, defined, generator), top_fraction, seed)


def _metrics_without(graph: np.ndarray, heads: np.ndarray, top_fraction: float, seed: int) -> Metrics:
    return top_fraction_metrics(np.delete(np.delete(graph, heads, axis=0), heads, axis=1), top_fraction, seed)


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


def _jackknife(whole: float, partial: np.ndarray) -> dict:
    """Estimate and normal interval from the value on all heads and the values without each group, (n_groups,)."""
    error = float(np.sqrt((len(partial) - 1) * np.mean((partial - partial.mean()) ** 2)))
    return {
        "estimate": whole,
        "standard_error": error,
        "ci_low": whole - 1.96 * error,
        "ci_high": whole + 1.96 * error,
    }


def _symmetric(n_nodes: int, rows: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    graph = np.zeros((n_nodes, n_nodes))
    graph[rows, columns] = weights
    graph[columns, rows] = weights
    return graph
