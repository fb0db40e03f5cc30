"""Graphs of heads: the strongest edges, shortest paths, global efficiency, weight-shuffled nulls.

A graph is a symmetric float matrix of edge weights in nats with zeros where there is no edge.

ASSUME: A pair of heads whose weight is not positive or is undefined has no edge, in every definition of the networks.
"""

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
