"""Fetching through the workflow, from a stand-in for the hub: then computing without it, and secrets that stay so."""

import json
import re

import pytest
import yaml
from places import MODELS
from stand_in_replies import SIGNATURE
from workflow_run import planned_jobs, snakemake

from synergy.models.loading import load_model

MESSAGE = re.compile(r"ERROR: Expected (.+?); found (.+?)\.\n +Hint: (.+)")
TOKEN = "hf_PlantedTokenThatNobodyMaySee"
RECORD, ACTIVATIONS = "results/prefetch/tiny-hub.json", "results/activations/tiny-hub_activations.npz"
STANZA = {"source": {"hub": "org/tiny", "revision": "main"}, "layers": 2, "heads": 4}
ROWS = [
    {"problem": f"{n} + {n}?", "solution": f"\\boxed{{{2 * n}}}", "level": f"Level {1 + n % 2}", "type": "Algebra"}
    for n in range(8)
]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Files of a tiny model."""
    model = load_model(MODELS / "tiny-gemma3", {"kind": "random", "seed": 0}, "float32", "cpu")
    folder = tmp_path_factory.mktemp("checkpoint")
    model.model.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def run(hub, checkpoint, tmp_path):
    """Function that runs targets in a folder of their own, the token in its .env; it returns what was printed."""
    hub.add("org/tiny", checkpoint, gated=True)
    problems = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    hub.add("org/problems", {"problems.jsonl": problems}, kind="datasets")
    hub.tokens[TOKEN] = {"org/tiny"}
    source = {"hub": "org/problems", "revision": "main", "split": "train"}
    overlay = {"models": {"tiny-hub": STANZA}, "math": {"problems": source, "n_problems": 4}}
    (tmp_path / "overlay.yaml").write_text(yaml.safe_dump(overlay))
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".env").write_text(f"HF_TOKEN={TOKEN}\n")

    def run(*targets, check=True):
        arguments = ("--directory", str(folder), "--cores", "1", "--configfile", "config/smoke.yaml")
        return snakemake(*arguments, str(tmp_path / "overlay.yaml"), "--", *targets, check=check)

    run.folder = folder
    return run


def require_no_secrets(printed, folder, *secrets):
    """Neither what was printed nor any file but .env holds a secret; names of files neither."""
    texts = {"what was printed": printed.encode()}
    texts |= {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".env"}
    assert any(".snakemake" in name for name in texts)
    for secret in (TOKEN, SIGNATURE, "Bearer ", *secrets):
        for name, text in texts.items():
            assert secret.encode() not in text, f"{secret} in {name}"
            assert secret not in name


def test_a_gated_model_is_fetched_and_then_runs_without_network(hub, run, checkpoint, monkeypatch):
    printed = run(RECORD, "results/prefetch/math.json")
    assert any(request.headers.get("authorization") == f"Bearer {TOKEN}" for request in hub.requests)
    record = json.loads((run.folder / RECORD).read_text())
    assert record["revision"] == hub.repositories["models", "org/tiny"].revisions["main"]
    assert list(record["sha256"]) == ["model.safetensors"]
    assert json.loads((run.folder / "results/prefetch/math.json").read_text())["n_problems_available"] == len(ROWS)
    folder = run.folder / "resources/models/tiny-hub"
    assert {path.name for path in folder.iterdir()} - {".snakemake_timestamp"} == checkpoint.keys()
    require_no_secrets(printed, run.folder)

    asked = len(hub.requests)
    printed = run(ACTIVATIONS)  # HF_ENDPOINT is the stand-in: it would see any request
    assert (run.folder / ACTIVATIONS).is_file()
    assert len(hub.requests) == asked
    require_no_secrets(printed, run.folder)


def test_a_refusal_is_one_message_that_tells_no_secret(hub, run):
    hub.tokens[TOKEN] = set()
    printed = run(RECORD, check=False)
    (message,) = MESSAGE.findall(printed)
    assert message[0] == "org/tiny at revision main from the hub"
    assert "a licence that the owner of the token has not accepted" in message[1]
    assert "accept the licence" in message[2]
    assert "Traceback" not in printed
    assert not (run.folder / "resources/models/tiny-hub").exists()
    assert not (run.folder / RECORD).exists()
    require_no_secrets(printed, run.folder)


def test_an_interrupted_download_is_finished_by_the_next_run(hub, run, checkpoint, monkeypatch):
    (run.folder / ".env").unlink()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_DEBUG", "1")  # the library's most talkative mode, which logs requests as curl commands
    hub.fail("/tokenizer_config.json", method="GET", status=500)
    printed = run(RECORD, check=False)
    assert "a fault of the hub (500" in MESSAGE.findall(printed)[0][1]
    assert "curl" in printed
    require_no_secrets(printed, run.folder)
    hub.faults.clear()
    run(RECORD)
    assert hub.sent("model.safetensors") == len(checkpoint["model.safetensors"])
    require_no_secrets(printed, run.folder)


def test_a_folder_whose_weights_changed_in_place_is_taken_again(checkpoint, tmp_path):
    origin = tmp_path / "origin"
    origin.mkdir()
    for name, content in checkpoint.items():
        (origin / name).write_bytes(content)
    (tmp_path / "overlay.yaml").write_text(
        yaml.safe_dump({"models": {"own": {**STANZA, "source": {"path": str(origin)}}}})
    )
    call = ("--directory", str(tmp_path / "run"), "--cores", "1", "--configfile", "config/smoke.yaml")
    call = (*call, str(tmp_path / "overlay.yaml"), "--", "results/prefetch/own.json")
    snakemake(*call)
    assert planned_jobs(snakemake("-n", *call)) == {}
    weights = bytearray(checkpoint["model.safetensors"])
    weights[-1] ^= 1
    (origin / "model.safetensors").write_bytes(weights)
    assert planned_jobs(snakemake(*call)) == {"prefetch_model": 1}
    assert (tmp_path / "run/resources/models/own/model.safetensors").read_bytes() == weights
    assert planned_jobs(snakemake("-n", *call)) == {}
