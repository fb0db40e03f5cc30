"""Answer and grade the problems with noise in one set of heads."""

from collections.abc import Sequence

from synergy.answers import extract_answer
from synergy.artifacts import read_json, write_json, write_jsonl
from synergy.console import logged_to, progress
from synergy.grading import Grader
from synergy.orders import noisy_heads
from synergy.problem_prompts import PromptText, format_prompt
from synergy.problems import Problem, load_problems
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
    prompts = [format_prompt(problem.problem, style, tokenizer, arguments) for problem in asked]
    with noise_in_heads(language_model, chosen, sigma, seed):
        graded = _answer_and_grade(language_model, asked, prompts, max_new_tokens, batch_size, condition)
    write_jsonl(records, graded)
    parameters = {"style": style, "max_new_tokens": max_new_tokens, "fraction": fraction, "dtype": stanza["dtype"]}
    done = {"condition": kind, "sigma": sigma, "seed": seed, "heads": chosen}
    write_json(summary, {**done, "provenance": provenance("score_math", parameters, fetched["provenance"])})


def _answer_and_grade(
    model, asked: Sequence[Problem], prompts: Sequence[PromptText], max_new_tokens: int, batch_size: int, name: str
) -> list[dict]:
    from synergy.generation import answer, in_batches
    from synergy.likelihood import continuation_nll

    def encode(text: str, special: bool) -> list[int]:
        return model.tokenizer(text, add_special_tokens=special).input_ids

    ids = [encode(prompt.text, prompt.add_special_tokens) for prompt in prompts]
    solutions = [encode(f" {problem.solution}", False) for problem in asked]
    nll = continuation_nll(model, ids, solutions, batch_size)
    by_length = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    results: dict[int, dict] = {}
    with Grader() as grader, progress(None, name, "problem", total=len(asked)) as bar:
        for places, answers in in_batches(
            [ids[row] for row in by_length],
            batch_size,
            lambda rows: answer(model, rows, max_new_tokens, prompts[0].stop),
        ):
            for place, (generated, truncated) in zip(places, answers, strict=True):
                row = by_length[place]
                text = model.tokenizer.decode(generated, skip_special_tokens=True)
                extracted = extract_answer(text)
                grade = grader.grade(asked[row].answer, extracted.answer)
                results[row] = {
                    "id": asked[row].id,
                    "type": asked[row].type,
                    "level": asked[row].level,
                    "prompt": prompts[row].text,
                    "generated": text,
                    "extracted": extracted.answer,
                    "extraction": extracted.extraction,
                    "gold": asked[row].answer,
                    "correct": grade.correct,
                    "correct_strict": grade.correct_strict,
                    "grading": grade.status,
                    "truncated": truncated,
                    "solution_nll": nll[row],
                }
                bar.update()
    return [results[row] for row in range(len(asked))]


if __name__ == "__main__":
    with logged_to(snakemake.log[0]):
        score_math(
            model=snakemake.input.model,
            record=snakemake.input.record,
            problems=snakemake.input.problems,
            ranking=snakemake.input.ranking,
            condition=snakemake.wildcards.condition,
            stanza=snakemake.params.stanza,
            fraction=snakemake.params.fraction,
            prompt_style=snakemake.params.prompt_style,
            max_new_tokens=snakemake.params.max_new_tokens,
            batch_size=snakemake.params.batch_size,
            threads=snakemake.threads,
            records=snakemake.output.records,
            summary=snakemake.output.condition,
        )
