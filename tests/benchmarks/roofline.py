"""What the study's model jobs cost on GPUs, computed from shapes: passes, arithmetic, bytes and the time they take.

    python tests/benchmarks/roofline.py [--page docs/speed.md] [--shapes qwen3-8b …] [--cpu]

Nothing is run but, with `--cpu`, passes of a small model on this machine. A job takes as long as its arithmetic or its
bytes, whichever is slower. Passes over known tokens are bound by arithmetic, steps of decoding by bytes.
"""

import argparse
import os
import time
from pathlib import Path
from typing import NamedTuple

import yaml
from measuring import ROOT, markdown
from speed_table import put_into
from true_shapes import SHAPES

MARKS = "<!-- begin: roofline -->", "<!-- end: roofline -->"
BYTES = 2  # of a number in bfloat16


class Device(NamedTuple):
    """Dense bfloat16 arithmetic in FLOP/s and memory in bytes/s, of NVIDIA's data sheets."""

    flops: float
    bandwidth: float


DEVICES = {
    "H100": Device(989e12, 3.35e12),  # SXM
    "A100": Device(312e12, 2.04e12),  # SXM, 80 GB
    "L40S": Device(362e12, 0.864e12),
}
# Seconds on one H200 at Qwen3 8B's shape, of docs/speed.md; they give the shares of a device's peak that we reach.
MEASURED_ON = Device(989e12, 4.8e12)
ABLATION_STEP_S, DECODING_STEP_S, DECODED_ROWS, DECODED_CONTEXT = 0.267, 0.045, 128, 390
# ASSUMPTIONS in tokens: a prompt; a problem beyond the examples that all share; an answer and a solution on average.
PROMPT, PROBLEM, ANSWER, SOLUTION = 70, 130, 600, 250


