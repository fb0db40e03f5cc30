"""Claims 4 and 5, both ways: efficiency and modularity of the two networks."""

import numpy as np
import pytest
from artifacts import clustered, graph_metrics, spread_out

from synergy.claims.networks import claim_efficiency, claim_modularity
from synergy.claims.verdicts import NOT_SUPPORTED, NOT_TESTABLE, OPPOSITE, SUPPORTED


@pytest.mark.parametrize(
    ("synergy", "redundancy", "verdict"),
    [
        (spread_out(), clustered(), SUPPORTED),
        (clustered(), spread_out(), OPPOSITE),
        (spread_out(seed=2), spread_out(seed=3), NOT_SUPPORTED),
    ],
)
@pytest.mark.parametrize("claim_of", [claim_efficiency, claim_modularity])
def test_graphs(claim_of, synergy, redundancy, verdict):
    claim = claim_of(graph_metrics(synergy, redundancy), significance=0.05)
    assert (claim.verdict, claim.verdict_after_control) == (verdict, verdict)


def test_weights_that_alone_make_the_difference_are_removed_by_the_shuffle():
    # No structure in either, but the second's strongest edges are far stronger than the rest.
    even, uneven = spread_out(seed=4), spread_out(seed=5) ** 8
    metrics = graph_metrics(even, uneven)
    claim = claim_modularity(metrics, 0.05)
    assert claim.verdict == SUPPORTED
    assert claim.verdict_after_control == NOT_SUPPORTED
    assert "removes the effect" in claim.row("m")["note"]


def sparse(graph, n_edges):
    """Only the strongest pairs have a positive weight; the others do not count as edges."""
    threshold = np.sort(graph[np.triu_indices(len(graph), k=1)])[-n_edges]
    return np.where(graph >= threshold, graph, -1.0)


def test_an_efficiency_that_follows_from_the_number_of_edges_is_removed_by_the_shuffle():
    # Neither has structure, but redundancy is positive in fewer pairs than the graph would keep.
    claim = claim_efficiency(graph_metrics(spread_out(seed=6), sparse(spread_out(seed=7), 40)), 0.05)
    assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, NOT_SUPPORTED)
    assert "removes the effect" in claim.row("m")["note"]


def test_an_efficiency_below_that_of_shuffled_graphs_is_reversed():
    # Synergy has more edges, yet fewer short paths than as many edges at random; redundancy has few, all at random.
    claim = claim_efficiency(graph_metrics(clustered(seed=8), sparse(spread_out(seed=9), 40)), 0.05)
    assert (claim.verdict, claim.verdict_after_control) == (NOT_SUPPORTED, OPPOSITE)
    assert "changes the verdict from not supported to opposite" in claim.row("m")["note"]


def test_too_few_null_networks_for_any_p_below_the_level_are_not_testable():
    claim = claim_efficiency(graph_metrics(spread_out(), clustered(), null_networks=19), 0.05)
    assert (claim.verdict, claim.verdict_after_control) == (SUPPORTED, NOT_TESTABLE)
    assert "at least 20 shuffled networks" in claim.row("m")["note"]


def test_definitions_that_disagree_are_told():
    # More efficient by its weights, less by its structure.
    note = claim_efficiency(graph_metrics(100 * clustered(), spread_out()), 0.05).row("m")["note"]
    assert "They do not all point the same way." in note
    note = claim_modularity(graph_metrics(spread_out(), clustered()), 0.05).row("m")["note"]
    assert "All point the same way." in note
