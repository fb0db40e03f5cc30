"""KL divergence between two distributions over the vocabulary, exactly, without ever holding all of their logits.

With d = log q - log p of a vocabulary entry,

    KL(p ‖ q) = Σ p log(p/q) = Σ p (exp(d) - 1 - d),

since p and q both sum to 1. The right-hand side is what is summed: no term is negative, and where p and q are nearly
alike the terms are of second order in d. The left-hand side would subtract terms of first order from one another, and
rounding of the two normalisers (about 1e-6 in float32, whose logarithms are near 10) would stay in the result as it is;
in the right-hand side an error of d's constant counts squared.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import torch

from synergy.models.loading import LanguageModel, in_float64

# Bytes of a chunk: half for the logits with the buffers beside them, which on a CPU should stay near the caches, half
# for the hidden states that wait for it, the original's among them.
CHUNK_BYTES = {"cpu": 2**27, "cuda": 2**30}
# float32 arrays of positions x vocabulary at once: p, log p, logits; on a GPU d and exp(d) - 1 - d as well
BUFFERS = {"cpu": 3, "cuda": 5}
STEPS_AT_ONCE = 16  # that one chunk of the original's logits serves at most
PIECE_BYTES = {"cpu": 2**21, "cuda": 2**30}  # of the logits that are compared at a time; a CPU's stay in its caches
SUMMED = 4096  # entries of the vocabulary whose sum is float32; the sum of these is float64
LEAST_LOG_P = -85.0  # exp(-85 + 85) and exp(85) are both finite in float32; what it adds to p is below 1e-31 nats


def kl_of_steps(
    model: LanguageModel,
    original: torch.Tensor,
    ablated: Iterable[torch.Tensor],
    lengths: Sequence[int],
    chunk_bytes: int | None = None,
) -> Iterator[np.ndarray]:
    """Mean over positions of KL(original ‖ ablated), full vocabulary, in float32, summed in float64.

    A chunk of the original's logits serves several steps, so that their head costs 1/n_steps of a pass.

    Parameters
    ----------
    original : hidden states of all rows, one row after the other, (n_positions, d_model).
    ablated : the same of each step; asked for when there is room for them.
    lengths : positions of each row.
    chunk_bytes : memory for logits and for states of steps that wait for them; default: `CHUNK_BYTES` of the device.

    Yields
    ------
    float64 (n_rows,) of each step, nats per position; never negative; NaN where logits are not finite.
    """
    half = (chunk_bytes or _of_device(CHUNK_BYTES, model.device)) // 2
    vocabulary = model.model.get_output_embeddings().weight.shape[0]
    n_positions = max(1, half // (_of_device(BUFFERS, model.device) * 4 * vocabulary))
    n_steps = max(1, min(STEPS_AT_ONCE, half // original.nbytes - 1))
    steps = iter(ablated)
    while waiting := list(islice(steps, n_steps)):
        rows = _kl_by_position(model, n_positions, original, *waiting).split(lengths, dim=-1)
        waiting.clear()  # before the next are asked for
        yield from torch.stack([row.mean(-1) for row in rows], dim=-1).cpu().numpy()


def _kl_by_position(model: LanguageModel, n_at_once: int, *states: torch.Tensor) -> torch.Tensor:
    """KL of each step at all positions, (n_steps, n_positions), nats; the first states are the original's."""
    chunks = zip(*(some.split(n_at_once) for some in states), strict=True)
    return torch.cat([_kl_of_chunk(model, *chunk) for chunk in chunks], dim=-1)


def _kl_of_chunk(model: LanguageModel, original: torch.Tensor, *ablated: torch.Tensor) -> torch.Tensor:
    """KL of each step at some positions, (n_steps, n_positions), nats."""
    log_p = model.logits(original).log_softmax(-1).clamp_(min=LEAST_LOG_P)
    p = log_p.exp()
    # The sum inside log_softmax drifts (1e-5 of itself over 262k entries), and p with it; q drifts alike, so that d
    # is right as it is.
    p.div_(_sum(p)[:, None].to(p))
    return torch.stack([_kl(p, log_p, model.logits(states)) for states in ablated])


def _kl(p: torch.Tensor, log_p: torch.Tensor, logits_q: torch.Tensor) -> torch.Tensor:
    """KL(p ‖ q) of each position (n_positions,), nats."""
    n_rows = max(1, _of_device(PIECE_BYTES, p.device) // (4 * p.shape[-1]))
    kl = []
    for p_rows, log_p_rows, logits in zip(*(whole.split(n_rows) for whole in (p, log_p, logits_q)), strict=True):
        d = logits.log_softmax(-1).sub_(log_p_rows)
        kl.append(_sum(torch.expm1(d).sub_(d).mul_(p_rows)))
    return torch.cat(kl).clamp_(min=0.0)


def _sum(terms: torch.Tensor) -> torch.Tensor:
    """Sums of rows in float64; but for CUDA, without the float64 copy of all terms that PyTorch would make."""
    if terms.device.type == "cuda":
        return terms.sum(-1, dtype=torch.float64)
    return in_float64(torch.stack([some.sum(-1) for some in terms.split(SUMMED, -1)], -1)).sum(-1)


def _of_device(limits: dict[str, int], device: torch.device) -> int:
    return limits.get(device.type, limits["cpu"])
