"""Correlate the scores of all variants of one model, and test the claims that rest on activations under each."""

from collections.abc import Sequence

from synergy.artifacts import read_json, write_csv
from synergy.console import logged_to
from synergy.forms import GRAPH_METRICS
from synergy.head_tables import read_ranking
from synergy.pairwise_atoms import read_pairwise
from synergy.robustness import AGREEMENT, CLAIMS, QUANTITIES, agreement, beside_default, claims_of_activations
from synergy.tables import Table

RANKING = (*QUANTITIES, "rank_difference", "value_difference", "balance")


def compare_variants(
    variants: Sequence[str],
    rankings: Sequence[str],
    pairwise: Sequence[str],
    metrics: Sequence[str],
    control_rankings: Sequence[str],
    layers: int,
    heads: int,
    significance: float,
    permutations: int,
    seed: int,
    model: str,
    agreement_table: str,
    claims_table: str,
) -> None:
    """Write a row a pair of variants, and a row a claim and variant.

    Parameters
    ----------
    variants : sequence of str
        Names, the default first.
    rankings, pairwise, metrics : sequences of str
        Head ranking (CSV), pairwise atoms (npz) and graph metrics (JSON) of each variant.
    control_rankings : sequence of str
        Head rankings of the untrained control under each variant; none if there is no control.
    layers, heads : int
        Geometry of the model.
    significance : float
        Two-sided level of every test.
    permutations, seed : int
        Draws of the permutation tests and their seed.
    model : str
        Key of the model.
    agreement_table, claims_table : str
        Where to write the two CSVs.
    """
    n_heads = layers * heads
    tables = {name: read_ranking(path, n_heads, RANKING) for name, path in zip(variants, rankings, strict=True)}
    controls: dict[str, Table | None] = dict.fromkeys(variants)
    if control_rankings:
        read = [read_ranking(path, n_heads, RANKING) for path in control_rankings]
        controls = dict(zip(variants, read, strict=True))
    claims = {}
    for name, atoms_path, graphs_path in zip(variants, pairwise, metrics, strict=True):
        atoms, _ = read_pairwise(atoms_path, ("sts_matrix", "sts_null_mean"), n_heads)
        claims[name] = claims_of_activations(
            *(tables[name], controls[name], atoms, read_json(graphs_path, GRAPH_METRICS)),
            geometry=(layers, heads),
            drawn=(significance, permutations, seed),
        )
        print(name, *(f"{claim.claim}: {claim.verdict} / {claim.verdict_after_control}" for claim in claims[name]))
    rows = beside_default(model, claims)
    write_csv(claims_table, CLAIMS, [[row[column] for column in CLAIMS] for row in rows])
    pairs = [{"model": model, **row} for row in agreement(tables, layers, heads)]
    write_csv(agreement_table, AGREEMENT, [[row[column] for column in AGREEMENT] for row in pairs])


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        compare_variants(
            variants=snakemake.params.variants,
            rankings=snakemake.input.rankings,
            pairwise=snakemake.input.pairwise,
            metrics=snakemake.input.metrics,
            control_rankings=snakemake.input.get("control_rankings", []),
            layers=snakemake.params.layers,
            heads=snakemake.params.heads,
            significance=snakemake.params.significance,
            permutations=snakemake.params.permutations,
            seed=snakemake.params.seed,
            model=snakemake.wildcards.model,
            agreement_table=snakemake.output.agreement,
            claims_table=snakemake.output.claims,
        )
