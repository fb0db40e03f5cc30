"""Removing heads: what stands in for the output of a removed head, and the context in which it does.

A head is removed by replacing its slice of the input of W_O at every position: by zeros (arXiv:2601.06851), or by the
head's own mean output, which takes away what it says about this text and leaves what it always says.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from synergy.models.generation import in_batches
from synergy.models.loading import LanguageModel, in_float64


@contextmanager
def removed(model: LanguageModel, heads: Sequence[int], instead: torch.Tensor | None = None) -> Iterator[None]:
    """Context in which the flat head indices `heads` no longer depend on the input.

    Parameters
    ----------
    instead : torch.Tensor, optional
        What each head gives once it is removed, (n_heads_total, head_dim); default: zeros.
    """
    layout = model.heads
    by_layer: dict[int, list[int]] = {}
    for head in heads:
        by_layer.setdefault(int(head) // layout.heads, []).append(int(head) % layout.heads)

    def replace(gone: torch.Tensor, values: torch.Tensor):
        def hook(_module, arguments):
            device = arguments[0].device  # of the layer, which need not be that of the first one
            return torch.where(gone.to(device), values.to(device), arguments[0]), *arguments[1:]

        return hook

    hooks = []
    try:
        for layer, chosen in by_layer.items():
            gone = torch.zeros(layout.heads, layout.head_dim, dtype=torch.bool)
            gone[chosen] = True
            values = torch.zeros(layout.heads * layout.head_dim, dtype=model.model.dtype)
            if instead is not None:
                values = instead[layer * layout.heads : (layer + 1) * layout.heads].flatten()
            hook = replace(gone.flatten().to(model.device), values.to(model.device))
            hooks.append(layout.output_projection(layer).register_forward_pre_hook(hook))
        yield
    finally:
        for hook in hooks:
            hook.remove()


def mean_outputs(
    model: LanguageModel, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], batch_size: int
) -> torch.Tensor:
    """Mean output vector of each head of the intact model, before W_O.

    The mean is over the positions that predict the generated tokens, those at which the divergence is measured, of all
    `prompts`, in the teacher-forced pass; every position weighs the same. Sums are taken in float64.

    Returns
    -------
    (n_heads_total, head_dim), in the dtype of the model.
    """
    # ASSUME: Mean ablation puts one vector a head in the place of its output, pooled over prompts and generated
    # positions.
    layout = model.heads
    sums = in_float64(torch.zeros(model.n_heads_total, layout.head_dim, device=model.device))

    def add(rows: Sequence[int]) -> torch.Tensor:
        own = torch.zeros_like(sums)
        places = [answer_positions(prompts[row], answers[row]) for row in rows]
        hooks = [
            layout.output_projection(layer).register_forward_pre_hook(_adder(own, layer, layout.heads, places))
            for layer in range(layout.n_layers)
        ]
        try:
            model.forced([[*prompts[row], *answers[row]] for row in rows])
        finally:
            for hook in hooks:
                hook.remove()
        return own

    by_length = sorted(range(len(prompts)), key=lambda row: len(prompts[row]) + len(answers[row]))
    with torch.inference_mode():
        for _, own in in_batches(by_length, batch_size, add):
            sums += own
    return (sums / sum(map(len, answers))).to(model.device, model.model.dtype)


def _adder(sums: torch.Tensor, layer: int, n_heads: int, places: list[slice]) -> Callable:
    def add(_module, arguments: tuple) -> None:
        heads = slice(layer * n_heads, (layer + 1) * n_heads)
        for row, positions in enumerate(places):
            outputs = arguments[0][row, positions].unflatten(-1, sums[heads].shape)  # (n_tokens, heads, head_dim)
            sums[heads] += in_float64(outputs).sum(0).to(sums.device)

    return add


def answer_positions(prompt: Sequence[int], answer: Sequence[int], n_shared: int = 0) -> slice:
    """The positions that predict the tokens of `answer`, in a pass over both that begins after `n_shared` tokens."""
    first = len(prompt) - 1 - n_shared
    return slice(first, first + len(answer))
