"""Test the eight claims of the study on the artifacts of one model."""

from collections.abc import Sequence

import pandas as pd

from synergy.ablation.curves import CURVE_COLUMNS as ABLATION
from synergy.claims.of_model import ATOMS, RANKING, claims_of_activations, claims_of_behaviour
from synergy.claims.verdicts import CLAIM_COLUMNS, with_holm
from synergy.files.artifacts import read_json
from synergy.files.console import logged_to
from synergy.files.tables import read_table, write_table
from synergy.heads.scores import read_ranking
from synergy.perturbation.outcomes import POOLED_COLUMNS as MATH
from synergy.phiid.pairwise import read_pairwise


def decide_claims(
    ranking: str,
    control_ranking: Sequence[str],
    pairwise: str,
    metrics: str,
    ablation: str,
    ablation_statistics: str,
    math: str,
    math_statistics: str,
    layers: int,
    heads: int,
    significance: float,
    permutations: int,
    seed: int,
    sigma: float,
    model: str,
    claims: str,
) -> None:
    """Write one row a claim to the CSV `claims`: statistic, estimate, p, rule and verdict, and after its control.

    Parameters
    ----------
    control_ranking : sequence of str
        Head ranking of the untrained control; none if the model has no control, and then claim 2 is not testable.
    sigma : float
        The noise at which claims 7 and 8 are tested.
    """
    n_heads, geometry, drawn = layers * heads, (layers, heads), (significance, permutations, seed)
    scores = read_ranking(ranking, n_heads, RANKING)
    untrained = next((read_ranking(path, n_heads, RANKING) for path in control_ranking), None)
    atoms, graphs = read_pairwise(pairwise, ATOMS, n_heads)[0], read_json(metrics, "graph_metrics")
    removed = read_table(ablation, required=ABLATION), read_json(ablation_statistics, "ablation_statistics")
    noisy = read_table(math, required=MATH), read_json(math_statistics, "math_statistics")
    results = [
        *claims_of_activations(scores, untrained, atoms, graphs, geometry, drawn),
        *claims_of_behaviour(*removed, *noisy, sigma, significance),
    ]
    rows = pd.DataFrame([result.row(model) for result in results], columns=CLAIM_COLUMNS)
    rows = with_holm(rows, significance)
    for row in rows.to_dict("records"):
        print(f"{row['claim']}. {row['statement']} {row['verdict']}; after control: {row['verdict_after_control']}")
    write_table(claims, rows)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        decide_claims(
            ranking=snakemake.input.ranking,
            control_ranking=snakemake.input.get("control_ranking", []),
            pairwise=snakemake.input.pairwise,
            metrics=snakemake.input.metrics,
            ablation=snakemake.input.ablation,
            ablation_statistics=snakemake.input.ablation_statistics,
            math=snakemake.input.math,
            math_statistics=snakemake.input.math_statistics,
            model=snakemake.wildcards.model,
            claims=snakemake.output.claims,
            **snakemake.params.settings,
        )
