"""Asking a model mathematical problems and grading what it answers."""

from collections.abc import Sequence

from synergy.answering import Answer, answer
from synergy.answers import extract_answer
from synergy.console import progress
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
    """Answer each problem greedily, grade the answer, and measure how probable its reference solution is.

    Parameters
    ----------
    problems, prompts : the problems, and how each is asked, all in one style.
    max_new_tokens : longer answers are cut off and marked ``truncated``.
    batch_size : problems generated at once.
    description : name of the progress bar, which counts problems as their answers end.

    Returns
    -------
    list of dict, in the order of `problems`
        ``id``, ``type``, ``level``; ``prompt`` and ``generated`` text (up to the stop string), ``n_tokens`` generated;
        ``extracted`` answer, its ``extraction`` (boxed, fallback or none), the ``gold`` one; verdicts ``correct`` and
        ``correct_strict`` with the ``grading`` status; ``truncated``; ``solution_nll`` of the reference solution, nats
        per token, and its length ``n_solution_tokens``.

    Raises
    ------
    InputError
        If a likelihood is not finite, or the memory does not hold a single answer.
    """

    def encode(text: str, special: bool) -> list[int]:
        return model.tokenizer(text, add_special_tokens=special).input_ids

    ids = [encode(prompt.text, prompt.add_special_tokens) for prompt in prompts]
    lead = [prompt.lead + problem.solution for prompt, problem in zip(prompts, problems, strict=True)]
    solutions = [encode(text, False) for text in lead]
    nll = continuation_nll(model, ids, solutions, batch_size)
    stop = prompts[0].stop if prompts else ()
    records: dict[int, dict] = {}

    with Grader() as grader, progress(None, description, "problem", total=len(problems)) as bar:

        def grade(row: int, ended: Answer) -> None:
            problem, prompt = problems[row], prompts[row]
            text = _before(stop, model.tokenizer.decode(ended.ids, skip_special_tokens=True))
            extracted = extract_answer(text)
            verdict = grader.grade(problem.answer, extracted.answer)
            records[row] = {
                "id": problem.id,
                "type": problem.type,
                "level": problem.level,
                "prompt": prompt.text,
                "generated": text,
                "n_tokens": len(ended.ids),
                "extracted": extracted.answer,
                "extraction": extracted.extraction,
                "gold": problem.answer,
                "correct": verdict.correct,
                "correct_strict": verdict.correct_strict,
                "grading": verdict.status,
                "truncated": ended.truncated,
                "solution_nll": nll[row],
                "n_solution_tokens": len(solutions[row]),
            }
            bar.update()

        answer(model, ids, max_new_tokens, batch_size, stop, grade)
    return [records[row] for row in range(len(problems))]


def _before(stop_strings: Sequence[str], text: str) -> str:
    """The text up to the first stop string."""
    return text[: min((text.find(stop) for stop in stop_strings if stop in text), default=len(text))]
