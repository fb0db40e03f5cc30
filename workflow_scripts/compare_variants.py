"""Correlate the scores of all variants of one model, and test the claims that rest on activations under each."""

from collections.abc import Sequence

from synergy.claims.measured import AS_INTEGRATION, ATOMS, INTEGRATION, RANKING, Measured, as_integration, measured_of
from synergy.claims.of_model import claims_of_activations
from synergy.claims.robustness import QUANTITIES, agreement, beside_default
from synergy.files.artifacts import read_json
from synergy.files.console import logged_to
from synergy.files.tables import write_table
from synergy.heads.scores import read_ranking
from synergy.phiid.pairwise import read_pairwise

NEEDED = tuple(dict.fromkeys([*RANKING, *QUANTITIES, *AS_INTEGRATION]))


def compare_variants(
    variants: Sequence[str],
    rankings: Sequence[str],
    summaries: Sequence[str],
    pairwise: Sequence[str],
    metrics: Sequence[str],
    control_rankings: Sequence[str],
    control_summaries: Sequence[str],
    control_pairwise: Sequence[str],
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
        Names, the default first; ``integration`` reads another measure of the default's artifacts.
    rankings, summaries, pairwise, metrics : sequences of str
        Head ranking (CSV), its summary (JSON), pairwise atoms (npz) and graph metrics (JSON) of each variant.
    control_rankings, control_summaries, control_pairwise : sequences of str
        The same of the untrained twins, twin by twin, each under every variant; none if there is no twin.
    """
    n_heads, drawn = layers * heads, (significance, permutations, seed)
    controls = list(zip(control_rankings, control_summaries, control_pairwise, strict=True))
    tables, claims = {}, {}
    own = zip(variants, rankings, summaries, pairwise, metrics, strict=True)
    for number, (name, *paths, graphs_path) in enumerate(own):
        tables[name] = read_ranking(paths[0], n_heads, NEEDED)
        if name == INTEGRATION:
            tables[name] = as_integration(tables[name])
        measured = _measured(*paths, n_heads, name)
        twins = [_measured(*twin, n_heads, name) for twin in controls[number :: len(variants)]]
        graphs = read_json(graphs_path, "graph_metrics")
        claims[name] = claims_of_activations(measured, twins, graphs, (layers, heads), drawn)
    rows = beside_default(model, claims, significance)
    for row in rows.to_dict("records"):
        print(f"{row['claim']}. {row['variant']}: {row['verdict']}; after control: {row['verdict_after_control']}")
    write_table(claims_table, rows)
    write_table(agreement_table, agreement(model, tables, layers, heads))


def _measured(ranking: str, summary: str, pairwise: str, n_heads: int, variant: str) -> Measured:
    score = INTEGRATION if variant == INTEGRATION else ""
    scores, (atoms, _) = read_ranking(ranking, n_heads, NEEDED), read_pairwise(pairwise, ATOMS, n_heads)
    return measured_of(scores, atoms, read_json(summary, "ranking_summary"), score)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        compare_variants(
            rankings=snakemake.input.rankings,
            summaries=snakemake.input.summaries,
            pairwise=snakemake.input.pairwise,
            metrics=snakemake.input.metrics,
            control_rankings=snakemake.input.get("control_rankings", []),
            control_summaries=snakemake.input.get("control_summaries", []),
            control_pairwise=snakemake.input.get("control_pairwise", []),
            model=snakemake.wildcards.model,
            agreement_table=snakemake.output.agreement,
            claims_table=snakemake.output.claims,
            **snakemake.params.settings,
        )
