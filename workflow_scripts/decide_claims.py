"""Test the eight claims of the study on the artifacts of one model."""

from collections.abc import Sequence

from synergy.ablation.curves import CURVE_COLUMNS as ABLATION
from synergy.claims.measured import ATOMS, RANKING, Measured, measured_of
from synergy.claims.of_model import claims_of_activations, claims_of_behaviour
from synergy.claims.verdicts import decided
from synergy.files.artifacts import read_json
from synergy.files.console import logged_to
from synergy.files.tables import read_table, write_table
from synergy.heads.scores import read_ranking
from synergy.perturbation.outcomes import POOLED_COLUMNS as MATH
from synergy.phiid.pairwise import read_pairwise


def decide_claims(
    ranking: str,
    ranking_summary: str,
    pairwise: str,
    control_rankings: Sequence[str],
    control_summaries: Sequence[str],
    control_pairwise: Sequence[str],
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
    control_rankings, control_summaries, control_pairwise : sequence of str
        Head ranking, its summary and pairwise atoms of each untrained twin; none if the model has no twin, and then
        claim 2 is not testable.
    permutations : int
        Profiles drawn for claims 1 and 2.
    sigma : float
        The noise at which claims 7 and 8 are tested.
    """
    n_heads, drawn = layers * heads, (significance, permutations, seed)
    measured = _measured(ranking, ranking_summary, pairwise, n_heads)
    control_paths = zip(control_rankings, control_summaries, control_pairwise, strict=True)
    twins = [_measured(*paths, n_heads) for paths in control_paths]
    graphs = read_json(metrics, "graph_metrics")
    removed = read_table(ablation, required=ABLATION), read_json(ablation_statistics, "ablation_statistics")
    noisy = read_table(math, required=MATH), read_json(math_statistics, "math_statistics")
    results = [
        *claims_of_activations(measured, twins, graphs, (layers, heads), drawn),
        *claims_of_behaviour(*removed, *noisy, sigma),
    ]
    rows = decided(results, model, significance)
    for row in rows.to_dict("records"):
        print(f"{row['claim']}. {row['statement']} {row['verdict']}; after control: {row['verdict_after_control']}")
    write_table(claims, rows)


def _measured(ranking: str, summary: str, pairwise: str, n_heads: int) -> Measured:
    scores, (atoms, _) = read_ranking(ranking, n_heads, RANKING), read_pairwise(pairwise, ATOMS, n_heads)
    return measured_of(scores, atoms, read_json(summary, "ranking_summary"))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        decide_claims(
            ranking=snakemake.input.ranking,
            ranking_summary=snakemake.input.ranking_summary,
            pairwise=snakemake.input.pairwise,
            control_rankings=snakemake.input.get("control_rankings", []),
            control_summaries=snakemake.input.get("control_summaries", []),
            control_pairwise=snakemake.input.get("control_pairwise", []),
            metrics=snakemake.input.metrics,
            ablation=snakemake.input.ablation,
            ablation_statistics=snakemake.input.ablation_statistics,
            math=snakemake.input.math,
            math_statistics=snakemake.input.math_statistics,
            model=snakemake.wildcards.model,
            claims=snakemake.output.claims,
            **snakemake.params.settings,
        )
