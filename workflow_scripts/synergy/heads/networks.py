"""Networks of heads: the strongest edges, global efficiency, communities, and the same of surrogates and groups.

A graph is a symmetric float matrix of edge weights in nats with zeros where there is no edge.

ASSUME: A pair of heads whose weight is not positive or is undefined has no edge, in every definition of the networks.
"""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import parent_process
from threading import Thread
from typing import NamedTuple

import community as community_louvain
import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from synergy.files.console import progress
from synergy.statistics.inference import jackknife

DESCRIPTIONS = {
    "top_fraction": "headline: strongest top_fraction of pairs; efficiency counts edges, modularity uses weights",
    "dense_weighted": "all pairs of positive weight; an edge is 1/weight long, efficiency in nats; no null",
    "dense_mean_normalised": "dense_weighted over the mean weight: efficiency without unit, same modularity; no null",
}
NULL_IN_WORDS = (
    "weights dealt anew among the pairs; without weights, the strongest edges of such a graph are a random graph "
    "with the same number of nodes and edges"
)
MOST_EDGES = 3_000_000  # whose communities are looked for in a dense graph: 0.9 kB and up to 250 us an edge
METRICS = ("global_efficiency", "modularity")
NETWORKS = ("synergy", "redundancy")
Metrics = dict[str, float]
Matrices = tuple[np.ndarray, np.ndarray]  # of synergy and redundancy, (n_heads_total, n_heads_total) each, in nats


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


class Edges(NamedTuple):
    """The edges of a graph of `n_nodes`: their two ends and their weights, each (n_edges,)."""

    n_nodes: int
    rows: np.ndarray
    columns: np.ndarray
    weights: np.ndarray


def strongest(graph: np.ndarray, top_fraction: float) -> Edges:
    """The strongest edges of a graph.

    The number kept is `top_fraction` of all n(n-1)/2 pairs, rounded, at least 1, but never more than there are edges.
    Of edges with equal weight at the threshold, those first in row-major order are kept, so that the count is exact.

    Parameters
    ----------
    graph : ndarray (n_nodes, n_nodes)
    top_fraction : float
        In (0, 1].
    """
    rows, columns = np.triu_indices(len(graph), k=1)
    weights = graph[rows, columns]
    n_kept = min(max(1, round(top_fraction * len(weights))), np.count_nonzero(weights))
    kept = np.zeros(0, dtype=int)
    if n_kept:
        threshold = np.partition(weights, -n_kept)[-n_kept]
        above, at = np.flatnonzero(weights > threshold), np.flatnonzero(weights == threshold)
        kept = np.concatenate([above, at[: n_kept - len(above)]])
    return Edges(len(graph), rows[kept].astype(np.int32), columns[kept].astype(np.int32), weights[kept])


def strongest_edges(graph: np.ndarray, top_fraction: float) -> np.ndarray:
    """The graph of its `strongest` edges alone, (n_nodes, n_nodes), zero elsewhere."""
    return _symmetric(*strongest(graph, top_fraction))


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


def as_networkx(graph: np.ndarray | Edges) -> nx.Graph:
    """The same graph for networkx: nodes 0 … n - 1, with and without edges, and the attribute ``weight`` of an edge."""
    if not isinstance(graph, Edges):
        rows, columns = np.nonzero(np.triu(graph, k=1))
        graph = Edges(len(graph), rows, columns, graph[rows, columns])
    network = nx.Graph()
    network.add_nodes_from(range(graph.n_nodes))
    network.add_weighted_edges_from(zip(*(ends.tolist() for ends in graph[1:]), strict=True), weight="weight")
    return network


def unweighted_efficiency(edges: Edges) -> float:
    """Mean over all pairs of nodes of the inverse of their distance, counted in edges: in [0, 1].

    E = 1 / (n (n - 1)) * sum over i != j of 1 / d(i, j), where a pair without a path contributes 0 and nodes
    without edges count in n. NaN for fewer than two nodes.

    References
    ----------
    Latora and Marchiori, Efficient behavior of small-world networks, doi:10.1103/PhysRevLett.87.198701.
    """
    n_nodes, rows, columns, weights = edges
    ends = np.concatenate([rows, columns]), np.concatenate([columns, rows])
    both_ways = csr_array((np.concatenate([weights, weights]), ends), shape=(n_nodes, n_nodes))
    return _mean_inverse(shortest_path(both_ways, method="D", unweighted=True)) if n_nodes > 1 else float("nan")


def weighted_efficiency(graph: np.ndarray) -> float:
    """The same with an edge of weight w being 1/w long, in nats, of a graph (n_nodes, n_nodes)."""
    lengths = np.divide(1.0, graph, out=np.zeros_like(graph), where=graph > 0)
    return _mean_inverse(shortest_path(lengths, directed=False)) if len(graph) > 1 else float("nan")


def _mean_inverse(distances: np.ndarray) -> float:
    """Of a matrix of distances, over pairs of two nodes; it is overwritten."""
    np.fill_diagonal(distances, np.inf)
    n_nodes = len(distances)
    return float(np.divide(1.0, distances, out=distances).sum() / (n_nodes * (n_nodes - 1)))


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


