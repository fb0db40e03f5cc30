"""Whether variants of the analysis agree: rank correlations of heads and layer profiles, and the claims under each."""

from collections.abc import Sequence
from itertools import combinations

import pandas as pd

from synergy.claims.verdicts import Claim, decided
from synergy.heads.layer_profiles import layer_means
from synergy.statistics.descriptive import spearman

DEFAULT = "default"
# Column of the ranking and what it is.
QUANTITIES = {
    "syn_red_score": "score",
    "excess_score": "score of what exceeds the null",
    "avg_synergy": "synergy",
    "avg_redundancy": "redundancy",
    "excess_synergy": "synergy that exceeds the null",
}
LEVELS = ("heads", "layers")
ROBUSTNESS_AGREEMENT = ("model", "quantity", "level", "variant", "other", "spearman")
ROBUSTNESS_CLAIMS = (
    "model",
    "claim",
    "variant",
    "statement",
    "estimate",
    "ci_low",
    "ci_high",
    "p_value",
    "p_value_holm",
    "decided_by",
    "verdict",
    "verdict_default",
    "control",
    "control_estimate",
    "control_p_value",
    "control_p_value_holm",
    "control_decided_by",
    "verdict_after_control",
    "verdict_after_control_default",
    "note",
)


def agreement(model: str, rankings: dict[str, pd.DataFrame], layers: int, heads: int) -> pd.DataFrame:
    """Spearman correlation of every pair of variants, over heads and over the means of layers.

    Parameters
    ----------
    model : str
    rankings : dict of str to DataFrame
        Head ranking of each variant, with the columns `QUANTITIES`.
    layers, heads : int
        Geometry of the model.

    Returns
    -------
    DataFrame
        Columns `ROBUSTNESS_AGREEMENT`; ``spearman`` is NaN where a variant has no such value. Each pair once, in the
        order of `rankings`.
    """
    rows = []
    for quantity in QUANTITIES:
        values = {variant: table[quantity].to_numpy() for variant, table in rankings.items()}
        profiles = {variant: layer_means(scores, layers, heads) for variant, scores in values.items()}
        for level, of_level in zip(LEVELS, (values, profiles), strict=True):
            for variant, other in combinations(rankings, 2):
                correlation = spearman(of_level[variant], of_level[other])
                rows.append((model, quantity, level, variant, other, correlation))
    return pd.DataFrame(rows, columns=ROBUSTNESS_AGREEMENT)


def beside_default(model: str, claims: dict[str, Sequence[Claim]], significance: float) -> pd.DataFrame:
    """The claims under each variant, claim by claim, beside the default's verdicts; columns `ROBUSTNESS_CLAIMS`.

    p is corrected over the claims under one variant.
    """
    tables = {variant: decided(found, model, significance) for variant, found in claims.items()}
    columns = ["verdict", "verdict_after_control"]
    default = tables[DEFAULT][columns].add_suffix("_default")
    rows = pd.concat([table.join(default).assign(variant=variant) for variant, table in tables.items()])
    return rows.sort_values("claim", kind="stable", ignore_index=True)[list(ROBUSTNESS_CLAIMS)]
