"""Truths about efficiency, about which edges exist, and about the metrics of the two networks."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from small_graphs import cliques, graph_of, graphs, path_graph, random_weights

from synergy.heads.networks import (
    MOST_MATRIX_STEPS,
    global_efficiency,
    headline_contrasts,
    hop_counts,
    network_definitions,
    shuffled_weights,
    strongest_edges,
    weighted_graph,
)

# ---- efficiency


@pytest.mark.parametrize("n_nodes", [2, 3, 10])
def test_complete_graph_has_efficiency_one(n_nodes):
    assert global_efficiency(1 - np.eye(n_nodes)) == 1


def test_path_of_three_has_efficiency_five_sixths():
    assert global_efficiency(path_graph(3)) == pytest.approx(5 / 6)


def test_star_has_half_and_one_distances():
    # n - 1 pairs at distance 1, the other (n - 1)(n - 2) / 2 at distance 2.
    n_nodes = 7
    star = graph_of([(0, leaf) for leaf in range(1, n_nodes)], n_nodes)
    assert global_efficiency(star) == pytest.approx((n_nodes + 2) / (2 * n_nodes))


def test_pairs_without_a_path_contribute_nothing_but_count():
    assert global_efficiency(cliques(2, 2)) == pytest.approx(2 / 6)
    assert global_efficiency(np.zeros((5, 5))) == 0


def test_fewer_than_two_nodes_have_no_efficiency():
    assert np.isnan(global_efficiency(np.zeros((1, 1))))


@pytest.mark.parametrize("n_nodes", [MOST_MATRIX_STEPS - 1, MOST_MATRIX_STEPS + 1, MOST_MATRIX_STEPS + 20])
def test_long_paths_are_counted_whichever_way_is_taken(n_nodes):
    places = np.arange(n_nodes)
    np.testing.assert_array_equal(hop_counts(path_graph(n_nodes)), np.abs(places[:, None] - places[None, :]))


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_agrees_with_networkx_without_weights(graph):
    assert global_efficiency(graph) == pytest.approx(nx.global_efficiency(nx.from_numpy_array(graph)))


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_agrees_with_networkx_with_weights(graph):
    network = nx.from_numpy_array(np.divide(1, graph, out=np.zeros_like(graph), where=graph > 0))
    lengths = dict(nx.all_pairs_dijkstra_path_length(network))
    inverse = [1 / length for source in lengths.values() for length in source.values() if length > 0]
    n_nodes = len(graph)
    assert global_efficiency(graph, weighted=True) == pytest.approx(sum(inverse) / (n_nodes * (n_nodes - 1)))


def test_dense_and_sparse_shortest_paths_agree():
    # A hub of strong edges: every shortest path leads through it, in the dense graph as in the star alone.
    n_nodes = 8
    dense = np.full((n_nodes, n_nodes), 0.1)
    dense[0, :] = dense[:, 0] = 10
    np.fill_diagonal(dense, 0)
    star = np.where(dense == 10, dense, 0)
    assert global_efficiency(dense, weighted=True) == pytest.approx(global_efficiency(star, weighted=True))


def test_weighted_efficiency_has_the_unit_of_the_weights():
    graph = weighted_graph(random_weights(9, 0))
    assert global_efficiency(3 * graph, weighted=True) == pytest.approx(3 * global_efficiency(graph, weighted=True))


# ---- which edges exist


def test_undefined_zero_and_negative_weights_are_no_edges():
    atoms = np.array([[np.nan, -1, 2, 0], [-1, np.nan, np.nan, 3], [2, np.nan, np.nan, 4], [0, 3, 4, np.nan]])
    expected = graph_of([(0, 2, 2.0), (1, 3, 3.0), (2, 3, 4.0)], 4)
    np.testing.assert_array_equal(weighted_graph(atoms), expected)


def test_strongest_edges_are_the_strongest_and_as_many_as_asked():
    graph = weighted_graph(random_weights(20, 1))
    kept = strongest_edges(graph, 0.1)
    chosen = kept[np.triu_indices(20, 1)]
    assert np.count_nonzero(chosen) == 19
    assert chosen[chosen > 0].min() >= np.where(kept > 0, 0, graph).max()
    np.testing.assert_array_equal(kept, kept.T)


def test_ties_do_not_change_the_count():
    assert np.count_nonzero(strongest_edges(1 - np.eye(10), 0.2)) == 2 * 9


def test_of_ties_the_first_are_kept():
    graph = graph_of([(0, 1, 2.0), (0, 2, 1.0), (1, 2, 1.0), (1, 3, 3.0)], 4)
    np.testing.assert_array_equal(strongest_edges(graph, 0.5), graph_of([(0, 1, 2.0), (0, 2, 1.0), (1, 3, 3.0)], 4))


def test_a_graph_without_edges_keeps_none():
    assert not strongest_edges(np.zeros((4, 4)), 0.5).any()


def test_no_more_edges_are_kept_than_there_are():
    assert np.count_nonzero(strongest_edges(path_graph(4), 1.0)) == 2 * 3


def test_at_least_one_edge_is_kept():
    assert np.count_nonzero(strongest_edges(weighted_graph(random_weights(4, 0)), 0.001)) == 2


def test_shuffling_keeps_the_weights_and_the_undefined_pairs():
    atoms = random_weights(12, 2)
    atoms[3, 5] = atoms[5, 3] = np.nan
    graph = weighted_graph(atoms)
    shuffled = shuffled_weights(graph, np.isfinite(atoms), np.random.default_rng(0))
    np.testing.assert_array_equal(np.sort(shuffled, axis=None), np.sort(graph, axis=None))
    np.testing.assert_array_equal(shuffled, shuffled.T)
    assert shuffled[3, 5] == 0
    assert not np.array_equal(shuffled, graph)


# ---- the two networks


def test_every_definition_stands_beside_its_null():
    measured = network_definitions(cliques(5, 4) + 0.01, top_fraction=0.2, seed=0, null_networks=5)
    assert set(measured) == {"top_fraction", "dense_weighted", "dense_mean_normalised"}
    for definition in measured.values():
        for metric in ("global_efficiency", "modularity"):
            record = definition[metric]
            assert len(record["null_draws"]) == 5
            assert record["null_mean"] == pytest.approx(np.mean(record["null_draws"]))
            assert record["relative_to_null"] == pytest.approx(record["value"] / record["null_mean"])
            assert record["z"] == pytest.approx((record["value"] - record["null_mean"]) / record["null_sd"])
    # Cliques are more modular and less efficient than the same weights dealt at random.
    assert measured["top_fraction"]["modularity"]["relative_to_null"] > 1
    assert measured["top_fraction"]["global_efficiency"]["relative_to_null"] < 1


def test_division_by_the_mean_weight_removes_the_unit_only():
    atoms = random_weights(15, 4)
    nats, other = (network_definitions(scale * atoms, 0.3, 0, 3) for scale in (1, 16))
    dense, dense_other = nats["dense_weighted"]["global_efficiency"], other["dense_weighted"]["global_efficiency"]
    assert dense_other["value"] == pytest.approx(16 * dense["value"])
    normalised, normalised_other = (
        measured["dense_mean_normalised"]["global_efficiency"] for measured in (nats, other)
    )
    assert normalised_other["value"] == pytest.approx(normalised["value"])
    assert normalised["relative_to_null"] == pytest.approx(dense["relative_to_null"])


def test_without_null_networks_the_null_is_undefined():
    record = network_definitions(random_weights(6, 5), 0.5, 0, 0)["top_fraction"]["modularity"]
    assert record["null_draws"] == []
    assert np.isnan([record["null_mean"], record["null_sd"], record["relative_to_null"], record["z"]]).all()


def test_contrast_of_a_network_with_itself_is_nothing_and_with_a_modular_one_is_clear():
    random, modular = random_weights(40, 6), cliques(8, 5) + 0.01 * random_weights(40, 7)
    same = headline_contrasts(random, random, 0.15, 0)
    assert same["modularity"]["estimate"] == same["modularity"]["standard_error"] == 0
    contrast = headline_contrasts(random, modular, 0.15, 0)
    assert contrast["modularity"]["ci_high"] < 0
    assert contrast["global_efficiency"]["ci_low"] > 0
