"""Answers in shards: the same however they are cut, and nothing merged that does not belong together."""

import json
import shutil
from contextlib import nullcontext
from pathlib import Path

import pandas as pd
import pytest
import torch
from merge_problems import merge_problems
from places import DEMO, MODELS
from prefetch_math import prefetch_math
from score_math import score_math

from synergy.files.artifacts import read_json, read_jsonl, write_json, write_jsonl
from synergy.files.errors import InputError
from synergy.files.shards import item_range
from synergy.files.tables import write_table
from synergy.perturbation.problems import load_problems

N, CONDITION = 9, "synergistic-0.5-1"
RECORD = (
    "id,type,level,prompt,generated,n_tokens,extracted,extraction,gold,"
    "correct,correct_strict,grading,truncated,solution_nll,n_solution_tokens"
)
STANZA = {"dtype": "float32", "prompt_format": "plain", "template_arguments": {}}
ASKED = {"fraction": 0.25, "prompt_style": "auto", "max_new_tokens": 10, "batch_size": 4, "threads": 1}


@pytest.fixture(scope="module")
def made_from(tmp_path_factory):
    """Problems, ranking and record of a tiny untrained model."""
    folder = tmp_path_factory.mktemp("made")
    problems, record = folder / "problems.jsonl", folder / "math.json"
    prefetch_math({"path": str(DEMO)}, "ours", 1, N, 0, str(folder / "cache"), str(problems), str(record))
    scores = [0.9, 0.1, 0.5, 0.4, 0.3, 0.2, 0.8, 0.0]
    write_table(folder / "ranking.csv", pd.DataFrame({"head_idx": range(8), "syn_red_score": scores}))
    fetched = {"source": {}, "weights": {"kind": "random", "seed": 0}, "sha256": {}, "revision": None}
    write_json(
        folder / "model.json",
        fetched | {"geometry": {"layers": 2, "heads": 4}, "provenance": {"model": {"key": "tiny-neox"}}},
    )
    return {
        "problems": str(problems),
        "problems_record": str(record),
        "ranking": str(folder / "ranking.csv"),
        "record": str(folder / "model.json"),
    }


def score(made_from, path, item="1-of-1", condition=CONDITION, **changes):
    torch.set_num_threads(1)
    asked = {"model": str(MODELS / "tiny-neox"), **STANZA, **ASKED, **changes}
    score_math(made_from=made_from, condition=condition, scatteritem=item, shard=str(path), **asked)
    return str(path)


def merge(made_from, shards, folder, condition=CONDITION):
    fraction = ASKED["fraction"]
    merge_problems(
        shards, made_from, condition, fraction, str(folder / "records.jsonl"), str(folder / "condition.json")
    )
    return read_jsonl(folder / "records.jsonl"), read_json(folder / "condition.json")


@pytest.fixture(scope="module")
def shards(made_from, tmp_path_factory):
    """Four shards of nine problems."""
    folder = tmp_path_factory.mktemp("shards")
    return [score(made_from, folder / f"{k}.jsonl", f"{k}-of-4") for k in range(1, 5)]


@pytest.fixture
def copies(shards, tmp_path):
    """The shards once more, to be spoilt."""
    for path in shards:
        (tmp_path / Path(path).name).write_bytes(Path(path).read_bytes())
    return [str(tmp_path / Path(path).name) for path in shards]


def spoil(path, line=0, **changes):
    """Change keys of a line of a shard."""
    lines = Path(path).read_text().splitlines()
    lines[line] = json.dumps(json.loads(lines[line]) | changes)
    Path(path).write_text("\n".join(lines) + "\n")


def test_records_do_not_depend_on_the_shards(made_from, shards, tmp_path):
    """In float32, where company in a batch moves no greedy token of this model, and likelihoods in the 6th digit."""
    together, noise = merge(made_from, shards[::-1], tmp_path)
    one, noise_of_one = merge(made_from, [score(made_from, tmp_path / "whole.jsonl")], tmp_path)
    assert [record["id"] for record in together] == [
        json.loads(line)["id"] for line in Path(made_from["problems"]).read_text().splitlines()
    ]
    assert noise["noise"] == noise_of_one["noise"]
    for first, second in zip(together, one, strict=True):
        assert first.pop("solution_nll") == pytest.approx(second.pop("solution_nll"), abs=1e-5)
        assert first == second


