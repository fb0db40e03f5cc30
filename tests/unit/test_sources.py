"""Models from folders and packages, and folders that are made whole or not at all."""

import errno
import hashlib
import multiprocessing
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from tiny_gguf import VOCABULARY, tiny_gemma, write_gguf

from synergy.errors import InputError
from synergy.folders import atomic_folder, disk_is_full, room_on_disk
from synergy.model_files import require_model, sha256
from synergy.models import load_model
from synergy.sources import fetch_model

MODELS = Path(__file__).parent.parent / "models"
TRAINED, RANDOM = {"kind": "trained"}, {"kind": "random", "seed": 0}
PIECES = [b"GGUF first piece, ", b"second piece, ", b"third piece"]
WHOLE = hashlib.sha256(b"".join(PIECES)).hexdigest()


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
    assert "run `snakemake results/prefetch/tiny.json` on a machine with network" in raised.value.hint


def test_a_folder_that_was_never_fetched_is_named(tmp_path):
    with pytest.raises(
        InputError, match=r"in .*/gemma3-4b; found no such folder.*\n.*results/prefetch/gemma3-4b\.json"
    ):
        load_model(tmp_path / "gemma3-4b", TRAINED, "float32", "cpu")


def test_weights_that_will_be_random_are_not_missed(checkpoint):
    lose_weights(checkpoint)
    require_model(checkpoint, True, "")


