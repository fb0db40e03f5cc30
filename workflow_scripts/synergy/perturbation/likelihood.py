"""How probable a model finds a given continuation: the continuous measure beside accuracy."""

from collections.abc import Sequence

import numpy as np
import torch

from synergy.models.finite_numbers import not_finite
from synergy.models.generation import in_batches
from synergy.models.loading import LanguageModel, in_float64
from synergy.perturbation.problem_prompts import PromptText
from synergy.perturbation.problems import Problem

POSITIONS = 256  # whose logits are held at once: of 2,000 positions and 262,144 words they would take 2 GB


def solution_nll(
    model: LanguageModel, problems: Sequence[Problem], prompts: Sequence[PromptText], batch_size: int
) -> np.ndarray:
    """Mean negative log-likelihood per token of each reference solution, which every problem must have.

    Parameters
    ----------
    problems, prompts : the problems, and how each is asked.
    batch_size : sequences in one pass.

    Returns
    -------
    float64 (n_problems,), nats per token.
    """

    def encode(text: str, special: bool) -> list[int]:
        return model.tokenizer(text, add_special_tokens=special).input_ids

    asked = [encode(prompt.text, prompt.add_special_tokens) for prompt in prompts]
    solutions = [
        encode(prompt.lead + problem.solution, False) for problem, prompt in zip(problems, prompts, strict=True)
    ]
    return continuation_nll(model, asked, solutions, batch_size)


def continuation_nll(
    model: LanguageModel, prompts: Sequence[Sequence[int]], continuations: Sequence[Sequence[int]], batch_size: int
) -> np.ndarray:
    r"""Mean negative log-likelihood per token of each continuation after its prompt.

    .. math:: -\frac{1}{n} \sum_{t=1}^{n} \ln p(c_t \mid \text{prompt}, c_1 \dots c_{t-1})

    One causal pass a batch, in which a prefix that all prompts share is computed once. How the text is cut into tokens
    decides the measure: compare it between conditions of one model, not between models.

    Parameters
    ----------
    prompts, continuations : token ids, none of them empty.
    batch_size : sequences in one pass; halves when memory runs out.

    Returns
    -------
    float64 (n_prompts,), nats per token.

    Raises
    ------
    InputError
        If a likelihood is not finite.
    """

    def score(rows: Sequence[int]) -> list[float]:
        n_shared = model.n_shared([prompts[row] for row in rows])
        hidden = model.forced([[*prompts[row], *continuations[row]] for row in rows], n_shared)
        scores = []
        for place, row in enumerate(rows):
            start, targets = len(prompts[row]) - 1 - n_shared, torch.tensor(continuations[row], device=model.device)
            before = hidden[place, start : start + len(targets)].split(POSITIONS)
            sums = [
                in_float64(torch.nn.functional.cross_entropy(model.logits(positions), own, reduction="sum"))
                for positions, own in zip(before, targets.split(POSITIONS), strict=True)
            ]
            scores.append(torch.stack(sums).sum().item() / len(targets))
        return scores

    nll = np.full(len(prompts), np.nan)
    # What a batch computes once does not count: rows are alike if what each adds to it is.
    n_shared = model.n_shared(prompts) if len(prompts) else 0
    lengths = [len(prompt) + len(own) - n_shared for prompt, own in zip(prompts, continuations, strict=True)]
    with torch.inference_mode():
        for rows in _of_like_length(lengths):
            for chosen, scores in in_batches(rows, batch_size, score):
                nll[rows[chosen.start : chosen.stop]] = scores
    bad = np.flatnonzero(~np.isfinite(nll))
    if len(bad):
        example = [[*prompts[bad[0]], *continuations[bad[0]]]]
        raise not_finite(f"likelihoods (of {len(nll)} solutions, {len(bad)} are not)", model, example)
    return nll


def _of_like_length(lengths: Sequence[int]) -> list[list[int]]:
    """Rows in groups, the longest first, in which none is shorter than 3/4 of the longest: so little is padding."""
    groups: list[list[int]] = []
    for row in sorted(range(len(lengths)), key=lambda row: -lengths[row]):
        if not groups or lengths[row] < 0.75 * lengths[groups[-1][0]]:
            groups.append([])
        groups[-1].append(row)
    return groups