def test_more_shards_than_problems_are_fine(made_from, tmp_path):
    shards = [score(made_from, tmp_path / f"{k}.jsonl", f"{k}-of-{N + 2}") for k in (1, 2)]
    assert len(read_jsonl(shards[0])) == 1
    ranges = [item_range(f"{k}-of-{N + 2}", N) for k in range(1, N + 3)]
    assert [place for own in ranges for place in own] == list(range(N))


def test_a_record_keeps_everything(made_from, shards, tmp_path):
    records, condition = merge(made_from, shards, tmp_path)
    for record in records:
        assert ",".join(record) == RECORD
        assert record["prompt"].endswith("\nAnswer:")
        assert record["prompt"].count("Problem:") == 2  # one exemplar
        assert record["n_tokens"] <= 10
        assert record["solution_nll"] > 0
    assert (condition["condition"], condition["sigma"], condition["seed"]) == ("synergistic", 0.5, 1)
    assert condition["heads"] == [0, 6]
    assert condition["n_problems"] == N
    noise = condition["noise"]
    assert noise["weights_sha256"] == noise["restored_weights_sha256"] != noise["noisy_weights_sha256"]
    assert condition["provenance"]["parameters"]["style"] == "few_shot"
    assert condition["provenance"]["model"] == {"key": "tiny-neox"}


def test_noise_changes_answers_and_likelihoods(made_from, tmp_path):
    conditions = ["baseline", "random-1.0-0", "random-1.0-1"]
    nll = []
    for name in conditions:
        records, made = merge(made_from, [score(made_from, tmp_path / f"{name}.jsonl", condition=name)], tmp_path, name)
        nll.append([record["solution_nll"] for record in records])
        assert bool(made["heads"]) == (name != "baseline")
    assert nll[0] != nll[1] != nll[2] != nll[0]


@pytest.mark.parametrize("missing", [range(2, 6), range(N)])
def test_a_problem_without_solution_has_no_likelihood(own_files, shards, tmp_path, missing):
    whole, _ = merge(own_files, shards, tmp_path)
    problems = read_jsonl(own_files["problems"])
    bare = [problem | ({"solution": None} if place in missing else {}) for place, problem in enumerate(problems)]
    write_jsonl(own_files["problems"], bare)
    own = [score(own_files, tmp_path / f"{k}.jsonl", f"{k}-of-2") for k in (1, 2)]
    records, _ = merge(own_files, own, tmp_path)
    for place, (first, second) in enumerate(zip(whole, records, strict=True)):
        nll, n_tokens = first.pop("solution_nll"), first.pop("n_solution_tokens")
        expected = (None, None) if place in missing else (pytest.approx(nll, abs=1e-5), n_tokens)
        assert (second.pop("solution_nll"), second.pop("n_solution_tokens")) == expected
        assert first == second
    spoil(own[0], 1 + missing[0], solution_nll=1.5)
    with pytest.raises(InputError, match=rf"null .* for solution_nll of {own[0]}:{2 + missing[0]}; found 1\.5"):
        merge(own_files, own, tmp_path)


@pytest.mark.parametrize("missing", range(4))
def test_a_missing_shard_is_a_gap(made_from, shards, tmp_path, missing):
    found = "after the first problem" if missing == 0 else f"after {shards[missing - 1]}"
    with pytest.raises(InputError, match="run the workflow again to make") as error:
        merge(made_from, shards[:missing] + shards[missing + 1 :], tmp_path)
    assert "problems missing" in str(error.value)
    assert found in str(error.value)


def test_an_overlap_names_both(made_from, shards, tmp_path):
    other = score(made_from, tmp_path / "other.jsonl", "1-of-2")
    with pytest.raises(InputError, match="delete both") as error:
        merge(made_from, [*shards, other], tmp_path)
    assert other in str(error.value)
    assert "overlaps" in str(error.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"fingerprint": "0" * 64}, "answers to these problems by this model"),
        ({"condition": "baseline"}, f"answers under {CONDITION}"),
        ({"parameters": {"max_new_tokens": 11}}, "max_new_tokens 11 beside 10"),
        ({"noise": {"matrices": [], "noisy_weights_sha256": "0"}}, "the same noise"),
        ({"first_problem": 3}, "the 1 problems 3 to 3"),
    ],
)
def test_a_shard_that_does_not_belong_is_named(made_from, copies, tmp_path, changes, expected):
    spoil(copies[1], **changes)
    with pytest.raises(InputError, match=expected) as error:
        merge(made_from, copies, tmp_path)
    assert f"delete {copies[1]}" in str(error.value)
    assert not (tmp_path / "records.jsonl").exists()


