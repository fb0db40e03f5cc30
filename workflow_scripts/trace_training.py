"""Layer profiles of a model's training checkpoints as one table, and a summary of what each is worth."""

from collections.abc import Sequence

from synergy.files.artifacts import read_json, write_json
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.files.tables import read_table, write_table
from synergy.heads.scores import read_ranking
from synergy.heads.training import MEANS, PUBLISHED_MODEL, describe, identical_weights, profiles


def trace_training(
    steps: dict[str, int],
    rankings: Sequence[str],
    summaries: Sequence[str],
    records: Sequence[str],
    published: str,
    layers: int,
    heads: int,
    permutations: int,
    seed: int,
    model: str,
    trajectory: str,
    summary: str,
) -> None:
    """Write a row a checkpoint and layer to the CSV `trajectory` and a record a checkpoint to the JSON `summary`.

    Parameters
    ----------
    steps : dict of str to int
        Training step of each checkpoint, by model key, in order.
    rankings, summaries, records : sequences of str
        Head ranking (CSV), its summary (JSON) and the prefetch record (JSON) of each.
    published : str
        The paper's profiles of `PUBLISHED_MODEL` (CSV); left out for any other model.
    permutations, seed : int
        Deals of heads to layers, and their seed.
    """
    keys = list(steps)
    paths = dict(zip(keys, rankings, strict=True))
    tables = {key: read_ranking(path, layers * heads, tuple(MEANS)) for key, path in paths.items()}
    theirs = read_table(published, required=("training_step", "layer", "minmax_scaled_rank"))
    if model != PUBLISHED_MODEL:
        theirs = theirs.iloc[:0]
    rows = profiles(tables, steps, layers, heads, theirs)
    by_key = dict(list(rows.groupby("model")))
    described = []
    for key, path in zip(keys, summaries, strict=True):
        found = describe(by_key[key], tables[key], by_key[keys[-1]], layers, heads, (permutations, seed))
        described.append(found | {"split_half_score": read_json(path, "ranking_summary")["split_half"]["score"]})
    same = identical_weights({key: read_json(path, "model_record") for key, path in zip(keys, records, strict=True)})
    for group in same:
        print(f"WARNING: {' and '.join(group)} have identical weights: all but one are not what their name says.")
    write_table(trajectory, rows)
    parameters = {"steps": steps, "permutations": permutations, "seed": seed}
    made = provenance("trace_training", parameters)
    write_json(summary, {"identical_weights": same, "checkpoints": described, "provenance": made})


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        trace_training(
            rankings=snakemake.input.rankings,
            summaries=snakemake.input.summaries,
            records=snakemake.input.records,
            published=snakemake.input.published,
            model=snakemake.wildcards.model,
            trajectory=snakemake.output.trajectory,
            summary=snakemake.output.summary,
            **snakemake.params.settings,
        )
