"""Removing heads and measuring how far the model's distribution moves.

A head is removed by zeroing its slice of the input of W_O. The measure is KL(original ‖ ablated) in nats over the
full vocabulary, with the ablated model teacher-forced on the original's tokens, at each generated position.

Removing heads leaves everything below the lowest changed layer as it was, so the residual stream that enters each
layer is kept and the pass restarts there; and only generated positions reach the vocabulary head, a chunk at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from synergy.models import LanguageModel

POSITIONS_PER_CHUNK = 256  # logits in memory: this many positions times the vocabulary


class RestartingDecoder:
    """Forward passes over fixed sequences that restart at the lowest layer whose heads have changed.

    Parameters
    ----------
    model : LanguageModel
    sequences : token ids of each row, prompt and answer.
    """

    def __init__(self, model: LanguageModel, sequences: Sequence[Sequence[int]]):
        self._model, self._sequences = model, sequences
        self._entering: list[torch.Tensor] = []  # residual stream entering each layer, (batch, longest, d_model)

    def hidden(self, removed: Sequence[int] = (), newly_removed: Sequence[int] = ()) -> torch.Tensor:
        """Final hidden states (batch, longest, d_model) with the heads `removed`.

        `newly_removed` are those that the previous call did not have; the first call runs all layers.
        """
        heads = self._model.heads
        lowest = min((head // heads.heads for head in newly_removed), default=0) if self._entering else 0
        entering: list[torch.Tensor] = self._entering[: lowest + 1]
        with _skip_below(heads.layers, lowest, entering), zeroed(self._model, removed):
            final = self._model.forced(self._sequences)
        self._entering = entering
        return final


@contextmanager
def _skip_below(layers: Sequence[torch.nn.Module], lowest: int, entering: list[torch.Tensor]) -> Iterator[None]:
    """Let layers below `lowest` pass their input on; feed `lowest` from `entering`; collect what enters the rest."""

    def feed(_module, arguments, keywords):
        return (entering[lowest], *arguments[1:]), keywords

    def collect(_module, arguments):
        entering.append(arguments[0])

    hooks = []
    try:
        for layer in layers[:lowest]:
            layer.forward = lambda hidden_states, *_, **__: hidden_states
        if lowest:
            hooks.append(layers[lowest].register_forward_pre_hook(feed, with_kwargs=True))
        hooks += [layer.register_forward_pre_hook(collect) for layer in layers[len(entering) :]]
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for layer in layers[:lowest]:
            del layer.forward


@contextmanager
def zeroed(model: LanguageModel, removed: Sequence[int]) -> Iterator[None]:
    """Context in which the flat head indices `removed` contribute nothing to the output projection."""
    n_heads, head_dim = model.heads.heads, model.heads.head_dim
    by_layer: dict[int, list[int]] = {}
    for head in removed:
        by_layer.setdefault(int(head) // n_heads, []).append(int(head) % n_heads)

    def zero(columns: torch.Tensor):
        return lambda _module, arguments: (arguments[0].index_fill(-1, columns, 0.0), *arguments[1:])

    hooks = []
    try:
        for layer, chosen in by_layer.items():
            columns = torch.cat([torch.arange(h * head_dim, (h + 1) * head_dim) for h in chosen]).to(model.device)
            hooks.append(model.heads.output_projection(layer).register_forward_pre_hook(zero(columns)))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def ablation_curve(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
    order: Sequence[int],
    counts: Sequence[int],
    batch_size: int,
    step_done: Callable[[], object] = lambda: None,
) -> np.ndarray:
    """KL(original ‖ ablated) as more and more heads are removed.

    Parameters
    ----------
    prompts, answers : token ids; the answer is what the original model generated.
    order : flat head indices in order of removal.
    counts : ascending numbers of heads removed; 0 is measured like any other and is the noise floor.
    batch_size : prompts in one pass.
    step_done : called after each count of each batch.

    Returns
    -------
    float64 (len(counts), n_prompts), nats, mean over the generated positions of a prompt.
    """
    kl = np.full((len(counts), len(prompts)), np.nan)
    by_length = sorted(range(len(prompts)), key=lambda row: len(prompts[row]) + len(answers[row]))
    with torch.inference_mode():
        for start in range(0, len(prompts), batch_size):
            rows = by_length[start : start + batch_size]
            decoder = RestartingDecoder(model, [[*prompts[row], *answers[row]] for row in rows])
            original = _answer_states(decoder.hidden(), rows, prompts, answers)
            done = 0
            for step, count in enumerate(counts):
                hidden = decoder.hidden(order[:count], order[done:count])
                kl[step, rows] = mean_kl(model, original, _answer_states(hidden, rows, prompts, answers))
                done = count
                step_done()
    return kl


def _answer_states(hidden: torch.Tensor, rows, prompts, answers) -> list[torch.Tensor]:
    """Of each row, the hidden states that predict its generated tokens, (n_tokens, d_model)."""
    return [
        hidden[place, len(prompts[row]) - 1 : len(prompts[row]) + len(answers[row]) - 1]
        for place, row in enumerate(rows)
    ]


def mean_kl(model: LanguageModel, original: list[torch.Tensor], ablated: list[torch.Tensor]) -> np.ndarray:
    """Mean over positions of KL(original ‖ ablated) of each row, nats, float64 (n_rows,).

    Never more than `POSITIONS_PER_CHUNK` positions of vocabulary logits are in memory.
    """
    lengths = [len(states) for states in original]
    pairs = zip(
        torch.cat(original).split(POSITIONS_PER_CHUNK), torch.cat(ablated).split(POSITIONS_PER_CHUNK), strict=True
    )
    kl = torch.cat([_kl(model.logits(p), model.logits(q)) for p, q in pairs])
    return np.array([row.mean().item() for row in kl.double().split(lengths)])


def _kl(logits_p: torch.Tensor, logits_q: torch.Tensor) -> torch.Tensor:
    """KL(p ‖ q) of each position, nats."""
    log_p, log_q = logits_p.log_softmax(-1), logits_q.log_softmax(-1)
    return torch.nn.functional.kl_div(log_q, log_p, reduction="none", log_target=True).sum(-1)
