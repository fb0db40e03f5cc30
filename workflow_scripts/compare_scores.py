"""Test the layer profile of every definition of the score, observed and null-subtracted, in all models of the study."""

from collections.abc import Mapping, Sequence

import pandas as pd

from synergy.claims.score_definitions import definition_rows
from synergy.files.console import logged_to
from synergy.files.tables import write_table
from synergy.heads.scores import SCORES, read_ranking
from synergy.phiid.pairwise import read_pairwise

RANKING = ("syn_red_score", "excess_synergy", "excess_redundancy", *SCORES)
ATOMS = ("sts_matrix", "rtr_matrix", "sts_null_mean", "rtr_null_mean")


def compare_scores(
    models: Mapping[str, Sequence[int]],
    rankings: Sequence[str],
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
    rankings, pairwise : sequence of str
        Their head rankings (CSV) and pairwise atoms (npz).
    significance, permutations, seed
        Level, draws and seed of the permutation tests.
    definitions : str
        Where to write the CSV.
    """
    tables = []
    for (model, (layers, heads)), ranking, atoms in zip(models.items(), rankings, pairwise, strict=True):
        scores = read_ranking(ranking, layers * heads, RANKING)
        matrices, _ = read_pairwise(atoms, ATOMS, layers * heads)
        tables.append(definition_rows(model, scores, matrices, layers, heads, significance, permutations, seed))
    rows = pd.concat(tables, ignore_index=True)
    for row in rows.to_dict("records"):
        print(f"{row['model']}, {row['definition']}, {row['information']}: r = {row['correlation']:+.2f}")
    write_table(definitions, rows)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        compare_scores(
            rankings=snakemake.input.rankings,
            pairwise=snakemake.input.pairwise,
            definitions=snakemake.output.definitions,
            **snakemake.params.settings,
        )
