"""The eight claims of one model: five rest on its activations, three on its behaviour."""

import numpy as np
import pandas as pd

from synergy.claims.behaviour import claim_ablation, claim_noise_redundant, claim_noise_synergistic
from synergy.claims.layer_profile import claim_absent_untrained, claim_inverted_u
from synergy.claims.networks import claim_efficiency, claim_modularity
from synergy.claims.verdicts import Claim
from synergy.claims.within_layers import claim_within_layers
from synergy.heads.scores import SCORES

RANKING = ("syn_red_score", "excess_score", *SCORES)  # columns of the head ranking that claims rest on
ATOMS = ("sts_matrix", "sts_null_mean")  # and arrays of the pairwise atoms


def claims_of_activations(
    ranking: pd.DataFrame,
    control: pd.DataFrame | None,
    atoms: dict[str, np.ndarray],
    graphs: dict,
    geometry: tuple[int, int],
    drawn: tuple[float, int, int],
) -> list[Claim]:
    """Claims 1 to 5, which rest on activations alone.

    Parameters
    ----------
    ranking, control : DataFrame
        Head rankings of the model and of its untrained control, None if it has none.
    atoms : dict of arrays
        ``sts_matrix`` and ``sts_null_mean`` (n_heads_total, n_heads_total), nats.
    graphs : dict
        The graph metrics.
    geometry : (layers, heads)
    drawn : (significance, permutations, seed)
    """
    return [
        claim_inverted_u(ranking, *geometry, *drawn),
        claim_absent_untrained(ranking, control, *geometry, *drawn),
        claim_within_layers(atoms, *geometry, *drawn),
        claim_efficiency(graphs, drawn[0]),
        claim_modularity(graphs, drawn[0]),
    ]


def claims_of_behaviour(
    ablation: pd.DataFrame, orders: dict, math: pd.DataFrame, conditions: dict, sigma: float, significance: float
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
    significance : float
        Two-sided level of every test.
    """
    return [
        claim_ablation(orders, ablation, significance),
        claim_noise_synergistic(math, conditions, sigma, significance),
        claim_noise_redundant(math, conditions, sigma, significance),
    ]