def test_an_answer_that_is_none_is_named_with_its_line(made_from, copies, tmp_path):
    spoil(copies[2], 2, solution_nll=None)  # as NaN is written
    with pytest.raises(InputError, match=rf"for solution_nll of {copies[2]}:3"):
        merge(made_from, copies, tmp_path)


@pytest.mark.parametrize("kept", [0, 1, 1.5, 2])
def test_a_shard_that_was_cut_off_is_named(made_from, copies, tmp_path, kept):
    lines = Path(copies[3]).read_text().splitlines(keepends=True)
    half = lines[int(kept)][: 40 if kept % 1 else 0]
    Path(copies[3]).write_text("".join(lines[: int(kept)]) + half)
    with pytest.raises(InputError, match=copies[3]):
        merge(made_from, copies, tmp_path)


@pytest.fixture
def own_files(made_from, tmp_path):
    """Copies of the files, to be changed."""
    for path in made_from.values():
        shutil.copy(path, tmp_path)
    return {name: str(tmp_path / Path(path).name) for name, path in made_from.items()}


def replace_in(path, old, new):
    before = Path(path).read_text()
    assert before.count(old)
    Path(path).write_text(before.replace(old, new, 1))
    return before


def test_a_shard_of_the_same_answers_is_found_and_merged(own_files, tmp_path, forbid_models, capsys):
    made = {"path": tmp_path / "shard.jsonl", "kept": str(tmp_path / "kept")}
    score(own_files, **made)
    merged = merge(own_files, [made["path"]], tmp_path)
    whole = made["path"].read_bytes()
    made["path"].unlink()
    replace_in(own_files["ranking"], "0.5", "0.4999")  # neither of the two heads with the highest scores
    forbid_models()
    score(own_files, **made, threads=2)
    assert "nothing was computed" in capsys.readouterr().out
    assert made["path"].read_bytes() == whole
    assert merge(own_files, [made["path"]], tmp_path) == merged


def test_any_other_shard_is_computed(own_files, tmp_path, forbid_models, monkeypatch):
    made = {"path": tmp_path / "shard.jsonl", "item": "1-of-2", "kept": str(tmp_path / "kept")}
    score(own_files, **made)
    computed = forbid_models()
    settings = {"item": "1-of-3", "condition": "redundant-0.5-1", "fraction": 0.5, "prompt_style": "zero_shot"}
    other = [{"dtype": "bfloat16"}, {"template_arguments": {"enable_thinking": False}}]
    changes = [{name: value} for name, value in {**settings, "max_new_tokens": 11, "batch_size": 5}.items()]
    for change in [*changes, *other, {"condition": "synergistic-0.5-2"}]:
        with pytest.raises(computed):
            score(own_files, **made | change)
    first, *_, last = load_problems(own_files["problems"])
    for name, old, new, decides in [
        ("problems", first.solution[:20], "So", True),
        ("problems", last.solution[:20], "So", False),  # of the other shard
        ("problems_record", "13. The final", "13. Thus the final", True),
        ("ranking", "0.9", "0.0", True),
        ("record", '"seed": 0', '"seed": 1', True),
    ]:
        before = replace_in(own_files[name], old, new)
        with pytest.raises(computed) if decides else nullcontext():
            score(own_files, **made)
        Path(own_files[name]).write_text(before)
    monkeypatch.setattr("score_math.versions_of", lambda *names: dict.fromkeys(names, "0"))
    with pytest.raises(computed):
        score(own_files, **made)


@pytest.mark.parametrize(
    ("name", "old", "new", "belongs"),
    [
        ("problems", "What is 6 + 4?", "What is 4 + 6?", False),
        ("problems_record", "13. The final", "13. Thus the final", False),
        ("ranking", "0.9", "0.0", False),
        ("ranking", "0.5", "0.4999", True),
        ("record", '"seed": 0', '"seed": 1', False),
        ("record", "tiny-neox", "tiny", True),  # who made the record, and when, does not matter
    ],
)
def test_a_shard_belongs_to_what_decides_its_answers(own_files, shards, tmp_path, name, old, new, belongs):
    replace_in(own_files[name], old, new)
    with nullcontext() if belongs else pytest.raises(InputError, match="answers to these problems by this model"):
        merge(own_files, shards, tmp_path)
