"""Keys and values of first tokens that all rows of a pass share."""

import torch
from torch import nn
from transformers import Cache
from transformers.cache_utils import DynamicLayer


class PrefixLayer(DynamicLayer):
    """Keys and values of a prefix in one layer: one row, which serves all, and to which nothing is added.

    A layer that the prefix passed by has none. It still says how long the prefix is, for positions are counted on that.
    """

    def __init__(self, computed: DynamicLayer, length: int):
        super().__init__()
        self.keys, self.values, self._length = computed.keys, computed.values, length

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_, **__) -> tuple[torch.Tensor, ...]:
        """Keys and values of the prefix and then of the new tokens, (rows, key-value heads, tokens, head_dim)."""
        both = (self.keys, key_states), (self.values, value_states)
        return tuple(torch.cat([prefix.expand(len(new), -1, -1, -1), new], dim=-2) for prefix, new in both)

    def get_seq_length(self) -> int:
        """Length of the prefix."""
        return self._length


def shared_prefix(decoder: nn.Module, ids: torch.Tensor) -> Cache:
    """Keys and values of one prefix (1, n_shared), for a single pass over the rest of any number of rows.

    That pass adds nothing to them, so that of its own keys and values it holds those of one layer at a time.
    """
    computed = decoder(input_ids=ids, use_cache=True).past_key_values
    return Cache(layers=[PrefixLayer(layer, ids.shape[1]) for layer in computed.layers])
