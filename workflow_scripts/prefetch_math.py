"""Fetch the problem set, draw the stratified sample that is asked, and record where it came from."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path

from synergy.files.artifacts import write_json, write_jsonl
from synergy.files.console import logged_to
from synergy.files.provenance import provenance
from synergy.perturbation.problem_prompts import drawn_exemplars, our_exemplars
from synergy.perturbation.problem_sets import read_problem_set, sample_problems


def prefetch_math(
    source: dict,
    exemplars: dict | str,
    shots: int,
    n_problems: int,
    seed: int,
    hub_cache: str,
    problems: str,
    record: str,
) -> None:
    """Write `n_problems` of the set as JSONL in our fields, and source, hash, counts and exemplars to `record`.

    Parameters
    ----------
    source : dict
        The set, see `synergy.perturbation.problem_sets.read_problem_set`.
    exemplars : dict or str
        Where the `shots` exemplars come from: ``ours``; ``train``, the train split of the set; or a set.
    """
    complete, origin = read_problem_set(source, None, Path(hub_cache))
    sample = sample_problems(complete, n_problems, seed)
    # None is a problem of the set, not even one that is not asked now, since it may be with another seed.
    if exemplars == "ours":
        shown, trained_on = our_exemplars(shots, complete), None
    else:
        chosen, split = (source, "train") if exemplars == "train" else (exemplars, None)
        train, trained_on = read_problem_set(chosen, split, Path(hub_cache))
        shown = drawn_exemplars(train, shots, seed, complete)
    write_jsonl(problems, [asdict(problem) for problem in sample])
    write_json(
        record,
        {
            "source": source,
            **origin,
            "n_problems": len(sample),
            "n_with_solution": sum(problem.solution is not None for problem in sample),
            "by_type": Counter(problem.type for problem in sample),
            "by_level": Counter(problem.level for problem in sample),
            "exemplars": shown,
            "exemplars_source": exemplars,
            "exemplars_origin": trained_on,
            "provenance": provenance("prefetch_math", {"n_problems": n_problems, "seed": seed, "shots": shots}),
        },
    )
    print(f"{len(sample)} of {len(complete)} problems, {len(shown)} exemplars; left out {origin['left_out'] or 'none'}")


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        prefetch_math(
            hub_cache=snakemake.params.hub_cache,
            problems=snakemake.output.problems,
            record=snakemake.output.record,
            **snakemake.params.settings,
        )
