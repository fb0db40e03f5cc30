"""Where the query heads of each architecture live: the only module that knows architectures.

A query head h of a layer owns d = head_dim rows of the query projection W_Q, and d columns of the output
projection W_O. Every accessor below returns a *view* of the parameter, head first, so that writing to it
changes the model. Heads count per query head: in grouped-query attention the heads of a group share keys and
values, yet each has rows and columns of its own.
"""

import torch
from torch import nn

from synergy.files.errors import InputError


class Llama:
    """Separate ``q_proj`` and ``o_proj``: Llama, Mistral, Qwen 2/3, Gemma 2/3 and whatever copies them.

    To add an architecture, subclass this, override what differs and name its ``model_type`` in `ARCHITECTURES`.
    """

    layers_name, attention_name, output_name = "layers", "self_attn", "o_proj"

    def __init__(self, decoder: nn.Module):
        config = decoder.config
        self.layers = getattr(decoder, self.layers_name)
        self.n_layers = len(self.layers)
        self.heads = config.num_attention_heads
        # Gemma 3 4B: head_dim 256, although hidden_size / heads = 320.
        self.head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        # Gemma 2: logits are cap·tanh(logits / cap).
        self.logit_cap = getattr(config, "final_logit_softcapping", None)
        # Layers that see only the last few positions count the padding among them.
        self.has_sliding_windows = bool(getattr(config, "sliding_window", None))
        # How many positions have an embedding of their own; None where positions are rotations, which have no end.
        self.n_positions: int | None = None

    def attention(self, layer: int) -> nn.Module:
        """The self-attention module of a layer."""
        return getattr(self.layers[layer], self.attention_name)

    def output_projection(self, layer: int) -> nn.Module:
        """The module that holds W_O; its *input* is the concatenation of the heads' outputs."""
        return getattr(self.attention(layer), self.output_name)

    def query_weights(self, layer: int) -> torch.Tensor:
        """View of W_Q, shape (heads, head_dim, d_model)."""
        return self.attention(layer).q_proj.weight.unflatten(0, (self.heads, self.head_dim))

    def output_weights(self, layer: int) -> torch.Tensor:
        """View of W_O, shape (heads, d_model, head_dim)."""
        return self.output_projection(layer).weight.unflatten(1, (self.heads, self.head_dim)).transpose(0, 1)


class Phi3(Llama):
    """Fused ``qkv_proj`` whose first heads·head_dim rows are the queries."""

    def query_weights(self, layer: int) -> torch.Tensor:
        rows = self.attention(layer).qkv_proj.weight[: self.heads * self.head_dim]
        return rows.unflatten(0, (self.heads, self.head_dim))


class GPTNeoX(Llama):
    """Fused ``query_key_value``, interleaved per head: rows 3·h·d … 3·h·d + d are head h's queries."""

    attention_name, output_name = "attention", "dense"

    def query_weights(self, layer: int) -> torch.Tensor:
        fused = self.attention(layer).query_key_value.weight
        return fused.unflatten(0, (self.heads, 3, self.head_dim))[:, 0]


class GPT2(Llama):
    """``Conv1D`` modules, whose weights are stored (in, out); ``c_attn`` holds queries, keys, values in turn."""

    layers_name, attention_name, output_name = "h", "attn", "c_proj"

    def __init__(self, decoder: nn.Module):
        super().__init__(decoder)
        self.n_positions = decoder.wpe.num_embeddings

    def query_weights(self, layer: int) -> torch.Tensor:
        columns = self.attention(layer).c_attn.weight[:, : self.heads * self.head_dim]
        return columns.unflatten(1, (self.heads, self.head_dim)).permute(1, 2, 0)

    def output_weights(self, layer: int) -> torch.Tensor:
        return self.output_projection(layer).weight.unflatten(0, (self.heads, self.head_dim)).transpose(1, 2)


ARCHITECTURES = {
    "llama": Llama,
    "mistral": Llama,
    "qwen2": Llama,
    "qwen3": Llama,
    "gemma2": Llama,
    "gemma3_text": Llama,
    "phi3": Phi3,
    "gpt_neox": GPTNeoX,
    "gpt2": GPT2,
}


def find_heads(decoder: nn.Module) -> Llama:
    """Return the head layout of a language decoder (not of the multimodal model around it).

    Raises
    ------
    InputError
        If the decoder's ``model_type`` is not in `ARCHITECTURES`.
    """
    model_type = decoder.config.model_type
    if model_type not in ARCHITECTURES:
        raise InputError(
            f"a model of type {', '.join(ARCHITECTURES)}",
            model_type,
            "add a class for it to workflow_scripts/synergy/models/architectures.py",
        )
    return ARCHITECTURES[model_type](decoder)
