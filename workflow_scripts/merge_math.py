"""Merge the noise conditions of a model: accuracies with intervals, paired tests, subjects and levels."""

from collections.abc import Sequence
from math import isfinite

from synergy.files.artifacts import read_json, write_json
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.files.tables import write_table
from synergy.perturbation.outcomes import compare_conditions, condition_rows, group_rows, read_scores


def merge_math(
    records: Sequence[str],
    conditions: Sequence[str],
    permutations: int,
    seed: int,
    table: str,
    statistics: str,
    groups: str,
) -> None:
    """Write a row a condition to `table`, a row a subject and a level to `groups`, and paired tests to `statistics`.

    Parameters
    ----------
    records, conditions : sequence of str
        Graded answers (JSONL) and what was done to the weights (JSON), one of each a condition, the baseline first.
    permutations, seed : int
        Draws of the permutation tests and of the bootstrap, and their seed.

    Raises
    ------
    InputError
        If two conditions were asked other problems, or asked them otherwise.
    """
    scores = read_scores(records, conditions)
    rows = condition_rows(scores, permutations, seed)
    write_table(table, rows)
    write_table(groups, group_rows(scores))
    drawn = {"permutations": permutations, "seed": seed}
    first = read_json(conditions[0], "condition")["provenance"]
    made_by = provenance("merge_math", {**drawn, **scores[0].parameters}, first)
    compared = compare_conditions(scores, permutations, seed)
    write_json(statistics, {"n_problems": len(scores[0].outcomes), **compared, "provenance": made_by})
    for row in rows.to_dict("records"):
        counts = f"{row['n_correct']} of {row['n_problems']} correct, {row['truncated_fraction']:.0%} truncated"
        nll = f"NLL {row['solution_nll']:.3f}" if isfinite(row["solution_nll"]) else "no reference solutions"
        print(f"{row['condition']} {row['sigma']} {row['seed']}: {counts}, {nll}")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        merge_math(
            records=snakemake.input.records,
            conditions=snakemake.input.conditions,
            table=snakemake.output.math,
            statistics=snakemake.output.statistics,
            groups=snakemake.output.groups,
            **snakemake.params.settings,
        )
