"""Tiny random models of every supported architecture, small enough to check by hand."""

import torch
import transformers as hf

from synergy.models.loading import LanguageModel

COMMON = {
    "vocab_size": 300,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 256,
    "initializer_range": 0.2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 1,
}
GROUPED = {**COMMON, "num_key_value_heads": 2}
WIDE = {**GROUPED, "head_dim": 16}  # head_dim differs from hidden_size / heads
LAYER_TYPES = ["sliding_attention", "full_attention", "sliding_attention"]
VISION = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}


def _gemma3() -> hf.PretrainedConfig:
    text = hf.Gemma3TextConfig(**WIDE, sliding_window=8, layer_types=LAYER_TYPES)
    return hf.Gemma3Config(text_config=text.to_dict(), vision_config=VISION)


CONFIGS = {
    "llama": lambda: hf.LlamaConfig(**GROUPED),
    "mistral": lambda: hf.MistralConfig(**GROUPED, sliding_window=8),
    "qwen2": lambda: hf.Qwen2Config(**GROUPED),
    "qwen3": lambda: hf.Qwen3Config(**WIDE),
    "gemma2": lambda: hf.Gemma2Config(**WIDE, sliding_window=8),
    "gemma3_text": lambda: hf.Gemma3TextConfig(**WIDE, sliding_window=8, layer_types=LAYER_TYPES),
    "gemma3": _gemma3,
    "phi3": lambda: hf.Phi3Config(**GROUPED),
    "gpt_neox": lambda: hf.GPTNeoXConfig(**COMMON),
    "gpt2": lambda: hf.GPT2Config(
        vocab_size=300, n_embd=32, n_layer=3, n_head=4, n_positions=256, initializer_range=0.2, eos_token_id=1
    ),
}
PROMPTS = [list(range(5, 5 + length)) for length in (4, 12, 20)]


class ByteTokenizer:
    """What the library needs of a tokenizer where no text is involved."""

    eos_token_id = 1
    chat_template = None

    def decode(self, ids, **_):
        """One letter an id."""
        return "".join(chr(97 + i % 26) for i in ids)


def tiny_model(name: str, **changes) -> LanguageModel:
    """Return the tiny model of an architecture, float32, seeded; `changes` to its config."""
    torch.manual_seed(0)
    config = CONFIGS[name]()
    config.update(changes)
    model = hf.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.requires_grad_(False)
    return LanguageModel(model.eval(), ByteTokenizer())