def test_loading_a_model_takes_the_process_off_the_network(checkpoint):
    code = """if True:
        import sys
        from synergy.models import load_model
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
        cwd=MODELS.parent.parent / "workflow_scripts",
    )
    assert done.stdout.strip() == "OfflineModeIsEnabled", done.stderr


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Function that puts pieces of a file into wheels where pip finds them; it returns the parts of a source."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))

    def put(number, piece):
        wheel, name = shelf / f"tiny_part{number}-1.0-py3-none-any.whl", f"tiny_part{number}"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"{name}/data/tiny.gguf.part{number}", piece)
            archive.writestr(f"{name}-1.0.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            archive.writestr(f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
        package = {"pypi": f"tiny-part{number}", "version": "1.0", "sha256": sha256(wheel)}
        return {**package, "file": f"tiny.gguf.part{number}"}

    return lambda pieces: [put(number, piece) for number, piece in enumerate(pieces)]


@pytest.fixture
def packages(package):
    """Three packages of no model."""
    return package(PIECES)


def test_a_packaged_gguf_file_becomes_the_model_that_it_was(package, tmp_path):
    original = tiny_gemma()
    write_gguf(tmp_path / "tiny.gguf", original)
    whole = (tmp_path / "tiny.gguf").read_bytes()
    parts = package([whole[:50_000], whole[50_000:]])
    source = {"file": "tiny.gguf", "file_sha256": hashlib.sha256(whole).hexdigest(), "parts": parts}
    fetched = fetch_model(tmp_path / "model", source, False, tmp_path)
    assert list(fetched["sha256"]) == ["model.safetensors"]
    assert len({path.stat().st_mode for path in (tmp_path / "model").iterdir()}) == 1
    model = load_model(tmp_path / "model", TRAINED, "float32", "cpu")
    ids = torch.randint(4, len(VOCABULARY), (2, 30))  # longer than the sliding window
    torch.testing.assert_close(model.model(ids).logits, original(ids).logits, atol=1e-4, rtol=1e-4)
    assert model.tokenizer("a b é").input_ids == [2, 261, 260, 262, 260, *(4 + byte for byte in "é".encode())]
    assert model.tokenizer.decode(model.tokenizer("a b é").input_ids[1:]) == "a b é"


def test_parts_are_put_together_in_order(packages, tmp_path, monkeypatch):
    seen = []

    def convert(weights, folder, random_weights):
        seen.append((weights.name, weights.read_bytes(), sorted(path.name for path in weights.parent.iterdir())))
        fetch_model(folder, {"path": str(MODELS / "tiny-neox")}, True, tmp_path)

    monkeypatch.setattr("synergy.wheels._convert_gguf", convert)
    source = {"file": "tiny.gguf", "file_sha256": WHOLE, "parts": packages}
    fetched = fetch_model(tmp_path / "model", source, True, tmp_path)
    assert seen == [("tiny.gguf", b"".join(PIECES), ["tiny.gguf"])]  # the wheels do not pile up beside it
    assert fetched == {"revision": "1.0", "sha256": {}}
    assert not [path for path in (tmp_path / "model").iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda source: source["parts"].reverse(), r"source\.file_sha256"),
        (lambda source: source["parts"].pop(), r"source\.file_sha256"),
        (lambda source: source["parts"][1].update(sha256="0" * 64), r"tiny_part1.*source\.sha256"),
        (lambda source: source["parts"][2].update(file="part9"), "part9 inside tiny_part2"),
        (lambda source: source["parts"][0].update(version="2.0"), r"tiny-part0==2\.0 from PyPI"),
    ],
)
def test_parts_that_do_not_fit_are_refused(packages, tmp_path, change, message):
    source = {"file": "tiny.gguf", "file_sha256": WHOLE, "parts": packages}
    change(source)
    with pytest.raises(InputError, match=message):
        fetch_model(tmp_path / "model", source, False, tmp_path)
    assert not list((tmp_path / "model").iterdir())


def test_registered_parts_are_one_chain():
    import yaml

    config = yaml.safe_load((MODELS.parent.parent / "config/config.yaml").read_text())
    source = config["models"]["gemma3-270m"]["source"]
    assert [part["file"] for part in source["parts"]] == [f"{source['file']}.part0{n}" for n in range(4)]
    assert len({part["sha256"] for part in source["parts"]}) == 4


def test_a_folder_is_replaced_whole_or_left_as_it_was(tmp_path):
    with atomic_folder(tmp_path / "model") as partial:
        (partial / "a").write_text("old")
    with pytest.raises(IsADirectoryError), atomic_folder(tmp_path / "model") as partial:
        partial.write_text("stops half way")
    assert [path.name for path in (tmp_path / "model").iterdir()] == ["a"]
    with atomic_folder(tmp_path / "model") as partial:
        (partial / "c").write_text("new")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["c"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def _make_often(path, number):
    for _ in range(50):
        with atomic_folder(path) as partial:
            for name in "abc":
                (partial / name).write_text(str(number))


def test_processes_that_make_the_same_folder_do_not_mix(tmp_path):
    start = multiprocessing.get_context("fork").Process
    processes = [start(target=_make_often, args=(tmp_path / "model", number)) for number in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert len({(tmp_path / "model" / name).read_text() for name in "abc"}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_what_a_killed_process_left_is_deleted_and_what_a_living_one_makes_is_not(tmp_path):
    host = os.uname().nodename
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for process in (dead.pid, os.getppid()):
        (tmp_path / f".model-{host}-{process}").mkdir()
    with atomic_folder(tmp_path / "model"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"model", f".model-{host}-{os.getppid()}"}


def chained(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "full"), True),
        (OSError(errno.EDQUOT, "quota"), True),
        (RuntimeError("I/O error: No space left on device (os error 28)"), True),
        (OSError(errno.EACCES, "denied"), False),
        (ValueError("something else"), False),
    ],
)
def test_full_disks_are_told_from_other_troubles(tmp_path, error, full):
    assert disk_is_full(error) == full
    with pytest.raises(InputError if full else type(error)), room_on_disk(tmp_path / "not/yet/there"):
        raise error
    if full:
        assert disk_is_full(chained(RuntimeError("wrapped"), error))


def test_a_disk_that_fills_while_weights_are_saved(tmp_path):
    """The real thing: /dev/full takes no byte."""
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with pytest.raises(InputError, match="room on the disk"), room_on_disk(tmp_path):
        Path("/dev/full").write_text("a")
