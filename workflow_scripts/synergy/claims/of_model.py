"""The eight claims of one model: five rest on its activations, three on its behaviour."""

from collections.abc import Sequence

import pandas as pd

from synergy.claims.behaviour import claim_ablation, claim_noise_redundant, claim_noise_synergistic
from synergy.claims.layer_profile import claim_absent_untrained, claim_inverted_u
from synergy.claims.measured import Measured
from synergy.claims.networks import claim_efficiency, claim_modularity, claim_within_layers
from synergy.claims.verdicts import Claim


def claims_of_activations(
    measured: Measured,
    twins: Sequence[Measured],
    graphs: dict,
    geometry: tuple[int, int],
    drawn: tuple[float, int, int],
) -> list[Claim]:
    """Claims 1 to 5, which rest on activations alone.

    Parameters
    ----------
    measured : Measured
        The model.
    twins : sequence of Measured
        Its untrained twins; none if it has none.
    graphs : dict
        The graph metrics.
    geometry : (layers, heads)
    drawn : (significance, permutations, seed)
    """
    significance, *draws = drawn
    return [
        claim_inverted_u(measured, *geometry, *draws),
        claim_absent_untrained(measured, twins, *geometry, *draws, significance),
        claim_within_layers(measured, *geometry),
        claim_efficiency(graphs, measured.obstacle),
        claim_modularity(graphs, measured.obstacle),
    ]


def claims_of_behaviour(
    ablation: pd.DataFrame, orders: dict, math: pd.DataFrame, conditions: dict, sigma: float
) -> list[Claim]:
    """Claims 6 to 8, which rest on what removing heads, and noise in them, does to behaviour.

    Parameters
    ----------
    ablation : DataFrame
        KL in nats at each number of heads removed, with the columns `CURVE_COLUMNS`.
    orders : dict
        The statistics of the orders: areas and their ratios.
    math : DataFrame
        The accuracies, with the columns `POOLED_COLUMNS`.
    conditions : dict
        The paired comparisons of the noise conditions.
    sigma : float
        The noise at which claims 7 and 8 are tested.
    """
    return [
        claim_ablation(orders, ablation),
        claim_noise_synergistic(math, conditions, sigma),
        claim_noise_redundant(math, conditions, sigma),
    ]
