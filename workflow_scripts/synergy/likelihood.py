"""How probable a model finds a given continuation: the continuous measure beside accuracy."""

from collections.abc import Sequence

import numpy as np
import torch

from synergy.generation import in_batches
from synergy.models import LanguageModel


def continuation_nll(
    model: LanguageModel, prompts: Sequence[Sequence[int]], continuations: Sequence[Sequence[int]], batch_size: int
) -> np.ndarray:
    """Mean negative log-likelihood per token of each continuation after its prompt.

    Parameters
    ----------
    prompts, continuations : token ids.
    batch_size : sequences in one pass.

    Returns
    -------
    float64 (n_prompts,), nats per token.
    """

    def score(rows: Sequence[int]) -> list[float]:
        n_shared = model.n_shared([prompts[row] for row in rows])
        hidden = model.forced([[*prompts[row], *continuations[row]] for row in rows], n_shared)
        scores = []
        for place, row in enumerate(rows):
            start, n_tokens = len(prompts[row]) - 1 - n_shared, len(continuations[row])
            logits = model.logits(hidden[place, start : start + n_tokens])
            targets = torch.tensor(continuations[row], device=model.device)
            scores.append(torch.nn.functional.cross_entropy(logits, targets).item())
        return scores

    nll = np.full(len(prompts), np.nan)
    by_length = sorted(range(len(prompts)), key=lambda row: len(prompts[row]) + len(continuations[row]))
    with torch.inference_mode():
        for chosen, scores in in_batches(by_length, batch_size, score):
            nll[[by_length[place] for place in chosen]] = scores
    return nll
