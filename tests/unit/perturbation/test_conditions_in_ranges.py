"""Conditions and likelihoods in ranges: the same however they are cut, and nothing taken that does not belong."""

import shutil
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from places import DEMO, MODELS
from prefetch_math import prefetch_math
from score_math import score_math
from score_solutions import score_solutions

from synergy.files.artifacts import read_json, read_jsonl, read_npz, write_json, write_jsonl, write_npz
from synergy.files.errors import InputError
from synergy.files.shards import dealt
from synergy.files.tables import write_table
from synergy.perturbation import answering, likelihood
from synergy.perturbation.condition_files import SOLUTION_ARRAYS, merge_solutions
from synergy.perturbation.problems import load_problems

N, NAMES = 9, ["baseline", "synergistic-0.5-1", "random-1.0-0", "random-1.0-1"]
RECORD = (
    "id,type,level,prompt,generated,n_tokens,extracted,extraction,gold,"
    "correct,correct_strict,grading,truncated,solution_nll,n_solution_tokens"
)
ASKED = {"dtype": "float32", "prompt_format": "plain", "template_arguments": {}, "fraction": 0.25}
ASKED |= {"prompt_style": "auto", "batch_size": 4, "threads": 1}


@pytest.fixture(scope="module")
def made_from(tmp_path_factory):
    """Problems, ranking and record of a tiny untrained model."""
    folder = tmp_path_factory.mktemp("made")
    problems, record = folder / "problems.jsonl", folder / "math.json"
    prefetch_math({"path": str(DEMO)}, "ours", 1, N, 0, str(folder / "cache"), str(problems), str(record))
    scores = [0.9, 0.1, 0.5, 0.4, 0.3, 0.2, 0.8, 0.0]
    write_table(folder / "ranking.csv", pd.DataFrame({"head_idx": range(8), "syn_red_score": scores}))
    fetched = {"source": {}, "weights": {"kind": "random", "seed": 0}, "sha256": {}, "revision": None}
    geometry = {"layers": 2, "heads": 4}
    provenance = {"model": {"key": "tiny-neox"}}
    write_json(folder / "model.json", fetched | {"geometry": geometry, "provenance": provenance})
    return {
        "problems": str(problems),
        "problems_record": str(record),
        "ranking": str(folder / "ranking.csv"),
        "record": str(folder / "model.json"),
    }


@pytest.fixture
def own_files(made_from, tmp_path):
    """Copies of the files, to be changed."""
    for path in made_from.values():
        shutil.copy(path, tmp_path)
    return {name: str(tmp_path / Path(path).name) for name, path in made_from.items()}


def asked(made_from, names, item, changes):
    torch.set_num_threads(1)
    return {"made_from": made_from, "names": names, "scatteritem": item, "model": str(MODELS / "tiny-neox")} | (
        ASKED | changes
    )


def answer(made_from, folder, names=NAMES, item="1-of-1", **changes):
    """Answer the conditions of a range; records and descriptions by condition."""
    score_math(
        **asked(
            made_from,
            names,
            item,
            {"max_new_tokens": 10, "folder": str(folder), "checksums": f"{folder}.sha256"} | changes,
        )
    )
    own = sorted(path.stem for path in folder.glob("*.jsonl"))
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{n}.json{e}" for n in own for e in ("", "l"))
    return {name: (read_jsonl(folder / f"{name}.jsonl"), read_json(folder / f"{name}.json")) for name in own}


def solve(made_from, path, names=NAMES, item="1-of-1", **changes):
    """Measure the solutions under the sets of a range."""
    score_solutions(**asked(made_from, names, item, {"n_problems": 5, "solutions": str(path)} | changes))
    return str(path)


@pytest.fixture(scope="module")
def answered(made_from, tmp_path_factory):
    """All conditions, answered by one job."""
    return answer(made_from, tmp_path_factory.mktemp("answered") / "1-of-1")


@pytest.mark.parametrize("n", [2, 3, 6])
def test_answers_do_not_depend_on_which_conditions_share_a_job(made_from, answered, tmp_path, n):
    apart = {}
    for k in range(1, n + 1):
        own = answer(made_from, tmp_path / f"{k}-of-{n}", item=f"{k}-of-{n}")
        assert sorted(own) == sorted(dealt(f"{k}-of-{n}", NAMES))
        apart |= own
    for name, (records, condition) in answered.items():
        assert apart[name][0] == records
        assert apart[name][1] | {"provenance": 0} == condition | {"provenance": 0}


def test_a_record_keeps_everything(answered):
    records, condition = answered["synergistic-0.5-1"]
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


def test_noise_changes_likelihoods_and_the_baseline_has_none(answered):
    nll = {name: [record["solution_nll"] for record in records] for name, (records, _) in answered.items()}
    assert len(set(map(tuple, nll.values()))) == len(NAMES)
    assert [name for name, (_, condition) in answered.items() if not condition["heads"]] == ["baseline"]


