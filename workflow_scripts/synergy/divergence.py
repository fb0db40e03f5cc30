"""KL divergence between two distributions over the vocabulary, exactly, without ever holding all of their logits.

With d = log q - log p of a vocabulary entry,

    KL(p ‖ q) = Σ p log(p/q) = Σ p (exp(d) - 1 - d),

since p and q both sum to 1. The right-hand side is what is summed: no term is negative, and where p and q are nearly
alike the terms are of second order in d. The left-hand side would subtract terms of first order from one another, and
rounding of the two normalisers (about 1e-6 in float32, whose logarithms are near 10) would stay in the result as it is;
in the right-hand side an error of d's constant counts squared.
"""

from collections.abc import Sequence

import numpy as np
import torch

from synergy.models import LanguageModel

# Bytes of a chunk of vocabulary logits with the buffers beside it. On a CPU it should stay near the caches.
CHUNK_BYTES = {"cpu": 2**27, "cuda": 2**30}
BUFFERS = 5  # float32 arrays of positions x vocabulary at once: p, log p, logits, d, exp(d) - 1 - d
PIECE_BYTES = {"cpu": 2**21, "cuda": 2**30}  # of the logits that are compared at a time; a CPU's stay in its caches
SUMMED = 4096  # entries of the vocabulary whose sum is float32; the sum of these is float64
LEAST_LOG_P = -85.0  # exp(-85 + 85) and exp(85) are both finite in float32; what it adds to p is below 1e-31 nats


def mean_kl(
    model: LanguageModel,
    original: Sequence[torch.Tensor],
    ablated: Sequence[Sequence[torch.Tensor]],
    chunk_bytes: int | None = None,
) -> np.ndarray:
    """Mean over positions of KL(original ‖ ablated), full vocabulary, in float32, summed in float64.

    A chunk of the original's logits serves all of the steps, so that their head costs 1/n_steps of a pass.

    Parameters
    ----------
    original : hidden states of each row, (n_tokens of the row, d_model).
    ablated : for each step the hidden states of each row, as in `original`.
    chunk_bytes : memory for a chunk of logits; default: `CHUNK_BYTES` of the device.

    Returns
    -------
    float64 (n_steps, n_rows), nats per position; never negative; NaN where logits are not finite.
    """
    lengths = [len(states) for states in original]
    limit = chunk_bytes or _of_device(CHUNK_BYTES, model.device)
    vocabulary = model.model.get_output_embeddings().weight.shape[0]
    n_positions = max(1, limit // (BUFFERS * 4 * vocabulary))
    chunks = [torch.cat(list(states)).split(n_positions) for states in (original, *ablated)]
    kl = []  # of each chunk, (n_steps, n_positions)
    for states, *steps in zip(*chunks, strict=True):
        log_p = model.logits(states).log_softmax(-1).clamp_(min=LEAST_LOG_P)
        p = log_p.exp()
        # The sum inside log_softmax drifts (1e-5 of itself over 262k entries), and p with it; q drifts alike, so that d
        # is right as it is.
        p.div_(_sum(p)[:, None].float())
        kl.append(torch.stack([_kl(p, log_p, model.logits(step)) for step in steps]))
    by_position = torch.cat(kl, dim=-1)
    rows = by_position.split(lengths, dim=-1)
    return torch.stack([row.mean(-1) for row in rows], dim=-1).cpu().numpy()


def _kl(p: torch.Tensor, log_p: torch.Tensor, logits_q: torch.Tensor) -> torch.Tensor:
    """KL(p ‖ q) of each position (n_positions,), nats."""
    n_rows = max(1, _of_device(PIECE_BYTES, p.device) // (4 * p.shape[-1]))
    kl = []
    for p_rows, log_p_rows, logits in zip(*(whole.split(n_rows) for whole in (p, log_p, logits_q)), strict=True):
        d = logits.log_softmax(-1).sub_(log_p_rows)
        kl.append(_sum(torch.expm1(d).sub_(d).mul_(p_rows)))
    return torch.cat(kl).clamp_(min=0.0)


def _sum(terms: torch.Tensor) -> torch.Tensor:
    """Sums of rows in float64; on a CPU without the float64 copy of all terms that PyTorch would make."""
    if terms.device.type != "cpu":
        return terms.sum(-1, dtype=torch.float64)
    return torch.stack([some.sum(-1) for some in terms.split(SUMMED, -1)], -1).sum(-1, dtype=torch.float64)


def _of_device(limits: dict[str, int], device: torch.device) -> int:
    return limits.get(device.type, limits["cpu"])
