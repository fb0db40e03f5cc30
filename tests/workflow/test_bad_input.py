"""Bad input ends in one message that says what was expected, what was found and what to do."""

import re

import pytest
import yaml
from workflow_run import snakemake

MESSAGE = re.compile(r"ERROR: Expected (.+?); found (.+?)\.\n +Hint: (.+)", re.DOTALL)


def failure(tmp_path, overlay, *targets):
    """Run with an overlay on the smoke config; return the last message in one line and the files left behind."""
    path = tmp_path / "overlay.yaml"
    path.write_text(yaml.safe_dump(overlay))
    folder = tmp_path / "run"
    arguments = ("--directory", str(folder), "--cores", "1", "--configfile", "config/smoke.yaml", str(path))
    text = snakemake(*arguments, "--", *targets, check=False)
    messages = MESSAGE.findall(text)
    assert len(messages) == 1, text
    assert "Traceback" not in text
    left = [p for p in folder.rglob("*") if p.is_file() and not {".snakemake", "logs", "benchmarks"} & set(p.parts)]
    return " | ".join(messages[0]), left


def test_unknown_model_key_in_the_study(tmp_path):
    message, left = failure(tmp_path, {"study": ["gema3-4b"]})
    assert "at study | 'gema3-4b' | use gemma3-4b" in message
    assert not left


def test_unknown_model_key_in_a_path(tmp_path):
    message, _ = failure(tmp_path, {}, "results/figures/gpt5_graph_cores.png")
    assert "'gpt5'" in message


def test_unknown_control(tmp_path):
    message, _ = failure(tmp_path, {"models": {"tiny-neox": {"control": "tiny-nix"}}})
    assert "at models.tiny-neox.control | 'tiny-nix'" in message


@pytest.mark.parametrize(
    ("overlay", "key"),
    [
        ({"recordng": {}}, "'recordng' was unexpected"),
        ({"recording": {"n_token": 5}}, "at recording: .*'n_token' was unexpected"),
        ({"recording": {"n_tokens": "many"}}, "at recording.n_tokens"),
        ({"models": {"tiny-neox": {"heads": 0}}}, "at models.tiny-neox.heads"),
        ({"models": {"tiny-neox": {"dtype": "int4"}}}, "at models.tiny-neox.dtype"),
        ({"models": {"new_model": {"source": {"path": "x"}, "layers": 1, "heads": 1}}}, "'new_model'"),
        ({"models": {"new": {"source": {"path": "x"}, "layers": 1}}}, "'heads' is a required property"),
        ({"decomposition": {"null": {"kind": "none"}}}, "at decomposition.null.kind"),
        (
            {"models": {"tiny-neox": {"revisions": ["step1"]}}},
            "at models.tiny-neox.source: 'hub' is a required property",
        ),
        ({"math": {"sigma": 0.3}}, "math.sigma to be one of math.sigmas"),
        ({"math": {"sigmas": [0]}}, "at math.sigmas"),
        ({"math": {"problems": {"hub": "org/set"}}}, "at math.problems"),
        ({"problem_sets": {"mine": {"file": "p.jsonl"}}}, "at problem_sets.mine"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_config_names_the_key(tmp_path, overlay, key):
    message, left = failure(tmp_path, overlay)
    assert re.search(key, message)
    assert not left


@pytest.mark.parametrize(("key", "declared", "actual"), [("heads", 5, 4), ("layers", 3, 2)])
def test_geometry_that_contradicts_the_checkpoint(tmp_path, key, declared, actual):
    overlay = {"models": {"tiny-gemma3": {key: declared}}}
    message, left = failure(tmp_path, overlay, "results/prefetch/tiny-gemma3.json")
    assert f"models.tiny-gemma3.{key}: {actual}" in message
    assert f"{declared} in the config" in message
    assert not left


def test_model_folder_that_is_not_there(tmp_path):
    overlay = {"models": {"tiny-neox": {"source": {"path": "nowhere"}}}}
    message, left = failure(tmp_path, overlay, "results/prefetch/tiny-neox.json")
    assert "nowhere" in message
    assert not left


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [
        ([{"id": "a", "category": "c", "text": "One."}], "2"),
        ([{"id": "a", "category": "c", "text": "One."}, {"id": "a", "category": "c", "text": "Two."}], "'a'"),
        ([{"id": "a", "category": "c", "text": "One."}, {"id": "b", "category": "c"}], "text"),
    ],
    ids=["one prompt", "duplicate id", "no text"],
)
def test_prompts_file(tmp_path, prompts, expected):
    path = tmp_path / "prompts.yaml"
    path.write_text(yaml.safe_dump({"prompts": prompts}))
    target = "results/activations/tiny-neox_activations.npz"
    message, left = failure(tmp_path, {"prompts": str(path)}, target)
    assert str(path) in message
    assert expected in message
    assert not [p for p in left if "activations" in p.name]


@pytest.mark.parametrize(
    ("math", "lines", "expected"),
    [
        ({"problems": "math500"}, None, r"a problem set at .*math500 \| no such file \| .* key of problem_sets"),
        ({}, ["{"], "a JSON object at .*:1"),
        ({}, ['{"problem": "1 + 1?", "level": "Level 1", "type": "A", "solution": "2"}'], "boxed{}.* in 'solution'"),
        ({}, ['{"question": "1 + 1?", "answer": "2"}'], "'#### n' at the end of 'answer'"),
        ({"n_problems": 2}, ['{"question": "1 + 1?", "answer": "#### 2"}'], "n = 2, with 1 problems in the set"),
        ({"exemplars": "train"}, ['{"question": "1 + 1?", "answer": "#### 2"}'], "a set with a split 'train'"),
        ({"shots": 6}, ['{"question": "1 + 1?", "answer": "#### 2"}'], "6 exemplars of our own"),
    ],
    ids=["unknown set", "no JSON", "no box", "no hashes", "too many asked", "no train split", "too many shots"],
)
def test_problem_sets(tmp_path, math, lines, expected):
    if lines:
        (tmp_path / "problems.jsonl").write_text("\n".join(lines))
        math = {"problems": {"path": str(tmp_path / "problems.jsonl")}, "n_problems": 1} | math
    message, left = failure(tmp_path, {"math": math}, "results/prefetch/math.json")
    assert re.search(expected, message)
    assert not [path for path in left if "math" in path.parts]
