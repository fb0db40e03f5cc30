"""Make the tiny models of the tests: real architectures, two layers, a byte-level tokenizer, no weights.

    python tests/models/make_models.py

The output is committed; a test checks that it is what this script makes.
"""

import sys
from pathlib import Path

from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from transformers import (
    Gemma3Config,
    Gemma3TextConfig,
    GPTNeoXConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
)

SPECIAL = ["<pad>", "<eos>"]
TEMPLATE = (
    "{% for message in messages %}{{ '<' + message['role'] + '>' + message['content'] + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
)


def tokenizer(chat: bool) -> PreTrainedTokenizerFast:
    """One token a byte, so that any text can be encoded with 258 ids."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(SPECIAL + alphabet)}
    model = Tokenizer(BPE(vocab=vocabulary, merges=[]))
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = decoders.ByteLevel()
    wrapped = PreTrainedTokenizerFast(tokenizer_object=model, pad_token="<pad>", eos_token="<eos>")
    if chat:
        wrapped.chat_template = TEMPLATE
    return wrapped


def configs() -> dict:
    """A config of each architecture of the study."""
    common = {
        "vocab_size": 258,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 2048,
        "initializer_range": 0.2,  # wide enough that heads differ
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 1,
    }
    grouped = {**common, "num_key_value_heads": 2, "head_dim": 16}  # head_dim differs from hidden_size / heads
    vision = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 14,
    }
    text = Gemma3TextConfig(**grouped, sliding_window=16, layer_types=["sliding_attention", "full_attention"])
    return {
        "tiny-gemma3": Gemma3Config(
            text_config=text.to_dict(), vision_config=vision, architectures=["Gemma3ForConditionalGeneration"]
        ),
        "tiny-qwen3": Qwen3Config(**grouped, architectures=["Qwen3ForCausalLM"]),
        "tiny-neox": GPTNeoXConfig(**common, architectures=["GPTNeoXForCausalLM"]),
    }


def make_models(folder: Path) -> None:
    """Write config and tokenizer of each model into a folder of its name."""
    for name, config in configs().items():
        config.save_pretrained(folder / name)
        tokenizer(chat=name == "tiny-qwen3").save_pretrained(folder / name)


if __name__ == "__main__":
    make_models(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
