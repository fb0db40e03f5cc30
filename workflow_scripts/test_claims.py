"""Test the eight claims of the study on the artifacts of one model."""

from collections.abc import Sequence

from synergy.artifacts import read_json, write_csv
from synergy.claims import COLUMNS
from synergy.claims_behaviour import claim_ablation, claim_noise_redundant, claim_noise_synergistic
from synergy.claims_graphs import claim_efficiency, claim_modularity
from synergy.claims_profile import claim_absent_untrained, claim_inverted_u
from synergy.claims_within import claim_within_layers
from synergy.console import logged_to
from synergy.forms import ABLATION_STATISTICS, GRAPH_METRICS, MATH_STATISTICS
from synergy.head_tables import read_ranking
from synergy.multiplicity import with_holm
from synergy.pairwise_atoms import read_pairwise
from synergy.tables import read_table

RANKING = ("syn_red_score", "rank_difference", "value_difference", "balance", "excess_score")
ABLATION = (
    *("num_heads_removed", "mean_kl_div", "order_type", "fraction_removed"),
    *("seed", "kl_ci_low", "kl_ci_high", "method"),
)
MATH = ("condition", "sigma", "n_problems", "n_correct", "truncated_fraction", "solution_nll")


def test_claims(
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
    """Write one row a claim: statistic, estimate, interval, p, rule and verdict, before and after its control.

    Parameters
    ----------
    ranking : str
        Head ranking (CSV) of the model.
    control_ranking : sequence of str
        That of its untrained control; none if it has no control, and then claim 2 is not testable.
    pairwise, metrics, ablation, ablation_statistics, math, math_statistics : str
        The pairwise atoms (npz), graph metrics (JSON), ablation table (CSV), its statistics (JSON), accuracies (CSV)
        and their paired comparisons (JSON).
    layers, heads : int
        Geometry of the model.
    significance : float
        Two-sided level of every test.
    permutations, seed : int
        Draws of the permutation tests and their seed.
    sigma : float
        The noise at which claims 7 and 8 are tested.
    model : str
        Key of the model.
    claims : str
        Where to write the CSV.
    """
    scores = read_ranking(ranking, layers * heads, RANKING)
    untrained = next((read_ranking(path, layers * heads, RANKING) for path in control_ranking), None)
    atoms, _ = read_pairwise(pairwise, ("sts_matrix", "sts_null_mean"), layers * heads)
    graphs = read_json(metrics, GRAPH_METRICS)
    accuracies = read_table(math, required=MATH), read_json(math_statistics, MATH_STATISTICS)
    removed = read_json(ablation_statistics, ABLATION_STATISTICS), read_table(ablation, required=ABLATION)
    drawn = significance, permutations, seed
    results = [
        claim_inverted_u(scores, layers, heads, *drawn),
        claim_absent_untrained(scores, untrained, layers, heads, *drawn),
        claim_within_layers(atoms, layers, heads, *drawn),
        claim_efficiency(graphs, significance),
        claim_modularity(graphs, significance),
        claim_ablation(*removed, significance),
        claim_noise_synergistic(*accuracies, sigma, significance),
        claim_noise_redundant(*accuracies, sigma, significance),
    ]
    rows = with_holm([result.row(model) for result in results], significance)
    for row in rows:
        print(f"{row['claim']}. {row['statement']} {row['verdict']}; after control: {row['verdict_after_control']}")
    write_csv(claims, COLUMNS, [[row[column] for column in COLUMNS] for row in rows])


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        test_claims(
            ranking=snakemake.input.ranking,
            control_ranking=snakemake.input.get("control_ranking", []),
            pairwise=snakemake.input.pairwise,
            metrics=snakemake.input.metrics,
            ablation=snakemake.input.ablation,
            ablation_statistics=snakemake.input.ablation_statistics,
            math=snakemake.input.math,
            math_statistics=snakemake.input.math_statistics,
            layers=snakemake.params.layers,
            heads=snakemake.params.heads,
            significance=snakemake.params.significance,
            permutations=snakemake.params.permutations,
            seed=snakemake.params.seed,
            sigma=snakemake.params.sigma,
            model=snakemake.wildcards.model,
            claims=snakemake.output.claims,
        )
