"""Speed of answering problems: batches against one problem at a time, likelihoods, noise and grading.

    python tests/benchmarks/bench_math.py resources/models/smollm2-135m
    python tests/benchmarks/bench_math.py --qwen3-8b                      # true shape, random weights; wants a GPU

The first asks the demo's problems as the demo asks them; every way gets the same prompts, in turns, and the fastest
of the rounds counts, since other programs can only slow one down. On a CPU that others use too, compare CPU seconds
with `--threads 1`: they count this program's work alone. The second forces 500 answers of 512 tokens (no
end-of-sequence), as one condition of the study at its longest; `--layers`, `--problems` and `--tokens` make it small
enough for a CPU, by the same code.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "workflow_scripts"), str(Path(__file__).parent)]

from true_shapes import write_shape  # noqa: E402

from synergy.models.loading import LanguageModel, load_model  # noqa: E402
from synergy.perturbation.answering import answer_prompts  # noqa: E402
from synergy.perturbation.grading import Grader  # noqa: E402
from synergy.perturbation.likelihood import continuation_nll  # noqa: E402
from synergy.perturbation.noise import noise_in_heads  # noqa: E402
from synergy.perturbation.problem_prompts import format_prompt, our_exemplars  # noqa: E402
from synergy.perturbation.problem_sets import sample_problems  # noqa: E402
from synergy.perturbation.problems import load_problems  # noqa: E402

SHARED = ROOT.parent / "shared" / "data" / "math500" / "test.jsonl"
HEAD = "| what | s | CPU s | rate | |\n|---|--:|--:|--:|---|"


class NoTokenizer:
    """Stands where no text is involved."""

    eos_token_id = None

    def decode(self, ids, **_):
        """No text."""
        return ""


class Seconds(NamedTuple):
    """Time on the clock, and of this program on all CPU cores."""

    wall: float
    cpu: float


def timed(run: Callable[[], object]) -> tuple[Seconds, object]:
    """Time that a call takes, the device's work included, and its result."""
    start, cpu_start = time.perf_counter(), time.process_time()
    result = run()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return Seconds(time.perf_counter() - start, time.process_time() - cpu_start), result


def row(name: str, seconds: Seconds, count: int, unit: str, note: str = "") -> None:
    """Print a row of the table."""
    rate = f"{count / seconds.wall:.2f} {unit}/s"
    print(f"| {name} | {seconds.wall:.2f} | {seconds.cpu:.2f} | {rate} | {note} |", flush=True)


class Way(NamedTuple):
    """One way to answer problems: time, and the ids of the answers by the place of their problem."""

    seconds: Seconds
    answers: dict[int, list[int]]

    @property
    def n_tokens(self) -> int:
        """Tokens of all answers."""
        return sum(map(len, self.answers.values()))

    def slower_than(self, other: "Way") -> Seconds:
        """How many times as long a token takes as in `other`."""
        own, others = ([value / way.n_tokens for value in way.seconds] for way in (self, other))
        return Seconds(*(a / b for a, b in zip(own, others, strict=True)))


