"""Recording: norms as the mathematics says, batches as single prompts, nothing left behind."""

import numpy as np
import pytest
import torch
from tiny import CONFIGS, PROMPTS, tiny_model

from synergy.files.errors import InputError
from synergy.models.architectures import GPT2
from synergy.models.generation import in_batches
from synergy.recording.recorder import HeadNorms, record

N_TOKENS = 12


@pytest.fixture(params=CONFIGS)
def model(request):
    torch.set_num_threads(1)
    return tiny_model(request.param)


def attention_by_hand(model, ids, layer):
    """softmax(qKᵀ/√d)V of every head at the last position, from the eager attention weights and the values."""
    implementation = model.model.config._attn_implementation
    model.model.set_attn_implementation("eager")  # the only one that returns attention weights
    seen = {}
    attention = model.heads.attention(layer)
    projection = model.heads.output_projection(layer)
    hooks = [
        attention.register_forward_hook(lambda _m, _i, output: seen.update(weights=output[1])),
        projection.register_forward_pre_hook(lambda _m, inputs: seen.update(z=inputs[0])),
    ]
    value_hook = _value_hook(attention, seen)
    model.forced([ids])
    for hook in [*hooks, value_hook]:
        hook.remove()
    model.model.set_attn_implementation(implementation)
    weights = seen["weights"][0, :, -1]  # (heads, positions)
    values = seen["values"]  # (kv heads, positions, head_dim)
    values = values.repeat_interleave(len(weights) // len(values), dim=0)
    return torch.einsum("hp,hpd->hd", weights, values)


def _value_hook(attention, seen):
    """Catch V, wherever the architecture computes it, as (kv heads, positions, head_dim)."""
    if hasattr(attention, "v_proj"):
        dim = attention.head_dim
        return attention.v_proj.register_forward_hook(
            lambda _m, _i, out: seen.update(values=out[0].unflatten(-1, (-1, dim)).transpose(0, 1))
        )
    if hasattr(attention, "qkv_proj"):  # Phi-3: queries, keys, values in turn
        dim, n = attention.head_dim, attention.num_key_value_heads
        return attention.qkv_proj.register_forward_hook(
            lambda _m, _i, out: seen.update(values=out[0][:, -n * dim :].unflatten(-1, (n, dim)).transpose(0, 1))
        )
    if hasattr(attention, "query_key_value"):  # GPT-NeoX: per head queries, keys, values
        dim = attention.head_size
        return attention.query_key_value.register_forward_hook(
            lambda _m, _i, out: seen.update(values=out[0].unflatten(-1, (-1, 3, dim))[:, :, 2].transpose(0, 1))
        )
    dim = attention.head_dim  # GPT-2
    return attention.c_attn.register_forward_hook(
        lambda _m, _i, out: seen.update(values=out[0].chunk(3, -1)[2].unflatten(-1, (-1, dim)).transpose(0, 1))
    )


def test_recorded_norm_is_that_of_softmax_attention_times_values(model):
    recording = record(model, PROMPTS[:1], 1, top_logprobs=3)
    ids = [*PROMPTS[0], int(recording.generated[0, 0])]
    expected = torch.cat([attention_by_hand(model, ids, layer).norm(dim=-1) for layer in range(3)])  # layer-major
    np.testing.assert_allclose(recording.activations[0, :, 0], expected, rtol=1e-4)


def test_norm_after_output_is_that_of_the_heads_contribution(model):
    """The columns of W_O that belong to a head, times softmax(qKᵀ/√d)V by hand, summed coordinate by coordinate."""
    recording = record(model, PROMPTS[:1], 1, top_logprobs=3)
    ids = [*PROMPTS[0], int(recording.generated[0, 0])]
    expected = []
    for layer in range(3):
        z = attention_by_hand(model, ids, layer)  # (heads, head_dim)
        whole, n_heads, dim = model.heads.output_projection(layer).weight, *z.shape
        for head in range(n_heads):
            own = slice(head * dim, (head + 1) * dim)
            columns = whole[own].T if isinstance(model.heads, GPT2) else whole[:, own]
            expected.append((columns @ z[head]).norm())
    found = recording.activations_after_output[0, :, 0]
    np.testing.assert_allclose(found, torch.stack(expected), rtol=1e-4)
    assert not np.allclose(found, recording.activations[0, :, 0], rtol=0.01)


def test_a_padded_batch_equals_one_prompt_at_a_time(model):
    together = record(model, PROMPTS, N_TOKENS, top_logprobs=3)
    for row, prompt in enumerate(PROMPTS):
        alone = record(model, [prompt], N_TOKENS, top_logprobs=3)
        np.testing.assert_array_equal(alone.generated[0], together.generated[row])
        np.testing.assert_allclose(alone.activations[0], together.activations[row], atol=1e-4)
        after = together.activations_after_output[row]
        np.testing.assert_allclose(alone.activations_after_output[0], after, atol=1e-4)
        np.testing.assert_allclose(alone.entropy[0], together.entropy[row], atol=1e-4)


def test_attention_implementations_agree():
    for name in CONFIGS:
        model = tiny_model(name)
        if not model.model._supports_sdpa:
            assert name == "gemma2"  # whose capped attention logits sdpa cannot compute
            continue
        recordings = []
        for implementation in ("sdpa", "eager"):
            model.model.set_attn_implementation(implementation)
            assert model.decoder.config._attn_implementation == implementation
            recordings.append(record(model, PROMPTS, N_TOKENS, top_logprobs=3))
        sdpa, eager = recordings
        np.testing.assert_array_equal(sdpa.generated, eager.generated)
        np.testing.assert_allclose(sdpa.activations, eager.activations, atol=1e-4)


def test_cached_decoding_equals_a_whole_forward_pass(model):
    recording = record(model, PROMPTS[:1], N_TOKENS, top_logprobs=3)
    ids = [*PROMPTS[0], *recording.generated[0].tolist()]
    logits = model.logits(model.forced([ids])[0])
    logprobs = logits.log_softmax(-1)[len(PROMPTS[0]) - 1 : -1]
    chosen = logprobs.gather(-1, torch.tensor(recording.generated[0])[:, None])[:, 0]
    np.testing.assert_allclose(recording.token_logprob[0], chosen, atol=1e-4)
    entropy = -(logprobs.exp() * logprobs).sum(-1)
    np.testing.assert_allclose(recording.entropy[0], entropy, atol=1e-4)
    np.testing.assert_array_equal(recording.topk_ids[0, :, 0], logprobs.argmax(-1))


def test_end_of_sequence_is_suppressed_and_its_natural_place_kept():
    model = tiny_model("llama")
    free = record(model, PROMPTS[:1], N_TOKENS, top_logprobs=1)
    assert free.natural_length[0] == N_TOKENS
    third = int(free.generated[0, 2])
    model.stop_ids = [third]
    stopped = record(model, PROMPTS[:1], N_TOKENS, top_logprobs=1)
    first_place = free.generated[0].tolist().index(third)
    assert stopped.natural_length[0] == first_place
    assert third not in stopped.generated[0]
    assert stopped.generated.shape == (1, N_TOKENS)


def test_hooks_are_gone_after_an_exception():
    model = tiny_model("llama")
    with pytest.raises(RuntimeError, match="inside"), HeadNorms(model):
        raise RuntimeError("inside")
    model.heads.attention(1).v_proj.weight.fill_(float("nan"))
    with pytest.raises(InputError):
        record(model, PROMPTS, 2, top_logprobs=1)
    assert not any(module._forward_pre_hooks or module._forward_hooks for module in model.model.modules())


def test_an_overflow_names_layer_and_dtype():
    model = tiny_model("llama")
    model.heads.attention(1).v_proj.weight.fill_(float("inf"))
    with pytest.raises(InputError, match="first in the output of layer 1, with dtype float32") as error:
        record(model, PROMPTS[:1], 2, top_logprobs=1)
    assert "bfloat16" in error.value.hint


def test_an_overflow_during_generation_is_found_too():
    model = tiny_model("llama")
    fine = record(model, PROMPTS[:1], 3, top_logprobs=1)
    # A token that the prompt does not hold, so that all is well until it is generated.
    model.decoder.get_input_embeddings().weight[int(fine.generated[0, 1])] = float("nan")
    assert int(fine.generated[0, 1]) not in PROMPTS[0]
    with pytest.raises(InputError, match="first in the output of layer 0"):
        record(model, PROMPTS[:1], 4, top_logprobs=1)


def test_an_overflow_behind_the_layers_is_told_apart():
    model = tiny_model("qwen3")
    model.decoder.norm.weight.fill_(float("inf"))
    with pytest.raises(InputError, match="after the last layer"):
        record(model, PROMPTS[:1], 1, top_logprobs=1)


def test_gemma3_in_float16_ends_in_a_message_and_in_bfloat16_does_not():
    # The real model's residual stream reaches 1e5, beyond float16's 65,504; here the second layer is made to add that.
    for dtype, overflows in ((torch.bfloat16, False), (torch.float16, True)):
        model = tiny_model("gemma3")
        model.heads.layers[1].post_feedforward_layernorm.weight.fill_(1e5 / 3)
        model.model.to(dtype)
        if overflows:
            with pytest.raises(InputError, match="layer 1, with dtype float16") as error:
                record(model, PROMPTS, 2, top_logprobs=1)
            assert "bfloat16" in error.value.hint
        else:
            assert np.isfinite(record(model, PROMPTS, 2, top_logprobs=1).activations).all()


def host_runs_out():
    torch.empty(2**52)


def device_runs_out():
    raise torch.OutOfMemoryError("CUDA out of memory")


@pytest.mark.parametrize("run_out", [host_runs_out, device_runs_out])
def test_batches_halve_when_memory_runs_out(capsys, run_out):
    sizes = []

    def run(rows):
        sizes.append(len(rows))
        if len(rows) > 3:
            run_out()
        return list(rows)

    done = [item for _, result in in_batches(range(8), 8, run) for item in result]
    assert done == list(range(8))
    assert sizes == [8, 4, 2, 2, 2, 2]
    assert "batches of 4" in capsys.readouterr().out


def test_memory_that_does_not_suffice_for_one_row_is_an_error_with_a_way_out():
    with pytest.raises(InputError, match="resources in its stanza"):
        list(in_batches([1, 2], 2, lambda rows: host_runs_out()))


def test_other_failures_do_not_shrink_the_batch():
    def run(rows):
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        list(in_batches([1, 2], 2, run))


def test_tensors_of_a_failed_batch_are_freed_before_the_next_one():
    import weakref

    alive = []

    def run(rows):
        assert not any(reference() is not None for reference in alive)
        tensor = torch.ones(4)
        alive.append(weakref.ref(tensor))
        if len(rows) > 1:
            host_runs_out()
        return tensor.sum().item()

    assert [result for _, result in in_batches([1, 2], 2, run)] == [4, 4]
