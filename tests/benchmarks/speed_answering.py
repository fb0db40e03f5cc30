"""Speed of answering problems: batches against one problem at a time, likelihoods, noise and grading."""

import torch
from measuring import MODEL, ROOT, Row, best_of, markdown, options_of, seconds

from synergy.models.loading import LanguageModel, load_model
from synergy.perturbation.answering import answer_prompts
from synergy.perturbation.grading import Grader
from synergy.perturbation.likelihood import continuation_nll
from synergy.perturbation.noise import noise_in_heads
from synergy.perturbation.problem_prompts import format_prompt, our_exemplars
from synergy.perturbation.problem_sets import sample_problems
from synergy.perturbation.problems import load_problems

DEMO = ROOT / "config/problems/demo.jsonl"
N_PROBLEMS, N_TOKENS, N_ALONE = 60, 48, 12


def rows(given: dict) -> list[Row]:
    """Answers to the demo's problems."""
    model, prompts, _, stop = demo(options_of(given))
    (batched, own), (alone, few) = timed(model, prompts, stop, ("batched", "one at a time"))
    speeds = tokens(own) / batched, tokens(few) / alone
    ratio = speeds[0] / speeds[1]
    size, words = f"{N_PROBLEMS} problems of the demo, SmolLM2-135M", f"{speeds[1]:.0f} tokens/s (from {len(few)})"
    words = f"one problem at a time: {words}"
    return [Row("answering", size, f"{speeds[0]:.0f} tokens/s", words, f"{ratio:.1f}", "≥ 5 x", ratio >= 5)]


def details(given: dict) -> None:
    """Print the ways to answer, and what else a condition costs."""
    model, prompts, solutions, stop = demo(options_of(given))
    names = "batched", "one at a time", "one at a time, the library's generate"
    measured = dict(zip(names, timed(model, prompts, stop, names), strict=True))
    fastest = tokens(measured["batched"][1]) / measured["batched"][0]
    lines = []
    for name, (time_s, answers) in measured.items():
        speed = tokens(answers) / time_s
        lines.append((name, f"{speed:.1f}", f"{fastest / speed:.1f} times as long a token"))
    print(markdown(("", "tokens/s", ""), lines))
    alone = measured["one at a time"][1]
    same = sum(measured["batched"][1][place] == ids for place, ids in alone.items())
    print(f"\n{len(alone)} problems were asked alone, of which {same} have the same answer as in the batch")
    nll = seconds(lambda: continuation_nll(model, prompts, solutions, N_PROBLEMS))
    chosen = range(0, model.n_heads_total, 4)

    def noise():
        with noise_in_heads(model, chosen, 0.5, 0):
            pass

    with_noise, problems = seconds(noise), load_problems(DEMO)
    with Grader() as grader:
        grader.grade("1", "1")
        grading = seconds(lambda: [grader.grade(problem.answer, problem.answer) for problem in problems])
    print(
        f"likelihoods of the {len(prompts)} solutions {nll:.1f} s, noise in a quarter of the heads {with_noise:.1f} s, "
    )
    print(f"grading {len(problems)} gold answers {grading:.1f} s")


def demo(options) -> tuple[LanguageModel, list[list[int]], list[list[int]], tuple[str, ...]]:
    """The embedded model, prompts and solutions as the demo asks them, in token ids, and what ends an answer."""
    torch.set_num_threads(options.threads)
    model = load_model(options.run / f"resources/models/{MODEL}", {"kind": "trained"}, "float32")
    problems = sample_problems(load_problems(DEMO), N_PROBLEMS, 0)
    exemplars = our_exemplars(2, problems)
    texts = [format_prompt(problem.problem, "few_shot", exemplars=exemplars) for problem in problems]
    prompts = [model.tokenizer(text.text).input_ids for text in texts]
    solutions = [model.tokenizer(text.lead + p.solution).input_ids for text, p in zip(texts, problems, strict=True)]
    answer_prompts(model, prompts[:2], 4, 2, texts[0].stop)  # what is paid once
    return model, prompts, solutions, texts[0].stop


def timed(model, prompts, stop, names) -> list[tuple[float, dict[int, list[int]]]]:
    """Seconds, the best of two turns, and ids of the answers by the place of their problem, of each way named."""
    some = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))[:: max(1, len(prompts) // N_ALONE)]
    how = {"max_new_tokens": N_TOKENS, "do_sample": False, "eos_token_id": model.stop_ids or None, "pad_token_id": 0}
    how |= {"stop_strings": ["\nProblem:"], "tokenizer": model.tokenizer} if stop else {}

    def library(prompt: list[int]) -> list[int]:
        ids = torch.tensor([prompt], device=model.device)
        with torch.inference_mode():
            return model.model.generate(ids, attention_mask=torch.ones_like(ids), **how)[0, len(prompt) :].tolist()

    def batched() -> dict[int, list[int]]:
        return {k: own.ids for k, own in enumerate(answer_prompts(model, prompts, N_TOKENS, N_PROBLEMS, stop))}

    def alone() -> dict[int, list[int]]:
        return {k: answer_prompts(model, [prompts[k]], N_TOKENS, 1, stop)[0].ids for k in some}

    ways = dict(zip(("batched", "one at a time"), (batched, alone), strict=True))
    ways["one at a time, the library's generate"] = lambda: {k: library(prompts[k]) for k in some}
    answers: dict[str, dict[int, list[int]]] = {}
    times = best_of(2, *(lambda name=name: answers.update({name: ways[name]()}) for name in names))
    return [(time_s, answers[name]) for name, time_s in zip(names, times, strict=True)]


def tokens(answers: dict[int, list[int]]) -> int:
    """Tokens of all answers."""
    return sum(map(len, answers.values()))
