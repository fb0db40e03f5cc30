"""Rows of the speed table for the study's models at true shape with random weights, on one GPU."""

import bench_math
import bench_recording
import torch
import yaml
from ablation_ways import of_shape, orders_of, ours, seconds

from synergy.heads.orders import step_counts

NOT_MEASURED = "not measured: no GPU here"
WEIGHTS = "random weights, bfloat16"
TIMED_STEPS = 12  # of ablation; the other steps and orders are taken to last as long


def gpu_rows(threads: int, measure: bool, n_prompts: int = 60, n_tokens: int = 100, **smaller: int) -> list[tuple]:
    """Recording, all orders of the ablation, a condition of the problems, and all of Qwen3 8B together.

    With `measure` false the rows say that nothing was measured. `n_prompts`, `n_tokens` and sizes of the model are
    `smaller` where only the code is to be tried.
    """
    minutes = {}

    def row(what: str, size: str, target: float, own) -> tuple:
        if not measure:
            return what, f"{size}, {WEIGHTS}", NOT_MEASURED, "–", "–", f"≤ {target:g} min", None
        minutes[size, what] = own()
        words = f"{minutes[size, what]:.2f} min on {_device()}"
        return what, f"{size}, {WEIGHTS}", words, "–", "–", f"≤ {target:g} min", minutes[size, what] <= target

    problems = (500, 512, 128) if not smaller else (2, n_tokens, 2)
    rows = [
        row(
            "recording, 60 x 100",
            "qwen3-8b",
            1,
            lambda: bench_recording.true_shape("qwen3-8b", n_prompts, n_tokens, 1, threads, **smaller).record_s / 60,
        ),
        row("ablation, all orders", "qwen3-8b", 15, lambda: _orders("qwen3-8b", n_prompts, n_tokens, **smaller)),
        row("ablation, all orders", "gemma3-4b", 10, lambda: _orders("gemma3-4b", n_prompts, n_tokens, **smaller)),
        row("500 answers of 512 tokens", "qwen3-8b", 3, lambda: bench_math.forced(*problems, **smaller)[0].wall / 60),
    ]
    return rows


def _orders(key: str, n_prompts: int, n_tokens: int, **smaller: int) -> float:
    """Minutes of all orders of the default study, from the first steps of a random one."""
    config = yaml.safe_load((bench_recording.ROOT / "config/config.yaml").read_text())
    ablation, stanza = config["ablation"], config["models"][key]
    model, text = of_shape(key, n_prompts, n_tokens, ablation["batch_size"], **smaller)
    order = orders_of(model, None)["random"]
    counts = step_counts(len(order), stanza.get("ablation_step", ablation["step_fraction"]), ablation["max_fraction"])
    some = counts[: TIMED_STEPS + 1]
    start = seconds(lambda: ours(model, text, order, [0]))
    a_step = (seconds(lambda: ours(model, text, order, some)) - start) / (len(some) - 1)
    return sum(ablation["orders"].values()) * (start + a_step * (len(counts) - 1)) / 60


def _device() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "a CPU"
