"""Answer and grade one range of the problems with noise in one set of heads."""

from synergy.files.artifacts import read_json
from synergy.files.code_identity import library_code
from synergy.files.console import logged_to
from synergy.files.kept_results import Kept
from synergy.files.provenance import provenance, versions_of
from synergy.files.shards import item_range
from synergy.heads.orders import noisy_heads, parse_condition
from synergy.heads.scores import read_ranking
from synergy.models.model_folder import model_identity
from synergy.perturbation.problem_prompts import format_prompt, style_of
from synergy.perturbation.problem_shards import answers_fingerprint, write_problem_shard
from synergy.perturbation.problems import load_problems


def score_math(
    model: str,
    made_from: dict[str, str],
    condition: str,
    scatteritem: str,
    dtype: str,
    prompt_format: str,
    template_arguments: dict,
    fraction: float,
    prompt_style: str,
    max_new_tokens: int,
    batch_size: int,
    threads: int,
    shard: str,
    kept: str | None = None,
) -> None:
    """Write one record a problem to the JSONL `shard`, after a line that says what was done to the weights.

    Parameters
    ----------
    made_from : files ``problems``, ``problems_record``, ``ranking`` and ``record``.
    scatteritem : the range of problems, ``k-of-n``.
    kept : folder from which a shard that was made before is taken.
    """
    kind, sigma, seed = parse_condition(condition)
    problems, fetched = load_problems(made_from["problems"]), read_json(made_from["record"], "model_record")
    n_heads = fetched["geometry"]["layers"] * fetched["geometry"]["heads"]
    chosen = noisy_heads(kind, seed, fraction, read_ranking(made_from["ranking"], n_heads, ("syn_red_score",)))
    style, asked = style_of(prompt_style, prompt_format), item_range(scatteritem, len(problems))
    own = problems[asked.start : asked.stop]
    exemplars = read_json(made_from["problems_record"], "problems_record")["exemplars"]
    parameters = {"style": style, "max_new_tokens": max_new_tokens, "fraction": fraction, "dtype": dtype}
    made_of = {
        "condition": condition,
        "n_problems": len(problems),
        "fingerprint": answers_fingerprint(own, exemplars, chosen, fetched),
        "parameters": parameters,
    }
    result = Kept(
        kept,
        "answers",
        {
            **model_identity(model, fetched),
            **made_of,
            "range": [asked.start, asked.stop],
            "heads": chosen.tolist(),
            "template_arguments": template_arguments,
            "batch_size": batch_size,
            "code": [
                library_code("models.loading", "load_model"),
                library_code("perturbation.problem_prompts", "format_prompt"),
                library_code("perturbation.noise", "noise_in_heads"),
                library_code("perturbation.answering", "answer_and_grade"),
                library_code("perturbation.problem_shards", "write_problem_shard"),
            ],
            "packages": versions_of(
                "torch", "transformers", "tokenizers", "math-verify", "latex2sympy2-extended", "sympy"
            ),
        },
    )
    if result.find({"shard": shard}):
        return
    import torch

    from synergy.models.loading import load_model
    from synergy.perturbation.answering import answer_and_grade
    from synergy.perturbation.noise import noise_in_heads

    torch.set_num_threads(threads)
    language_model = load_model(model, fetched["weights"], dtype)
    prompts = [
        format_prompt(problem.problem, style, language_model.tokenizer, template_arguments, exemplars)
        for problem in own
    ]
    asked_ids = [
        language_model.tokenizer(prompt.text, add_special_tokens=prompt.add_special_tokens).input_ids
        for prompt in prompts
    ]
    language_model.require_room(asked_ids, max_new_tokens)
    with noise_in_heads(language_model, chosen, sigma, seed) as noise:
        records = answer_and_grade(language_model, own, prompts, max_new_tokens, batch_size, condition)
    made_by = provenance("score_math", parameters, fetched["provenance"])
    write_problem_shard(shard, records, asked, **made_of, noise=noise, provenance=made_by)
    result.keep({"shard": shard}, made_by)


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
            condition=snakemake.wildcards.condition,
            scatteritem=snakemake.wildcards.scatteritem,
            threads=snakemake.threads,
            shard=snakemake.output.shard,
            kept=snakemake.params.kept,
            **snakemake.params.settings,
        )
