"""Greedy decoding of a batch, one token at a time, under the caller's control."""

from collections.abc import Callable, Iterator, Sequence

import torch
from transformers.cache_utils import DynamicLayer

from synergy.files.errors import InputError
from synergy.models.loading import PAD, LanguageModel

ROOM = 128  # tokens for which keys and values get room at once


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
        layers = self._cache.layers
        if not isinstance(layers[0], RoomyLayer):
            for k in range(len(layers)):  # one after the other, so that only one is held twice
                layers[k] = RoomyLayer.of(layers[k])
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


class RoomyLayer(DynamicLayer):
    """Keys and values of one layer (rows, key-value heads, tokens, head_dim), with room behind them for more tokens.

    A layer of Transformers is copied whole for each token, which takes time, and memory in pieces of ever new sizes.
    """

    def __init__(self, keys: torch.Tensor, values: torch.Tensor):
        super().__init__()
        self.lazy_initialization(keys, values)
        self._place(keys, values)

    @classmethod
    def of(cls, layer: DynamicLayer) -> DynamicLayer:
        """The same layer with room; one of another kind, such as a sliding window, as it is."""
        return cls(layer.keys, layer.values) if type(layer) is DynamicLayer and layer.is_initialized else layer

    def _place(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        self.keys = self.values = self._room = None  # what was held goes as soon as nothing else needs it
        rows, heads, n_tokens, _ = keys.shape
        self._room = [held.new_empty(rows, heads, n_tokens + ROOM, held.shape[3]) for held in (keys, values)]
        for room, held in zip(self._room, (keys, values), strict=True):
            room[:, :, :n_tokens] = held
        self._show(n_tokens)

    def _show(self, n_tokens: int) -> None:
        self.keys, self.values = (room[:, :, :n_tokens] for room in self._room)

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_, **__) -> tuple[torch.Tensor, ...]:
        """Write those of the next tokens; return all."""
        start = self.keys.shape[2]
        end = start + key_states.shape[2]
        if end > self._room[0].shape[2]:
            self._place(self.keys, self.values)
        for room, new in zip(self._room, (key_states, value_states), strict=True):
            room[:, :, start:end] = new
        self._show(end)
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Go on with these rows only."""
        self._place(self.keys[indices], self.values[indices])


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
