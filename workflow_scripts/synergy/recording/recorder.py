"""Recording what every attention head does while a model answers.

The activation of a head at a generated token is the L2 norm of the head's output z = softmax(qKᵀ/√d)V before W_O:
the head's slice of the *input* of the output projection, norm in float32 (arXiv:2601.06851, Methods). Beside it
goes another measure of the same output, ‖W_O z‖ with the head's columns of W_O: what the head adds to the residual
stream, before any normalisation that the architecture puts behind its attention (Gemma) and without the bias.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch

from synergy.files.artifacts import write_json, write_npz
from synergy.files.console import progress
from synergy.models.finite_numbers import require_finite
from synergy.models.generation import in_batches
from synergy.models.loading import LanguageModel, at_hand
from synergy.models.static_decoding import greedy_decoding
from synergy.recording.prompts import Prompt, answer_records


@dataclass
class Recording:
    """What was recorded for some prompts, greedy, end-of-sequence suppressed.

    Attributes
    ----------
    activations : float32 (n_prompts, n_heads_total, n_tokens), head index = layer · heads + head in layer.
    activations_after_output : the same, ‖W_O z‖ instead of ‖z‖.
    token_logprob, entropy : float32 (n_prompts, n_tokens), nats, of the distribution that each token was taken from.
    topk_ids, topk_logprobs : (n_prompts, n_tokens, k), most probable first.
    generated : int (n_prompts, n_tokens).
    natural_length : int (n_prompts,), tokens before the first one at which the model would have ended.
    """

    activations: np.ndarray
    activations_after_output: np.ndarray
    token_logprob: np.ndarray
    entropy: np.ndarray
    topk_ids: np.ndarray
    topk_logprobs: np.ndarray
    generated: np.ndarray
    natural_length: np.ndarray


class HeadNorms:
    """Context in which forward passes leave the norms of all heads at their last position in `norms`.

    Each layer's tensor is (2, batch, heads): before and after W_O.
    """

    def __init__(self, model: LanguageModel):
        self._heads, self._device = model.heads, model.device
        self.norms: list[torch.Tensor] = []

    def __enter__(self) -> Self:
        self.norms = [torch.empty(0)] * self._heads.n_layers
        self._hooks = [
            self._heads.output_projection(layer).register_forward_pre_hook(self._observer(layer))
            for layer in range(self._heads.n_layers)
        ]
        return self

    def __exit__(self, *exception) -> None:
        for hook in self._hooks:
            hook.remove()

    def _observer(self, layer: int):
        with at_hand([self._heads.output_projection(layer)]):
            gram = gram_matrices(self._heads.output_weights(layer))

        def observe(_module, arguments: tuple) -> None:
            last = arguments[0][:, -1].unflatten(-1, (self._heads.heads, self._heads.head_dim))
            before = torch.linalg.vector_norm(last, dim=-1, dtype=torch.float32)
            self.norms[layer] = torch.stack([before, norm_after(gram, last)]).to(self._device)

        return observe


def gram_matrices(weights: torch.Tensor) -> torch.Tensor:
    """W_OᵀW_O of each head, float32 (heads, head_dim, head_dim), from W_O (heads, d_model, head_dim)."""
    weights = weights.float()
    return weights.mT @ weights


def norm_after(gram: torch.Tensor, outputs: torch.Tensor) -> torch.Tensor:
    """‖W_O z‖ = √(zᵀ W_OᵀW_O z) of each head, (batch, heads), from its outputs z (batch, heads, head_dim).

    In head_dim² operations instead of head_dim · d_model.
    """
    z = outputs.float().transpose(0, 1)  # (heads, batch, head_dim)
    return ((z @ gram) * z).sum(-1).clamp(min=0).sqrt().T


def record(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    n_tokens: int,
    top_logprobs: int,
    step_done: Callable[[int], object] = lambda n_rows: None,
) -> Recording:
    """Generate `n_tokens` for each prompt and record every head at every generated token.

    Parameters
    ----------
    prompts : token ids of each prompt.
    n_tokens : how many tokens each answer has; end-of-sequence is suppressed, its natural place kept.
    top_logprobs : how many of the most probable tokens to keep at each position.
    step_done : called with the number of prompts after each token.

    Raises
    ------
    InputError
        If logits or activations are not finite (float16 overflows in some models).
    """
    # ASSUME: The activation at a generated token is taken in the pass in which that token is the input, so that prompt
    # tokens never count.
    norms, logprobs, entropies, top_ids, top_values, generated, ends = [], [], [], [], [], [], []
    stops = torch.tensor(model.stop_ids, dtype=torch.long, device=model.device)
    with torch.inference_mode(), HeadNorms(model) as observed:
        decoding = greedy_decoding(model, prompts)
        for _ in range(n_tokens):
            distribution = decoding.logits.log_softmax(-1)
            if not torch.isfinite(distribution.sum()):  # one number to wait for; the whole is looked at if it is bad
                so_far = torch.stack(generated, 1).tolist() if generated else [[] for _ in prompts]
                answered = [[*prompt, *own] for prompt, own in zip(prompts, so_far, strict=True)]
                require_finite(distribution, "logits", model, answered)
            ends.append(torch.isin(distribution.argmax(-1), stops))
            # ASSUME: End-of-sequence is suppressed while recording, so that every series has the same number of tokens;
            # the length at which the model would have ended is kept beside it.
            tokens = distribution.index_fill(-1, stops, -torch.inf).argmax(-1)
            values, ids = distribution.topk(min(top_logprobs, distribution.shape[-1]))
            logprobs.append(distribution.gather(-1, tokens[:, None])[:, 0])
            entropies.append(-(distribution.exp() * distribution).nan_to_num(0.0).sum(-1))
            top_ids.append(ids)
            top_values.append(values)
            generated.append(tokens)
            decoding.append(tokens)
            norms.append(torch.cat(observed.norms, dim=-1))  # (2, batch, n_heads_total), layer-major
            step_done(len(prompts))
    activations, after_output = torch.stack(norms, dim=-1)
    require_finite(activations, "head norms", model)
    ended = torch.stack([*ends, torch.ones_like(ends[0])], dim=-1)
    return Recording(
        activations=activations.cpu().numpy(),
        activations_after_output=after_output.cpu().numpy(),
        token_logprob=torch.stack(logprobs, 1).cpu().numpy(),
        entropy=torch.stack(entropies, 1).cpu().numpy(),
        topk_ids=torch.stack(top_ids, 1).cpu().numpy(),
        topk_logprobs=torch.stack(top_values, 1).cpu().numpy(),
        generated=torch.stack(generated, 1).cpu().numpy(),
        natural_length=ended.int().argmax(-1).cpu().numpy(),
    )


def record_in_batches(
    model: LanguageModel, prompts: Sequence[Sequence[int]], n_tokens: int, top_logprobs: int, batch_size: int
) -> Recording:
    """`record` any number of prompts, at most `batch_size` at once and fewer when memory runs out; shows progress.

    Raises
    ------
    InputError
        As `record`, or if the memory does not hold a single prompt.
    """
    recorded: list[Recording] = []
    with progress(None, "recording", "token", total=n_tokens * len(prompts)) as bar:

        def record_batch(batch: list) -> Recording:
            # Tokens of a batch that ran out of memory do not count.
            bar.update(n_tokens * sum(len(done.generated) for done in recorded) - bar.n)
            return record(model, batch, n_tokens, top_logprobs, bar.update)

        for _, batch in in_batches(prompts, batch_size, record_batch):
            recorded.append(batch)
    return Recording(*(np.concatenate([getattr(batch, of.name) for batch in recorded]) for of in fields(Recording)))


def write_recording(
    recorded: Recording,
    asked: Sequence[Prompt],
    prompts: Sequence[Sequence[int]],
    texts: Sequence[str],
    pieces: Sequence[Sequence[str]],
    provenance: dict,
    activations: str,
    logits: str,
    tokens: str,
) -> None:
    """Write head norms, token statistics, and prompts with answers to three files.

    Parameters
    ----------
    recorded : Recording
        Of all prompts.
    asked, prompts, texts, pieces : the prompts, their token ids, and the answers in words, whole and token by token.
    provenance : dict
    activations, logits, tokens : paths of two npz and a JSON.
    """
    n_prompts, n_tokens = recorded.generated.shape
    write_npz(
        activations,
        provenance,
        activations=recorded.activations,
        n_tokens=np.full(n_prompts, n_tokens),
        category=np.array([prompt.category for prompt in asked]),
        natural_length=recorded.natural_length,
        activations_after_output=recorded.activations_after_output,
    )
    write_npz(
        logits,
        provenance,
        token_logprob=recorded.token_logprob,
        entropy=recorded.entropy,
        topk_ids=recorded.topk_ids,
        topk_logprobs=recorded.topk_logprobs,
    )
    answers = answer_records(asked, prompts, recorded.generated, recorded.natural_length, texts, pieces)
    write_json(tokens, {"prompts": answers, "provenance": provenance})
