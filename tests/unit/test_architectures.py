"""Head layouts, checked against what the model computes and not against a snapshot."""

import pytest
import torch
from tiny import CONFIGS, PROMPTS, tiny_model
from torch import nn

from synergy.architectures import find_heads
from synergy.errors import InputError
from synergy.noise import noise_in_heads
from synergy.removal import removed


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


def test_noise_touches_only_the_chosen_heads_and_is_undone_bit_for_bit(model):
    views = [(layer, view) for layer in range(3) for view in (model.heads.query_weights, model.heads.output_weights)]
    before = [view(layer).clone() for layer, view in views]
    state = {name: weight.clone() for name, weight in model.model.state_dict().items()}
    chosen = [1, 4, 6]
    with noise_in_heads(model, chosen, sigma=0.5, seed=3):
        for (layer, view), original in zip(views, before, strict=True):
            changed = [head for head in range(4) if not torch.equal(view(layer)[head], original[head])]
            assert changed == [head - 4 * layer for head in chosen if head // 4 == layer]
        touched = {name for name, weight in model.model.state_dict().items() if not torch.equal(weight, state[name])}
    assert len(touched) == 4  # W_Q and W_O of two layers
    assert all(torch.equal(weight, state[name]) for name, weight in model.model.state_dict().items())


def test_noise_has_the_declared_scale_and_is_shared_between_conditions_of_a_seed():
    torch.manual_seed(0)
    model = tiny_model("llama")
    whole = model.heads.query_weights(0).clone()
    with noise_in_heads(model, [0, 1, 2, 3], sigma=0.5, seed=1):
        noise = model.heads.query_weights(0) - whole
    assert noise.std() / whole.std() == pytest.approx(0.5, rel=0.1)
    with noise_in_heads(model, [0], sigma=0.5, seed=1):
        alone = model.heads.query_weights(0)[0] - whole[0]
    torch.testing.assert_close(alone, noise[0])


def test_weights_are_restored_when_the_block_fails():
    model = tiny_model("gpt_neox")
    before = model.heads.query_weights(0).clone()
    with pytest.raises(RuntimeError, match="inside"), noise_in_heads(model, [0], 1.0, 0):
        raise RuntimeError("inside")
    assert torch.equal(before, model.heads.query_weights(0))


def test_an_unknown_architecture_is_named():
    decoder = nn.Module()
    decoder.config = type("Config", (), {"model_type": "mamba"})()
    with pytest.raises(InputError, match="found mamba"):
        find_heads(decoder)
