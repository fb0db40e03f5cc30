"""Linear layers by oneDNN give what PyTorch's own give, to rounding, and read their weights at each call."""

import pytest
import torch
from tiny import CONFIGS, PROMPTS, tiny_model
from torch import nn

from synergy.models import loading as linear
from synergy.models.loading import faster_linears

AVX512 = torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512"
needs_avx512 = pytest.mark.skipif(not AVX512, reason="only AVX-512 processors take the other path")


@needs_avx512
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(5,), (1, 5), (2, 3, 5), (2, 0, 5)])
def test_layer_gives_the_same_to_rounding(bias, shape):
    torch.manual_seed(0)
    layer, x = nn.Linear(5, 7, bias), torch.randn(shape)
    layer.requires_grad_(False)
    expected = layer(x)
    assert faster_linears(layer) == 1
    torch.testing.assert_close(layer(x), expected, atol=1e-6, rtol=1e-5)
    layer.weight[0] = 0
    assert (layer(x)[..., 0] == (layer.bias[0] if bias else 0)).all()


@needs_avx512
@pytest.mark.parametrize("name", CONFIGS)
def test_model_gives_the_same_to_rounding(name):
    model = tiny_model(name)
    expected = model.logits(model.forced(PROMPTS))
    assert faster_linears(model.model) >= 1
    torch.testing.assert_close(model.logits(model.forced(PROMPTS)), expected, atol=1e-4, rtol=1e-4)


def test_other_formats_and_processors_are_left_alone(monkeypatch):
    assert faster_linears(nn.Linear(2, 2).to(torch.bfloat16)) == 0
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    assert faster_linears(nn.Linear(2, 2)) == 0
    assert linear.faster_linears(nn.Embedding(2, 2)) == 0
