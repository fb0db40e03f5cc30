"""Asking a model mathematical problems and grading what it answers.

Prompts are continued greedily, each to its own end, in batches that lose the rows that are done.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch

from synergy.files.console import progress
from synergy.files.errors import InputError
from synergy.models.generation import out_of_memory
from synergy.models.loading import LanguageModel
from synergy.models.static_decoding import greedy_decoding
from synergy.perturbation.answer_extraction import extract_answer
from synergy.perturbation.grading import Grader
from synergy.perturbation.likelihood import continuation_nll
from synergy.perturbation.problem_prompts import PromptText
from synergy.perturbation.problems import Problem
from synergy.perturbation.stopping import Stop, Stopping


class Answer(NamedTuple):
    """Token ids without the end-of-sequence id, and whether the answer was cut off before its own end."""

    ids: list[int]
    truncated: bool


def answer_prompts(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int,
    batch_size: int,
    stop: Stop | None = None,
    ended: Callable[[int, Answer], None] = lambda row, answer_prompts: None,
) -> list[Answer]:
    """Continue each prompt with its most probable tokens until it ends.

    An answer ends at an end-of-sequence id, where its text holds what `stop` looks for, or after `max_new_tokens`.
    Rows that are done leave the batch, so that it never waits for one runaway answer. When the device runs out of
    memory, which grows as answers do, the rows that are not done go on from where they are in two batches of half
    the size, and so do all later ones: no token is generated twice.

    Parameters
    ----------
    prompts : token ids of each prompt, not empty.
    max_new_tokens : int
    batch_size : int
        Prompts continued at once; prompts of like length together, the longest first, since they need the most memory.
    stop : patterns at which an answer ends, see `synergy.perturbation.stopping`.
    ended : callable
        Called with the number of a prompt and its answer as soon as that ends.

    Returns
    -------
    list of Answer, in the order of `prompts`

    Raises
    ------
    InputError
        If the memory does not hold a single answer.
    """
    answers: list[Answer | None] = [None] * len(prompts)
    generated: list[list[int]] = [[] for _ in prompts]
    stopping = Stopping(model.tokenizer, stop)

    def goes_on(row: int, token: int) -> bool:
        at_end = token in model.stop_ids
        if not at_end:
            generated[row].append(token)
            full = len(generated[row]) >= max_new_tokens
            at_end = stopping.ended(generated[row], at_last=full)
            if not at_end and not full:
                return True
        answers[row] = Answer(generated[row], not at_end)
        ended(row, answers[row])
        return False

    longest_first = sorted(range(len(prompts)), key=lambda row: -len(prompts[row]))
    batches = deque(_cut(longest_first, batch_size))
    while batches:
        rows = batches.popleft()
        left = _go_on(model, rows, [[*prompts[row], *generated[row]] for row in rows], goes_on)
        if left:
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            if len(rows) == 1:
                raise InputError(
                    "memory for one answer",
                    f"none left at {len(prompts[rows[0]]) + len(generated[rows[0]])} tokens",
                    "use a device with more memory, or lower math.max_new_tokens",
                )
            batch_size = (len(left) + 1) // 2
            print(f"out of memory with {len(left)} answers in progress; going on with batches of {batch_size}")
            batches = deque([*_cut(left, batch_size), *_cut([row for batch in batches for row in batch], batch_size)])
    return answers


def _go_on(
    model: LanguageModel, rows: Sequence[int], contexts: Sequence[Sequence[int]], goes_on: Callable[[int, int], bool]
) -> list[int]:
    """Continue rows until none goes on; return those that are left when memory runs out."""
    alive = list(rows)
    try:
        with torch.inference_mode():
            decoding = greedy_decoding(model, contexts)
            while True:
                tokens = decoding.logits.argmax(-1)
                pairs = enumerate(zip(alive, tokens.tolist(), strict=True))
                going = [place for place, (row, token) in pairs if goes_on(row, token)]
                alive = [alive[place] for place in going]
                if not alive:
                    return []
                if len(going) < len(tokens):
                    places = torch.tensor(going, device=model.device)
                    decoding.keep(places)
                    tokens = tokens[places]
                decoding.append(tokens)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        return alive


def _cut(rows: Sequence[int], size: int) -> list[Sequence[int]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


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
        ``id``, ``type``, ``level``; ``prompt`` and ``generated`` text (up to the next problem), ``n_tokens`` generated;
        ``extracted`` answer, its ``extraction`` (boxed, stated, fallback or none), the ``gold`` one; verdicts
        ``correct`` and ``correct_strict`` with the ``grading`` status; ``truncated``; ``solution_nll`` of the reference
        solution, nats per token, and its length ``n_solution_tokens``, both None where there is no solution.

    Raises
    ------
    InputError
        If a likelihood is not finite, or the memory does not hold a single answer.
    """

    def encode(text: str, special: bool) -> list[int]:
        return model.tokenizer(text, add_special_tokens=special).input_ids

    ids = [encode(prompt.text, prompt.add_special_tokens) for prompt in prompts]
    solved = [row for row, problem in enumerate(problems) if problem.solution is not None]
    solutions = {row: encode(prompts[row].lead + problems[row].solution, False) for row in solved}
    scores = continuation_nll(model, [ids[row] for row in solved], list(solutions.values()), batch_size)
    nll = dict(zip(solved, scores, strict=True))
    stop = prompts[0].stop if prompts else None
    stopping = Stopping(model.tokenizer, stop)
    records: dict[int, dict] = {}

    with Grader() as grader, progress(None, description, "problem", total=len(problems)) as bar:

        def grade(row: int, ended: Answer) -> None:
            problem, prompt = problems[row], prompts[row]
            text = stopping.kept(ended.ids)
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
                "solution_nll": nll.get(row),
                "n_solution_tokens": len(solutions[row]) if row in solutions else None,
            }
            bar.update()

        answer_prompts(model, ids, max_new_tokens, batch_size, stop, grade)
    return [records[row] for row in range(len(problems))]
