"""Answer and grade the problems under one range of the conditions, each with noise in one set of heads."""

from collections.abc import Sequence

from synergy.files.artifacts import read_json
from synergy.files.code_identity import library_code
from synergy.files.console import logged_to
from synergy.files.folders import atomic_folder
from synergy.files.kept_results import Kept
from synergy.files.provenance import provenance, versions_of
from synergy.files.shards import dealt
from synergy.heads.orders import Condition, named_conditions
from synergy.models.model_folder import model_identity
from synergy.perturbation.condition_files import answers_fingerprint, write_condition
from synergy.perturbation.problem_prompts import format_prompt, style_of
from synergy.perturbation.problems import load_problems


def score_math(
    model: str,
    made_from: dict[str, str],
    names: Sequence[str],
    scatteritem: str,
    dtype: str,
    prompt_format: str,
    template_arguments: dict,
    fraction: float,
    prompt_style: str,
    max_new_tokens: int,
    batch_size: int,
    threads: int,
    folder: str,
    checksums: str,
    kept: str | None = None,
    gpus: int = 1,
) -> None:
    """Write into `folder`, a condition, one record a problem (JSONL) and what was done to the weights (JSON).

    The model is loaded once. A condition that was answered before and lies in the folder `kept` is taken from there,
    and each is kept there once it is answered, so that an interrupted run goes on after its finished conditions.

    Parameters
    ----------
    made_from : files ``problems``, ``problems_record``, ``ranking`` and ``record``.
    names : all conditions.
    scatteritem : the range of the conditions, ``k-of-n``, dealt in turns.
    """
    problems, fetched = load_problems(made_from["problems"]), read_json(made_from["record"], "model_record")
    n_heads = fetched["geometry"]["layers"] * fetched["geometry"]["heads"]
    own = named_conditions(dealt(scatteritem, names), fraction, made_from["ranking"], n_heads)
    style = style_of(prompt_style, prompt_format)
    exemplars = read_json(made_from["problems_record"], "problems_record")["exemplars"]
    parameters = {"style": style, "max_new_tokens": max_new_tokens, "fraction": fraction, "dtype": dtype}
    fingerprint = answers_fingerprint(problems, exemplars, fetched)

    def made_of(condition: Condition) -> dict:
        return {
            **model_identity(model, fetched),
            "condition": condition.name,
            "heads": condition.heads.tolist(),
            "fingerprint": fingerprint,
            "parameters": parameters,
            "template_arguments": template_arguments,
            "batch_size": batch_size,
            "code": [
                library_code("models.loading", "load_model"),
                library_code("perturbation.problem_prompts", "format_prompt"),
                library_code("perturbation.noise", "noise_in_heads"),
                library_code("perturbation.answering", "answer_and_grade"),
                library_code("perturbation.condition_files", "write_condition"),
            ],
            "packages": versions_of(
                "torch", "transformers", "tokenizers", "math-verify", "latex2sympy2-extended", "sympy"
            ),
        }

    with atomic_folder(folder, checksums) as partial:
        left = []
        for condition in own:
            files = {
                "records": partial / f"{condition.name}.jsonl",
                "condition": partial / f"{condition.name}.json",
            }
            result = Kept(kept, "answers", made_of(condition))
            if not result.find(files):
                left.append((condition, files, result))
        if not left:
            return
        import torch

        from synergy.models.loading import load_model
        from synergy.perturbation.answering import answer_and_grade
        from synergy.perturbation.noise import noise_in_heads

        torch.set_num_threads(threads)
        language_model = load_model(model, fetched["weights"], dtype, gpus=gpus)
        tokenizer = language_model.tokenizer
        prompts = [format_prompt(own.problem, style, tokenizer, template_arguments, exemplars) for own in problems]
        ids = [tokenizer(prompt.text, add_special_tokens=prompt.add_special_tokens).input_ids for prompt in prompts]
        language_model.require_room(ids, max_new_tokens)
        made_by = provenance("score_math", parameters, fetched["provenance"])
        for condition, files, result in left:
            with noise_in_heads(language_model, condition.heads, condition.sigma, condition.seed) as noise:
                records = answer_and_grade(
                    language_model, problems, prompts, max_new_tokens, batch_size, condition.name
                )
            write_condition(files["records"], files["condition"], records, condition, fingerprint, noise, made_by)
            result.keep(files, made_by)


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        score_math(
            model=snakemake.input.model,
            made_from={
                "problems": snakemake.input.problems,
                "problems_record": snakemake.input.problems_record,
                "ranking": snakemake.input.ranking,
                "record": snakemake.input.record,
            },
            scatteritem=snakemake.wildcards.scatteritem,
            threads=snakemake.threads,
            folder=snakemake.output.folder,
            checksums=snakemake.output.checksums,
            kept=snakemake.params.kept,
            gpus=snakemake.params.gpus,
            **snakemake.params.settings,
        )