def ways_to_answer(
    model: LanguageModel, prompts: list[list[int]], stop: tuple[str, ...], n_tokens: int, batch: int, n_alone: int
) -> dict[str, Callable[[], dict[int, list[int]]]]:
    """Batched, one at a time, and one at a time by the library's own generation."""
    some = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))[:: max(1, len(prompts) // n_alone)]
    how = {"max_new_tokens": n_tokens, "do_sample": False, "eos_token_id": model.stop_ids or None}
    how |= {"pad_token_id": 0} | ({"stop_strings": list(stop), "tokenizer": model.tokenizer} if stop else {})

    def library(prompt: list[int]) -> list[int]:
        ids = torch.tensor([prompt], device=model.device)
        with torch.inference_mode():
            return model.model.generate(ids, attention_mask=torch.ones_like(ids), **how)[0, len(prompt) :].tolist()

    return {
        "batched": lambda: {k: own.ids for k, own in enumerate(answer_prompts(model, prompts, n_tokens, batch, stop))},
        "one at a time": lambda: {k: answer_prompts(model, [prompts[k]], n_tokens, 1, stop)[0].ids for k in some},
        "one at a time, the library's generate": lambda: {k: library(prompts[k]) for k in some},
    }


def compare(ways: dict[str, Callable[[], dict[int, list[int]]]], rounds: int) -> dict[str, Way]:
    """Measure the ways in turns; the fastest of each counts."""
    times: dict[str, list[Seconds]] = {name: [] for name in ways}
    answers = {}
    for _ in range(rounds):
        for name, run in ways.items():
            seconds, answers[name] = timed(run)
            times[name].append(seconds)
    return {name: Way(Seconds(*map(min, zip(*own, strict=True))), answers[name]) for name, own in times.items()}


def demo_problems(model: LanguageModel, n_problems: int) -> tuple[list[list[int]], list[list[int]], tuple[str, ...]]:
    """Prompts and solutions of the demo's problems in token ids, as the demo asks them, and what ends an answer."""
    problems = sample_problems(load_problems(ROOT / "config/problems/demo.jsonl"), n_problems, 0)
    exemplars = our_exemplars(2, problems)
    texts = [format_prompt(problem.problem, "few_shot", exemplars=exemplars) for problem in problems]
    prompts = [model.tokenizer(text.text).input_ids for text in texts]
    solutions = [model.tokenizer(text.lead + p.solution).input_ids for text, p in zip(texts, problems, strict=True)]
    return prompts, solutions, texts[0].stop


def small(options) -> None:
    """A real model on the demo's problems."""
    torch.set_num_threads(options.threads)
    model = load_model(options.model, {"kind": "trained"}, options.dtype)
    prompts, solutions, stop = demo_problems(model, options.problems)
    print(f"{options.model} on {model.device}, {options.threads} threads, {options.problems} problems of the demo\n")
    print(HEAD)
    answer_prompts(model, prompts[:2], 4, 2, stop)  # what is paid once
    measured = compare(
        ways_to_answer(model, prompts, stop, options.tokens, options.batch, options.alone), options.rounds
    )
    batched, alone = measured["batched"], measured["one at a time"]
    for name, way in measured.items():
        slower = way.slower_than(batched)
        note = f"{slower.wall:.1f} x a token in batches of {options.batch} ({slower.cpu:.1f} x by CPU)"
        row(name, way.seconds, way.n_tokens, "token", note)
    same = sum(batched.answers[place] == ids for place, ids in alone.answers.items())
    print(f"\n{len(prompts)} problems in batches, {len(alone.answers)} alone, of which {same} have the same answer")
    print(f"\n{HEAD}")
    likelihood_and_noise(model, prompts, solutions, options)
    asked = load_problems(SHARED if SHARED.exists() else ROOT / "config/problems/demo.jsonl")
    with Grader() as grader:
        grader.grade("1", "1")
        seconds, _ = timed(lambda: [grader.grade(problem.answer, problem.answer) for problem in asked])
    row("grading gold answers", seconds, len(asked), "answer", "MATH-500" if SHARED.exists() else "the demo's set")


def forced(
    n_problems: int, n_tokens: int, batch: int, dtype: str = "bfloat16", **smaller: int
) -> tuple[Seconds, LanguageModel, list, list]:
    """Seconds of answers of full length by Qwen3 8B's shape with random weights; the model, prompts, solutions."""
    from transformers import AutoConfig, AutoModelForCausalLM

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with tempfile.TemporaryDirectory() as scratch:
        config = AutoConfig.from_pretrained(write_shape("qwen3-8b", Path(scratch), **smaller))
    with device:  # filled there, since a CPU would take minutes
        bare = AutoModelForCausalLM.from_config(config, dtype=getattr(torch, dtype))
    bare.requires_grad_(False)
    model = LanguageModel(bare.eval(), NoTokenizer())
    model.stop_ids = []
    draw = random.Random(0)
    lengths = [min(800, max(40, round(draw.lognormvariate(4.8, 0.5)))) for _ in range(n_problems)]
    prompts = [[draw.randrange(10, config.vocab_size) for _ in range(length)] for length in lengths]
    solutions = [[draw.randrange(10, config.vocab_size) for _ in range(n_tokens)] for _ in prompts]
    answer_prompts(model, prompts[:2], 2, 2)
    seconds, answers = timed(lambda: answer_prompts(model, prompts, n_tokens, batch))
    assert all(len(ids) == n_tokens for ids, _ in answers)
    return seconds, model, prompts, solutions


def true_shape(options) -> None:
    """Qwen3-8B's shape with random weights; every answer is forced to its full length."""
    torch.set_num_threads(options.threads)
    size = options.problems, options.tokens, options.batch, options.dtype
    seconds, model, prompts, solutions = forced(*size, num_hidden_layers=options.layers)
    name = torch.cuda.get_device_name() if model.device.type == "cuda" else "CPU"
    print(f"Qwen3-8B's shape, {options.layers} layers, random weights, {options.dtype}, on {name}\n\n{HEAD}")
    n_tokens = options.problems * options.tokens
    row(f"forced answers, batches of {options.batch}", seconds, n_tokens, "token", f"{options.problems} problems")
    likelihood_and_noise(model, prompts, solutions, options)
    if model.device.type == "cuda":
        print(f"\npeak GPU memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def likelihood_and_noise(model: LanguageModel, prompts: list, solutions: list, options) -> None:
    """One pass over prompts and solutions; noise into a quarter of the heads, with its proof of restoration."""
    seconds, _ = timed(lambda: continuation_nll(model, prompts, solutions, options.batch))
    row("likelihood of the solutions", seconds, len(prompts), "solution", "one pass a batch")
    chosen = range(0, model.n_heads_total, 4)

    def noise():
        with noise_in_heads(model, chosen, 0.5, 0):
            pass

    seconds, _ = timed(noise)
    row("noise and its restoration", seconds, len(chosen), "head", "hashed three times")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="folder of a model, such as resources/models/smollm2-135m")
    parser.add_argument("--qwen3-8b", action="store_true", help="true shape with random weights instead")
    parser.add_argument("--problems", type=int, help="default: 60, or 500 with --qwen3-8b")
    parser.add_argument("--tokens", type=int, help="longest answer; default: 48, or 512")
    parser.add_argument("--batch", type=int, help="default: 60, or 128")
    parser.add_argument("--alone", type=int, default=60, help="problems asked one at a time, of all lengths")
    parser.add_argument("--layers", type=int, default=36, help="of the 36 layers of Qwen3-8B")
    parser.add_argument("--rounds", type=int, default=2, help="turns of the comparison; the fastest counts")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--dtype", help="default: float32, or bfloat16")
    options = parser.parse_args()
    defaults = (500, 512, 128, "bfloat16") if options.qwen3_8b else (60, 48, 60, "float32")
    for name, value in zip(("problems", "tokens", "batch", "dtype"), defaults, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.qwen3_8b:
        true_shape(options)
    elif options.model:
        small(options)
    else:
        parser.error("name the folder of a model, or --qwen3-8b")


if __name__ == "__main__":
    main()
