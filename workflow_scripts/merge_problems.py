"""The answers of a model under one condition, from its shards."""

from collections.abc import Sequence

from synergy.files.artifacts import read_json, write_json, write_jsonl
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.heads.orders import noisy_heads, parse_condition
from synergy.heads.scores import read_ranking
from synergy.perturbation.problem_shards import merge_problem_shards
from synergy.perturbation.problems import load_problems


def merge_problems(
    shards: Sequence[str], made_from: dict[str, str], condition: str, fraction: float, records: str, summary: str
) -> None:
    """Check that the shards make a whole; write a record a problem, and beside them what was done to the weights.

    Parameters
    ----------
    made_from : dict
        Files ``problems``, ``problems_record``, ``ranking`` and ``record``, which the shards must be made from.
    fraction : float
        Of all heads, that noise goes into.

    Raises
    ------
    InputError
        Naming the shard that is foreign, mixed, overlapping, missing or broken.
    """
    asked = load_problems(made_from["problems"])
    fetched = read_json(made_from["record"], "model_record")
    exemplars = read_json(made_from["problems_record"], "problems_record")["exemplars"]
    kind, sigma, seed = parse_condition(condition)
    n_heads = fetched["geometry"]["layers"] * fetched["geometry"]["heads"]
    chosen = noisy_heads(kind, seed, fraction, read_ranking(made_from["ranking"], n_heads, ("syn_red_score",)))
    graded, made_of = merge_problem_shards(shards, condition, asked, exemplars, chosen, fetched)
    write_jsonl(records, graded)
    note = provenance("merge_problems", made_of["parameters"], fetched["provenance"])
    heads = [head for matrix in made_of["noise"]["matrices"] if matrix["matrix"] == "query" for head in matrix["heads"]]
    described = {"condition": kind, "sigma": sigma, "seed": seed, "heads": heads, "n_problems": len(graded)}
    write_json(summary, {**described, "noise": made_of["noise"], "provenance": note})
    print(f"{len(shards)} shards, {len(graded)} answers, {sum(record['correct'] for record in graded)} correct")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        merge_problems(
            shards=snakemake.input.shards,
            made_from={
                "problems": snakemake.input.problems,
                "problems_record": snakemake.input.problems_record,
                "ranking": snakemake.input.ranking,
                "record": snakemake.input.record,
            },
            condition=snakemake.wildcards.condition,
            records=snakemake.output.records,
            summary=snakemake.output.condition,
            **snakemake.params.settings,
        )
