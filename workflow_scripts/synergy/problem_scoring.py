"""Asking a model mathematical problems and grading what it answers."""

from collections.abc import Sequence

from synergy.answers import extract_answer
from synergy.console import progress
from synergy.generation import answer, in_batches
from synergy.grading import Grader
from synergy.likelihood import continuation_nll
from synergy.models import LanguageModel
from synergy.problem_prompts import PromptText
from synergy.problems import Problem


def answer_and_grade(
    model: LanguageModel,
    problems: Sequence[Problem],
    prompts: Sequence[PromptText],
    max_new_tokens: int,
    batch_size: int,
    description: str,
) -> list[dict]:
    """Answer each problem greedily and grade the answer.

    Parameters
    ----------
    problems, prompts : the problems, and how each is asked.
    max_new_tokens : longer answers are cut off and marked ``truncated``.
    batch_size : problems generated at once.
    description : name of the progress bar.

    Returns
    -------
    list of dict, in the order of `problems`
        ``id``, ``type``, ``level``, ``prompt``, ``generated``, ``extracted``, ``extraction``, ``gold``, ``correct``,
        ``correct_strict``, ``grading``, ``truncated``, ``solution_nll`` (of the reference solution, nats per token).
    """

    def encode(text: str, special: bool) -> list[int]:
        return model.tokenizer(text, add_special_tokens=special).input_ids

    ids = [encode(prompt.text, prompt.add_special_tokens) for prompt in prompts]
    # ASSUME: the reference solution follows the prompt after one blank.
    solutions = [encode(f" {problem.solution}", False) for problem in problems]
    nll = continuation_nll(model, ids, solutions, batch_size)
    by_length = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    results: dict[int, dict] = {}

    def generate(batch: Sequence[Sequence[int]]) -> list[tuple[list[int], bool]]:
        return answer(model, batch, max_new_tokens, prompts[0].stop)

    with Grader() as grader, progress(None, description, "problem", total=len(problems)) as bar:
        for places, answers in in_batches([ids[row] for row in by_length], batch_size, generate):
            for place, (generated, truncated) in zip(places, answers, strict=True):
                row = by_length[place]
                text = _before(prompts[row].stop, model.tokenizer.decode(generated, skip_special_tokens=True))
                extracted = extract_answer(text)
                grade = grader.grade(problems[row].answer, extracted.answer)
                results[row] = {
                    "id": problems[row].id,
                    "type": problems[row].type,
                    "level": problems[row].level,
                    "prompt": prompts[row].text,
                    "generated": text,
                    "extracted": extracted.answer,
                    "extraction": extracted.extraction,
                    "gold": problems[row].answer,
                    "correct": grade.correct,
                    "correct_strict": grade.correct_strict,
                    "grading": grade.status,
                    "truncated": truncated,
                    "solution_nll": nll[row],
                }
                bar.update()
    return [results[row] for row in range(len(problems))]


def _before(stop_strings: Sequence[str], text: str) -> str:
    """The text up to the first stop string."""
    return text[: min((text.find(stop) for stop in stop_strings if stop in text), default=len(text))]
