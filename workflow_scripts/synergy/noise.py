"""Gaussian noise in the weights of chosen heads, undone bit for bit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from synergy.models import LanguageModel


@contextmanager
def noise_in_heads(model: LanguageModel, chosen: Sequence[int], sigma: float, seed: int) -> Iterator[None]:
    """Context in which the chosen heads' rows of W_Q and columns of W_O carry N(0, (σ·std(W))²) noise.

    W is the whole matrix of the layer (all query heads). Draws depend on the seed and on the place of a head among
    the chosen ones alone, so that conditions with the same seed share them.

    Parameters
    ----------
    chosen : flat head indices.
    sigma : σ, in units of the matrix's own standard deviation.
    """
    heads = model.heads
    matrices = {
        (layer, name): view(layer)
        for layer in {int(head) // heads.heads for head in chosen}
        for name, view in (("query", heads.query_weights), ("output", heads.output_weights))
    }
    originals = {key: weights.clone() for key, weights in matrices.items()}
    generator = torch.Generator().manual_seed(seed)
    try:
        for head in chosen:
            layer, row = divmod(int(head), heads.heads)
            for name in ("query", "output"):
                weights = matrices[layer, name]
                scale = sigma * originals[layer, name].float().std()
                draw = torch.randn(weights[row].shape, generator=generator).to(weights.device)
                weights[row] = (originals[layer, name][row].float() + scale * draw).to(weights.dtype)
        yield
    finally:
        for key, weights in matrices.items():
            weights.copy_(originals[key])
