"""Greedy decoding with keys and values in fixed places, so that a GPU can replay one step instead of being told it.

A decoder of 36 layers is some thousand kernels, and telling a GPU about them takes Python several times as long as
running them takes the GPU. A CUDA graph holds one step as it was told once. It reads and writes the same memory at
each replay, so everything that a step needs lies in buffers and how far the answers are is counted on the device.
"""

from collections.abc import Sequence

import torch
from transformers.cache_utils import DynamicLayer

from synergy.models.generation import GreedyDecoding, out_of_memory
from synergy.models.loading import LanguageModel

CHUNK = 256  # tokens; each holds two steps as slow as without a graph: its first one, and the one that is captured


def greedy_decoding(model: LanguageModel, prompts: Sequence[Sequence[int]]) -> GreedyDecoding:
    """Prompts being continued, in the way that is fast where the model is."""
    return (StaticDecoding if model.capturable else GreedyDecoding)(model, prompts)


class StaticDecoding(GreedyDecoding):
    """As `GreedyDecoding`, with buffers that grow by chunks; where the model is `capturable`, steps are replayed.

    Rows that no longer go on stay in the buffers, and what they compute is ignored, until three of four have left or
    the buffers grow. `logits`, and whatever a forward hook keeps of a step, are overwritten by the next step.

    Parameters
    ----------
    model, prompts : as of `GreedyDecoding`.
    chunk : int
        For how many tokens, at least, there is room before the buffers grow.
    """

    def __init__(self, model: LanguageModel, prompts: Sequence[Sequence[int]], chunk: int = CHUNK):
        super().__init__(model, prompts)
        self._chunk, self._n_columns = chunk, self._mask.shape[1]
        self._column = torch.tensor([self._n_columns], device=model.device)  # of the next token
        self._positions = self._mask.sum(1, keepdim=True)
        self._window = next((layer.sliding_window for layer in self._cache.layers if layer.is_sliding), None)
        self._cache.layers = [FixedLayer(layer, self._column) for layer in self._cache.layers]
        dtype = self._cache.layers[0].keys.dtype
        self._hidden = torch.finfo(dtype).min  # added to the scores of what a token must not see
        self._mask = torch.where(self._mask.bool(), 0.0, self._hidden).to(dtype)[:, None, None]
        self._rows = torch.arange(len(prompts), device=model.device)
        self._move(self._n_columns + chunk + -self._n_columns % 16)  # CUDA's kernels copy masks of other lengths

    def append(self, tokens: torch.Tensor) -> None:
        """Put one token (batch,) at the end of each row and compute the next logits."""
        length = self._mask.shape[-1]
        if self._n_columns == length:
            self._move(length + self._chunk)
        elif 4 * len(self._rows) <= len(self._tokens):
            self._move(length)
        self._tokens[self._rows, 0] = tokens
        self._advance()
        self._n_columns += 1
        self.logits = self._next if len(self._rows) == len(self._tokens) else self._next[self._rows]

    def keep(self, rows: torch.Tensor) -> None:
        """Go on with these rows only."""
        self._rows = self._rows[rows]
        self._pace.zero_()[self._rows] = 1
        self.logits = self.logits[rows]

    def _move(self, length: int) -> None:
        """Put the rows that go on into buffers of `length` columns; a step captured before is void."""
        self._graph, self._warm = None, False
        for layer in self._cache.layers:
            layer.move(self._rows, length)
        more = length - self._mask.shape[-1]
        self._mask = torch.nn.functional.pad(self._mask[self._rows], (0, more), value=self._hidden)
        self._positions = self._positions[self._rows]
        self._tokens, self._pace = torch.zeros_like(self._positions), torch.ones_like(self._positions)
        self._rows = torch.arange(len(self._rows), device=self._rows.device)

    def _advance(self) -> None:
        if self._warm and not self._graph and self._model.capturable:
            self._capture()
        if self._graph:
            self._graph.replay()
        else:  # The first step with new buffers is never captured: libraries may have to get ready for their sizes.
            self._next, self._warm = self._step(), True

    def _capture(self) -> None:
        """Capture a step without computing it; if the model does not let itself be captured, say so once."""
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._next = self._step()
            self._graph = graph
        except RuntimeError as error:
            # An error in the middle makes the end of the capture fail too.
            full = [cause for cause in (error, error.__context__) if cause and out_of_memory(cause)]
            if full:
                raise full[0] from None
            self._model.capturable = False
            print(f"answers are generated without a CUDA graph, which takes longer: {str(error).splitlines()[0]}")

    def _step(self) -> torch.Tensor:
        self._mask.index_fill_(-1, self._column, 0)
        hidden = self._model.decoder(
            input_ids=self._tokens,
            attention_mask=self._masks(),
            position_ids=self._positions,
            past_key_values=self._cache,
            use_cache=True,
        ).last_hidden_state
        self._column += 1
        self._positions += self._pace  # Rows that have left stay within the positions that the model knows.
        return self._model.logits(hidden[:, -1])

    def _masks(self) -> torch.Tensor | dict[str, torch.Tensor]:
        """What the tokens see in each kind of layer: all, or the last columns."""
        if self._window is None:
            return self._mask
        columns = torch.arange(self._mask.shape[-1], device=self._mask.device)
        near = self._mask.masked_fill(columns <= self._column - self._window, self._hidden)
        if all(layer.is_sliding for layer in self._cache.layers):
            return near
        return {"full_attention": self._mask, "sliding_attention": near}


class FixedLayer(DynamicLayer):
    """Keys and values of one layer in buffers (rows, key-value heads, columns, head_dim), written at a `column`."""

    def __init__(self, computed: DynamicLayer, column: torch.Tensor):
        super().__init__()
        self.keys, self.values, self.is_sliding, self._column = (
            computed.keys,
            computed.values,
            computed.is_sliding,
            column,
        )
        self._missing = computed.get_seq_length() - self.keys.shape[-2]  # first columns that no later token sees

    def move(self, rows: torch.Tensor, length: int) -> None:
        """Put these rows into buffers of `length` columns."""
        self.keys, self.values = self._moved(self.keys, rows, length), self._moved(self.values, rows, length)
        self._missing = 0

    def _moved(self, held: torch.Tensor, rows: torch.Tensor, length: int) -> torch.Tensor:
        moved = held.new_zeros(len(rows), held.shape[1], length, held.shape[3])
        moved[:, :, self._missing : self._missing + held.shape[2]] = held[rows]
        return moved

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_, **__) -> tuple[torch.Tensor, ...]:
        """Write those of one token; return all."""
        return self.keys.index_copy_(2, self._column, key_states), self.values.index_copy_(
            2, self._column, value_states
        )
