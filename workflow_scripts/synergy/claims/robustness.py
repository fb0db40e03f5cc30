"""Whether variants of the analysis agree: rank correlations of heads and layer profiles, and the claims under each."""

from collections.abc import Sequence
from itertools import combinations

from synergy.claims.verdicts import Claim
from synergy.files.tables import Table
from synergy.heads.layer_profiles import layer_means
from synergy.statistics.ranks import spearman

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
    *("model", "claim", "variant", "statement", "estimate", "ci_low", "ci_high", "p_value", "verdict"),
    *("verdict_default", "control", "control_estimate", "control_p_value", "verdict_after_control"),
    *("verdict_after_control_default", "note"),
)


def agreement(rankings: dict[str, Table], layers: int, heads: int) -> list[dict]:
    """Spearman correlation of every pair of variants, over heads and over the means of layers.

    Parameters
    ----------
    rankings : dict of str to Table
        Head ranking of each variant, with the columns `QUANTITIES`.
    layers, heads : int
        Geometry of the model.

    Returns
    -------
    list of dict
        ``quantity``, ``level``, ``variant``, ``other``, ``spearman``: NaN where a variant has no such value. Each pair
        once, in the order of `rankings`.
    """
    rows = []
    for quantity in QUANTITIES:
        values = {variant: table[quantity] for variant, table in rankings.items()}
        profiles = {variant: layer_means(scores, layers, heads) for variant, scores in values.items()}
        for level, of_level in zip(LEVELS, (values, profiles), strict=True):
            for variant, other in combinations(rankings, 2):
                correlation = spearman(of_level[variant], of_level[other])
                pair = {"variant": variant, "other": other, "spearman": correlation}
                rows.append({"quantity": quantity, "level": level, **pair})
    return rows


def beside_default(model: str, claims: dict[str, Sequence[Claim]]) -> list[dict]:
    """Rows of the table of claims, claim by claim, each with the default's verdicts; keys are `CLAIMS`."""
    rows = []
    for index, default in enumerate(claims[DEFAULT]):
        for variant, found in claims.items():
            row = found[index].row(model) | {
                "variant": variant,
                "verdict_default": default.verdict,
                "verdict_after_control_default": default.verdict_after_control,
            }
            rows.append({column: row[column] for column in ROBUSTNESS_CLAIMS})
    return rows
