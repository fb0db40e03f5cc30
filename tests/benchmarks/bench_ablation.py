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
layers are those of `synergy.linear`; plain passes are measured with these and with PyTorch's own. The ideal is what
plain takes, with the same linear layers as ours, for the layers from the lowest changed one up and for the head; the
saving reached is (plain - ours) / (plain - ideal).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "workflow_scripts"), str(ROOT / "tests/benchmarks")]

from true_shapes import SHAPES, write_shape  # noqa: E402

from synergy.ablation import ablation_curve  # noqa: E402
from synergy.linear import faster_linears  # noqa: E402
from synergy.models import LanguageModel, load_model  # noqa: E402
from synergy.orders import ORDERS, removal_order  # noqa: E402
from synergy.removal import answer_positions, removed  # noqa: E402
from synergy.steps import layer_share, step_counts  # noqa: E402
from synergy.tables import read_table  # noqa: E402

MODEL = "smollm2-135m"
CLOCK = time.process_time if "--cpu-time" in sys.argv else time.perf_counter


class Text:
    """The prompts and answers that everything is measured on, in batches of like length."""

    def __init__(self, prompts: list[list[int]], answers: list[list[int]], batch_size: int):
        self.prompts, self.answers, self.batch_size = prompts, answers, batch_size
        by_length = sorted(range(len(prompts)), key=lambda row: len(prompts[row]) + len(answers[row]))
        self.batches = [by_length[start : start + batch_size] for start in range(0, len(prompts), batch_size)]

    def sequences(self, rows: Sequence[int]) -> list[list[int]]:
        """Prompt and answer of each row."""
        return [[*self.prompts[row], *self.answers[row]] for row in rows]


def best_of(repeats: int, *measured) -> list[float]:
    """Least seconds of each of several functions, which take turns."""
    times = [[] for _ in measured]
    for _ in range(repeats):
        for function, own in zip(measured, times, strict=True):
            own.append(seconds(function))
    return [min(own) for own in times]


def seconds(function) -> float:
    """Seconds that a function takes, the device's work included."""
    synchronise()
    start = CLOCK()
    function()
    synchronise()
    return CLOCK() - start


def synchronise() -> None:
    """Wait for the GPU, if there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def ours(model: LanguageModel, text: Text, order: Sequence[int], counts: Sequence[int], cache: str = "device"):
    """The engine, from the original's pass to the last step."""
    return ablation_curve(model, text.prompts, text.answers, order, counts, text.batch_size, residual_cache=cache)


def plain_layers(model: LanguageModel, text: Text, heads: Sequence[int]) -> list[torch.Tensor]:
    """All layers of a plain batched pass; states at generated positions."""
    states = []
    with torch.inference_mode(), removed(model, heads):
        for rows in text.batches:
            hidden = model.forced(text.sequences(rows))
            places = [answer_positions(text.prompts[row], text.answers[row]) for row in rows]
            states.append(torch.cat([hidden[place, positions] for place, positions in enumerate(places)]))
    return states


def plain_head(model: LanguageModel, states: list[torch.Tensor], log_p: torch.Tensor | None) -> torch.Tensor:
    """The vocabulary head on the states; KL from `log_p`, of which one batch stands for all."""
    total = 0.0
    with torch.inference_mode():
        for batch in states:
            for chunk in batch.split(128):
                log_q = model.logits(chunk).log_softmax(-1)
                if log_p is None:
                    log_p = log_q
                kept = log_p[: len(log_q)]
                total = total + torch.nn.functional.kl_div(log_q, kept, reduction="sum", log_target=True)
    return total


def one_by_one(model: LanguageModel, text: Text, heads: Sequence[int]) -> None:
    """Each prompt alone, logits at all positions."""
    with torch.inference_mode(), removed(model, heads):
        for row in range(len(text.prompts)):
            ids = torch.tensor(text.sequences([row]), device=model.device)
            log_q = model.model(input_ids=ids).logits.float().log_softmax(-1)
            torch.nn.functional.kl_div(log_q, log_q, reduction="sum", log_target=True)


