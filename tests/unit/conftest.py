"""A checkpoint for the stand-in hub, a function that fetches from there, and a ban on models."""

import pytest
from hub_downloads import RANDOM
from places import MODELS


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Files of a tiny model in two shards, and the model."""
    from synergy.models.loading import load_model

    model = load_model(MODELS / "tiny-qwen3", RANDOM, "float32", "cpu")
    folder = tmp_path_factory.mktemp("checkpoint")
    model.model.save_pretrained(folder, max_shard_size="40KB")
    model.tokenizer.save_pretrained(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert "model.safetensors.index.json" in files
    return files, model


class ModelLoaded(Exception):
    """A script began to compute."""


@pytest.fixture
def forbid_models(monkeypatch):
    """Function after which no model can be loaded: a script finds its result, or ends in the exception returned."""
    from synergy.models import loading

    def refuse(*_, **__):
        raise ModelLoaded

    def forbid():
        monkeypatch.setattr(loading, "load_model", refuse)
        return ModelLoaded

    return forbid


@pytest.fixture
def fetch(hub, tmp_path):
    """Function that fetches from the stand-in into a new folder; it returns folder and record."""
    from synergy.prefetch.sources import fetch_model

    number = iter(range(100))

    def run(name="org/tiny", revision="main", random_weights=False):
        folder = tmp_path / f"model-{next(number)}"
        return folder, fetch_model(folder, {"hub": name, "revision": revision}, random_weights, tmp_path / "work/cache")

    return run
