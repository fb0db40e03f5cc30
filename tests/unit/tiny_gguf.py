"""A tiny Gemma 3 as GGUF, by the conventions of llama.cpp: other names, and 1 added to the weights of norms."""

from pathlib import Path

import gguf
import torch
import transformers as hf

VOCABULARY = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *"abcdefghijklmno"]
TYPES = [3, 3, 3, 2, *[6] * 256, *[1] * 16]  # control, unknown, bytes, words
NAMES = {
    "embed_tokens": "token_embd",
    "norm": "output_norm",
    "input_layernorm": "attn_norm",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "post_attention_norm",
    "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def tiny_gemma() -> hf.Gemma3ForCausalLM:
    """Six layers, so that one of them attends to everything, and norms that are not the identity."""
    torch.manual_seed(0)
    config = hf.Gemma3TextConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=1,
        head_dim=16,
        max_position_embeddings=256,
        sliding_window=8,
        initializer_range=0.2,
    )
    model = hf.Gemma3ForCausalLM(config).eval()
    model.requires_grad_(False)
    for name, weight in model.named_parameters():
        if "norm" in name:
            weight.normal_()
    return model


def write_gguf(path: Path, model: hf.Gemma3ForCausalLM, vocabulary=VOCABULARY, types=TYPES, template=None) -> None:
    """Write the model and a tokenizer of bytes and letters, unquantised."""
    config = model.config
    writer = gguf.GGUFWriter(str(path), "gemma3")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(1e6)
    writer.add_sliding_window(config.sliding_window)
    writer.add_tokenizer_model("llama")
    writer.add_token_list(vocabulary)
    writer.add_token_scores([0.0] * len(vocabulary))
    writer.add_token_types(types)
    if template:
        writer.add_chat_template(template)
    writer.add_pad_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_unk_token_id(3)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    for name, weight in model.model.state_dict().items():
        name = name.removesuffix(".weight")
        layer, name = (f"blk.{name.split('.')[1]}.", name.split(".", 2)[2]) if name.startswith("layers") else ("", name)
        writer.add_tensor(f"{layer}{NAMES[name]}.weight", weight.numpy() + ("norm" in name))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
