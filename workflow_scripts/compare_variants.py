"""Correlate the scores of all variants of one model, and test the claims that rest on activations under each."""

from collections.abc import Sequence

from synergy.claims.of_model import ATOMS, RANKING, claims_of_activations
from synergy.claims.robustness import QUANTITIES, agreement, beside_default
from synergy.files.artifacts import read_json
from synergy.files.console import logged_to
from synergy.files.tables import write_table
from synergy.heads.scores import read_ranking
from synergy.phiid.pairwise import read_pairwise


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
    """Write a row a pair of variants to `agreement_table`, and a row a claim and variant to `claims_table`.

    Parameters
    ----------
    variants : sequence of str
        Names, the default first.
    rankings, pairwise, metrics : sequences of str
        Head ranking (CSV), pairwise atoms (npz) and graph metrics (JSON) of each variant.
    control_rankings : sequence of str
        Head rankings of the untrained control under each variant; none if there is no control.
    """
    n_heads, needed = layers * heads, (*RANKING, *QUANTITIES)
    tables = {name: read_ranking(path, n_heads, needed) for name, path in zip(variants, rankings, strict=True)}
    controls = [read_ranking(path, n_heads, RANKING) for path in control_rankings] or [None] * len(variants)
    geometry, drawn = (layers, heads), (significance, permutations, seed)
    claims = {}
    for name, control, atoms_path, graphs_path in zip(variants, controls, pairwise, metrics, strict=True):
        atoms, _ = read_pairwise(atoms_path, ATOMS, n_heads)
        graphs = read_json(graphs_path, "graph_metrics")
        claims[name] = claims_of_activations(tables[name], control, atoms, graphs, geometry, drawn)
        print(name, *(f"{claim.claim}: {claim.verdict} / {claim.verdict_after_control}" for claim in claims[name]))
    write_table(claims_table, beside_default(model, claims))
    write_table(agreement_table, agreement(model, tables, layers, heads))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        compare_variants(
            rankings=snakemake.input.rankings,
            pairwise=snakemake.input.pairwise,
            metrics=snakemake.input.metrics,
            control_rankings=snakemake.input.get("control_rankings", []),
            model=snakemake.wildcards.model,
            agreement_table=snakemake.output.agreement,
            claims_table=snakemake.output.claims,
            **snakemake.params.settings,
        )
