"""Head layouts, checked against what the model computes and not against a snapshot."""

import pytest
import torch
from tiny import CONFIGS, PROMPTS, tiny_model
from torch import nn

from synergy.ablation import zeroed
from synergy.architectures import find_heads
from synergy.errors import InputError


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
        with zeroed(model, [4 + head]):
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


def test_an_unknown_architecture_is_named():
    decoder = nn.Module()
    decoder.config = type("Config", (), {"model_type": "mamba"})()
    with pytest.raises(InputError, match="found mamba"):
        find_heads(decoder)
