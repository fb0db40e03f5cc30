"""Speed and memory of the ablation, measured in turns with the plain passes that it is compared with.

"Ours" is a step of the engine, averaged over steps whose lowest changed layers are spread evenly. "Plain" runs all
layers over the same batches, brings generated positions alone to the vocabulary head and keeps the original's
log-probabilities; "one by one" is one prompt at a time with logits at all positions. On a CPU the engine's linear
layers may be oneDNN's; plain passes are measured with these and with PyTorch's own. The ideal is what plain takes, with
the same linear layers as ours, for the layers from the lowest changed one up and for the head; the saving reached is
(plain - ours) / (plain - ideal).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from live_tensors import LiveTensors
from measuring import MODEL, Row, best_of, fresh, markdown, options_of

from synergy.ablation.removal import answer_positions, removed
from synergy.ablation.sweep import Removal, measure_curves
from synergy.files.tables import read_table
from synergy.heads.orders import ORDERS, layer_share, removal_order, step_counts
from synergy.models.loading import LanguageModel, faster_linears, load_model


class Text:
    """The prompts and answers that everything is measured on, in batches of like length."""

    def __init__(self, prompts: list[list[int]], answers: list[list[int]], batch_size: int):
        self.prompts, self.answers, self.batch_size = prompts, answers, batch_size
        by_length = sorted(range(len(prompts)), key=lambda row: len(prompts[row]) + len(answers[row]))
        self.batches = [by_length[start : start + batch_size] for start in range(0, len(prompts), batch_size)]

    def sequences(self, rows: Sequence[int]) -> list[list[int]]:
        """Prompt and answer of each row."""
        return [[*self.prompts[row], *self.answers[row]] for row in rows]


class Step(NamedTuple):
    """Seconds of a step, on average over the steps of an order: ours, and what plain and ideal ones take."""

    ours: float
    layers: float  # all layers of a plain batched step
    head: float  # its vocabulary head
    share: float  # of the layers, that an ideal step runs
    start: float  # original and noise floor, once an order
    others: list[float]  # batched and one by one with PyTorch's own linear layers

    @property
    def plain(self) -> float:
        """A plain batched step, with the linear layers of ours."""
        return self.layers + self.head

    @property
    def ideal(self) -> float:
        """The layers from the lowest changed one up, and the head."""
        return self.share * self.layers + self.head

    @property
    def reached(self) -> float:
        """Saving reached, as a share of the ideal one."""
        return (self.plain - self.ours) / (self.plain - self.ideal)


def rows(given: dict) -> list[Row]:
    """A step of one head, and the share of the ideal saving with one head and with several."""
    options = options_of(given)
    torch.set_num_threads(options.threads)
    step = one_head(options, 60, 10)
    size, ours = "one head a step, 60 prompts, SmolLM2-135M", f"{step.ours:.2f} s a step"
    found = []
    ways = ("batched", 1.6), ("one prompt at a time, all logits", 3.0)
    for (name, factor), plain in zip(ways, step.others, strict=True):
        ratio = plain / step.ours
        words = f"plain passes, {name}: {plain:.1f} s"
        found.append(Row("ablation", size, ours, words, f"{ratio:.2f}", f"≥ {factor} x", ratio >= factor))
    steps = several_heads(options, 5, 8)
    worst = min(steps, key=lambda kind: steps[kind].reached)
    several = f"five heads a step, {len(steps)} orders, 15 prompts, SmolLM2-135M"
    for own, where, text in ((step, "", size), (steps[worst], f" in the worst order ({worst})", several)):
        ideal = f"layers from the lowest changed one up, and head: {own.ideal:.2f} s"
        reached = f"{own.reached:.0%} of the ideal saving{where}"
        ratio = f"{own.ideal / own.ours:.2f}"
        found.append(Row("ablation", text, reached, ideal, ratio, "≥ 80 %", own.reached >= 0.8))
    return found


def details(given: dict) -> None:
    """Print a step of one head, several heads a step in every order, and memory."""
    options = options_of(given)
    torch.set_num_threads(options.threads)
    n_prompts, n_steps = options.prompts or 60, options.steps or 10
    step = one_head(options, n_prompts, n_steps)
    layers = f"layers {step.layers:.2f}, head {step.head:.2f}"
    ways = [
        ("ours", step.ours),
        ("ideal: layers from the lowest changed one up, and the head", step.ideal),
        (f"plain batched passes, same linear layers ({layers})", step.plain),
        ("plain batched passes, PyTorch's own linear layers", step.others[0]),
        ("one prompt at a time with logits at all positions, PyTorch's own linear layers", step.others[1]),
        ("original and noise floor, once an order", step.start),
    ]
    title = f"a step of one head, lowest changed layers spread evenly over {n_steps} steps, {n_prompts} prompts"
    lines = [(name, f"{value:.2f}", f"{value / step.ours:.2f}") for name, value in ways]
    print(markdown((title, "seconds", "ours is faster by"), lines), end="\n\n")
    print(f"saving reached: {step.reached:.0%} of the ideal one\n")
    columns = "layers an ideal step runs", "ideal, s", "ours, s", "plain, s", "saving reached"
    for size in (5, 27):
        lines = []
        for kind, own in several_heads(options, size, n_steps).items():
            reached = f"{own.reached:.0%}" if own.ideal < 0.98 * own.plain else "nothing to save"
            times = (f"{value:.2f}" for value in (own.ideal, own.ours, own.plain))
            lines.append((kind, f"{own.share:.0%}", *times, reached))
        print(markdown((f"order, {size} heads a step, {n_steps} steps, 15 prompts", *columns), lines), end="\n\n")
    lines = [(cache, *fresh("speed_ablation", "peak_memory", given, cache)) for cache in ("device", "cpu", "none")]
    columns = "tensors beside the weights, MB", "peak of the process, MB", "of the model with its libraries, MB"
    print(markdown(("residual cache", *columns), lines))


def one_head(options, n_prompts: int, n_steps: int) -> Step:
    """Steps of one head whose lowest changed layers are spread evenly."""
    model, text = smollm2(options.run, n_prompts)
    n_steps = min(n_steps, model.heads.n_layers)
    return measure(model, text, spread_order(model, n_steps), range(n_steps + 1), others=True)


def several_heads(options, size: int, n_steps: int) -> dict[str, Step]:
    """Steps of several heads, of an order of each kind."""
    model, text = smollm2(options.run, 15)
    ranking = read_table(options.run / f"results/phiid_scores/{MODEL}_head_rankings.csv")
    found = {}
    for kind in ORDERS:
        order = removal_order(kind, 0, ranking)
        found[kind] = measure(model, text, order, step_counts(len(order), size, 1.0)[: n_steps + 1])
    return found


def measure(
    model: LanguageModel,
    text: Text,
    order: Sequence[int],
    counts: Sequence[int],
    repeats: int = 2,
    others: bool = False,
) -> Step:
    """Time the engine over `counts` and the plain ways over one step in the middle, in turns; the least counts.

    `others` adds plain passes with PyTorch's own linear layers, batched and one prompt at a time.
    """
    heads = order[: counts[len(counts) // 2] + 1]
    states = plain_layers(model, text, heads)
    timed = [lambda: ours(model, text, order, [0]), lambda: ours(model, text, order, counts)]
    timed += [lambda: plain_layers(model, text, heads), lambda: plain_head(model, states)]
    if others:
        timed.append(lambda: own_linears(model, lambda: plain_head(model, plain_layers(model, text, heads))))
        timed.append(lambda: own_linears(model, lambda: one_by_one(model, text, heads)))
    start, whole, layers, head, *others = best_of(repeats, *timed)
    share = layer_share(order, counts, model.heads.n_layers, model.heads.heads)
    return Step((whole - start) / (len(counts) - 1), layers, head, share, start, others)


def ours(model: LanguageModel, text: Text, order: Sequence[int], counts: Sequence[int], cache: str = "device"):
    """The engine, from the original's pass to the last step."""
    removal = Removal(order, counts)
    return measure_curves(model, text.prompts, text.answers, [removal], text.batch_size, residual_cache=cache)


