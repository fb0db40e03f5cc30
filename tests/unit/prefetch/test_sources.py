"""Models from local folders: what comes along, what is missed, and how a process is kept off the network."""

import os
import subprocess
import sys

import pytest
from places import MODELS, SCRIPTS

from synergy.files.artifacts import sha256
from synergy.files.errors import InputError
from synergy.models.loading import load_model
from synergy.models.model_folder import require_model
from synergy.prefetch.sources import fetch_model

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
