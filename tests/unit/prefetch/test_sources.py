"""Models from local folders: what comes along, what is missed, and how a process is kept off the network."""

import json
import os
import shutil
import subprocess
import sys

import pytest
import torch
from places import MODELS, SCRIPTS
from prefetch_model import prefetch_model

from synergy.files.artifacts import sha256
from synergy.files.errors import InputError
from synergy.models.loading import load_model
from synergy.models.model_folder import INDEX, require_model
from synergy.prefetch.sources import changed_since, fetch_model

TRAINED, RANDOM = {"kind": "trained"}, {"kind": "random", "seed": 0}


@pytest.fixture
def checkpoint(tmp_path):
    """A folder, two levels down, with a tiny model in two shards and things that must stay behind."""
    folder = tmp_path / "my models/tiny"
    model = load_model(MODELS / "tiny-neox", RANDOM, "float32", "cpu")
    model.model.save_pretrained(folder, max_shard_size="60KB")
    model.tokenizer.save_pretrained(folder)
    (folder / "original").mkdir()
    for name in ("original/model.safetensors", "consolidated.safetensors", "pytorch_model.bin"):
        (folder / name).write_bytes(b"stays behind")
    return folder


def test_a_local_folder_comes_without_its_sub_folders_and_duplicates(checkpoint, tmp_path):
    fetched = fetch_model(tmp_path / "copy", {"path": str(checkpoint)}, False, tmp_path)
    copied = {path.name for path in (tmp_path / "copy").iterdir()}
    assert copied == {path.name for path in checkpoint.iterdir()} - {
        "original",
        "consolidated.safetensors",
        "pytorch_model.bin",
    }
    assert fetched["sha256"] == {path.name: sha256(path) for path in checkpoint.glob("model-*.safetensors")}
    assert len(fetched["sha256"]) > 1
    load_model(tmp_path / "copy", TRAINED, "float32", "cpu")


def lose_shard(folder):
    next(folder.glob("model-00001*")).unlink()


def lose_weights(folder):
    for path in folder.glob("model*"):
        path.unlink()


def cut_shard(folder):
    path = next(folder.glob("model-00002*"))
    path.write_bytes(path.read_bytes()[:-1])


def empty_shard(folder):
    next(folder.glob("model-00002*")).write_bytes(b"")


def damage_index(folder):
    (folder / "model.safetensors.index.json").write_text("{}")


def lose(name):
    return lambda folder: (folder / name).unlink()


DAMAGE = [
    (lose_shard, r"no model-00001-of-\d+\.safetensors"),
    (lose_weights, r"no model\.safetensors \(but pytorch_model\.bin, which is not loaded\)"),
    (cut_shard, "damaged or cut off"),
    (empty_shard, "damaged or cut off"),
    (damage_index, "index.json is damaged"),
    (lose("config.json"), r"no config\.json"),
    (lose("tokenizer.json"), r"no tokenizer\.json"),
]


@pytest.mark.parametrize(("damage", "found"), DAMAGE)
def test_a_local_folder_that_lacks_something_is_refused(checkpoint, tmp_path, damage, found):
    damage(checkpoint)
    with pytest.raises(InputError, match=found) as raised:
        fetch_model(tmp_path / "copy", {"path": str(checkpoint)}, False, tmp_path)
    assert str(checkpoint) in raised.value.expected
    assert "source.path" in raised.value.hint
    assert not list((tmp_path / "copy").iterdir())


@pytest.mark.parametrize(("damage", "found"), DAMAGE)
def test_a_rule_that_computes_says_how_to_fetch_what_is_not_there(checkpoint, damage, found):
    damage(checkpoint)
    with pytest.raises(InputError, match=found) as raised:
        load_model(checkpoint, TRAINED, "float32", "cpu")
    assert "fetch tiny on a machine with network" in raised.value.hint


def test_a_folder_that_was_never_fetched_is_named(tmp_path):
    with pytest.raises(InputError, match=r"in .*/gemma3-4b; found no such folder.*\n.*--until prefetch_model"):
        load_model(tmp_path / "gemma3-4b", TRAINED, "float32", "cpu")


def test_weights_that_will_be_random_are_not_missed(checkpoint):
    lose_weights(checkpoint)
    require_model(checkpoint, True, "")


def test_loading_a_model_takes_the_process_off_the_network(checkpoint):
    code = """if True:
        import sys
        from synergy.models.loading import load_model
        load_model(sys.argv[1], {"kind": "trained"}, "float32", "cpu")
        from huggingface_hub import HfApi
        try:
            HfApi().model_info("org/model")
        except Exception as error:
            print(type(error).__name__)
    """
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(checkpoint)],
        capture_output=True,
        text=True,
        env={**environment, "HF_ENDPOINT": "http://127.0.0.1:9"},
        cwd=SCRIPTS,
    )
    assert done.stdout.strip() == "OfflineModeIsEnabled", done.stderr


NAMES = {
    "the usual names": "model-0000{}-of-00002.safetensors",
    "numbers behind": "model.safetensors-0000{}-of-00002.safetensors",
    "named as pickles are": "pytorch_model-0000{}-of-00002.safetensors",
    "consolidated": "consolidated-0000{}-of-00002.safetensors",
    "a sub folder": "shards/part{}.safetensors",
}


def rename_shards(folder, pattern):
    """Give the shards that the index names other names, and leave files of an older set beside them."""
    index = json.loads((folder / INDEX).read_text())
    new = {old: pattern.format(n) for n, old in enumerate(sorted(set(index["weight_map"].values())), 1)}
    for old, name in new.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / old).rename(folder / name)
    index["weight_map"] = {key: new[old] for key, old in index["weight_map"].items()}
    (folder / INDEX).write_text(json.dumps(index))
    (folder / "model-00007-of-00009.safetensors").write_bytes(b"of an older set")
    return sorted(new.values())


