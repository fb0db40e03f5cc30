"""Test the layer profile of every definition of the score, observed and null-subtracted, in all models of the study."""

from collections.abc import Mapping, Sequence

import pandas as pd

from synergy.claims.measured import AS_INTEGRATION, ATOMS, measured_of
from synergy.claims.measured import RANKING as CLAIMS
from synergy.claims.score_definitions import NUMIT, definition_rows
from synergy.files.artifacts import read_json
from synergy.files.console import logged_to
from synergy.files.tables import write_table
from synergy.heads.scores import read_ranking
from synergy.phiid.pairwise import read_pairwise

RANKING = (*CLAIMS, *AS_INTEGRATION, NUMIT, "null_numit")


def compare_scores(
    models: Mapping[str, Sequence[int]],
    rankings: Sequence[str],
    summaries: Sequence[str],
    pairwise: Sequence[str],
    significance: float,
    permutations: int,
    seed: int,
    definitions: str,
) -> None:
    """Write one row a model, definition and kind of information.

    Parameters
    ----------
    models : mapping of str to (int, int)
        Layers and heads a layer of each model, by key.
    rankings, summaries, pairwise : sequence of str
        Their head rankings (CSV), the summaries of them (JSON) and pairwise atoms (npz).
    significance, permutations, seed
        Level, and draws and seed of the profiles over depth.
    definitions : str
        Where to write the CSV.
    """
    tables = []
    paths = zip(models.items(), rankings, summaries, pairwise, strict=True)
    for (model, (layers, heads)), ranking, summary, atoms in paths:
        scores = read_ranking(ranking, layers * heads, RANKING)
        arrays, _ = read_pairwise(atoms, ATOMS, layers * heads)
        measured = measured_of(scores, arrays, read_json(summary, "ranking_summary"))
        tables.append(definition_rows(model, measured, layers, heads, significance, permutations, seed))
    rows = pd.concat(tables, ignore_index=True)
    for row in rows.to_dict("records"):
        print(f"{row['model']}, {row['definition']}, {row['information']}: r = {row['correlation']:+.2f}")
    write_table(definitions, rows)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        compare_scores(
            rankings=snakemake.input.rankings,
            summaries=snakemake.input.summaries,
            pairwise=snakemake.input.pairwise,
            definitions=snakemake.output.definitions,
            **snakemake.params.settings,
        )
