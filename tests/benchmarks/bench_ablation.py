"""Speed and memory of the ablation: ratios within one run, measurements interleaved, the best of several.

    python tests/benchmarks/bench_ablation.py FOLDER [--ranking CSV] [--prompts N] [--steps N] [--repeats N]
    python tests/benchmarks/bench_ablation.py --shape qwen3-8b [--layers N] [--prompts N] [--vocabulary N] [--dtype D]

FOLDER is a run's working directory that holds SmolLM2-135M and its answers (``snakemake … --
results/activations/smollm2-135m_tokens.json``). With ``--shape`` it is a model of that true shape with random weights,
on a GPU where there is one, and its text is random; ``--layers`` and ``--vocabulary`` make it small enough for a
laptop. On a machine with other work, ``--cpu-time --threads 1`` counts the seconds that the process computed.

"Ours" is a step of the engine, averaged over steps whose lowest changed layers are spread evenly. "Plain" runs all
layers over the same batches, brings generated positions alone to the vocabulary head and keeps the original's
log-probabilities; "one by one" is one prompt at a time with logits at all positions. On a CPU the engine's linear
layers are those of `synergy.models.loading`; plain passes are measured with these and with PyTorch's own. The ideal is
what plain takes, with the same linear layers as ours, for the layers from the lowest changed one up and for the head;
the saving reached is (plain - ours) / (plain - ideal).
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "workflow_scripts"), str(ROOT / "tests/benchmarks"), str(ROOT / "tests")]

from ablation_ways import (  # noqa: E402
    MODEL,
    Text,
    measure,
    measure_one_head,
    of_shape,
    orders_of,
    ours,
    smollm2,
    spread_order,
)
from live_tensors import LiveTensors  # noqa: E402
from true_shapes import SHAPES  # noqa: E402

from synergy.heads.orders import step_counts  # noqa: E402
from synergy.models.loading import LanguageModel  # noqa: E402


def row(*cells) -> None:
    """Print a row of a table."""
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


def steps_of_one_head(model: LanguageModel, text: Text, options: argparse.Namespace) -> None:
    """Print the first table."""
    step = measure_one_head(model, text, options.steps, options.repeats, options.one_by_one)
    print(f"\nA step of one head, {len(text.prompts)} prompts, batches of {text.batch_size}; lowest changed layers")
    print(f"spread evenly over {options.steps} steps; best of {options.repeats}.\n")
    print("| | seconds a step | ours is faster by |\n|---|--:|--:|")
    row("ours", f"{step.ours:.2f}", "")
    layers = f"layers {step.layers:.2f}, head {step.head:.2f}"
    others = zip(("plain, batched", "one by one, logits at all positions"), step.others, strict=False)
    for name, value in (
        ("ideal: layers from the lowest changed one up, and head", step.ideal),
        (f"plain, batched, same linear layers ({layers})", step.plain),
        *((f"{name}, PyTorch's own linear layers", value) for name, value in others),
    ):
        row(name, f"{value:.2f}", f"{value / step.ours:.2f}")
    row("original and noise floor, once an order", f"{step.start:.2f}", "")
    print(f"\nsaving reached: {step.reached:.0%} of the ideal one")


def several_heads(model: LanguageModel, text: Text, options: argparse.Namespace) -> None:
    """Print the second table: the ideal and what is reached of it for each order and several step sizes."""
    print(f"\nSeveral heads a step, the first {options.steps} steps of each, {len(text.prompts)} prompts.\n")
    print("| order | heads a step | layers an ideal step runs | ideal, s | ours, s | plain, s | saving reached |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    orders = orders_of(model, options.ranking)
    for size in options.step_sizes:
        for kind, order in orders.items():
            counts = step_counts(len(order), size, 1.0)[: options.steps + 1]
            step = measure(model, text, order, counts, options.repeats)
            reached = f"{step.reached:.0%}" if step.ideal < 0.98 * step.plain else "nothing to save"
            times = [f"{value:.2f}" for value in (step.ideal, step.ours, step.plain)]
            row(kind, counts[1], f"{step.share:.0%}", *times, reached)


def memory(arguments: list[str], caches: Sequence[str]) -> None:
    """Print what a fresh process needs for each place of the residual cache."""
    print("\n| residual cache | peak memory, MB | of the model alone | tensors beside the weights, MB |")
    print("|---|--:|--:|--:|")
    for cache in caches:
        command = [sys.executable, __file__, *arguments, "--peak-memory", cache]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        row(cache, *output[-3:])


def peak_memory(model: LanguageModel, text: Text, cache: str) -> None:
    """Print the peak of this process, or of its GPU, over a step in each layer, the model's alone, and tensors; MB."""
    on_gpu = torch.cuda.is_available()

    def megabytes(what: str) -> float:
        """``VmRSS``, what the process has now, or ``VmHWM``, the most since the last reset."""
        status = Path("/proc/self/status").read_text()
        return int(status.split(f"{what}:")[1].split()[0]) * 1024 / 1e6

    order, counts = spread_order(model, model.heads.n_layers), list(range(model.heads.n_layers + 1))
    for weight in model.model.parameters():
        weight.sum()  # weights come into memory when they are first read
    if on_gpu:
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak is counted from here
    alone = torch.cuda.memory_allocated() / 1e6 if on_gpu else megabytes("VmRSS")
    ours(model, text, order, counts, cache)
    peak = torch.cuda.max_memory_allocated() / 1e6 if on_gpu else megabytes("VmHWM")
    with LiveTensors(model.model) as live:
        ours(model, text, order, counts, cache)
    print(f"{peak:.0f} {alone:.0f} {live.peak / 1e6:.0f}")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--layers", type=int, help="fewer layers than the true shape")
    parser.add_argument("--vocabulary", type=int, help="a smaller vocabulary than the true shape")
    parser.add_argument("--dtype", default="bfloat16", help="of the model with random weights")
    parser.add_argument("--tokens", type=int, default=100, help="generated tokens of random text")
    parser.add_argument("--ranking", type=Path, help="head rankings (CSV) for the synergistic and the matched orders")
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--batch-size", type=int, default=15)
    parser.add_argument("--steps", type=int, default=16, help="the original's logits serve up to 16 steps")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpu-time", action="store_true", help="seconds of computation, not of the clock")
    parser.add_argument("--step-sizes", type=int, nargs="*", default=[5, 27])
    parser.add_argument("--no-one-by-one", dest="one_by_one", action="store_false")
    parser.add_argument("--no-memory", dest="memory", action="store_false")
    parser.add_argument("--peak-memory", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if bool(options.folder) == bool(options.shape):
        parser.error("name the working directory of a run, or a --shape")
    torch.set_num_threads(options.threads)
    if options.shape:
        smaller = {"num_hidden_layers": options.layers, "vocab_size": options.vocabulary}
        size = options.prompts, options.tokens, options.batch_size
        model, text = of_shape(options.shape, *size, options.dtype, **{key: n for key, n in smaller.items() if n})
    else:
        model, text = smollm2(options.folder, options.prompts, options.batch_size)
    if options.peak_memory:
        peak_memory(model, text, options.peak_memory)
        return
    print(f"{options.shape or MODEL}, {model.heads.n_layers} layers, {model.model.dtype}, {model.device}", end=", ")
    print(f"{options.threads} threads; {sum(map(len, text.sequences(range(len(text.prompts)))))} tokens")
    steps_of_one_head(model, text, options)
    if options.step_sizes:
        several_heads(model, text, options)
    if options.memory:
        memory(sys.argv[1:], ("device", "cpu", "none"))


if __name__ == "__main__":
    main()