@pytest.mark.parametrize("missing", [range(2, 6), range(N)], ids=len)
def test_a_problem_without_solution_has_no_likelihood(own_files, answered, tmp_path, missing):
    problems = read_jsonl(own_files["problems"])
    bare = [problem | ({"solution": None} if place in missing else {}) for place, problem in enumerate(problems)]
    write_jsonl(own_files["problems"], bare)
    records, _ = answer(own_files, tmp_path / "own", ["baseline"])["baseline"]
    for place, (first, second) in enumerate(zip(answered["baseline"][0], records, strict=True)):
        found = second["solution_nll"], second["n_solution_tokens"]
        nll, n_tokens = first["solution_nll"], first["n_solution_tokens"]
        assert found == ((None, None) if place in missing else (pytest.approx(nll, abs=1e-5), n_tokens))
        assert {**first, "solution_nll": 0, "n_solution_tokens": 0} == {
            **second,
            "solution_nll": 0,
            "n_solution_tokens": 0,
        }
    arrays, _ = merge_solutions([solve(own_files, tmp_path / "nll.npz", n_problems=99)], NAMES)
    assert arrays["solution_nll"].shape == (4, N - len(missing))


def test_likelihoods_are_those_of_the_answers_and_do_not_depend_on_ranges(made_from, answered, tmp_path):
    paths = [solve(made_from, tmp_path / f"{k}.npz", item=f"{k}-of-3", n_problems=N) for k in (3, 1, 2)]
    merged, note = merge_solutions(paths, NAMES)
    whole, _ = merge_solutions([solve(made_from, tmp_path / "all.npz", n_problems=N)], NAMES)
    np.testing.assert_array_equal(merged["solution_nll"], whole["solution_nll"])
    assert merged["condition"].tolist() == NAMES
    assert note["parameters"]["n_problems"] == N
    for name, row in zip(NAMES, merged["solution_nll"], strict=True):
        np.testing.assert_allclose(row, [record["solution_nll"] for record in answered[name][0]], atol=1e-5)


def test_some_solutions_are_spread_over_all(made_from, tmp_path):
    arrays, _ = merge_solutions([solve(made_from, tmp_path / "nll.npz", n_problems=3)], NAMES)
    ids = [problem.id for problem in load_problems(made_from["problems"])]
    assert arrays["problem_id"].tolist() == ids[::3]


def die_at(monkeypatch, module, function, n):
    """Let a job die, as a killed one does, at a call."""
    real, calls = getattr(module, function), iter(range(99))

    def dying(*arguments):
        if next(calls) == n:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(module, function, dying)


@pytest.mark.parametrize("after", [1, 3])
def test_a_killed_job_goes_on_after_its_finished_conditions(made_from, answered, tmp_path, monkeypatch, after, capsys):
    kept = str(tmp_path / "kept")
    with monkeypatch.context() as patch:
        die_at(patch, answering, "answer_and_grade", after)
        with pytest.raises(KeyboardInterrupt):
            answer(made_from, tmp_path / "own", kept=kept)
    assert not (tmp_path / "own").exists()
    with monkeypatch.context() as patch:
        die_at(patch, answering, "answer_and_grade", len(NAMES) - after)
        again = answer(made_from, tmp_path / "own", kept=kept)
    assert {name: records for name, (records, _) in again.items()} == {
        name: records for name, (records, _) in answered.items()
    }


@pytest.mark.parametrize("after", [1, 3])
def test_killed_likelihoods_go_on_after_their_finished_sets(made_from, tmp_path, monkeypatch, after):
    whole = read_npz(solve(made_from, tmp_path / "whole.npz"))[0]
    with monkeypatch.context() as patch:
        die_at(patch, likelihood, "solution_nll", after)
        with pytest.raises(KeyboardInterrupt):
            solve(made_from, tmp_path / "own.npz")
    with monkeypatch.context() as patch:
        die_at(patch, likelihood, "solution_nll", len(NAMES) - after)
        again = read_npz(solve(made_from, tmp_path / "own.npz"))[0]
    np.testing.assert_array_equal(again["solution_nll"], whole["solution_nll"])
    assert sorted(path.suffix for path in tmp_path.glob("own*")) == [".npz"]


def replace_in(path, old, new):
    before = Path(path).read_text()
    assert before.count(old)
    Path(path).write_text(before.replace(old, new, 1))
    return before


