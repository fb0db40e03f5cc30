"""Compare what was measured with what the paper shows of the same models, quantity by quantity."""

from collections.abc import Mapping, Sequence

import pandas as pd

from synergy.ablation.curves import CURVE_COLUMNS as ABLATION
from synergy.claims.published import AGREEMENT_COLUMNS, Measured, agreement_rule, judged, quantities, variant_in_words
from synergy.files.artifacts import read_json
from synergy.files.console import logged_to
from synergy.files.tables import read_table, write_table
from synergy.heads.scores import read_ranking
from synergy.perturbation.outcomes import POOLED_COLUMNS as MATH

RANKING = ("syn_red_score", "excess_score")


def compare_published(
    models: Mapping[str, Sequence[int]],
    rankings: Sequence[str],
    metrics: Sequence[str],
    ablations: Sequence[str],
    maths: Sequence[str],
    published: Mapping[str, str],
    sigma: float,
    significance: float,
    permutations: int,
    seed: int,
    agreement: str,
) -> None:
    """Write one row a model and published quantity; none for a model that the paper does not show.

    Parameters
    ----------
    models : mapping of str to (int, int)
        Layers and heads a layer of each model, by key.
    rankings, metrics, ablations, maths : sequence of str
        Head ranking (CSV), graph metrics (JSON), ablation table (CSV) and accuracies (CSV) of each model, in order.
    published : mapping of str to str
        The paper's tables (CSV), by figure: "2b", "2c", "3c", "4a", "4b".
    sigma : float
        The noise whose accuracies are compared.
    significance, permutations, seed
        Level, draws and seed of the permutation tests.
    agreement : str
        Where to write the CSV.
    """
    print(f"Rule: {agreement_rule(significance)}.")
    rows = []
    for place, (model, (layers, heads)) in enumerate(models.items()):
        ranking = read_ranking(rankings[place], layers * heads, RANKING)
        ablation, math = read_table(ablations[place], required=ABLATION), read_table(maths[place], required=MATH)
        graphs = read_json(metrics[place], "graph_metrics")
        measured = Measured(layers, heads, ranking, graphs, ablation, math, sigma)
        for name, quantity in quantities(model, measured, published):
            row = judged(quantity, significance, permutations, seed)
            words = " ".join(filter(None, (variant_in_words(model, name), row["note"])))
            rows.append({**row, "model": model, "published_model": name, "note": words})
            print(f"{model}, Fig. {row['figure']}, {row['quantity']}: {row['agreement'] or 'differences only'}")
    write_table(agreement, pd.DataFrame(rows, columns=AGREEMENT_COLUMNS))


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        compare_published(
            rankings=snakemake.input.rankings,
            metrics=snakemake.input.metrics,
            ablations=snakemake.input.ablations,
            maths=snakemake.input.maths,
            published=dict(zip(snakemake.params.figures, snakemake.input.published, strict=True)),
            agreement=snakemake.output.agreement,
            **snakemake.params.settings,
        )
