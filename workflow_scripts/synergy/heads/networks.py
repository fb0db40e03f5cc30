"""Graphs of heads: the strongest edges, shortest paths, global efficiency, weight-shuffled nulls.

A graph is a symmetric float matrix of edge weights in nats with zeros where there is no edge.

ASSUME: A pair of heads whose weight is not positive or is undefined has no edge, in every definition of the networks.
"""

from collections.abc import Callable

import numpy as np

MOST_MATRIX_STEPS = 16
DENSE_FROM = 0.25  # share of pairs with an edge above which Floyd-Warshall beats Dijkstra from every node


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


def hop_counts(graph: np.ndarray) -> np.ndarray:
    """Edges on the shortest path between each two nodes, weights ignored; infinite where there is no path.

    From a symmetric graph to float (n_nodes, n_nodes), zeros on the diagonal. Breadth-first from all nodes at once: one
    matrix product a step, which for graphs of few steps is much faster than node by node; graphs with long paths are
    handed to SciPy.
    """
    adjacency = (graph > 0).astype(np.float32)
    hops = np.where(adjacency > 0, 1.0, np.inf)
    np.fill_diagonal(hops, 0.0)
    frontier = adjacency
    for step in range(2, MOST_MATRIX_STEPS + 2):
        newly_reached = (frontier @ adjacency > 0) & np.isinf(hops)
        if not newly_reached.any():
            return hops
        hops[newly_reached] = step
        frontier = newly_reached.astype(np.float32)
    from scipy.sparse.csgraph import shortest_path  # only graphs with long paths pay for the import

    return shortest_path(adjacency, method="D", directed=False, unweighted=True)


def path_lengths(graph: np.ndarray) -> np.ndarray:
    """Length of the shortest path between each two nodes, an edge of weight w being 1/w long (1/nats)."""
    from scipy.sparse.csgraph import shortest_path  # half the start-up time of the scripts that need only hops

    lengths = np.zeros_like(graph)
    np.divide(1.0, graph, out=lengths, where=graph > 0)
    density = np.count_nonzero(graph) / max(graph.size, 1)
    return shortest_path(lengths, method="FW" if density > DENSE_FROM else "D", directed=False)


def global_efficiency(graph: np.ndarray, weighted: bool = False) -> float:
    """Mean over all pairs of nodes of the inverse of their distance.

    E = 1 / (n (n - 1)) * sum over i != j of 1 / d(i, j), where a pair without a path contributes 0 and nodes
    without edges count in n.

    Parameters
    ----------
    graph : ndarray (n_nodes, n_nodes)
        Edge weights, zero where there is no edge.
    weighted : bool
        False: d counts edges, E is in [0, 1]. True: an edge is 1/weight long, E is in the unit of the weights.

    Returns
    -------
    float
        NaN for fewer than two nodes.

    References
    ----------
    Latora and Marchiori, Efficient behavior of small-world networks, doi:10.1103/PhysRevLett.87.198701.
    """
    n_nodes = len(graph)
    if n_nodes < 2:
        return float("nan")
    linked = graph.any(axis=1)
    graph = graph[np.ix_(linked, linked)]  # nodes without edges reach nothing
    distances = path_lengths(graph) if weighted else hop_counts(graph)
    inverse = np.zeros_like(distances)
    np.divide(1.0, distances, out=inverse, where=distances > 0)
    return float(inverse.sum() / (n_nodes * (n_nodes - 1)))


def _symmetric(n_nodes: int, rows: np.ndarray, columns: np.ndarray, weights: np.ndarray) -> np.ndarray:
    graph = np.zeros((n_nodes, n_nodes))
    graph[rows, columns] = weights
    graph[columns, rows] = weights
    return graph


SMALLEST_GAIN = 1e-9


def modularity(graph: np.ndarray, labels: np.ndarray) -> float:
    """Weight within communities above what the nodes' strengths alone would give.

    Q = sum over communities c of [ W_c / W - (S_c / W)^2 ], where W is the sum of all entries of the matrix, W_c the
    part within c and S_c the summed strength of c's nodes. Scaling all weights changes nothing.

    Parameters
    ----------
    graph : ndarray (n_nodes, n_nodes)
        Symmetric, not negative, zero diagonal.
    labels : ndarray of int (n_nodes,)

    Returns
    -------
    float
        In [-1/2, 1]; 0 for a graph without edges.

    References
    ----------
    Newman, Analysis of weighted networks, doi:10.1103/PhysRevE.70.056131.
    """
    total = graph.sum()
    if total == 0:
        return 0.0
    members = labels[:, None] == np.unique(labels)[None, :]  # (n_nodes, n_communities)
    within = np.einsum("ic,ij,jc->c", members, graph, members, optimize=True)
    strengths = graph.sum(axis=1) @ members
    return float(np.sum(within / total - (strengths / total) ** 2))


def louvain(graph: np.ndarray, seed: int) -> np.ndarray:
    """Find communities of high modularity by the Louvain method.

    Nodes, visited in an order drawn from `seed`, move to the neighbouring community with the greatest gain until no
    move gains; communities then become nodes, and so on. Dense matrices make a move one pass over a row, so a complete
    graph of 1,152 nodes takes a fraction of a second.

    Parameters
    ----------
    graph : ndarray (n_nodes, n_nodes)
        Symmetric, not negative, zero diagonal.
    seed : int
        The same seed gives the same communities.

    Returns
    -------
    ndarray of int (n_nodes,)
        Community of each node, numbered from 0 in order of first appearance. Nodes without edges stay alone.

    References
    ----------
    Blondel et al., Fast unfolding of communities in large networks, doi:10.1088/1742-5468/2008/10/P10008.
    """
    generator = np.random.default_rng(seed)
    total = graph.sum()
    labels = np.arange(len(graph))
    if total == 0:
        return labels
    level = graph / total
    while True:
        moved = _move_nodes(level, generator)
        names, moved = np.unique(moved, return_inverse=True)
        labels = moved[labels]
        if len(names) == len(level):
            return _numbered_by_appearance(labels)
        members = np.zeros((len(level), len(names)))
        members[np.arange(len(level)), moved] = 1.0
        level = members.T @ level @ members  # the diagonal holds the weight within a community


def _move_nodes(level: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """One level of Louvain on a matrix that sums to 1: labels when no single move gains any more."""
    n_nodes = len(level)
    labels = np.arange(n_nodes)
    strengths = level.sum(axis=1)
    community_strengths = strengths.copy()
    links = level - np.diag(np.diag(level))  # a node's weight to itself moves with it
    order = generator.permutation(np.flatnonzero(links.any(axis=1)))  # the others have nowhere to go
    improved = True
    while improved:
        improved = False
        for node in order:
            old = labels[node]
            community_strengths[old] -= strengths[node]
            to_communities = np.bincount(labels, weights=links[node], minlength=n_nodes)
            gains = to_communities - community_strengths * strengths[node]
            best = int(np.argmax(gains))
            # Staying wins a tie, so that the search ends.
            new = best if gains[best] > gains[old] + SMALLEST_GAIN * strengths[node] else old
            labels[node] = new
            community_strengths[new] += strengths[node]
            improved |= new != old
    return labels


def _numbered_by_appearance(labels: np.ndarray) -> np.ndarray:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


DESCRIPTIONS = {
    "top_fraction": "headline: strongest top_fraction of pairs; efficiency counts edges, modularity uses weights",
    "dense_weighted": "all pairs of positive weight; an edge is 1/weight long, efficiency in nats",
    "dense_mean_normalised": "dense_weighted over the mean weight: efficiency without unit, modularity the same",
}
NULL_IN_WORDS = (
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
