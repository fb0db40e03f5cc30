"""Small graphs as matrices of weights."""

import numpy as np
from hypothesis import strategies as st


def graph_of(edges, n_nodes):
    graph = np.zeros((n_nodes, n_nodes))
    for row, column, *weight in edges:
        graph[row, column] = graph[column, row] = weight[0] if weight else 1.0
    return graph


def path_graph(n_nodes):
    return graph_of([(node, node + 1) for node in range(n_nodes - 1)], n_nodes)


def cliques(size, n_cliques):
    return np.kron(np.eye(n_cliques), np.ones((size, size)) - np.eye(size))


def random_weights(n_nodes, seed):
    weights = np.random.default_rng(seed).gamma(2.0, 1.0, (n_nodes, n_nodes))
    return weights + weights.T


@st.composite
def graphs(draw):
    """Small random graphs, weights spread over two orders of magnitude, some pairs without an edge."""
    n_nodes = draw(st.integers(2, 12))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = 10 ** generator.uniform(-1, 1, (n_nodes, n_nodes)) * (generator.random((n_nodes, n_nodes)) < 0.4)
    return np.triu(weights, 1) + np.triu(weights, 1).T
