"""Downloads from the hub, against a stand-in: what travels, by which name, and when a copy at hand will do."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hub_downloads import JUNK, TOKEN, server_down, shards
from places import SCRIPTS

from synergy.files.errors import InputError
from synergy.models.loading import load_model
from synergy.prefetch.hub import ABANDONED_S


def test_a_sharded_model_arrives_bit_for_bit_and_nothing_else_travels(hub, checkpoint, fetch):
    files, model = checkpoint
    commit = hub.add("org/tiny", {**files, **JUNK, "tokenizer.model": b"pieces", "vocab.json": b"{}"})
    folder, fetched = fetch()
    assert {path.name for path in folder.iterdir()} == {*files, "tokenizer.model", "vocab.json"}
    asked = {request.path.split("?")[0].rpartition("/")[2] for request in hub.requests if "/resolve/" in request.path}
    assert not asked & {path.rpartition("/")[2] for path in JUNK} - {"config.json", "tokenizer.model"}
    assert not [request for request in hub.requests if "original/" in request.path or "onnx/" in request.path]
    assert fetched["revision"] == commit
    assert list(fetched["sha256"]) == shards(files)
    again = load_model(folder, {"kind": "trained"}, "float32", "cpu").model.state_dict()
    assert all(torch.equal(weight, again[name]) for name, weight in model.model.state_dict().items())


def test_branch_tag_and_commit_name_a_revision(hub, checkpoint, fetch):
    files, _ = checkpoint
    old = hub.add("org/tiny", files, revision="step1000")
    new = hub.add("org/tiny", {**files, "config.json": files["config.json"] + b"\n"})
    assert old != new
    assert fetch(revision="step1000")[1]["revision"] == old
    assert fetch(revision=old)[1]["revision"] == old
    assert fetch()[1]["revision"] == new


def test_the_control_takes_no_weights_even_from_a_cache_that_has_them(hub, checkpoint, fetch):
    hub.add("org/tiny", checkpoint[0])
    fetch(random_weights=True)
    assert not hub.sent("safetensors?")
    fetch()
    folder, fetched = fetch(random_weights=True)
    assert fetched["sha256"] == {}
    assert not list(folder.glob("*.safetensors"))


def test_a_gated_model_comes_with_a_token_that_goes_to_the_hub_alone(hub, checkpoint, fetch):
    hub.add("org/tiny", checkpoint[0], gated=True)
    hub.tokens[TOKEN] = {"org/tiny"}
    Path(".env").write_text(f"HF_TOKEN={TOKEN}\n")
    fetch()
    elsewhere = [request for request in hub.requests if request.path.startswith("/cdn/")]
    assert elsewhere
    assert not [request for request in elsewhere if "authorization" in {name.lower() for name in request.headers}]
    here = [request for request in hub.requests if "/resolve/" in request.path]
    assert all(request.headers["authorization"] == f"Bearer {TOKEN}" for request in here)


def test_a_repository_of_pickles_is_refused(hub, checkpoint, fetch):
    files = {name: content for name, content in checkpoint[0].items() if "safetensors" not in name}
    hub.add("org/tiny", {**files, "pytorch_model.bin": b"pickle"})
    with pytest.raises(InputError, match=r"weights in org/tiny; found no model\.safetensors") as raised:
        fetch()
    assert "pickles are not loaded" in raised.value.hint
    fetch(random_weights=True)


def test_a_complete_copy_in_the_cache_does_without_network(hub, checkpoint, fetch, monkeypatch, capsys):
    commit = hub.add("org/tiny", checkpoint[0])
    fetch()
    server_down(hub, monkeypatch)
    assert fetch()[1]["revision"] == commit
    assert f"files of commit {commit} are in " in capsys.readouterr().out


def test_a_copy_of_the_control_in_the_cache_is_no_copy_of_the_model(hub, checkpoint, fetch, monkeypatch):
    hub.add("org/tiny", checkpoint[0])
    fetch(random_weights=True)
    server_down(hub, monkeypatch)
    with pytest.raises(InputError, match="no network"):
        fetch()


def test_two_processes_that_fetch_the_same_model_at_once_do_not_mix(hub, checkpoint, tmp_path):
    files, _ = checkpoint
    hub.add("org/tiny", files)
    code = f"""if True:
        from prefetch_model import prefetch_model
        source = {{"hub": "org/tiny", "revision": "main"}}
        places = "{tmp_path}/cache", "{tmp_path}/models/tiny", "{tmp_path}/tiny.json"
        prefetch_model("tiny", source, "trained", 0, 2, 4, None, *places)
    """
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    processes = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["tiny"]
    assert {path.name: path.read_bytes() for path in (tmp_path / "models/tiny").iterdir()} == files
    assert list(json.loads((tmp_path / "tiny.json").read_text())["sha256"]) == shards(files)


def test_offline_mode_set_by_the_user_is_named(hub, checkpoint, fetch, monkeypatch):
    hub.add("org/tiny", checkpoint[0])
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(InputError, match="HF_HUB_OFFLINE set in the environment"):
        fetch()
    assert not hub.requests


def test_what_a_killed_download_left_is_deleted_after_a_day(hub, checkpoint, fetch, tmp_path):
    hub.add("org/tiny", checkpoint[0])
    blobs = tmp_path / "work/cache/models--org--tiny/blobs"
    blobs.mkdir(parents=True)
    for name in ("old", "new"):
        (blobs / f"{name}.incomplete").write_bytes(b"half")
    os.utime(blobs / "old.incomplete", (time.time() - 2 * ABANDONED_S,) * 2)
    fetch()
    assert [path.name for path in blobs.glob("*.incomplete")] == ["new.incomplete"]
