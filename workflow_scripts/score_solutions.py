"""Measure how probable reference solutions are under one range of the sets of heads that noise goes into."""

from collections.abc import Sequence

import numpy as np

from synergy.files.artifacts import read_json
from synergy.files.code_identity import library_code
from synergy.files.console import logged_to, progress
from synergy.files.kept_results import Kept, Unfinished
from synergy.files.provenance import provenance, versions_of
from synergy.files.shards import dealt
from synergy.heads.orders import named_conditions
from synergy.models.model_folder import model_identity
from synergy.perturbation.condition_files import answers_fingerprint, write_solutions
from synergy.perturbation.problem_prompts import format_prompt, style_of
from synergy.perturbation.problems import load_problems, with_solutions


def score_solutions(
    model: str,
    made_from: dict[str, str],
    names: Sequence[str],
    scatteritem: str,
    dtype: str,
    prompt_format: str,
    template_arguments: dict,
    fraction: float,
    prompt_style: str,
    n_problems: int,
    batch_size: int,
    threads: int,
    solutions: str,
    kept: str | None = None,
    gpus: int = 1,
) -> None:
    """Write the negative log-likelihood of each reference solution under each set of heads, nats per token, to an npz.

    The model is loaded once, and nothing is generated. An interrupted run goes on after its finished sets; a range that
    was measured before and lies in the folder `kept` is taken from there.

    Parameters
    ----------
    made_from : files ``problems``, ``problems_record``, ``ranking`` and ``record``.
    names : all sets, named as conditions are.
    scatteritem : the range of the sets, ``k-of-n``, dealt in turns.
    n_problems : how many solutions, see `synergy.perturbation.problems.with_solutions`.
    """
    fetched = read_json(made_from["record"], "model_record")
    n_heads = fetched["geometry"]["layers"] * fetched["geometry"]["heads"]
    own = named_conditions(dealt(scatteritem, names), fraction, made_from["ranking"], n_heads)
    style = style_of(prompt_style, prompt_format)
    exemplars = read_json(made_from["problems_record"], "problems_record")["exemplars"]
    solved = with_solutions(load_problems(made_from["problems"]), n_problems)
    parameters = {"style": style, "n_problems": n_problems, "fraction": fraction, "dtype": dtype}
    fingerprint = answers_fingerprint(solved, exemplars, fetched)
    made_of = {
        **model_identity(model, fetched),
        "sets": {condition.name: condition.heads.tolist() for condition in own},
        "fingerprint": fingerprint,
        "parameters": parameters,
        "template_arguments": template_arguments,
        "batch_size": batch_size,
        "code": [
            library_code("models.loading", "load_model"),
            library_code("perturbation.problem_prompts", "format_prompt"),
            library_code("perturbation.noise", "noise_in_heads"),
            library_code("perturbation.likelihood", "solution_nll"),
            library_code("perturbation.condition_files", "write_solutions"),
        ],
        "packages": versions_of("torch", "transformers", "tokenizers"),
    }
    result, unfinished = Kept(kept, "solutions", made_of), None
    if result.find({"solutions": solutions}):
        return
    nll = np.full((len(solved), len(own)), np.nan)
    if own and solved:
        import torch

        from synergy.models.loading import load_model
        from synergy.perturbation.likelihood import solution_nll
        from synergy.perturbation.noise import noise_in_heads

        torch.set_num_threads(threads)
        language_model = load_model(model, fetched["weights"], dtype, gpus=gpus)
        tokenizer = language_model.tokenizer
        prompts = [format_prompt(one.problem, style, tokenizer, template_arguments, exemplars) for one in solved]
        unfinished = Unfinished(solutions, result.key)
        done = unfinished.load(nll.shape)
        nll = nll if done is None else done
        with progress(None, "likelihood of the solutions", "set", total=len(own)) as bar:
            for place, condition in enumerate(own):
                if not np.isfinite(nll[:, place]).all():
                    with noise_in_heads(language_model, condition.heads, condition.sigma, condition.seed):
                        nll[:, place] = solution_nll(language_model, solved, prompts, batch_size)
                    unfinished.save(nll)
                bar.update()
    made_by = provenance("score_solutions", parameters, fetched["provenance"])
    write_solutions(solutions, made_by, [condition.name for condition in own], solved, nll.T, fingerprint)
    if unfinished:
        unfinished.remove()
    result.keep({"solutions": solutions}, made_by)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        score_solutions(
            model=snakemake.input.model,
            made_from={
                "problems": snakemake.input.problems,
                "problems_record": snakemake.input.problems_record,
                "ranking": snakemake.input.ranking,
                "record": snakemake.input.record,
            },
            scatteritem=snakemake.wildcards.scatteritem,
            threads=snakemake.threads,
            solutions=snakemake.output.solutions,
            kept=snakemake.params.kept,
            gpus=snakemake.params.gpus,
            **snakemake.params.settings,
        )