@pytest.mark.parametrize("origin", ["path", "hub"])
@pytest.mark.parametrize("names", NAMES)
def test_shards_are_those_that_the_index_names(checkpoint, tmp_path, hub, names, origin):
    shards = rename_shards(checkpoint, NAMES[names])
    files = {p.relative_to(checkpoint).as_posix(): p.read_bytes() for p in checkpoint.rglob("*") if p.is_file()}
    hub.add("org/tiny", files)
    source = {"path": str(checkpoint)} if origin == "path" else {"hub": "org/tiny", "revision": "main"}
    fetched = fetch_model(tmp_path / "copy", source, False, tmp_path / "cache")
    assert list(fetched["sha256"]) == shards
    assert {p.relative_to(tmp_path / "copy").as_posix() for p in (tmp_path / "copy").rglob("*.safetensors")} == {
        *shards
    }
    loaded = load_model(tmp_path / "copy", TRAINED, "float32", "cpu").model.state_dict()
    saved = load_model(MODELS / "tiny-neox", RANDOM, "float32", "cpu").model.state_dict()
    assert saved.keys() == loaded.keys()
    assert all(torch.equal(loaded[key], weight) for key, weight in saved.items())


@pytest.mark.parametrize(
    "name", ["../outside.safetensors", "/etc/outside.safetensors", "weights.bin", "a\\b.safetensors"]
)
def test_an_index_that_leads_out_of_the_model_is_refused(checkpoint, tmp_path, name):
    index = json.loads((checkpoint / INDEX).read_text())
    index["weight_map"]["another.weight"] = name
    (checkpoint / INDEX).write_text(json.dumps(index))
    with pytest.raises(InputError, match="names of safetensors files in") as raised:
        fetch_model(tmp_path / "copy", {"path": str(checkpoint)}, False, tmp_path)
    assert repr(name) in raised.value.found


def test_of_two_sets_of_weights_the_one_file_is_taken_and_said(checkpoint, tmp_path, capsys):
    model = load_model(checkpoint, TRAINED, "float32", "cpu")
    model.model.save_pretrained(tmp_path / "one")
    shutil.copy(tmp_path / "one/model.safetensors", checkpoint)
    fetched = fetch_model(tmp_path / "copy", {"path": str(checkpoint)}, False, tmp_path)
    assert list(fetched["sha256"]) == ["model.safetensors"]
    assert "the one file is taken" in capsys.readouterr().out


def with_config(**changes):
    def change(folder):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | changes))

    return change


def only_tokenizer_model(folder):
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.model").write_bytes(b"\x00no vocabulary")


UNUSABLE = [
    (lambda folder: (folder / "adapter_config.json").write_text("{}"), "adapter", "merge it first"),
    (with_config(quantization_config={"quant_method": "awq", "bits": 4}), "quantised by awq", "choose the checkpoint"),
    (with_config(quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True}), "bitsandbytes", "choose"),
    (with_config(rope_parameters={"rope_type": "spiral", "rope_theta": 1e4}), "spiral", "config.json"),
    (with_config(model_type="unheard-of"), "unheard-of", "source"),
    (with_config(model_type="opt", architectures=["OPTForCausalLM"]), "opt", "architectures.py"),
    (only_tokenizer_model, "tokenizer", ""),
]


@pytest.mark.parametrize("origin", ["path", "hub"])
@pytest.mark.parametrize(("change", "found", "hint"), UNUSABLE)
def test_what_cannot_be_used_is_refused_before_its_weights_travel(
    checkpoint, tmp_path, hub, change, found, hint, origin
):
    change(checkpoint)
    hub.add("org/tiny", {path.name: path.read_bytes() for path in checkpoint.iterdir() if path.is_file()})
    source = {"path": str(checkpoint)} if origin == "path" else {"hub": "org/tiny", "revision": "main"}
    with pytest.raises(InputError) as raised:
        prefetch_model(
            "tiny", source, "trained", 0, 2, 4, None, *(str(tmp_path / name) for name in ("cache", "m", "r.json"))
        )
    assert found in str(raised.value)
    assert hint in raised.value.hint
    assert not hub.sent("model-0")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("changed", "again"),
    [
        (lambda folder: None, False),
        (lambda folder: [os.utime(path, (1, 1)) for path in folder.iterdir()], False),
        (lambda folder: rewrite(next(folder.glob("model-00002*"))), True),
        (lambda folder: rewrite(folder / "tokenizer.json"), True),
        (lambda folder: rewrite(folder / "consolidated.safetensors"), False),
        (shutil.rmtree, False),
    ],
    ids=["nothing", "dates", "weights", "tokenizer", "what is not taken", "gone"],
)
def test_a_folder_whose_content_changes_is_taken_again_once(checkpoint, tmp_path, changed, again):
    source = {"path": str(checkpoint)}
    places = [str(tmp_path / name) for name in ("cache", "m", "r.json")]
    assert changed_since(places[2], source, False) is None  # nothing was fetched yet
    prefetch_model("tiny", source, "trained", 0, 2, 4, None, *places)
    changed(checkpoint)
    digest = changed_since(places[2], source, False)
    assert (digest is not None) == again
    if again:
        prefetch_model("tiny", source, "trained", 0, 2, 4, digest, *places)
        assert changed_since(places[2], source, False) == digest  # and so the job stays done


def rewrite(path):
    """Write another content in place, of the same length where it is no text."""
    content = path.read_bytes()
    path.write_bytes(content + b"\n" if path.suffix == ".json" else content[:-1] + bytes([content[-1] ^ 1]))
