"""Downloads from the hub, against a stand-in: what travels and resumes, what refusals say, what is kept secret."""

import errno
import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from stand_in_hub import SIGNATURE

from synergy.errors import InputError
from synergy.hub import hub_token, without_secrets
from synergy.hub_models import ABANDONED_S
from synergy.models import load_model
from synergy.problem_sets import read_problem_set
from synergy.sources import fetch_model

MODELS = Path(__file__).parent.parent / "models"
RANDOM = {"kind": "random", "seed": 0}
TOKEN = "hf_PlantedTokenThatNobodyMaySee"
JUNK = {
    "README.md": b"# Model",
    "pytorch_model.bin": b"pickle",
    "pytorch_model.bin.index.json": b"{}",
    "model.fp16.safetensors": b"half",
    "consolidated.safetensors": b"again",
    "consolidated-00001-of-00002.safetensors": b"again",
    "adapter_model.safetensors": b"adapter",
    "model.gguf": b"gguf",
    "tf_model.h5": b"tf",
    "preprocessor_config.json": b"{}",
    "original/config.json": b"{}",
    "original/tokenizer.model": b"tokens",
    "onnx/model-00001-of-00001.safetensors": b"onnx",
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Files of a tiny model in two shards, and the model."""
    model = load_model(MODELS / "tiny-qwen3", RANDOM, "float32", "cpu")
    folder = tmp_path_factory.mktemp("checkpoint")
    model.model.save_pretrained(folder, max_shard_size="40KB")
    model.tokenizer.save_pretrained(folder)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert "model.safetensors.index.json" in files
    return files, model


@pytest.fixture
def fetch(hub, tmp_path):
    """Function that fetches from the stand-in into a new folder; it returns folder and record."""
    number = iter(range(100))

    def run(name="org/tiny", revision="main", random_weights=False):
        folder = tmp_path / f"model-{next(number)}"
        return folder, fetch_model(folder, {"hub": name, "revision": revision}, random_weights, tmp_path / "work/cache")

    return run


def shards(files):
    return sorted(name for name in files if name.endswith(".safetensors") and name not in JUNK)


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


def gate(hub, **_):
    hub.repositories["models", "org/tiny"].gated = True


def private(hub, **_):
    hub.repositories["models", "org/tiny"].private = True


def server_down(hub, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", url)


def unknown_host(hub, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://no-such-host.invalid")


def firewall(hub, monkeypatch):
    """A connection that nobody answers: a port that listens, with a full queue."""
    busy = socket.socket()
    busy.bind(("127.0.0.1", 0))
    busy.listen(0)
    hub.busy = [busy]
    for _ in range(4):
        waiting = socket.socket()
        waiting.setblocking(False)
        waiting.connect_ex(busy.getsockname())
        hub.busy.append(waiting)
    be_impatient(monkeypatch)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{busy.getsockname()[1]}")


def be_impatient(monkeypatch):
    for name in ("HF_HUB_DOWNLOAD_TIMEOUT", "HF_HUB_ETAG_TIMEOUT"):
        monkeypatch.setattr(f"huggingface_hub.constants.{name}", 0.3)


def silent(path):
    def trouble(hub, monkeypatch):
        hub.fail(path, stall_s=1.0)
        be_impatient(monkeypatch)

    return trouble


def failing(path, **how):
    return lambda hub, **_: hub.fail(path, **how)


@pytest.mark.parametrize(
    ("trouble", "token", "found", "hint"),
    [
        (
            gate,
            None,
            "gated repository and no token",
            r"accept the licence .* HF_TOKEN, in the environment or in \.env",
        ),
        (gate, "hf_good_token", "licence that the owner of the token has not accepted", "accept the licence"),
        (gate, "hf_wrong_token", "does not accept: expired, revoked or mistyped", "make a new one .* HF_TOKEN"),
        (None, "hf_wrong_token", "does not accept: expired, revoked or mistyped", "make a new one .* HF_TOKEN"),
        (private, None, "no such repository, or a private one and no token", "check its id .* HF_TOKEN"),
        (private, "hf_good_token", "no such repository for this token", "check its id"),
        (server_down, None, r"no network \(.*refused", "login node"),
        (unknown_host, None, r"no network \(", "login node"),
        (failing("/api/", status=503), None, r"fault of the hub \(503", "run again later"),
        (failing("/cdn/", status=500), None, r"fault of the hub \(500", "run again later"),
        (failing("/resolve/", method="HEAD", status=502), None, r"fault of the hub \(502", "run again later"),
        (failing("/api/", status=429), None, r"too many requests \(429\)", "wait some minutes"),
        (failing("/api/", status=403), "hf_good_token", r"refusal \(403", "fine grain must allow gated"),
        (failing("/cdn/", status=403), None, r"refusal \(403", "HF_TOKEN"),
        (silent("/api/"), None, "no answer in time", "HF_HUB_DOWNLOAD_TIMEOUT"),
        (silent("/cdn/"), None, "no answer in time", "HF_HUB_DOWNLOAD_TIMEOUT"),
        (firewall, None, r"no network \(", "login node"),
        (failing("/cdn/", cut_after=0), None, "connection that broke", "complete are kept"),
        (failing("/cdn/", content=b"short"), None, "Consistency check failed", "complete are kept"),
    ],
)
def test_every_trouble_has_its_message_with_the_next_step(
    hub, checkpoint, fetch, monkeypatch, caplog, trouble, token, found, hint
):
    hub.add("org/tiny", checkpoint[0])
    hub.tokens["hf_good_token"] = set()
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    if trouble:
        trouble(hub=hub, monkeypatch=monkeypatch)
    with caplog.at_level(logging.DEBUG), pytest.raises(InputError) as raised:
        fetch()
    assert raised.value.expected == "org/tiny at revision main from the hub"
    assert re.search(found, raised.value.found, re.DOTALL)
    assert re.search(hint, raised.value.hint)
    for secret in (SIGNATURE, "hf_good_token", "hf_wrong_token"):
        assert secret not in f"{raised.value} {caplog.text}"


@pytest.mark.parametrize(
    ("name", "revision", "found"),
    [("org/tiny", "step7", "no such revision"), ("org/tyni", "main", "no such repository"), ("a b", "main", "a b")],
)
def test_misspelt_ids_and_revisions_are_named(hub, checkpoint, fetch, name, revision, found):
    hub.add("org/tiny", checkpoint[0])
    with pytest.raises(InputError, match=found) as raised:
        fetch(name, revision)
    assert raised.value.expected == f"{name} at revision {revision} from the hub"


def test_a_connection_cut_midway_goes_on_at_the_same_byte(hub, checkpoint, fetch, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 1000)  # written and counted at a time
    files, _ = checkpoint
    hub.add("org/tiny", files)
    first = shards(files)[0]
    hub.fail(f"/{first}?", method="GET", times=1, cut_after=10_000)
    fetch()
    asked = [request for request in hub.requests if request.path.startswith("/cdn/") and first in request.path]
    assert [request.status for request in asked] == [200, 206]
    assert {name.lower(): value for name, value in asked[1].headers.items()}["range"] == "bytes=10000-"
    assert hub.sent(first) == len(files[first])


def test_after_a_broken_download_the_next_run_fetches_only_what_is_not_complete(hub, checkpoint, fetch):
    files, _ = checkpoint
    hub.add("org/tiny", files)
    first, *_, last = shards(files)
    hub.fail(f"/{last}?", method="GET", times=6, cut_after=0)
    with pytest.raises(InputError, match="connection that broke"):
        fetch()
    assert hub.sent(first) == len(files[first])
    folder, _ = fetch()
    assert hub.sent(first) == len(files[first])
    assert (folder / last).read_bytes() == files[last]


def test_bytes_damaged_on_their_way_are_refused_and_fetched_anew(hub, checkpoint, fetch):
    files, _ = checkpoint
    hub.add("org/tiny", files)
    first = shards(files)[0]
    hub.fail(f"/{first}?", times=1, content=files[first][:-1] + bytes([files[first][-1] ^ 1]))
    with pytest.raises(InputError, match="as the hub announced it; found sha256") as raised:
        fetch()
    assert "run again to fetch it anew" in raised.value.hint
    folder, _ = fetch()
    assert (folder / first).read_bytes() == files[first]


def test_a_full_disk_is_one_message_and_leaves_nothing_half_written(hub, checkpoint, fetch, monkeypatch, tmp_path):
    files, _ = checkpoint
    hub.add("org/tiny", files)

    def write_until_full(url, temp_file, **_):
        temp_file.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("huggingface_hub.file_download.http_get", write_until_full)
        with pytest.raises(InputError, match="room on the disk") as raised:
            fetch()
    assert re.search(r"\d GB free", raised.value.found)
    assert "work/cache" in raised.value.expected
    left = [path for path in tmp_path.rglob("*") if path.is_file() and path.read_bytes() == b"half"]
    assert not left
    fetch()


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
    assert f"taking the complete copy of commit {commit}" in capsys.readouterr().out


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
        stanza = {{"source": {{"hub": "org/tiny", "revision": "main"}}, "layers": 2, "heads": 4, "weights": "trained"}}
        prefetch_model("tiny", stanza, "", "{tmp_path}/cache", "{tmp_path}/models/tiny", "{tmp_path}/tiny.json")
    """
    environment = {**os.environ, "PYTHONPATH": str(MODELS.parent.parent / "workflow_scripts")}
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


@pytest.mark.parametrize(
    "line",
    ["HF_TOKEN={}", "export HF_TOKEN = '{}'  # mine", '\ufeffHF_TOKEN="{}"\r', "HF_TOKEN=\nHF_TOKEN={}\nOTHER=x"],
)
def test_token_is_read_from_dotenv(hub, line):
    Path(".env").write_text("# a comment\n" + line.format(TOKEN) + "\n" if "\ufeff" not in line else line.format(TOKEN))
    assert hub_token() == TOKEN


def test_environment_comes_before_dotenv_and_dotenv_before_the_login(hub, monkeypatch, tmp_path):
    assert hub_token() is None
    login = tmp_path / "hf_home/token"
    login.parent.mkdir()
    login.write_text("hf_of_the_login\n")
    assert hub_token() == "hf_of_the_login"
    Path(".env").write_text("#HF_TOKEN=no\nHF_TOKEN=\n")
    assert hub_token() == "hf_of_the_login"
    Path(".env").write_text("HF_TOKEN=hf_of_dotenv")
    assert hub_token() == "hf_of_dotenv"
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_environment\n")
    assert hub_token() == "hf_of_the_environment"


@pytest.mark.parametrize("token", ["hf_two words", "hf_smart”quote"])
def test_a_token_that_cannot_be_one_is_refused_unseen(hub, monkeypatch, token):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(InputError, match="copy the token anew") as raised:
        hub_token()
    assert token[3:6] not in str(raised.value)


def test_secrets_are_taken_out_of_text():
    text = (
        f"GET https://cdn/a.bin?{SIGNATURE}&x=1 by me:pass@host, Bearer abc.def, {TOKEN}, http://me:pass@proxy:80/ own"
    )
    clean = without_secrets(text, "own")
    assert clean == "GET https://cdn/a.bin?*** by me:pass@host, Bearer *** hf_***, http://***@proxy:80/ ***"


def test_env_example_names_the_variable_and_holds_no_token():
    text = (MODELS.parent.parent / ".env.example").read_text()
    assert [line for line in text.splitlines() if not line.startswith("#")] == ["HF_TOKEN="]
    assert ".env" in (MODELS.parent.parent / ".gitignore").read_text().splitlines()


ROWS = [
    {"problem": f"{n} + {n}?", "solution": f"\\boxed{{{2 * n}}}", "level": "Level 1", "type": "Algebra"}
    for n in range(4)
]
JSONL = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def parquet(rows):
    import io

    import pyarrow
    import pyarrow.parquet

    buffer = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


def by_subject(names):
    """A data set with one configuration a subject, as the card of such a repository declares them."""
    lines = ["---", "configs:"]
    for name in names:
        lines += [f"- config_name: {name}", "  data_files:", "  - split: test", f"    path: {name}/test-*.parquet"]
    card = "\n".join([*lines, "---", ""]).encode()
    return {"README.md": card} | {f"{name}/test-00000-of-00001.parquet": parquet(ROWS) for name in names}


@pytest.mark.parametrize(
    ("files", "configs", "ids"),
    [
        ({"README.md": b"# Problems", "test.jsonl": JSONL}, None, ["test-00000", "test-00003"]),
        (by_subject(["algebra", "geometry"]), ["algebra", "geometry"], ["algebra-00000", "geometry-00003"]),
    ],
    ids=["jsonl", "parquet by subject"],
)
def test_a_data_set_comes_through_the_same_door(hub, tmp_path, files, configs, ids):
    commit = hub.add("org/problems", files, kind="datasets")
    source = {"hub": "org/problems", "revision": "main", "split": "test"} | ({"configs": configs} if configs else {})
    problems, origin = read_problem_set(source, None, tmp_path / "cache")
    assert origin["revision"] == commit
    assert origin["n_problems_available"] == len(problems)
    assert [problems[0].id, problems[-1].id] == ids
    rows = [{key: getattr(problem, key) for key in ROWS[0]} for problem in problems]
    assert rows == ROWS * len(configs or [1])


@pytest.mark.parametrize(
    ("trouble", "source", "found"),
    [
        ({"gated": True}, {}, "gated repository and no token"),
        ({"private": True}, {}, "no such repository, or a private one"),
        ({}, {"hub": "org/nothing"}, "no such repository, or a private one"),
        ({}, {"revision": "v7"}, "no such revision"),
        ({}, {"split": "tset"}, "tset"),
        ({}, {"configs": ["algebra"]}, "algebra"),
    ],
)
def test_refused_data_sets_have_the_same_messages(hub, tmp_path, trouble, source, found):
    hub.add("org/problems", {"test.jsonl": JSONL}, kind="datasets", **trouble)
    asked = {"hub": "org/problems", "revision": "main", "split": "test"} | source
    with pytest.raises(InputError, match=found) as raised:
        read_problem_set(asked, None, tmp_path / "cache")
    assert raised.value.expected == f"data set {asked['hub']} at revision {asked['revision']} from the hub"
