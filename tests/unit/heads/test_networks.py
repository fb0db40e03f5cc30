"""Truths about efficiency, communities and which edges exist, and about the metrics of the two networks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synergy.heads.networks import (
    as_networkx,
    louvain_modularity,
    measure_networks,
    shuffled_weights,
    strongest,
    strongest_edges,
    unweighted_efficiency,
    weighted_efficiency,
    weighted_graph,
)


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


# ---- efficiency


def efficiency(graph):
    return unweighted_efficiency(strongest(graph, 1.0))


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (1 - np.eye(2), 1),
        (1 - np.eye(10), 1),
        (path_graph(3), 5 / 6),
        # A star of 7: 6 pairs at distance 1, the other 15 at distance 2.
        (graph_of([(0, leaf) for leaf in range(1, 7)], 7), 9 / 14),
        # A ring of 6: from each node two at distance 1, two at 2, one at 3.
        (path_graph(6) + graph_of([(0, 5)], 6), (2 + 1 + 1 / 3) / 5),
        (cliques(2, 2), 2 / 6),  # pairs without a path count, and contribute nothing
        (graph_of([(0, 1)], 5), 2 / 20),  # so do nodes without edges
        (np.zeros((5, 5)), 0),
    ],
)
def test_efficiency_of_known_graphs(graph, expected):
    assert efficiency(graph) == pytest.approx(expected)
    assert weighted_efficiency(graph) == pytest.approx(expected)  # all weights are 1
    assert efficiency(3 * graph) == pytest.approx(expected)
    assert weighted_efficiency(3 * graph) == pytest.approx(3 * expected)


def test_fewer_than_two_nodes_have_no_efficiency():
    assert np.isnan([efficiency(np.zeros((1, 1))), weighted_efficiency(np.zeros((1, 1)))]).all()


def hops_from(graph, source):
    """Breadth first, node by node."""
    hops, queue = {source: 0}, [source]
    for node in queue:
        for neighbour in np.flatnonzero(graph[node]):
            if neighbour not in hops:
                hops[neighbour] = hops[node] + 1
                queue.append(neighbour)
    return hops


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_efficiency_agrees_with_a_plain_search(graph):
    n_nodes = len(graph)
    inverse = [1 / n for source in range(n_nodes) for n in hops_from(graph, source).values() if n]
    assert efficiency(graph) == pytest.approx(sum(inverse) / (n_nodes * (n_nodes - 1)))


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_weighted_efficiency_agrees_with_relaxed_paths(graph):
    n_nodes = len(graph)
    with np.errstate(divide="ignore"):
        lengths = 1 / graph
    np.fill_diagonal(lengths, 0)
    for _ in range(n_nodes):
        lengths = np.minimum(lengths, (lengths[:, :, None] + lengths[None, :, :]).min(axis=1))
    inverse = 1 / lengths[~np.eye(n_nodes, dtype=bool)]
    assert weighted_efficiency(graph) == pytest.approx(inverse.mean())


def test_strong_detours_are_shorter_in_dense_graphs_too():
    # A hub of strong edges: every shortest path leads through it, in the dense graph as in the star alone.
    dense = np.full((8, 8), 0.1)
    dense[0, :] = dense[:, 0] = 10
    np.fill_diagonal(dense, 0)
    assert weighted_efficiency(dense) == pytest.approx(weighted_efficiency(np.where(dense == 10, dense, 0)))


# ---- communities


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (cliques(5, 2), 1 / 2),
        (cliques(4, 4), 3 / 4),
        (np.pad(cliques(5, 2), (0, 3)), 1 / 2),  # nodes without edges change nothing
        (1 - np.eye(9), 0),
        (np.zeros((3, 3)), 0),
    ],
)
def test_modularity_of_known_graphs(graph, expected):
    assert louvain_modularity(as_networkx(graph), 0) == pytest.approx(expected)


def test_weights_make_communities_and_their_scale_does_not():
    planted = 1 + 9 * np.kron(np.eye(3), np.ones((6, 6)))
    np.fill_diagonal(planted, 0)
    total, within, strength = planted.sum(), 6 * 5 * 10, planted.sum() / 3
    expected = 3 * (within / total - (strength / total) ** 2)
    for scale in (1, 1024):
        assert louvain_modularity(as_networkx(scale * planted), 2**32 + 7) == pytest.approx(expected)


# ---- which edges exist


def test_undefined_zero_and_negative_weights_are_no_edges():
    atoms = np.array([[np.nan, -1, 2, 0], [-1, np.nan, np.nan, 3], [2, np.nan, np.nan, 4], [0, 3, 4, np.nan]])
    expected = graph_of([(0, 2, 2.0), (1, 3, 3.0), (2, 3, 4.0)], 4)
    np.testing.assert_array_equal(weighted_graph(atoms), expected)
    assert sorted(as_networkx(expected).edges(data="weight")) == [(0, 2, 2), (1, 3, 3), (2, 3, 4)]


def test_strongest_edges_are_the_strongest_and_as_many_as_asked():
    graph = weighted_graph(random_weights(20, 1))
    kept = strongest_edges(graph, 0.1)
    chosen = kept[np.triu_indices(20, 1)]
    assert np.count_nonzero(chosen) == 19
    assert chosen[chosen > 0].min() >= np.where(kept > 0, 0, graph).max()
    np.testing.assert_array_equal(kept, kept.T)


def test_of_ties_the_first_are_kept_so_that_the_count_is_exact():
    graph = graph_of([(0, 1, 2.0), (0, 2, 1.0), (1, 2, 1.0), (1, 3, 3.0)], 4)
    np.testing.assert_array_equal(strongest_edges(graph, 0.5), graph_of([(0, 1, 2.0), (0, 2, 1.0), (1, 3, 3.0)], 4))
    assert np.count_nonzero(strongest_edges(1 - np.eye(10), 0.2)) == 2 * 9


@pytest.mark.parametrize(
    ("graph", "top_fraction", "n_kept"),
    [(np.zeros((4, 4)), 0.5, 0), (path_graph(4), 1.0, 3), (1 - np.eye(4), 0.001, 1)],
)
def test_at_least_one_edge_is_kept_and_no_more_than_there_are(graph, top_fraction, n_kept):
    assert np.count_nonzero(strongest_edges(graph, top_fraction)) == 2 * n_kept


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


def measured(synergy, redundancy, top_fraction=0.2, null_networks=0, **others):
    return measure_networks((synergy, redundancy), top_fraction, 0, null_networks, **others)


def test_the_headline_stands_beside_its_shuffles_and_the_dense_definitions_alone():
    modular = cliques(5, 4) + 0.01
    definitions = measured(modular, random_weights(20, 3), null_networks=5)["definitions"]
    for network in definitions["top_fraction"].values():
        for record in (network["global_efficiency"], network["modularity"]):
            assert len(record["null_draws"]) == 5
            assert record["null_mean"] == pytest.approx(np.mean(record["null_draws"]))
            assert record["relative_to_null"] == pytest.approx(record["value"] / record["null_mean"])
            assert record["z"] == pytest.approx((record["value"] - record["null_mean"]) / record["null_sd"])
    # Cliques are more modular and less efficient than the same weights dealt at random.
    assert definitions["top_fraction"]["synergy"]["modularity"]["relative_to_null"] > 1
    assert definitions["top_fraction"]["synergy"]["global_efficiency"]["relative_to_null"] < 1
    for name in ("dense_weighted", "dense_mean_normalised"):
        for network in definitions[name].values():
            assert set(network["global_efficiency"]) == set(network["modularity"]) == {"value"}


def test_shuffles_of_the_two_networks_are_drawn_apart():
    atoms = random_weights(15, 8)
    networks = measured(atoms, atoms, null_networks=4)["definitions"]["top_fraction"]
    synergy, redundancy = (networks[name]["modularity"] for name in ("synergy", "redundancy"))
    assert synergy["value"] == redundancy["value"]
    assert not set(synergy["null_draws"]) & set(redundancy["null_draws"])


def test_numbers_do_not_depend_on_how_many_graphs_are_measured_side_by_side():
    networks = random_weights(12, 9), random_weights(12, 10)
    others = [(random_weights(12, seed), random_weights(12, seed + 1)) for seed in range(3)]
    given = {"null_networks": 3, "partial": others, "surrogates": others}
    np.testing.assert_equal(measured(*networks, threads=2, **given), measured(*networks, **given))


def test_division_by_the_mean_weight_removes_the_unit_only():
    nats, others = (measured(scale * random_weights(15, 4), random_weights(15, 5)) for scale in (1, 16))

    def synergy(found, definition):
        return found["definitions"][definition]["synergy"]["global_efficiency"]["value"]

    assert synergy(others, "dense_weighted") == pytest.approx(16 * synergy(nats, "dense_weighted"))
    assert synergy(others, "dense_mean_normalised") == pytest.approx(synergy(nats, "dense_mean_normalised"))


def test_without_shuffles_groups_and_surrogates_there_are_values_alone():
    found = measured(random_weights(6, 5), random_weights(6, 6))
    record = found["definitions"]["top_fraction"]["redundancy"]["modularity"]
    assert record["null_draws"] == []
    assert np.isnan([record["null_mean"], record["null_sd"], record["relative_to_null"], record["z"]]).all()
    contrast = found["contrasts_synergy_minus_redundancy"]["modularity"]
    assert np.isfinite(contrast["estimate"])
    assert np.isnan([contrast["standard_error"], contrast["ci_low"], contrast["p_value"]]).all()
    assert contrast["surrogates"] == []


def noisy(weights, n, scale, seed=0):
    noise = np.random.default_rng(seed).normal(0, scale, (n, *weights.shape))
    return weights + noise + noise.transpose(0, 2, 1)


def test_contrasts_are_those_of_the_whole_without_each_group_and_in_each_surrogate():
    random, modular = random_weights(40, 6), cliques(8, 5) + 0.01 * random_weights(40, 7)
    partial = list(zip(noisy(random, 6, 0.05), noisy(modular, 6, 0.05, 1), strict=True))
    surrogates = [(modular, random), (random, random)]
    found = measured(random, modular, 0.15, partial=partial, surrogates=surrogates)
    for metric, sign in (("modularity", -1), ("global_efficiency", 1)):
        contrast = found["contrasts_synergy_minus_redundancy"][metric]
        assert sign * contrast["ci_low"] > 0
        assert sign * contrast["ci_high"] > 0
        assert contrast["p_value"] < 0.05
        assert contrast["surrogates"] == pytest.approx([-contrast["estimate"], 0])


def test_networks_of_other_sizes_are_not_contrasted():
    full = random_weights(20, 6)
    sparse = np.where(full >= np.sort(full, axis=None)[-20], full, -1.0)
    found = measured(full, sparse, surrogates=[(full, full), (full, sparse)])
    assert found["definitions"]["top_fraction"]["redundancy"]["n_edges"] < 38
    for contrast in found["contrasts_synergy_minus_redundancy"].values():
        assert np.isnan(contrast["estimate"])
        np.testing.assert_array_equal(contrast["surrogates"], [0, np.nan])