class Shape:
    """Weights of a model that are read, and what a token costs."""

    def __init__(self, key: str):
        own = SHAPES[key].get("text_config", SHAPES[key])
        width, self.layers, heads = own["hidden_size"], own["num_hidden_layers"], own["num_attention_heads"]
        head_dim = own.get("head_dim", width // heads)
        shared = own.get("num_key_value_heads", heads)
        gates = 2 if own["model_type"] == "gpt_neox" else 3  # matrices of the feed-forward part
        attention = 2 * width * head_dim * (heads + shared)
        self.of_layers = self.layers * (attention + gates * width * own["intermediate_size"])
        self.of_vocabulary = own["vocab_size"] * width
        self._attended = 4 * self.layers * heads * head_dim  # FLOP a token and token that it attends to
        self.cached = 2 * self.layers * shared * head_dim * BYTES  # keys and values of a token

    def flops(self, tokens: float, context: float, scored: float) -> float:
        """Of `tokens` that attend to `context` others on average, `scored` of which reach the vocabulary."""
        return tokens * (2 * self.of_layers + self._attended * context) + scored * 2 * self.of_vocabulary

    def bytes_of_step(self, rows: float, context: float) -> float:
        """Read by a step of decoding: all weights, and keys and values of every row."""
        return BYTES * (self.of_layers + self.of_vocabulary) + rows * context * self.cached


class Work(NamedTuple):
    """What an artifact takes: passes or steps, arithmetic over known tokens, and decoding's arithmetic and bytes."""

    artifact: str
    passes: str
    known: float
    decoding: float
    read: float


def works(shape: Shape, config: dict) -> list[Work]:
    """The work of the default study for one model."""
    n_tokens, ablation, math = config["recording"]["n_tokens"], config["ablation"], config["math"]
    n_prompts = ablation["n_prompts"]
    whole = PROMPT + n_tokens
    a_pass = shape.flops(n_prompts * whole, whole / 2, n_prompts * n_tokens)
    passes = ablation_passes(ablation)
    noise, sets = math["noise_seeds"], math["likelihood_sets"]
    conditions = 1 + 3 * noise * len(math["sigmas"]) + max(0, math["random_sets"] - noise)
    solution_sets = 1 + 2 * noise + sets
    n_problems, rows = math["n_problems"], math["batch_size"]
    found = []
    for artifact, n, per_row, prompt in (
        ("recording", 1, n_tokens, PROMPT),
        ("accuracy, answers as long as assumed", conditions, ANSWER, PROBLEM),
        ("accuracy, all answers cut off", conditions, math["max_new_tokens"], PROBLEM),
    ):
        asked = n_prompts if artifact == "recording" else n_problems
        context = prompt + per_row / 2
        steps = n * asked * per_row / min(rows, asked)
        found.append(
            Work(
                artifact,
                f"{steps:,.0f} steps of {min(rows, asked)} rows",
                n * shape.flops(asked * prompt, prompt / 2, asked),
                n * shape.flops(asked * per_row, context, asked * per_row),
                steps * shape.bytes_of_step(min(rows, asked), context),
            )
        )
    length = PROBLEM + SOLUTION
    likelihood = solution_sets * shape.flops(n_problems * length, length / 2, n_problems * SOLUTION)
    rest = [
        Work("ablation", f"{passes:,} of {n_prompts} x {whole} tokens", passes * a_pass, 0, 0),
        Work("likelihood", f"{solution_sets} of {n_problems} x {length} tokens", likelihood, 0, 0),
    ]
    return [found[0], *rest, *found[1:]]


def ablation_passes(ablation: dict) -> int:
    """Passes over all prompts of every order, at its coarse steps and, of the drawn ones, at the fine ones between."""
    coarse = round(ablation["max_fraction"] / ablation["step_fraction"])
    fine = round(ablation["max_fraction"] / ablation["fine_step"])
    orders, drawn = ablation["orders"], ablation["fine_random"]
    n_fine = sum(min(orders[kind], n) for kind, n in (("synergistic", 1), ("redundant", 1), ("random", drawn)))
    return len(ablation["methods"]) * (sum(orders.values()) * coarse + n_fine * fine)


def shares() -> tuple[float, float]:
    """Share of the arithmetic that a pass of the ablation reached, and of the bandwidth a step of decoding."""
    shape, (n_prompts, n_tokens) = Shape("qwen3-8b"), (60, 100)
    whole = PROMPT + n_tokens
    a_pass = shape.flops(n_prompts * whole, whole / 2, n_prompts * n_tokens)
    read = shape.bytes_of_step(DECODED_ROWS, DECODED_CONTEXT)
    return (
        a_pass / ABLATION_STEP_S / MEASURED_ON.flops,
        read / DECODING_STEP_S / MEASURED_ON.bandwidth,
    )


def duration(work: Work, device: Device, arithmetic: float = 1, bandwidth: float = 1) -> float:
    """Seconds of a work on a device that reaches these shares of its peaks."""
    flops = device.flops * arithmetic
    return work.known / flops + max(work.decoding / flops, work.read / (device.bandwidth * bandwidth))


def two_digits(amount: float) -> str:
    """An amount, or a dash for none."""
    return f"{float(f'{amount:.2g}'):,g}" if amount else "–"


def spoken(time_s: float) -> str:
    """Seconds, minutes or hours, to two digits."""
    for unit, length in ("h", 3600), ("min", 60):
        if time_s >= 2 * length:
            return f"{two_digits(time_s / length)} {unit}"
    return f"{two_digits(time_s)} s"


def block(keys: list[str]) -> str:
    """The tables of all shapes, with what is assumed."""
    arithmetic, bandwidth = shares()
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    rows = []
    for key in keys:
        for work in works(Shape(key), config):
            times = [
                f"{spoken(duration(work, device))}; {spoken(duration(work, device, arithmetic, bandwidth))}"
                for device in DEVICES.values()
            ]
            amounts = two_digits((work.known + work.decoding) / 1e15), two_digits(work.read / 1e12)
            rows.append((key, work.artifact, work.passes, *amounts, *times))
    columns = "model", "artifact", "passes", "PFLOP", "TB read", *DEVICES
    words = (
        "Computed, not run: the default study, one model, bfloat16, one GPU. Each cell has the time at the data sheet's"
        f" peak (dense bfloat16), and at the shares of it that one H200 reached: {arithmetic:.0%} of the arithmetic in "
        f"passes, {bandwidth:.0%} of the bandwidth in decoding. Assumed: prompts of {PROMPT} tokens, problems of "
        f"{PROBLEM} beyond shared examples, answers of {ANSWER} on average, solutions of {SOLUTION}; batches always "
        "full; no layer is passed by; loading, checks and the intact model's passes at the start of a job are not in "
        "it. Another GPU may reach other shares, and an L40S has 48 GB."
    )
    return f"{words}\n\n{markdown(columns, rows)}"


def on_this_cpu() -> str:
    """Rate of plain passes of SmolLM2-135M's shape beside that of one large product of matrices, a CPU second."""
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_config(
        LlamaConfig(
            vocab_size=1000,
            hidden_size=576,
            intermediate_size=1536,
            num_hidden_layers=30,
            num_attention_heads=9,
            num_key_value_heads=3,
        )
    ).eval()
    of_layers = sum(w.numel() for layer in model.model.layers for w in layer.parameters() if w.ndim == 2)
    factor, ids = torch.randn(1536, 1536), torch.randint(0, 1000, (8, 170))
    rates = []
    with torch.inference_mode():
        for work, call in (
            (2 * 1536**3, lambda: factor @ factor),
            (2 * of_layers * ids.numel() + 4 * 30 * 576 * ids.numel() * 170, lambda: model.model(ids)),
        ):
            call()
            took = []
            for _ in range(5):
                start = time.process_time()
                call()
                took.append(time.process_time() - start)
            rates.append(work / min(took) / 1e9)
    product, passed = rates
    rates = f"a product {product:.0f} GFLOP a CPU second, a pass {passed:.0f}, {passed / product:.0%} of it"
    return f"one thread, load {os.getloadavg()[0]:.1f}: {rates}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["qwen3-8b", "gemma3-4b"])
    parser.add_argument("--page", type=Path, help="write the table into this page too")
    parser.add_argument("--cpu", action="store_true", help="measure a share of peak on this machine instead")
    options = parser.parse_args()
    text = on_this_cpu() if options.cpu else block(options.shapes)
    print(text)
    if options.page and not options.cpu:
        put_into(options.page, text, MARKS)