def own_linears(model: LanguageModel, function) -> None:
    """Run a function with PyTorch's own linear layers."""
    for module in model.model.modules():
        module.__dict__.pop("forward", None)
    try:
        function()
    finally:
        faster_linears(model.model)


def spread_order(model: LanguageModel, n_steps: int) -> list[int]:
    """All heads, the first `n_steps` in layers spread evenly and visited in a random order."""
    layout = model.heads
    layers = np.random.default_rng(0).permutation(((np.arange(n_steps) + 0.5) * layout.n_layers / n_steps).astype(int))
    first = []
    for layer in layers:
        first.append(next(h for h in range(layer * layout.heads, (layer + 1) * layout.heads) if h not in first))
    return first + [head for head in range(model.n_heads_total) if head not in first]


def smollm2(folder: Path, n_prompts: int, batch_size: int) -> tuple[LanguageModel, Text]:
    """The embedded model and its answers, from the working directory of a run."""
    answered = json.loads((folder / f"results/activations/{MODEL}_tokens.json").read_text())["prompts"]
    chosen = [answered[row] for row in np.linspace(0, len(answered) - 1, n_prompts).astype(int)]
    model = load_model(folder / f"resources/models/{MODEL}", {"kind": "trained"}, "float32")
    return model, Text([p["prompt_ids"] for p in chosen], [p["generated_ids"] for p in chosen], batch_size)


def of_shape(options: argparse.Namespace) -> tuple[LanguageModel, Text]:
    """A model of a true shape with random weights, and random text of 60 + 100 tokens or so."""
    smaller = {"num_hidden_layers": options.layers, "vocab_size": options.vocabulary}
    with tempfile.TemporaryDirectory() as scratch:
        folder = write_shape(options.shape, Path(scratch), **{key: n for key, n in smaller.items() if n})
        model = load_model(folder, {"kind": "random", "seed": 0}, options.dtype)
    generator, n_words = np.random.default_rng(0), model.decoder.config.vocab_size
    prompts = [generator.integers(2, n_words, 50 + row % 20).tolist() for row in range(options.prompts)]
    answers = [generator.integers(2, n_words, options.tokens).tolist() for _ in prompts]
    return model, Text(prompts, answers, options.batch_size)


def row(*cells) -> None:
    """Print a row of a table."""
    print(f"| {' | '.join(str(cell) for cell in cells)} |", flush=True)