def test_the_same_answers_and_likelihoods_are_found_and_not_computed(own_files, tmp_path, forbid_models, capsys):
    kept = {"kept": str(tmp_path / "kept")}
    names = ["baseline", "synergistic-0.5-1"]
    first = answer(own_files, tmp_path / "first", names, **kept)
    nll = read_npz(solve(own_files, tmp_path / "first.npz", names, **kept))[0]
    replace_in(own_files["ranking"], "0.5", "0.4999")  # neither of the two heads with the highest scores
    forbid_models()
    assert answer(own_files, tmp_path / "second", names[::-1], threads=2, **kept) == first
    again = read_npz(solve(own_files, tmp_path / "second.npz", names, threads=2, **kept))[0]
    np.testing.assert_array_equal(again["solution_nll"], nll["solution_nll"])
    assert "nothing was computed" in capsys.readouterr().out


JOBS = {
    "answers": (answer, {"max_new_tokens": 11}),
    "likelihoods": (solve, {"n_problems": 4}),
}


@pytest.mark.parametrize("what", JOBS)
def test_anything_else_is_computed(own_files, tmp_path, forbid_models, monkeypatch, what):
    job, own_setting = JOBS[what]
    kept, place = {"kept": str(tmp_path / "kept")}, tmp_path / "made.x"
    job(own_files, place, ["synergistic-0.5-1"], **kept)
    computed = forbid_models()
    settings = {"fraction": 0.5, "prompt_style": "zero_shot", "dtype": "bfloat16", "batch_size": 5, **own_setting}
    changes = [{name: value} for name, value in settings.items()]
    for change in [*changes, {"template_arguments": {"enable_thinking": False}}, {"kept": None}]:
        with pytest.raises(computed):
            job(own_files, tmp_path / "other.x", ["synergistic-0.5-1"], **kept | change)
    for name in ("redundant-0.5-1", "synergistic-0.5-2", "synergistic-0.6-1"):
        with pytest.raises(computed):
            job(own_files, tmp_path / "other.x", [name], **kept)
    first = load_problems(own_files["problems"])[0]
    for name, old, new, decides in [
        ("problems", first.solution[:20], "So", True),
        ("problems_record", "13. The final", "13. Thus the final", True),
        ("ranking", "0.9", "0.0", True),
        ("ranking", "0.5", "0.4999", False),
        ("record", '"seed": 0', '"seed": 1', True),
        ("record", "tiny-neox", "tiny", True),
    ]:
        before = replace_in(own_files[name], old, new)
        with pytest.raises(computed) if decides else nullcontext():
            job(own_files, tmp_path / "other.x", ["synergistic-0.5-1"], **kept)
        Path(own_files[name]).write_text(before)
        shutil.rmtree(tmp_path / "other.x", ignore_errors=True)
    module = {"answers": "score_math", "likelihoods": "score_solutions"}[what]
    monkeypatch.setattr(f"{module}.versions_of", lambda *names: dict.fromkeys(names, "0"))
    with pytest.raises(computed):
        job(own_files, tmp_path / "other.x", ["synergistic-0.5-1"], **kept)


def test_wrong_names_leave_nothing(made_from, tmp_path):
    for job, ending in ((answer, ""), (solve, ".npz")):
        with pytest.raises(InputError, match=r"such as random-0\.5-0; found 'random-0\.5'"):
            job(made_from, tmp_path / f"own{ending}", ["baseline", "random-0.5"])
    assert list(tmp_path.iterdir()) == []


def spoilt(path, **changes):
    arrays, note = read_npz(path, SOLUTION_ARRAYS)
    write_npz(path, note | changes.pop("note", {}), **arrays | changes)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"fingerprint": np.array("1")}, "the fingerprint of"),
        ({"problem_id": np.array(list("abcde"))}, "the problem_id of"),
        ({"note": {"parameters": {"dtype": "bfloat16"}}}, "measured in the same way"),
        ({"solution_nll": np.full((2, 5), np.nan)}, "finite solution_nll"),
        ({"solution_nll": np.ones((2, 4))}, "a row a set and a column a problem"),
        ({"solution_nll": np.ones((2, 5), int)}, r"finite solution_nll.*found int64"),
        ({"condition": np.array(["baseline", "random-1.0-0"])}, "once more in"),
        ({"condition": np.array(["synergistic-0.5-1", "random-9.0-0"])}, "each set of heads once, and no other"),
    ],
    ids=str,
)
def test_ranges_that_do_not_belong_together_are_named(made_from, tmp_path, changes, expected):
    paths = [solve(made_from, tmp_path / f"{k}.npz", item=f"{k}-of-2") for k in (1, 2)]
    spoilt(paths[1], **changes)
    with pytest.raises(InputError, match=expected) as error:
        merge_solutions(paths, NAMES)
    assert f"delete {paths[1]}" in str(error.value)


def test_a_missing_range_is_named_by_its_set(made_from, tmp_path):
    path = solve(made_from, tmp_path / "1.npz", item="1-of-2")
    with pytest.raises(InputError, match=r"found none of synergistic-0\.5-1"):
        merge_solutions([path], NAMES)
