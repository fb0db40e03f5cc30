"""Answer and grade the problems with noise in one set of heads."""

from synergy.artifacts import read_json, write_json, write_jsonl
from synergy.console import logged_to
from synergy.offline import offline
from synergy.orders import noisy_heads
from synergy.problem_prompts import format_prompt
from synergy.problems import load_problems
from synergy.provenance import provenance
from synergy.tables import read_table


def score_math(
    model: str,
    record: str,
    problems: str,
    ranking: str,
    condition: str,
    stanza: dict,
    fraction: float,
    prompt_style: str,
    shots: int,
    max_new_tokens: int,
    batch_size: int,
    threads: int,
    records: str,
    summary: str,
) -> None:
    """Write one record a problem, and what was done to the weights beside it.

    `condition` is ``baseline``, or heads, σ and seed (``synergistic-0.5-0``).
    """
    import torch

    from synergy.models import load_model
    from synergy.noise import noise_in_heads
    from synergy.problem_scoring import answer_and_grade

    kind, sigma, seed = condition.split("-") if condition != "baseline" else (condition, 0, 0)
    sigma, seed = float(sigma), int(seed)
    chosen = noisy_heads(kind, seed, fraction, read_table(ranking))
    asked, fetched = load_problems(problems), read_json(record)
    style = prompt_style
    if style == "auto":
        style = "chat" if stanza["prompt_format"] == "chat" else "few_shot"

    torch.set_num_threads(threads)
    language_model = load_model(model, fetched["weights"], stanza["dtype"])
    tokenizer, arguments = language_model.tokenizer, stanza["chat_template_arguments"]
    prompts = [format_prompt(problem.problem, style, tokenizer, arguments, shots) for problem in asked]
    with noise_in_heads(language_model, chosen, sigma, seed):
        graded = answer_and_grade(language_model, asked, prompts, max_new_tokens, batch_size, condition)
    write_jsonl(records, graded)
    parameters = {
        "style": style,
        "shots": shots,
        "max_new_tokens": max_new_tokens,
        "fraction": fraction,
        "dtype": stanza["dtype"],
    }
    done = {"condition": kind, "sigma": sigma, "seed": seed, "heads": chosen}
    write_json(summary, {**done, "provenance": provenance("score_math", parameters, fetched["provenance"])})


if __name__ == "__main__":
    with offline(), logged_to(snakemake.log[0]):
        score_math(
            model=snakemake.input.model,
            record=snakemake.input.record,
            problems=snakemake.input.problems,
            ranking=snakemake.input.ranking,
            condition=snakemake.wildcards.condition,
            stanza=snakemake.params.stanza,
            fraction=snakemake.params.fraction,
            prompt_style=snakemake.params.prompt_style,
            shots=snakemake.params.shots,
            max_new_tokens=snakemake.params.max_new_tokens,
            batch_size=snakemake.params.batch_size,
            threads=snakemake.threads,
            records=snakemake.output.records,
            summary=snakemake.output.condition,
        )
