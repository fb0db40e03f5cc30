"""One job of recording, from files to its files: found again where nothing that decides it has changed."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from places import MODELS
from record_activations import record_activations

from synergy.files.artifacts import read_json, write_json
from synergy.files.errors import InputError

STANZA = {"dtype": "float32", "prompt_format": "chat", "template_arguments": {"enable_thinking": False}}
MODEL = {"key": "tiny-qwen3", "source": {"path": "here"}, "revision": None, "weights": {"kind": "random", "seed": 0}}
PROMPTS = [{"id": f"p{row}", "category": "ab"[row], "text": f"Count to {row}."} for row in range(2)]


@pytest.fixture
def job(tmp_path):
    """Arguments of a job on a copy of a tiny model, two prompts."""
    shutil.copytree(MODELS / "tiny-qwen3", tmp_path / "model")
    geometry = {"layers": 2, "heads": 4}
    write_json(tmp_path / "record.json", {**MODEL, "sha256": {}, "geometry": geometry, "provenance": {"model": MODEL}})
    (tmp_path / "prompts.yaml").write_text(yaml.safe_dump({"prompts": PROMPTS}))
    outputs = {"activations": "activations.npz", "logits": "logits.npz", "tokens": "tokens.json"}
    return {
        "model": str(tmp_path / "model"),
        "prefetched": str(tmp_path / "record.json"),
        "prompts": str(tmp_path / "prompts.yaml"),
        **STANZA,
        "n_tokens": 3,
        "top_logprobs": 2,
        "batch_size": 2,
        "threads": 1,
        **{name: str(tmp_path / "results" / file) for name, file in outputs.items()},
        "kept": str(tmp_path / "kept"),
    }


def test_the_same_recording_is_found_and_not_computed(job, tmp_path, forbid_models, capsys):
    record_activations(**job)
    before = {path.name: path.read_bytes() for path in (tmp_path / "results").iterdir()}
    assert len(before) == 3
    shutil.rmtree(tmp_path / "results")
    Path(job["prompts"]).write_text("# in other words, the same\n" + Path(job["prompts"]).read_text())
    forbid_models()
    record_activations(**job | {"threads": 2})
    assert "nothing was computed" in capsys.readouterr().out
    assert {path.name: path.read_bytes() for path in (tmp_path / "results").iterdir()} == before


def test_any_other_recording_is_computed(job, tmp_path, forbid_models, monkeypatch):
    record_activations(**job)
    computed = forbid_models()
    for change in [
        {"dtype": "bfloat16"},
        {"prompt_format": "plain"},
        {"template_arguments": {}},
        *({name: job[name] + 1} for name in ("n_tokens", "top_logprobs", "batch_size")),
    ]:
        with pytest.raises(computed):
            record_activations(**job | change)
    model = tmp_path / "model"
    record = read_json(job["prefetched"])
    for path, content in [
        (job["prompts"], yaml.safe_dump({"prompts": PROMPTS[::-1]})),
        (model / "chat_template.jinja", (model / "chat_template.jinja").read_text() + "\n"),
        (model / "generation_config.json", '{"eos_token_id": [0, 1]}'),
        (job["prefetched"], record | {"weights": {"kind": "random", "seed": 1}}),
        (job["prefetched"], record | {"sha256": {"model.safetensors": "0"}}),
        (job["prefetched"], record | {"provenance": {"model": MODEL | {"revision": "step1"}}}),
    ]:
        before = Path(path).read_text() if Path(path).exists() else None
        write_json(path, content) if isinstance(content, dict) else Path(path).write_text(content)
        with pytest.raises(computed):
            record_activations(**job)
        Path(path).unlink() if before is None else Path(path).write_text(before)
    record_activations(**job)  # all is as it was
    for name in ("library_code", "versions_of"):
        with monkeypatch.context() as patch:
            patch.setattr(f"record_activations.{name}", lambda *_: "other")
            with pytest.raises(computed):
                record_activations(**job)


def _own(path: Path) -> None:
    np.savez(path, activations=np.zeros((2, 8, 3), np.float32), n_tokens=np.full(2, 3))


@pytest.mark.parametrize(
    "put",
    [_own, lambda path: path.write_bytes(b"no zip"), lambda path: np.savez(path, other=1)],
    ids=["series", "unreadable", "other arrays"],
)
def test_a_file_of_the_users_own_is_never_replaced(job, put, forbid_models):
    path = Path(job["activations"])
    path.parent.mkdir()
    put(path)
    before = path.read_bytes()
    forbid_models()
    with pytest.raises(InputError):
        record_activations(**job)
    assert path.read_bytes() == before


def test_a_recording_that_came_from_elsewhere_stays(job, forbid_models):
    record_activations(**job)
    shutil.rmtree(job["kept"])
    before = Path(job["activations"]).read_bytes()
    forbid_models()
    record_activations(**job)  # it is the one that is asked for
    with pytest.raises(InputError, match="made elsewhere"):
        record_activations(**job | {"n_tokens": 4})
    assert Path(job["activations"]).read_bytes() == before
