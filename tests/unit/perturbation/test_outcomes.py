"""Tables and comparisons of conditions, from graded answers on disk."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from artifacts import list_checksums
from merge_math import merge_math

from synergy.files.artifacts import write_json, write_jsonl
from synergy.files.errors import InputError
from synergy.files.tables import read_table
from synergy.perturbation.condition_files import write_solutions
from synergy.perturbation.outcomes import (
    CONDITION_COLUMNS,
    GROUP_COLUMNS,
    Scores,
    compare_conditions,
    condition_rows,
    read_scores,
)
from synergy.perturbation.problems import Problem
from synergy.statistics.inference import mcnemar, paired_score_interval, rank_floor, wilson_interval

N = 40
EXTRACTIONS = ("boxed", "stated", "fallback", "none")
DRAWN = {"permutations": 500, "seed": 0}
FINGERPRINT = "0" * 64
PARAMETERS = {"style": "few_shot", "max_new_tokens": 64}


def condition(folder, name, correct, nll=1.0, ids=None, parameters=PARAMETERS, fingerprint=FINGERPRINT, **changes):
    """Write the answers under one condition; return the two paths."""
    kind, sigma, seed = name.split("-") if "-" in name else (name, 0, 0)
    records = [
        {
            "id": f"p{k}" if ids is None else ids[k],
            "type": "AB"[k % 2],
            "level": f"Level {1 + k % 4}",
            "generated": "",
            "extracted": None,
            "correct": bool(right),
            "correct_strict": bool(right) and k % 2 == 0,
            "truncated": k < 4,
            "grading": ("grader_timeout" if k == 0 else "ungradable" if k in (1, 2) else "graded"),
            "extraction": EXTRACTIONS[k % 8 // 2],
            "solution_nll": nll + 0.01 * k,
        }
        | {key: value[k] if isinstance(value, list) else value for key, value in changes.items()}
        for k, right in enumerate(correct)
    ]
    write_jsonl(folder / f"{name}.jsonl", records)
    made = {"condition": kind, "sigma": float(sigma), "seed": int(seed), "fingerprint": fingerprint}
    write_json(folder / f"{name}.json", made | {"provenance": {"parameters": parameters, "model": {"key": "m"}}})
    return str(folder / f"{name}.jsonl"), str(folder / f"{name}.json")


def draw(share, seed):
    return np.random.default_rng(seed).random(N) < share


@pytest.fixture
def paths(tmp_path):
    made = [condition(tmp_path, "baseline", draw(0.9, 0))]
    for kind, share, nll in (("synergistic", 0.2, 3.0), ("redundant", 0.8, 1.1), ("random", 0.5, 2.0)):
        made += [
            condition(tmp_path, f"{kind}-{s}-{k}", draw(share, 7 * k + 1), nll + k) for s in (0.5, 1.0) for k in (0, 1)
        ]
    return tuple(map(list, zip(*made, strict=True)))


def merged(tmp_path, paths, likelihoods=None, sigma=0.5):
    """Table, statistics and groups of conditions, and of sets of heads with the likelihoods of solutions."""
    answered = Path(paths[0][0]).parent
    outputs = {name: str(tmp_path / f"out.{name}") for name in ("table", "statistics", "groups")}
    nll = np.array(list((likelihoods or {"baseline": []}).values()))
    solved = [Problem(f"p{k}", "1 + 1?", "Level 1", "A", "2", "2") for k in range(nll.shape[1])]
    sets = list(likelihoods or ["baseline"])
    write_solutions(tmp_path / "range.npz", {"parameters": {}}, sets, solved, nll, FINGERPRINT)
    places = {
        what: [str(tmp_path / "merged" / Path(path).name) for path in of_kind]
        for what, of_kind in zip(("records", "conditions"), paths, strict=True)
    }
    merge_math(
        [str(answered)],
        [list_checksums(answered)],
        [str(tmp_path / "range.npz")],
        sets,
        sigma=sigma,
        solutions=str(tmp_path / "merged.npz"),
        **DRAWN,
        **places,
        **outputs,
    )
    statistics = json.loads((tmp_path / "out.statistics").read_text())
    return read_table(outputs["table"]), statistics, read_table(outputs["groups"])


def test_the_table_counts_the_answers(tmp_path, paths):
    rows, _, _ = merged(tmp_path, paths)
    assert tuple(rows) == CONDITION_COLUMNS
    assert list(rows)[:6] == ["condition", "sigma", "seed", "n_problems", "n_correct", "accuracy"]
    conditions = [["baseline", 0, 0], ["synergistic", 0.5, 0], ["synergistic", 0.5, 1]]
    assert rows[["condition", "sigma", "seed"]][:3].to_numpy().tolist() == conditions
    n_correct = draw(0.9, 0).sum()
    baseline = rows.iloc[0]
    assert baseline["n_correct"] == n_correct
    assert baseline["accuracy"] == n_correct / N
    assert (baseline["accuracy_ci_low"], baseline["accuracy_ci_high"]) == pytest.approx(wilson_interval(n_correct, N))
    assert baseline["truncated_fraction"] == pytest.approx(4 / N)
    assert baseline["solution_nll"] == pytest.approx(1 + 0.01 * (N - 1) / 2)
    assert baseline["accuracy_strict"] == pytest.approx(draw(0.9, 0)[::2].sum() / N)
    assert baseline[["n_no_answer", "n_grader_timeout", "n_ungradable"]].tolist() == [0, 1, 2]
    assert baseline[["n_boxed", "n_stated", "n_fallback", "n_none"]].tolist() == [10, 10, 10, 10]
    given = draw(0.9, 0)[[k for k in range(N) if k % 8 < 4]]
    assert baseline["n_correct_boxed_or_stated"] == given.sum()
    assert baseline["accuracy_boxed_or_stated"] == given.sum() / 20
    interval = baseline[["accuracy_boxed_or_stated_ci_low", "accuracy_boxed_or_stated_ci_high"]].tolist()
    assert interval == pytest.approx(wilson_interval(given.sum(), 20))
    # New columns stand behind those that were there.
    assert list(rows)[-8:] == [
        "n_boxed",
        "n_stated",
        "n_fallback",
        "n_none",
        "n_correct_boxed_or_stated",
        "accuracy_boxed_or_stated",
        "accuracy_boxed_or_stated_ci_low",
        "accuracy_boxed_or_stated_ci_high",
    ]


@pytest.mark.parametrize(
    ("extraction", "counts"),
    [
        (["boxed"] * 5 + ["fallback"] * 30 + ["none"] * 5, [5, 0, 30, 5]),
        (["stated"] * N, [0, N, 0, 0]),
        (["fallback"] * 39 + ["none"], [0, 0, 39, 1]),
    ],
)
def test_answers_that_were_boxed_or_stated_stand_beside_the_whole(tmp_path, extraction, counts):
    right = [k % 3 == 0 for k in range(N)]
    made = condition(tmp_path, "baseline", right, extraction=extraction)
    rows, _, _ = merged(tmp_path, [[path] for path in made])
    assert rows.loc[0, ["n_boxed", "n_stated", "n_fallback", "n_none"]].tolist() == counts
    given = [own for own, kind in zip(right, extraction, strict=True) if kind in ("boxed", "stated")]
    assert rows.loc[0, "n_correct_boxed_or_stated"] == sum(given)
    columns = [name for name in rows if name.startswith("accuracy_boxed_or_stated")]
    if given:
        assert rows.loc[0, columns].tolist() == pytest.approx(
            [np.mean(given), *wilson_interval(sum(given), len(given))]
        )
    else:
        assert rows.loc[0, columns].isna().all()


def test_changes_are_from_the_baseline_problem_by_problem(tmp_path, paths):
    rows, _, _ = merged(tmp_path, paths)
    assert rows.loc[0, ["accuracy_change", "mcnemar_p", "nll_change"]].isna().all()
    right, before = draw(0.2, 1), draw(0.9, 0)
    assert rows.loc[1, "accuracy_change"] == pytest.approx(right.mean() - before.mean())
    assert rows.loc[1, "mcnemar_p"] == pytest.approx(mcnemar(right, before)[2])
    bounds = paired_score_interval((right & ~before).sum(), (before & ~right).sum(), N)
    assert rows.loc[1, ["accuracy_change_ci_low", "accuracy_change_ci_high"]].tolist() == pytest.approx(bounds)
    # The same rise of every problem's NLL is certain, however much problems differ.
    assert rows.loc[2, ["nll_change", "nll_change_ci_low", "nll_change_ci_high"]].tolist() == pytest.approx([3.0] * 3)


def test_subjects_and_levels_add_up(tmp_path, paths):
    rows, _, groups = merged(tmp_path, paths)
    assert tuple(groups) == GROUP_COLUMNS
    groups["nll"] = groups["n_problems"] * groups["solution_nll"] / N
    whole = rows.set_index(["condition", "sigma", "seed"])
    for grouping, names in (("subject", {"A", "B"}), ("level", {f"Level {k}" for k in range(1, 5)})):
        own = groups[groups["grouping"] == grouping].groupby(["condition", "sigma", "seed"])
        assert (own["group"].agg(set) == names).all()
        parts = own[["n_problems", "n_correct", "nll"]].sum().loc[whole.index]
        np.testing.assert_allclose(parts, whole[["n_problems", "n_correct", "solution_nll"]])


def test_every_pair_is_compared_at_every_strength_and_seed(tmp_path, paths):
    _, statistics, _ = merged(tmp_path, paths)
    assert statistics["n_problems"] == N
    assert statistics["provenance"]["parameters"] == {**DRAWN, **PARAMETERS, "sigma": 0.5}
    pairs = {frozenset((r["first"], r["second"])) for r in statistics["pooled"]}
    assert len(pairs) == 6
    assert len(statistics["pooled"]) == 6 * 2 * 2  # pairs, strengths, measures
    assert len(statistics["mcnemar"]) == 6 * 2 * 2  # pairs, strengths, seeds
    for record in statistics["mcnemar"]:
        assert record["p_value"] <= 1


def pooled(statistics, first, second, sigma, measure):
    """The one record of two conditions, and the sign of first minus second in it."""
    named = {(first, second): 1, (second, first): -1}
    (found,) = [
        (record, named[record["first"], record["second"]])
        for record in statistics["pooled"]
        if (record["first"], record["second"]) in named and (record["sigma"], record["measure"]) == (sigma, measure)
    ]
    return found


def test_pooled_differences_average_seeds_within_problems(paths):
    statistics = compare_conditions(read_scores(*paths), 2000, 0)
    by_seed = [draw(0.2, s).astype(float) - draw(0.8, s) for s in (1, 8)]
    found, sign = pooled(statistics, "synergistic", "redundant", 0.5, "accuracy")
    assert sign * found["difference"] == pytest.approx(np.mean(by_seed))
    assert found["p_value"] < 0.01
    assert found["ci_low"] < found["difference"] < found["ci_high"]
    assert not found["ci_low"] <= 0 <= found["ci_high"]
    assert sign * np.array(found["by_seed"]) == pytest.approx([difference.mean() for difference in by_seed])
    # The baseline, run once, stands beside every seed.
    against, sign = pooled(statistics, "synergistic", "baseline", 1.0, "solution_nll")
    assert sign * np.array(against["by_seed"]) == pytest.approx([2.0, 3.0])


def test_cores_take_their_ranks_among_random_sets(tmp_path):
    """Nine random sets: the synergistic core is below all in accuracy, the redundant one amid them."""
    made = [condition(tmp_path, "baseline", draw(0.9, 0))]
    shares = {"synergistic-0.5-0": 0.1, "redundant-0.5-0": 0.5} | {f"random-0.5-{k}": 0.45 for k in range(9)}
    made += [condition(tmp_path, name, draw(share, k)) for k, (name, share) in enumerate(shares.items())]
    likelihoods = {"synergistic-0.5-0": np.full(6, 4.0), "synergistic-0.5-1": np.full(6, 6.0)}
    likelihoods |= {"redundant-0.5-0": np.full(6, 0.5)} | {f"random-0.5-{k}": np.full(6, 1.0 + k) for k in range(19)}
    paths = list(zip(*made, strict=True))
    _, statistics, _ = merged(tmp_path, paths, likelihoods)
    found = {(record["measure"], record["core"]): record for record in statistics["among_random_sets"]}
    assert len(found) == 4
    synergistic, redundant = found["accuracy", "synergistic"], found["accuracy", "redundant"]
    assert synergistic["value"] == draw(0.1, 0).mean() < min(synergistic["by_set"])
    assert synergistic["p_value"] == synergistic["floor"] == rank_floor(9)
    assert redundant["p_value"] > 0.2
    assert synergistic["difference"] == pytest.approx(synergistic["value"] - np.mean(synergistic["by_set"]))
    assert synergistic["from_other_core"]["difference"] == pytest.approx(draw(0.1, 0).mean() - draw(0.5, 1).mean())
    assert synergistic["n_problems"] == N
    nll = found["solution_nll", "synergistic"]
    assert (nll["value"], nll["n_problems"], len(nll["by_set"])) == (5.0, 6, 19)
    assert nll["p_value"] == pytest.approx(2 * (1 + 5) / 20)
    assert found["solution_nll", "redundant"]["p_value"] == rank_floor(19)
    _, statistics, _ = merged(tmp_path, paths, likelihoods, sigma=1.0)
    assert statistics["among_random_sets"] == []


@pytest.mark.parametrize(("n_seeds", "alike", "kinds"), [(1, 0, {"score"}), (3, 0, None), (3, 0.8, None)])
@pytest.mark.parametrize("sides", ["both", "one"])
def test_intervals_hold_the_truth_where_few_problems_tell_conditions_apart(n_seeds, alike, kinds, sides):
    """2 % of 100 problems differ, to both sides or to one; seeds differ in the same problems more or less often."""
    generator, scores, n, repeats = np.random.default_rng(0), [], 100, 300
    truth = 0.0 if sides == "both" else -0.02

    def spoilt(right):
        changed = generator.random(n) < 0.02 if sides == "both" else right & (generator.random(n) < 0.04)
        return right ^ changed

    def scored(kind, sigma, seed, right):
        outcomes = pd.DataFrame({"id": np.arange(n), "correct": right, "solution_nll": np.nan})
        return Scores(kind, sigma, seed, outcomes, {})

    for sigma in range(1, repeats + 1):
        right = generator.random(n) < 0.5
        common = spoilt(right)
        for seed in range(n_seeds):
            own = np.where(generator.random(n) < alike, common, spoilt(right))
            scores += [scored("synergistic", sigma, seed, own), scored("redundant", sigma, seed, right)]
    found = compare_conditions(scores, 200, 0)["pooled"]
    assert len(found) == repeats
    sign = 1 if found[0]["first"] == "synergistic" else -1
    assert np.mean([record["ci_low"] <= sign * truth <= record["ci_high"] for record in found]) >= 0.93
    assert min(record["ci_high"] - record["ci_low"] for record in found) > 0.02
    assert {record["interval"] for record in found} <= (kinds or {"score", "bootstrap"})


def test_the_kind_of_an_interval_is_said(tmp_path, paths):
    _, statistics, _ = merged(tmp_path, paths)
    kinds = {(record["measure"], record["interval"]) for record in statistics["pooled"]}
    assert kinds == {("accuracy", "bootstrap"), ("solution_nll", "bootstrap")}  # two seeds
    first_seeds = [[path for path in part if "-1." not in path[-8:]] for part in paths]
    _, statistics, _ = merged(tmp_path, first_seeds)
    for record, test in zip(statistics["pooled"][::2], statistics["mcnemar"], strict=True):
        assert (record["measure"], record["interval"], record["n_problems"]) == ("accuracy", "score", N)
        bounds = paired_score_interval(test["only_first"], test["only_second"], N)
        assert (record["ci_low"], record["ci_high"]) == pytest.approx(bounds)


def test_likelihoods_are_those_of_the_problems_with_a_solution(tmp_path):
    some = [None if k % 4 == 0 else 1 + 0.01 * k for k in range(N)]
    more = [None if nll is None else nll + 0.5 for nll in some]
    made = [
        condition(tmp_path, "baseline", draw(0.9, 0), solution_nll=some),
        condition(tmp_path, "random-0.5-0", draw(0.5, 1), solution_nll=more),
    ]
    rows, statistics, groups = merged(tmp_path, list(zip(*made, strict=True)))
    assert rows.loc[0, "solution_nll"] == pytest.approx(np.mean([nll for nll in some if nll is not None]))
    assert rows.loc[1, ["nll_change", "nll_change_ci_low", "nll_change_ci_high"]].tolist() == pytest.approx([0.5] * 3)
    assert rows["n_problems"].tolist() == [N, N]
    assert [(record["measure"], record["n_problems"]) for record in statistics["pooled"]] == [
        ("accuracy", N),
        ("solution_nll", 30),
    ]
    assert statistics["pooled"][1]["difference"] == pytest.approx(0.5)
    assert statistics["pooled"][1]["by_seed"] == pytest.approx([0.5])
    nll = groups.set_index(["condition", "group"])["solution_nll"]
    assert np.isnan(nll["baseline", "Level 1"])  # every fourth problem
    assert nll["random", "Level 2"] - nll["baseline", "Level 2"] == pytest.approx(0.5)


def test_without_solutions_there_are_accuracies_alone(tmp_path, capsys):
    made = [
        condition(tmp_path, "baseline", draw(0.9, 0), solution_nll=None),
        condition(tmp_path, "random-0.5-0", draw(0.5, 1), solution_nll=None),
    ]
    rows, statistics, groups = merged(tmp_path, list(zip(*made, strict=True)))
    assert rows[["solution_nll", "nll_change", "nll_change_ci_low"]].isna().all(axis=None)
    assert groups["solution_nll"].isna().all()
    assert rows.loc[1, "accuracy_change"] == pytest.approx(draw(0.5, 1).mean() - draw(0.9, 0).mean())
    assert [record["measure"] for record in statistics["pooled"]] == ["accuracy"]
    assert "no reference solutions" in capsys.readouterr().out


def test_without_a_baseline_there_are_no_changes(paths):
    rows = condition_rows(read_scores(*paths)[1:], 100, 0)
    assert len(rows) == 12
    assert rows["accuracy_change"].isna().all()


def test_a_baseline_alone_is_a_table(tmp_path, paths):
    rows, statistics, _ = merged(tmp_path, [part[:1] for part in paths])
    assert len(rows) == 1
    assert statistics["pooled"] == statistics["mcnemar"] == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"ids": [f"q{k}" for k in range(N)]}, "same problems"),
        ({"solution_nll": [None] + [1.0] * (N - 1)}, "solution_nll of the same problems"),
        ({"parameters": PARAMETERS | {"max_new_tokens": 32}}, "asked in the same way"),
        ({"fingerprint": "1" * 64}, "same problems by the same model"),
    ],
)
def test_conditions_that_were_asked_otherwise_are_refused_by_name(tmp_path, paths, changes, expected):
    made = condition(tmp_path, "random-2.0-0", draw(0.5, 3), **changes)
    with pytest.raises(InputError, match=expected) as error:
        read_scores(*([*part, own] for part, own in zip(paths, made, strict=True)))
    assert f"delete {made[0]}" in str(error.value)


@pytest.mark.parametrize("other", ["random-0.5-1", "synergistic-1.0-0", "redundant-0.5-0", "baseline"])
def test_a_condition_under_anothers_name_is_refused(tmp_path, other):
    made = condition(tmp_path, "random-0.5-0", draw(0.5, 3))
    renamed = [Path(path).rename(tmp_path / f"{other}{Path(path).suffix}") for path in made]
    with pytest.raises(InputError, match=f"the condition {other} in .*; found random 0.5 0"):
        read_scores(*([str(path)] for path in renamed))
