"""The restarting engine against plain forward passes with hooks, and truths of the measure."""

import numpy as np
import pytest
import torch
from tiny import CONFIGS, PROMPTS, tiny_model

from synergy.ablation import ablation_curve, mean_kl, zeroed

COUNTS = [0, 1, 2, 4, 8, 12]


@pytest.fixture(params=CONFIGS)
def model(request):
    torch.set_num_threads(1)
    return tiny_model(request.param)


@pytest.fixture
def answers():
    generator = np.random.default_rng(0)
    return [generator.integers(2, 300, 6 + row).tolist() for row in range(len(PROMPTS))]


@pytest.fixture
def order():
    return np.random.default_rng(1).permutation(12)


def plain_curve(model, answers, order):
    """One prompt at a time, whole forward pass of the whole model, no cache."""
    kl = np.empty((len(COUNTS), len(PROMPTS)))
    for row, (prompt, reply) in enumerate(zip(PROMPTS, answers, strict=True)):
        ids = torch.tensor([[*prompt, *reply]])
        original = model.model(input_ids=ids).logits[0, len(prompt) - 1 : -1].double().log_softmax(-1)
        for step, count in enumerate(COUNTS):
            with zeroed(model, order[:count]):
                ablated = model.model(input_ids=ids).logits[0, len(prompt) - 1 : -1].double().log_softmax(-1)
            kl[step, row] = (original.exp() * (original - ablated)).sum(-1).mean()
    return kl


def test_engine_equals_plain_forward_passes(model, answers, order):
    fast = ablation_curve(model, PROMPTS, answers, order, COUNTS, batch_size=2)
    np.testing.assert_allclose(fast, plain_curve(model, answers, order), atol=1e-5)
    assert (fast[0] < 1e-9).all()
    assert (fast[1:] > 0).all()


def test_result_does_not_depend_on_the_batch_or_on_the_steps_before(answers, order):
    model = tiny_model("qwen3")
    complete = ablation_curve(model, PROMPTS, answers, order, COUNTS, batch_size=3)
    np.testing.assert_allclose(ablation_curve(model, PROMPTS, answers, order, COUNTS, 1), complete, atol=1e-6)
    np.testing.assert_allclose(ablation_curve(model, PROMPTS, answers, order, [0, 8], 3), complete[[0, 4]], atol=1e-6)


def test_order_within_a_step_does_not_matter(answers, order):
    model = tiny_model("llama")
    shuffled = np.concatenate([order[:8][::-1], order[8:]])
    one = ablation_curve(model, PROMPTS, answers, order, [0, 8], 3)
    np.testing.assert_allclose(ablation_curve(model, PROMPTS, answers, shuffled, [0, 8], 3), one, atol=1e-7)


def test_without_any_head_attention_contributes_nothing(model):
    with zeroed(model, range(12)):
        outputs = []
        hooks = [
            model.heads.output_projection(layer).register_forward_hook(lambda m, _i, out: outputs.append((m, out)))
            for layer in range(3)
        ]
        model.forced(PROMPTS)
    for hook in hooks:
        hook.remove()
    for projection, output in outputs:
        bias = projection.bias if projection.bias is not None else torch.zeros(32)
        torch.testing.assert_close(output, bias.expand_as(output))


def test_nothing_is_left_behind_when_a_pass_fails(answers, order):
    model = tiny_model("llama")
    calls = iter(range(100))

    def fail():
        if next(calls) == 2:
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        ablation_curve(model, PROMPTS, answers, order, COUNTS, 3, fail)
    assert not any(module._forward_pre_hooks for module in model.model.modules())
    assert not any("forward" in vars(layer) for layer in model.heads.layers)


def test_kl_of_known_distributions():
    class Identity:
        def logits(self, hidden):
            return hidden

    p, q = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.75, 0.25]]).log()
    expected = 0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25)
    assert mean_kl(Identity(), [p], [q])[0] == pytest.approx(expected, abs=1e-6)
    assert mean_kl(Identity(), [p], [p])[0] == 0