def plain_layers(model: LanguageModel, text: Text, heads: Sequence[int]) -> list[torch.Tensor]:
    """All layers of a plain batched pass; states at generated positions."""
    states = []
    with torch.inference_mode(), removed(model, heads):
        for batch in text.batches:
            hidden = model.forced(text.sequences(batch))
            places = [answer_positions(text.prompts[row], text.answers[row]) for row in batch]
            states.append(torch.cat([hidden[place, positions] for place, positions in enumerate(places)]))
    return states


def plain_head(model: LanguageModel, states: list[torch.Tensor]) -> torch.Tensor:
    """The vocabulary head on the states, and a KL from log-probabilities of which one batch stands for all."""
    log_p, total = None, 0.0
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


def smollm2(folder: Path, n_prompts: int) -> tuple[LanguageModel, Text]:
    """The embedded model and its answers, from the working directory of a run."""
    answered = json.loads((folder / f"results/activations/{MODEL}_tokens.json").read_text())["prompts"]
    chosen = [answered[row] for row in np.linspace(0, len(answered) - 1, n_prompts).astype(int)]
    model = load_model(folder / f"resources/models/{MODEL}", {"kind": "trained"}, "float32")
    return model, Text([p["prompt_ids"] for p in chosen], [p["generated_ids"] for p in chosen], 15)


def peak_memory(given: dict, cache: str) -> tuple[str, str, str]:
    """Over a step in each layer, in MB: tensors beside the weights, the peak of the process or GPU, the model alone."""
    options = options_of(given)
    model, text = smollm2(options.run, options.prompts or 15)
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
    with LiveTensors(model.model) as tensors:
        ours(model, text, order, counts, cache)
    return f"{tensors.peak / 1e6:.0f}", f"{peak:.0f}", f"{alone:.0f}"
