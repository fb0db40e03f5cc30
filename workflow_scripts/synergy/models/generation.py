"""Greedy decoding of a batch, one token at a time, under the caller's control."""

from collections.abc import Callable, Iterator, Sequence

import torch

from synergy.files.errors import InputError
from synergy.models.loading import PAD, LanguageModel


class GreedyDecoding:
    """A batch of prompts being continued.

    A prefix that all prompts share is computed once. The rest is padded on the left, with position ids counted from
    each prompt's own first token, so that a batch gives what its prompts give one at a time.

    Attributes
    ----------
    logits : torch.Tensor
        float32 (batch, vocabulary): the distribution of each row's next token.
    """

    def __init__(self, model: LanguageModel, prompts: Sequence[Sequence[int]]):
        self._model = model
        n_shared = model.n_shared(prompts)
        rest = [list(prompt[n_shared:]) for prompt in prompts]
        padding = [max(map(len, rest)) - len(own) for own in rest]
        ids = torch.tensor([[PAD] * n + own for n, own in zip(padding, rest, strict=True)], device=model.device)
        mask = [[1] * n_shared + [0] * n + [1] * len(own) for n, own in zip(padding, rest, strict=True)]
        self._mask = torch.tensor(mask, device=model.device)
        self._cache = None
        if n_shared:
            shared = torch.tensor([list(prompts[0][:n_shared])], device=model.device)
            self._cache = model.prefix_cache(shared, len(prompts))
        self._forward(ids, (self._mask.cumsum(1) - 1).clamp(min=0)[:, n_shared:])

    def append(self, tokens: torch.Tensor) -> None:
        """Put one token (batch,) at the end of each row and compute the next logits."""
        self._mask = torch.nn.functional.pad(self._mask, (0, 1), value=1)
        self._forward(tokens[:, None], self._mask.sum(1, keepdim=True) - 1)

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with these rows only."""
        self._mask = self._mask[rows]
        for layer in self._cache.layers:  # each is where its layer of the model is
            layer.batch_select_indices(rows.to(layer.keys.device))
        self.logits = self.logits[rows]

    def _forward(self, ids: torch.Tensor, positions: torch.Tensor) -> None:
        output = self._model.decoder(
            input_ids=ids,
            attention_mask=self._mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
        )
        self._cache = output.past_key_values
        self.logits = self._model.logits(output.last_hidden_state[:, -1])


def in_batches(items: Sequence, batch_size: int, run: Callable[[list], object]) -> Iterator[tuple[range, object]]:
    """Yield (range of items, run(those items)), halving the batch whenever memory runs out, and going on.

    Raises
    ------
    InputError
        If memory does not suffice for one item.
    """
    start = 0
    while start < len(items):
        chosen = range(start, min(start + batch_size, len(items)))
        full = False
        try:
            result = run([items[i] for i in chosen])
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            if len(chosen) == 1:
                raise InputError(
                    "memory for one row of a batch",
                    f"{str(error).splitlines()[0]}",
                    "give the model more memory (resources in its stanza), or ask for fewer tokens",
                ) from None
            full = True
        if full:  # Outside the handler: while the error lives, the frames of the failed pass keep their tensors.
            batch_size = len(chosen) // 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            print(f"out of memory with {len(chosen)} rows; going on with batches of {batch_size}")
            continue
        yield chosen, result
        start = chosen.stop


def out_of_memory(error: RuntimeError) -> bool:
    """Whether a device, one of its libraries or the host's allocator had no memory left; not all have a type for it."""
    signs = ("can't allocate memory", "out of memory", "ALLOC_FAILED")
    return isinstance(error, torch.OutOfMemoryError) or any(sign in str(error) for sign in signs)
