"""A model over several devices gives what it gives on one. Where there is no GPU, CPU and disk are two."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from places import MODELS
from transformers import AutoConfig

from synergy.ablation.sweep import Removal, measure_curves
from synergy.files.errors import InputError
from synergy.models.loading import best_device, in_float64, load_model, require_usable_gpu, spread
from synergy.perturbation.answering import answer_prompts
from synergy.perturbation.likelihood import continuation_nll
from synergy.perturbation.noise import noise_in_heads
from synergy.recording.recorder import record_in_batches

RANDOM, TRAINED = {"kind": "random", "seed": 0}, {"kind": "trained"}
NAMES = ["tiny-neox", "tiny-qwen3", "tiny-gemma3"]


@pytest.fixture(scope="module", params=NAMES)
def models(request, tmp_path_factory):
    """A model on the CPU, and the same with every second layer on the disk."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp(request.param)
    whole = load_model(MODELS / request.param, RANDOM, "float32", "cpu")
    whole.model.save_pretrained(folder)
    whole.tokenizer.save_pretrained(folder)
    names = {module: name for name, module in whole.model.named_modules()}
    layers = [names[layer] for layer in whole.heads.layers]
    place = {layer: ("disk", "cpu")[number % 2] for number, layer in enumerate(layers)}
    place |= {
        name: "cpu"
        for name, _ in whole.model.named_parameters(remove_duplicate=False)
        if not any(name.startswith(f"{layer}.") for layer in layers)
    }
    dispatched = load_model(folder, TRAINED, "float32", place)
    places = {weights.device.type for weights in dispatched.model.parameters()}
    assert places == {"cpu", "meta"}, "nothing is away between passes"
    return whole, dispatched


PROMPTS = [[*range(30, 42), *own] for own in ([5, 6, 7], [9, 10, 11, 12, 13], [20])]  # they begin alike
ANSWERS = [[40, 41, 42], [50, 51], [60, 61, 62, 63]]


def test_head_norms_and_tokens(models):
    one, several = (record_in_batches(model, PROMPTS, 8, 3, 2) for model in models)
    np.testing.assert_array_equal(several.generated, one.generated)
    for name in ("activations", "activations_after_output", "token_logprob", "entropy"):
        np.testing.assert_allclose(getattr(several, name), getattr(one, name), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["zero", "mean"])
@pytest.mark.parametrize("cache", ["device", "none"])
def test_divergence_of_ablated_heads(models, method, cache):
    n_heads = models[0].n_heads_total
    removals = [Removal(list(order), [0, 1, 3, n_heads]) for order in (range(n_heads), range(n_heads)[::-1])]
    one, several = (measure_curves(model, PROMPTS, ANSWERS, removals, 2, method, cache) for model in models)
    for kl, expected in zip(several, one, strict=True):
        assert (expected[1:] > 1e-6).all()
        np.testing.assert_allclose(kl, expected, rtol=1e-3, atol=1e-8)


def test_answers_likelihoods_and_weights_under_noise(models):
    chosen, found = range(0, models[0].n_heads_total, 2), []
    for model in models:
        with noise_in_heads(model, chosen, 0.5, 1) as noise:
            answers = answer_prompts(model, PROMPTS, 12, 2)
            found.append((noise, answers, continuation_nll(model, PROMPTS, ANSWERS, 2)))
        found.append(continuation_nll(model, PROMPTS, ANSWERS, 2))
    (noise, answers, nll), intact, (noise_too, answers_too, nll_too), intact_too = found
    assert noise_too == noise
    assert answers_too == answers
    np.testing.assert_allclose(nll_too, nll, rtol=1e-5)
    np.testing.assert_allclose(intact_too, intact, rtol=1e-5)
    assert (np.abs(nll - intact) > 1e-4).all(), "the noise did not reach the passes"
    assert {weights.device.type for weights in models[1].model.parameters()} == {"cpu", "meta"}


@pytest.mark.parametrize("name", NAMES)
def test_layers_are_spread_in_equal_parts(name):
    model = load_model(MODELS / name, RANDOM, "float32", "cpu")
    size = sum(weights.nbytes for weights in model.model.parameters())
    placed = spread(AutoConfig.from_pretrained(MODELS / name), "float32", {0: 4 * size, 1: 4 * size})
    assert set(placed.values()) == {0, 1}
    held = dict.fromkeys((0, 1), 0)
    for module, place in placed.items():
        held[place] += sum(weights.nbytes for weights in model.model.get_submodule(module).parameters())
    assert sum(held.values()) >= size  # tied weights count twice
    assert max(held.values()) < 0.9 * size


def test_gpus_that_do_not_hold_the_model_are_said_before_its_weights_are_read():
    with pytest.raises(InputError, match=r"Expected 2 GPUs that hold \S+ GB of weights; found 4e-05 GB free"):
        spread(AutoConfig.from_pretrained(MODELS / "tiny-neox"), "float32", {0: 20000, 1: 20000})


def test_a_granted_gpu_that_torch_cannot_use_is_refused_in_a_job_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in ("SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    require_usable_gpu()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    require_usable_gpu()
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    for none in ("", "NoDevFiles", "-1"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", none)
        require_usable_gpu()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with pytest.raises(InputError, match=r"(?s)found CUDA_VISIBLE_DEVICES=0 on .*gpu: 0"):
        load_model(MODELS / "tiny-neox", RANDOM, "float32")


@pytest.mark.parametrize(
    ("cuda", "mps", "dtype", "device"),
    [
        (True, False, "bfloat16", "cuda"),
        (True, True, "float32", "cuda"),
        (False, True, "float32", "mps"),
        (False, True, "bfloat16", "cpu"),
        (False, False, "float32", "cpu"),
    ],
)
def test_apples_gpu_is_used_for_float32_alone(monkeypatch, cuda, mps, dtype, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert best_device(dtype) == device


@pytest.mark.parametrize(("device", "where"), [("mps", "cpu"), ("cuda", "cuda"), ("cpu", "cpu")])
def test_sums_in_float64_leave_a_device_that_has_none(device, where):
    values = SimpleNamespace(
        device=SimpleNamespace(type=device), to=lambda place, dtype: (getattr(place, "type", place), dtype)
    )
    assert in_float64(values) == (where, torch.float64)
    np.testing.assert_array_equal(in_float64(torch.ones(2)).numpy(), [1.0, 1.0])
