"""Truths about modularity and Louvain communities."""

import community
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_graphs import cliques, graphs, random_weights

from synergy.heads.networks import louvain, modularity, weighted_graph

# ---- communities


def test_two_equal_cliques_have_modularity_one_half():
    graph = cliques(5, 2)
    assert modularity(graph, np.repeat([0, 1], 5)) == pytest.approx(0.5)
    np.testing.assert_array_equal(louvain(graph, 0), np.repeat([0, 1], 5))


def test_one_community_and_no_edges_have_modularity_zero():
    assert modularity(cliques(4, 2), np.zeros(8, dtype=int)) == pytest.approx(0)
    assert modularity(np.zeros((3, 3)), np.arange(3)) == 0
    np.testing.assert_array_equal(louvain(np.zeros((3, 3)), 0), np.arange(3))


def test_complete_graph_is_one_community():
    assert len(np.unique(louvain(1 - np.eye(9), 0))) == 1


@settings(max_examples=40, deadline=None)
@given(graphs(), st.integers(0, 3))
def test_modularity_agrees_with_networkx(graph, seed):
    if not graph.any():
        return
    labels = louvain(graph, seed)
    communities = [set(np.flatnonzero(labels == label)) for label in np.unique(labels)]
    theirs = nx.community.modularity(nx.from_numpy_array(graph), communities)
    assert modularity(graph, labels) == pytest.approx(theirs)


def test_louvain_is_as_good_as_networkx():
    planted = np.kron(np.eye(6), np.ones((10, 10))) * 0.5 + 0.2
    generator = np.random.default_rng(0)
    for seed in range(3):
        noise = generator.random((60, 60))
        graph = weighted_graph(planted * (noise + noise.T))
        theirs = nx.community.louvain_communities(nx.from_numpy_array(graph), seed=seed)
        best = nx.community.modularity(nx.from_numpy_array(graph), theirs)
        assert modularity(graph, louvain(graph, seed)) >= best - 0.005


@pytest.mark.parametrize("seed", range(3))
def test_louvain_is_as_good_as_python_louvain(seed):
    graph = random_weights(60, seed) * (1 + 2 * cliques(15, 4))
    np.fill_diagonal(graph, 0)
    network = nx.from_numpy_array(graph)
    reference = community.modularity(community.best_partition(network, random_state=seed), network)
    assert modularity(graph, louvain(graph, seed)) == pytest.approx(reference, abs=0.01)


def test_louvain_repeats_itself_and_ignores_scale():
    graph = weighted_graph(random_weights(40, 3))
    np.testing.assert_array_equal(louvain(graph, 7), louvain(graph, 7))
    np.testing.assert_array_equal(louvain(graph, 7), louvain(1024 * graph, 7))
