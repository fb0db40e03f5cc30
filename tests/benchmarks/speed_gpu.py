"""Speed of the study's models at true shape with random weights: on a GPU the study's own sizes, elsewhere few."""

import random
import tempfile
from pathlib import Path

import numpy as np
import torch
import yaml
from measuring import ROOT, Row, fresh, markdown, options_of, peak_gb, seconds, weights_gb
from speed_ablation import Text, ours
from true_shapes import write_shape

from synergy.heads.orders import step_counts
from synergy.models.loading import LanguageModel, load_model
from synergy.perturbation.answering import answer_prompts
from synergy.recording.recorder import record

NOT_MEASURED = "not measured: no GPU here"
WEIGHTS = "random weights, bfloat16"
ORDERS, FRACTIONS = 158, 10  # 39 random ones, 39 matched ones of three kinds, the two of the score
TIMED_STEPS = 4  # of ablation; the other steps and orders are taken to last as long


def rows(given: dict) -> list[Row]:
    """The study's targets, where there is a GPU."""
    torch.set_num_threads(options_of(given).threads)
    return gpu_rows(measure=torch.cuda.is_available())


def gpu_rows(measure: bool, n_prompts: int = 60, n_tokens: int = 100, **smaller: int) -> list[Row]:
    """Recording, all orders of the ablation, and a condition of the problems.

    With `measure` false the rows say that nothing was measured. `n_prompts`, `n_tokens` and sizes of the model are
    `smaller` where only the code is to be tried.
    """
    problems = (2, n_tokens, 2) if smaller else (500, 512, 128)
    stages = {
        "recording, 60 x 100": (1, lambda *made: recording(*made, n_tokens)),
        f"ablation, {ORDERS} orders at {FRACTIONS} fractions": (20, lambda *made: orders(*made, n_tokens)),
        "500 answers of 512 tokens": (3, lambda model, _: answers(model, *problems)),
    }
    found = []
    for key, names in {"qwen3-8b": stages, "gemma3-4b": list(stages)[:2]}.items():
        made = of_shape(key, n_prompts, **smaller) if measure else ()
        for name in names:
            target, own = stages[name]
            size, limit = f"{key}, {WEIGHTS}", f"≤ {target:g} min"
            if not measure:
                found.append(Row(name, size, NOT_MEASURED, "–", "–", limit, None))
                continue
            duration = own(*made) / 60
            found.append(Row(name, size, f"{duration:.2f} min on {device()}", "–", "–", limit, duration <= target))
            print(*found[-1].cells(), sep=" | ", flush=True)
        del made
    return found


def recording(model: LanguageModel, prompts: list[list[int]], n_tokens: int) -> float:
    """Seconds of a recording, once the device is warm."""
    record(model, prompts, 2, 20)
    return seconds(lambda: record(model, prompts, n_tokens, 20))


def details(given: dict) -> None:
    """Print how long it takes to build, record, ablate and answer, each shape in a process of its own."""
    columns = "shape", "on", "prompts x tokens", "build, s", "record, s", "tokens/s", "ablation step, s", "answer, s"
    lines = [fresh("speed_gpu", "true_shape", given, key) for key in options_of(given).shapes]
    print(markdown((*columns, "weights, GB", "peak, GB", "finite"), lines))


def true_shape(given: dict, key: str) -> list[str]:
    """A line of that table: the study's prompts and tokens on a GPU, elsewhere a few."""
    options, on_gpu = options_of(given), torch.cuda.is_available()
    torch.set_num_threads(options.threads)
    n_prompts, n_tokens = options.prompts or (60 if on_gpu else 2), options.tokens or (100 if on_gpu else 3)
    smaller = {"num_hidden_layers": options.layers} if options.layers else {}
    made = []
    build_s = seconds(lambda: made.append(of_shape(key, n_prompts, **smaller)))
    model, prompts = made[0]
    record_s = seconds(lambda: made.append(record(model, prompts, n_tokens, 20)))
    text = Text(prompts, made[1].generated.tolist(), min(15, n_prompts))
    size, n_steps = max(1, model.n_heads_total // 144), options.steps or 2  # 8 heads of Qwen3 8B
    order, counts = random_order(model), [size * n for n in range(n_steps + 1)]
    step_s = seconds(lambda: ours(model, text, order, counts)) / (n_steps + 1)
    answer_s = seconds(lambda: answer_prompts(model, prompts, n_tokens, n_prompts))
    times = build_s, record_s, n_prompts * n_tokens / record_s, step_s, answer_s, weights_gb(model), peak_gb()
    finite = "yes" if np.isfinite(made[1].activations).all() else "NO"
    return [key, device(), f"{n_prompts} x {n_tokens}", *(f"{value:.1f}" for value in times), finite]


def of_shape(key: str, n_prompts: int, **smaller: int) -> tuple[LanguageModel, list[list[int]]]:
    """A model of a true shape with random weights in bfloat16, and random prompts as long as the study's."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_shape(key, Path(scratch) / key, **smaller)
        with torch.device("cuda" if torch.cuda.is_available() else "cpu"):  # drawn there: ten times faster
            model = load_model(folder, {"kind": "random", "seed": 0}, "bfloat16")
    draw, n_words = np.random.default_rng(0), model.decoder.config.vocab_size
    return model, [draw.integers(10, n_words, n).tolist() for n in draw.integers(50, 90, n_prompts)]


def random_order(model: LanguageModel) -> np.ndarray:
    """All heads in a random order."""
    return np.random.default_rng(0).permutation(model.n_heads_total)


def orders(model: LanguageModel, prompts: list[list[int]], n_tokens: int) -> float:
    """Seconds of all orders of the default study, from the first steps of a random one."""
    ablation = yaml.safe_load((ROOT / "config/config.yaml").read_text())["ablation"]
    draw = np.random.default_rng(1)
    answered = [draw.integers(10, model.decoder.config.vocab_size, n_tokens).tolist() for _ in prompts]
    text, order = Text(prompts, answered, ablation["batch_size"]), random_order(model)
    counts = step_counts(len(order), 1 / FRACTIONS, 1.0)
    ours(model, text, order, counts[:2])  # the first call of all loads kernels, which is no part of a step
    start = seconds(lambda: ours(model, text, order, [0]))
    a_step = (seconds(lambda: ours(model, text, order, counts[: TIMED_STEPS + 1])) - start) / TIMED_STEPS
    print(f"once an order {start:.2f} s, a step {a_step:.2f} s", flush=True)
    return ORDERS * (start + a_step * FRACTIONS)


def answers(model: LanguageModel, n_problems: int, n_tokens: int, batch: int) -> float:
    """Seconds of answers that are forced to their full length, as one condition of the study at its longest."""
    model.stop_ids, draw = [], random.Random(0)
    lengths = [min(800, max(40, round(draw.lognormvariate(4.8, 0.5)))) for _ in range(n_problems)]
    n_words = model.decoder.config.vocab_size
    prompts = [[draw.randrange(10, n_words) for _ in range(length)] for length in lengths]
    answer_prompts(model, prompts[:2], 2, 2)
    answered = []
    time_s = seconds(lambda: answered.extend(answer_prompts(model, prompts, n_tokens, batch)))
    assert all(len(ids) == n_tokens for ids, _ in answered)
    return time_s


def device() -> str:
    """What it runs on."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else f"a CPU, {torch.get_num_threads()} threads"
