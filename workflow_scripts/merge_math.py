"""Take the noise conditions of a model from their ranges: accuracies with intervals, paired tests, ranks, subjects."""

from collections.abc import Sequence
from math import isfinite

from synergy.files.artifacts import read_json, write_json, write_npz
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.files.shards import take_from_ranges
from synergy.files.tables import write_table
from synergy.perturbation.condition_files import merge_solutions
from synergy.perturbation.outcomes import (
    compare_conditions,
    compare_with_sets,
    condition_rows,
    group_rows,
    read_scores,
)


def merge_math(
    ranges: Sequence[str],
    checksums: Sequence[str],
    solution_ranges: Sequence[str],
    sets: Sequence[str],
    sigma: float,
    permutations: int,
    seed: int,
    records: Sequence[str],
    conditions: Sequence[str],
    solutions: str,
    table: str,
    statistics: str,
    groups: str,
) -> None:
    """Write a row a condition to `table`, a row a subject and a level to `groups`, and the tests to `statistics`.

    Parameters
    ----------
    ranges, checksums, solution_ranges : folders of `score_math`, the sha256 of their files, and files of
        `score_solutions`.
    sets : names of the sets of heads under which the likelihood of the solutions was measured.
    sigma : float
        The noise at which the cores take their ranks among random sets.
    permutations, seed : int
        Draws of the permutation tests and of the bootstrap, and their seed.
    records, conditions, solutions : where the graded answers (JSONL) and what was done to the weights (JSON) of each
        condition, the baseline first, and the likelihoods of all sets (npz) are put.

    Raises
    ------
    InputError
        If a file is missing or foreign, or two conditions were asked other problems, or asked them otherwise.
    """
    take_from_ranges(ranges, checksums, [*records, *conditions])
    scores = read_scores(records, conditions)
    likelihoods, solutions_note = merge_solutions(solution_ranges, sets)
    write_npz(solutions, provenance("merge_math", solutions_note["parameters"], solutions_note), **likelihoods)
    rows = condition_rows(scores, permutations, seed)
    write_table(table, rows)
    write_table(groups, group_rows(scores))
    drawn = {"permutations": permutations, "seed": seed, "sigma": sigma}
    first = read_json(conditions[0], "condition")["provenance"]
    made_by = provenance("merge_math", {**drawn, **scores[0].parameters}, first)
    compared = compare_conditions(scores, permutations, seed)
    among = compare_with_sets(scores, likelihoods, sigma, permutations, seed)
    summary = {"n_problems": len(scores[0].outcomes), **compared, "among_random_sets": among}
    write_json(statistics, {**summary, "provenance": made_by})
    for row in rows.to_dict("records"):
        counts = f"{row['n_correct']} of {row['n_problems']} correct, {row['truncated_fraction']:.0%} truncated"
        nll = f"NLL {row['solution_nll']:.3f}" if isfinite(row["solution_nll"]) else "no reference solutions"
        print(f"{row['condition']} {row['sigma']} {row['seed']}: {counts}, {nll}")
    for record in among:
        place = f"p = {record['p_value']:.2g} by its rank among {len(record['by_set'])} random sets"
        print(f"{record['core']}, {record['measure']} {record['value']:.3f}: {place}")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        merge_math(
            ranges=snakemake.input.ranges,
            checksums=snakemake.input.checksums,
            solution_ranges=snakemake.input.solution_ranges,
            records=snakemake.output.records,
            conditions=snakemake.output.conditions,
            solutions=snakemake.output.solutions,
            table=snakemake.output.math,
            statistics=snakemake.output.statistics,
            groups=snakemake.output.groups,
            **snakemake.params.settings,
        )