def top_fraction_metrics(edges: Edges, seed: int) -> Metrics:
    """Efficiency (unweighted, no unit) and modularity (weighted) of the strongest edges."""
    # ASSUME: Of the strongest edges, global efficiency counts the edges on the shortest paths and ignores their
    # weights, and modularity is Louvain's with weights and a fixed seed.
    return {
        "global_efficiency": unweighted_efficiency(edges),
        "modularity": louvain_modularity(as_networkx(edges), seed),
    }


def dense_metrics(graph: np.ndarray, seed: int) -> Metrics:
    """Efficiency (nats) and modularity of the whole weighted graph; modularity is NaN past `MOST_EDGES`."""
    few = np.count_nonzero(graph) // 2 <= MOST_EDGES
    return {
        "global_efficiency": weighted_efficiency(graph),
        "modularity": louvain_modularity(as_networkx(graph), seed) if few else float("nan"),
    }


def measure_networks(
    whole: Matrices,
    top_fraction: float,
    seed: int,
    null_networks: int = 0,
    partial: Iterable[Matrices] = (),
    sizes: Sequence[int] | None = None,
    surrogates: Iterable[Matrices] = (),
    threads: int = 1,
) -> dict[str, dict]:
    """Measure both networks under every definition; the headline one with an interval, beside surrogates and shuffles.

    The interval is that of a delete-a-group jackknife over prompts. Shuffles deal the weights of a network anew among
    its pairs, each network by its own stream of random numbers: they say "no structure", and decide nothing. Only the
    strongest edges are compared with them: the efficiency of a dense graph mostly restates its mean weight, which a
    shuffle keeps, and its modularity says nothing.

    Parameters
    ----------
    whole : pair of ndarray (n_heads_total, n_heads_total)
        Synergy and redundancy, in nats; NaN where undefined.
    top_fraction : float
        Share of all pairs that the headline networks keep.
    seed : int
        Seeds Louvain and the shuffles.
    null_networks : int
        Shuffles of each network; 0 leaves the null NaN.
    partial : iterable of pairs
        The same of all prompts but those of one group, for each group.
    sizes : sequence of int
        Prompts in each group.
    surrogates : iterable of pairs
        The same of each surrogate.
    threads : int
        Graphs measured side by side, each by a process; the numbers do not depend on it.

    Returns
    -------
    dict
        ``definitions``: by definition and network, ``n_edges`` and by metric ``value``; under ``top_fraction`` also
        ``null_mean``, ``null_sd``, ``relative_to_null`` (value / null mean), ``z``, ``null_draws``.
        ``contrasts_synergy_minus_redundancy``: by metric of the headline, ``estimate``, ``standard_error``, ``ci_low``,
        ``ci_high``, ``p_value``, and ``surrogates``, the same difference in each; NaN where the two networks have not
        as many edges.
    """
    numbered = list(enumerate(NETWORKS))
    graphs = {name: weighted_graph(whole[k]) for k, name in numbered}
    defined = {name: np.isfinite(whole[k]) for k, name in numbered}
    edges = {
        "top": [tuple(strongest(graph, top_fraction) for graph in graphs.values())],
        "partial": [_strongest_of_both(pair, top_fraction) for pair in partial],
        "surrogates": [_strongest_of_both(pair, top_fraction) for pair in surrogates],
    }
    tasks = {(part, k): [(top_fraction_metrics, pair[k], seed) for pair in pairs]
             for part, pairs in edges.items() for k, _ in numbered}  # fmt: skip
    for k, name in numbered:
        shuffles = np.random.default_rng([seed, k]).spawn(null_networks)
        tasks["dense", k] = [(dense_metrics, graphs[name], seed)]
        tasks["null", k] = [
            (_shuffled_metrics, graphs[name], defined[name], drawn, top_fraction, seed) for drawn in shuffles
        ]
    results = iter(side_by_side([task for some in tasks.values() for task in some], threads))
    measured = {key: [next(results) for _ in some] for key, some in tasks.items()}

    definitions = {definition: {} for definition in DESCRIPTIONS}
    for k, name in numbered:
        (top,), (dense,), null = (measured[part, k] for part in ("top", "dense", "null"))
        n_pairs = np.count_nonzero(np.triu(defined[name], k=1))
        mean_weight = float(graphs[name].sum() / (2 * n_pairs)) if n_pairs else float("nan")
        n_edges = np.count_nonzero(graphs[name]) // 2
        definitions["top_fraction"][name] = {
            "n_edges": len(edges["top"][0][k].weights),
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
        of_whole, without, draws = (
            [
                first[metric] - second[metric] if len(own[0].weights) == len(own[1].weights) else float("nan")
                for first, second, own in zip(measured[part, 0], measured[part, 1], pairs, strict=True)
            ]
            for part, pairs in edges.items()
        )
        contrasts[metric] = jackknife(of_whole[0], without, sizes)._asdict() | {"surrogates": draws}
    return {"definitions": definitions, "contrasts_synergy_minus_redundancy": contrasts}


def _strongest_of_both(pair: Matrices, top_fraction: float) -> tuple[Edges, Edges]:
    first, second = (strongest(weighted_graph(atoms), top_fraction) for atoms in pair)
    return first, second


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
    return top_fraction_metrics(strongest(shuffled_weights(graph, defined, generator), top_fraction), seed)


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


def _symmetric(n_nodes: int, rows: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    graph = np.zeros((n_nodes, n_nodes))
    graph[rows, columns] = weights
    graph[columns, rows] = weights
    return graph
