"""Claims 4 and 5 on networks of which it is known how they are built."""

import numpy as np
import pytest
from artifacts import clustered, graph_metrics, spread_out

from synergy.claims.networks import claim_efficiency, claim_modularity
from synergy.claims.verdicts import NOT_TESTABLE, OPPOSITE, SUPPORTED, UNDECIDED, decided

ALIKE = [(spread_out, spread_out)] * 19  # surrogates that differ in nothing


def verdicts(*claims):
    rows = decided(claims, "m", 0.1)
    return rows["verdict"].tolist(), rows["verdict_after_control"].tolist()


@pytest.mark.parametrize(
    ("first", "second", "raw", "control"),
    [
        (spread_out, clustered, SUPPORTED, SUPPORTED),
        (clustered, spread_out, OPPOSITE, UNDECIDED),
        (spread_out, spread_out, UNDECIDED, UNDECIDED),
    ],
)
def test_claims_4_and_5(first, second, raw, control):
    metrics = graph_metrics(first, second, ALIKE)
    for claim in (claim_efficiency(metrics), claim_modularity(metrics)):
        assert verdicts(claim) == ([raw], [control])


def test_what_surrogates_show_too_is_not_found_beyond_them():
    metrics = graph_metrics(spread_out, clustered, [(spread_out, clustered)] * 19)
    assert verdicts(claim_efficiency(metrics), claim_modularity(metrics))[1] == [UNDECIDED] * 2


def test_networks_of_unlike_size_are_not_compared():
    def few_edges(seed):
        return np.where(spread_out(seed=0) > 13, spread_out(seed=seed), 0.0)

    metrics = graph_metrics(few_edges, spread_out, ALIKE)
    claim = claim_efficiency(metrics)
    assert verdicts(claim) == ([NOT_TESTABLE], [NOT_TESTABLE])
    counts = [metrics["definitions"]["top_fraction"][name]["n_edges"] for name in ("synergy", "redundancy")]
    assert claim.test.obstacle == f"the networks have {counts[0]} and {counts[1]} edges"


def test_no_surrogates_or_none_to_trust_leave_no_control():
    assert verdicts(claim_modularity(graph_metrics(spread_out, clustered, [])))[1] == [NOT_TESTABLE]
    metrics = graph_metrics(spread_out, clustered, ALIKE)
    assert verdicts(claim_modularity(metrics, "20 % are outside"))[1] == [NOT_TESTABLE]
