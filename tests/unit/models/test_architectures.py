"""Head layouts, checked against what the model computes and not against a snapshot."""

import pytest
import torch
from tiny import CONFIGS, PROMPTS, tiny_model
from torch import nn

from synergy.ablation.removal import removed
from synergy.files.errors import InputError
from synergy.models.architectures import find_heads


@pytest.fixture(params=CONFIGS)
def model(request):
    torch.set_num_threads(1)
    return tiny_model(request.param)


def attention_io(model, layer):
    """Run a prompt; return the input of a layer's output projection and the projection's output."""
    seen = {}
    projection = model.heads.output_projection(layer)
    hook = projection.register_forward_hook(lambda _m, inputs, output: seen.update(z=inputs[0], out=output))
    model.forced(PROMPTS[1:2])
    hook.remove()
    return seen["z"][0], seen["out"][0]


def test_a_layer_has_as_many_heads_as_its_config_says(model):
    assert (model.heads.n_layers, model.heads.heads, model.n_heads_total) == (3, 4, 12)
    for layer in range(3):
        assert model.heads.query_weights(layer).shape == (4, model.heads.head_dim, 32)
        assert model.heads.output_weights(layer).shape == (4, 32, model.heads.head_dim)


def test_zeroing_a_head_takes_away_exactly_its_columns_times_its_output(model):
    z, complete = attention_io(model, 1)
    per_head = z.unflatten(-1, (4, model.heads.head_dim))
    for head in range(4):
        with removed(model, [4 + head]):
            _, ablated = attention_io(model, 1)
        contribution = per_head[:, head] @ model.heads.output_weights(1)[head].T
        torch.testing.assert_close(complete - ablated, contribution, atol=1e-5, rtol=1e-4)


def test_query_rows_decide_the_output_of_their_own_head_alone(model):
    before, _ = attention_io(model, 1)
    for head in range(4):
        rows = model.heads.query_weights(1)[head]
        saved = rows.clone()
        rows.mul_(-2.0)
        after, _ = attention_io(model, 1)
        rows.copy_(saved)
        moved = (after - before).unflatten(-1, (4, model.heads.head_dim)).abs().amax((0, 2))
        assert moved[head] > 1e-6
        assert (moved[torch.arange(4) != head] == 0).all()


def key_and_value_parameters(model, layer, group):
    """Views of the key and value rows of one group of query heads."""
    attention, dim = model.heads.attention(layer), model.heads.head_dim
    if hasattr(attention, "k_proj"):
        return [part.weight.unflatten(0, (-1, dim))[group] for part in (attention.k_proj, attention.v_proj)]
    if hasattr(attention, "qkv_proj"):  # Phi-3: after the queries come the keys, then the values
        rows = attention.qkv_proj.weight.unflatten(0, (-1, dim))[model.heads.heads :]
        return [part[group] for part in rows.chunk(2)]
    if hasattr(attention, "query_key_value"):  # GPT-NeoX: per head
        return list(attention.query_key_value.weight.unflatten(0, (-1, 3, dim))[group, 1:])
    columns = attention.c_attn.weight.chunk(3, 1)[1:]  # GPT-2
    return [part.unflatten(1, (-1, dim))[:, group] for part in columns]


def test_heads_of_a_group_share_keys_and_values(model):
    before, _ = attention_io(model, 1)
    n_groups = getattr(model.decoder.config, "num_key_value_heads", None) or 4
    for group in range(n_groups):
        parameters = key_and_value_parameters(model, 1, group)
        saved = [parameter.clone() for parameter in parameters]
        for parameter in parameters:
            parameter.mul_(-2.0)
        after, _ = attention_io(model, 1)
        for parameter, original in zip(parameters, saved, strict=True):
            parameter.copy_(original)
        moved = (after - before).unflatten(-1, (4, model.heads.head_dim)).abs().amax((0, 2)) > 0
        assert moved.tolist() == [head // (4 // n_groups) == group for head in range(4)]


def test_flat_indices_are_layer_major(model):
    given, passed_on = {}, {}

    def collect(seen):
        return [
            model.heads.output_projection(layer).register_forward_pre_hook(
                lambda _m, inputs, layer=layer: seen.update({layer: inputs[0].unflatten(-1, (4, -1))})
            )
            for layer in range(3)
        ]

    for flat in range(12):
        before = collect(given)
        with removed(model, [flat]):  # its hooks run between ours
            after = collect(passed_on)
            model.forced(PROMPTS[:1])
        for hook in before + after:
            hook.remove()
        changed = [
            4 * layer + head
            for layer in range(3)
            for head in range(4)
            if not torch.equal(given[layer][..., head, :], passed_on[layer][..., head, :])
        ]
        assert changed == [flat]


def test_the_vision_tower_is_left_alone():
    model = tiny_model("gemma3")
    names = {name for name, _ in model.model.named_modules() if "vision" in name and name.endswith("self_attn")}
    assert names  # the checkpoint's class has attention in its vision tower
    attentions = {id(model.heads.attention(layer)) for layer in range(3)}
    assert attentions == {
        id(module) for name, module in model.model.named_modules() if name.endswith("self_attn") and name not in names
    }


def test_an_unknown_architecture_is_named():
    decoder = nn.Module()
    decoder.config = type("Config", (), {"model_type": "mamba"})()
    with pytest.raises(InputError, match="found mamba"):
        find_heads(decoder)
