"""Noise: in the chosen heads alone, of the declared scale, paired by seed, and gone without a trace."""

import numpy as np
import pytest
import torch
from tiny import CONFIGS, tiny_model

from synergy.files.errors import InputError
from synergy.perturbation.noise import noise_in_heads

CHOSEN = [1, 4, 6]  # of 3 layers x 4 heads


@pytest.fixture(params=CONFIGS)
def model(request):
    torch.set_num_threads(1)
    return tiny_model(request.param)


def views(model):
    """W_Q and W_O of every layer, head first."""
    return [view(layer) for layer in range(3) for view in (model.heads.query_weights, model.heads.output_weights)]


def state(model):
    return {name: weight.clone() for name, weight in model.model.state_dict().items()}


def noise_of(model, chosen, sigma, seed):
    """What is added to W_Q and to W_O of each chosen head, in their order."""
    before = [view.clone() for view in views(model)]
    with noise_in_heads(model, chosen, sigma, seed):
        added = [view - original for view, original in zip(views(model), before, strict=True)]
    return [added[2 * (head // 4) + matrix][head % 4] for head in chosen for matrix in range(2)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_noise_touches_only_the_chosen_heads_and_is_undone_bit_for_bit(model, dtype):
    model.model.to(dtype)
    before, weights = [view.clone() for view in views(model)], state(model)
    with noise_in_heads(model, CHOSEN, sigma=0.5, seed=3) as statistics:
        for number, (view, original) in enumerate(zip(views(model), before, strict=True)):
            changed = [head for head in range(4) if not torch.equal(view[head], original[head])]
            assert changed == [head % 4 for head in CHOSEN if head // 4 == number // 2]
        touched = {name for name, weight in model.model.state_dict().items() if not torch.equal(weight, weights[name])}
        assert statistics["noisy_weights_sha256"] != statistics["weights_sha256"]
        assert "restored_weights_sha256" not in statistics
    assert len(touched) == 4  # W_Q and W_O of two layers
    assert not [name for name in touched if "bias" in name]
    for name, weight in state(model).items():
        assert torch.equal(weight.view(torch.uint8), weights[name].view(torch.uint8)), name
    assert statistics["restored_weights_sha256"] == statistics["weights_sha256"]


def test_noise_has_the_declared_scale_and_is_recorded(model):
    # Uneven heads: the scale is that of the whole matrix, not that of the head.
    model.heads.query_weights(0)[0].mul_(5.0)
    whole = model.heads.query_weights(0).reshape(-1).double().std().item()
    with noise_in_heads(model, [0, 1, 2, 3, 5], sigma=0.5, seed=1) as statistics:
        pass
    added = torch.stack(noise_of(model, [0, 1, 2, 3], 0.5, 1)[::2])
    assert added.std().item() / whole == pytest.approx(0.5, rel=0.1)
    assert abs(added.mean().item()) < 0.1 * whole
    query = statistics["matrices"][0]
    assert (query["layer"], query["matrix"], query["heads"]) == (0, "query", [0, 1, 2, 3])
    assert query["weight_sd"] == pytest.approx(whole, rel=1e-6)
    assert query["noise_sd"] == pytest.approx(added.square().mean().sqrt().item(), rel=1e-4)
    assert [(m["layer"], m["matrix"]) for m in statistics["matrices"]] == [
        (layer, name) for layer in (0, 1) for name in ("query", "output")
    ]


def test_noise_is_normal():
    torch.manual_seed(0)
    model = tiny_model("llama")
    spread = [view.double().std().item() for view in views(model)]
    draws = noise_of(model, range(12), 1.0, 0)
    scaled = [(draw / spread[2 * (k // 2 // 4) + k % 2]).flatten() for k, draw in enumerate(draws)]
    values = torch.sort(torch.cat(scaled)).values.numpy()
    expected = torch.distributions.Normal(0, 1).cdf(torch.tensor(values)).numpy()
    distance = np.abs(expected - (np.arange(len(values)) + 0.5) / len(values)).max()  # Kolmogorov-Smirnov
    assert distance < 1.63 / np.sqrt(len(values))  # 1 % level


def test_draws_are_shared_by_conditions_and_strengths_of_a_seed(model):
    """The k-th chosen head has the same standard normal draw in every condition and at every sigma of a seed."""

    def standard(chosen, sigma, seed):
        spread = [view.double().std().item() for view in views(model)]
        scales = [sigma * spread[2 * (head // 4) + matrix] for head in chosen for matrix in range(2)]
        return [draw / scale for draw, scale in zip(noise_of(model, chosen, sigma, seed), scales, strict=True)]

    draws = standard([0, 1, 7], 0.5, 1)
    for chosen, sigma in (([2, 8, 11], 0.5), ([0, 1, 7], 1.0), ([3, 5], 0.25)):
        for one, other in zip(draws, standard(chosen, sigma, 1), strict=False):
            torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-4)
    assert all((one - other).abs().max() > 0.1 for one, other in zip(draws, standard([0, 1, 7], 0.5, 2), strict=True))


def test_weights_are_restored_when_the_block_fails():
    model = tiny_model("gpt_neox")
    before = state(model)
    with pytest.raises(KeyError), noise_in_heads(model, [0], 1.0, 0):
        raise KeyError
    assert all(torch.equal(weight, before[name]) for name, weight in state(model).items())


@pytest.mark.parametrize("part", ["query", "fused"])
def test_weights_that_are_not_restored_are_an_error(part):
    """Something else changes a head that carries no noise, or the keys beside the queries."""
    model = tiny_model("gpt_neox")
    fused = model.heads.attention(0).query_key_value.weight
    with pytest.raises(RuntimeError, match="were not restored"), noise_in_heads(model, [0], 1.0, 0):
        (model.heads.query_weights(0)[2] if part == "query" else fused[model.heads.head_dim]).add_(1e-6)


def test_no_heads_no_noise():
    model = tiny_model("llama")
    before = state(model)
    with noise_in_heads(model, [], 0.0, 0) as statistics:
        assert all(torch.equal(weight, before[name]) for name, weight in state(model).items())
    assert statistics["matrices"] == []


def test_layers_that_share_a_matrix_are_refused():
    model = tiny_model("llama")
    model.heads.attention(1).q_proj.weight = model.heads.attention(0).q_proj.weight
    with pytest.raises(InputError, match="of its own"), noise_in_heads(model, [0, 4], 1.0, 0):
        pass
