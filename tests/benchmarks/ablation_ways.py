"""Ways to measure an ablated model: the engine, and the plain passes that it is compared with."""

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from true_shapes import write_shape

from synergy.ablation.removal import answer_positions, removed
from synergy.ablation.sweep import measure_curve
from synergy.files.tables import read_table
from synergy.heads.orders import ORDERS, layer_share, removal_order
from synergy.models.loading import LanguageModel, faster_linears, load_model

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
    return measure_curve(model, text.prompts, text.answers, order, counts, text.batch_size, residual_cache=cache)


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


def of_shape(
    shape: str, n_prompts: int, n_tokens: int, batch_size: int, dtype: str = "bfloat16", **smaller: int
) -> tuple[LanguageModel, Text]:
    """A model of a true shape with random weights, and random prompts of 60 tokens or so; `smaller` sizes if asked."""
    with tempfile.TemporaryDirectory() as scratch:
        model = load_model(write_shape(shape, Path(scratch), **smaller), {"kind": "random", "seed": 0}, dtype)
    generator, n_words = np.random.default_rng(0), model.decoder.config.vocab_size
    prompts = [generator.integers(2, n_words, 50 + row % 20).tolist() for row in range(n_prompts)]
    answers = [generator.integers(2, n_words, n_tokens).tolist() for _ in prompts]
    return model, Text(prompts, answers, batch_size)


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


def measure(
    model: LanguageModel,
    text: Text,
    order: Sequence[int],
    counts: Sequence[int],
    repeats: int,
    pytorch: bool = False,
    alone: bool = False,
) -> Step:
    """Time the engine over `counts` and the plain ways over one step in the middle, in turns; the least counts.

    `pytorch` adds plain batched passes with PyTorch's own linear layers, `alone` one prompt at a time with these.
    """
    heads = order[: counts[len(counts) // 2] + 1]
    states = plain_layers(model, text, heads)
    timed = [lambda: ours(model, text, order, [0]), lambda: ours(model, text, order, counts)]
    timed += [lambda: plain_layers(model, text, heads), lambda: plain_head(model, states, None)]
    if pytorch:
        timed += [lambda: own_linears(model, lambda: plain_head(model, plain_layers(model, text, heads), None))]
    if alone:
        timed += [lambda: own_linears(model, lambda: one_by_one(model, text, heads))]
    start, whole, layers, head, *others = best_of(repeats, *timed)
    share = layer_share(order, counts, model.heads.n_layers, model.heads.heads)
    return Step((whole - start) / (len(counts) - 1), layers, head, share, start, others)


def measure_one_head(model: LanguageModel, text: Text, n_steps: int, repeats: int, alone: bool) -> Step:
    """Steps of one head whose lowest changed layers are spread evenly."""
    n_steps = min(n_steps, model.heads.n_layers)
    return measure(model, text, spread_order(model, n_steps), range(n_steps + 1), repeats, True, alone)


def orders_of(model: LanguageModel, ranking_file: Path | None) -> dict[str, np.ndarray]:
    """An order of each kind; without rankings of the model, of those kinds that need none."""
    n_layers, n_heads = model.heads.n_layers, model.heads.heads
    drawn = np.random.default_rng(1).random(model.n_heads_total)
    unranked = pd.DataFrame({"syn_red_score": drawn, "layer": np.repeat(np.arange(n_layers), n_heads)})
    ranking = read_table(ranking_file) if ranking_file else unranked
    kinds = [kind for kind in ORDERS if ranking_file or "matched" not in kind or "layer" in kind]
    return {kind: removal_order(kind, 0, ranking) for kind in kinds}