def steps_of_one_head(model: LanguageModel, text: Text, options: argparse.Namespace) -> tuple[float, float]:
    """Print the first table; return plain seconds of all layers and of the head."""
    n_steps = min(options.steps, model.heads.n_layers)
    order, counts = spread_order(model, n_steps), list(range(n_steps + 1))
    heads = order[: n_steps // 2 + 1]
    states = plain_layers(model, text, heads)
    timed = [lambda: ours(model, text, order, [0]), lambda: ours(model, text, order, counts)]
    timed += [lambda: plain_layers(model, text, heads), lambda: plain_head(model, states, None)]
    if options.one_by_one:
        timed += [lambda: own_linears(model, lambda: plain_head(model, plain_layers(model, text, heads), None))]
        timed += [lambda: own_linears(model, lambda: one_by_one(model, text, heads))]
    start, whole, layers, head, *others = best_of(options.repeats, *timed)
    step, share = (whole - start) / n_steps, layer_share(order, counts, model.heads.n_layers, model.heads.heads)
    plain, ideal = layers + head, share * layers + head
    print(f"\nA step of one head, {len(text.prompts)} prompts, batches of {text.batch_size}; lowest changed layers")
    print(f"spread evenly over {n_steps} steps; best of {options.repeats}.\n")
    print("| | seconds a step | ours is faster by |\n|---|--:|--:|")
    row("ours", f"{step:.2f}", "")
    row("ideal: layers from the lowest changed one up, and head", f"{ideal:.2f}", f"{ideal / step:.2f}")
    row(
        f"plain, batched, same linear layers (layers {layers:.2f}, head {head:.2f})",
        f"{plain:.2f}",
        f"{plain / step:.2f}",
    )
    for name, value in zip(("plain, batched", "one by one, logits at all positions"), others, strict=False):
        row(f"{name}, PyTorch's own linear layers", f"{value:.2f}", f"{value / step:.2f}")
    row("original and noise floor, once an order", f"{start:.2f}", "")
    print(f"\nsaving reached: {(plain - step) / (plain - ideal):.0%} of the ideal one")
    return layers, head


def several_heads(model: LanguageModel, text: Text, options: argparse.Namespace, layers: float, head: float) -> None:
    """Print the second table: the ideal and what is reached of it for each order and several step sizes."""
    n_layers, n_heads = model.heads.n_layers, model.heads.heads
    ranking = {"syn_red_score": np.random.default_rng(1).random(model.n_heads_total)}
    ranking |= {"layer": np.repeat(np.arange(n_layers), n_heads)} if not options.ranking else {}
    ranking |= read_table(options.ranking) if options.ranking else {}
    kinds = [kind for kind in ORDERS if options.ranking or "matched" not in kind or "layer" in kind]
    print(f"\nSeveral heads a step, the first {options.steps} steps of each, {len(text.prompts)} prompts.\n")
    print("| order | heads a step | layers an ideal step runs | ideal, s | ours, s | plain, s | saving reached |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    for size in options.step_sizes:
        for kind in kinds:
            order = removal_order(kind, 0, ranking)
            counts = step_counts(len(order), size, 1.0)[: options.steps + 1]
            share = layer_share(order, counts, n_layers, n_heads)
            heads = order[: counts[-1] // 2]
            timed = [lambda o=order: ours(model, text, o, [0]), lambda o=order, c=counts: ours(model, text, o, c)]
            timed += [lambda h=heads: plain_layers(model, text, h)]
            start, whole, layers = best_of(options.repeats, *timed)
            step = (whole - start) / (len(counts) - 1)
            plain, ideal = layers + head, share * layers + head
            reached = f"{(plain - step) / (plain - ideal):.0%}" if ideal < 0.98 * plain else "nothing to save"
            row(kind, counts[1], f"{share:.0%}", f"{ideal:.2f}", f"{step:.2f}", f"{plain:.2f}", reached)


def memory(arguments: list[str], caches: Sequence[str]) -> None:
    """Print peak memory of a fresh process for each place of the residual cache."""
    print("\n| residual cache | peak memory, MB | with the model alone |\n|---|--:|--:|")
    for cache in caches:
        command = [sys.executable, __file__, *arguments, "--peak-memory", cache]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        row(cache, *output[-2:])


def peak_memory(model: LanguageModel, text: Text, cache: str) -> None:
    """Print the peak of this process, or of its GPU, and what the model alone takes, in MB."""

    def peak() -> float:
        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated() / 1e6
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6

    alone = peak()
    ours(model, text, spread_order(model, model.heads.n_layers), list(range(model.heads.n_layers + 1))[:4], cache)
    print(f"{peak():.0f} {alone:.0f}")


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
    model, text = of_shape(options) if options.shape else smollm2(options.folder, options.prompts, options.batch_size)
    faster_linears(model.model)
    if options.peak_memory:
        peak_memory(model, text, options.peak_memory)
        return
    print(f"{options.shape or MODEL}, {model.heads.n_layers} layers, {model.model.dtype}, {model.device}", end=", ")
    print(f"{options.threads} threads; {sum(map(len, text.sequences(range(len(text.prompts)))))} tokens")
    layers, head = steps_of_one_head(model, text, options)
    if options.step_sizes:
        several_heads(model, text, options, layers, head)
    if options.memory:
        memory(sys.argv[1:], ("device", "cpu", "none"))


if __name__ == "__main__":
    main()
