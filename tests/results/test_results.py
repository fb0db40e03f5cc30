"""Checks of finished artifacts: keys, shapes, symmetry, finiteness, head counts, noise floor, columns, units.

The rule `check_results` runs this file by itself, with the models of the study in `CHECKED_MODELS` (recorded) and
`CHECKED_STUDY` (behaviour measured too). Run by hand it looks at whatever is in the folder that `RESULTS` names
(default: results of this checkout).
"""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

RESULTS = Path(os.environ.get("RESULTS", Path(__file__).parent.parent.parent / "results"))


def named(variable: str, folder: str, ending: str) -> list[str]:
    """Models that an environment variable names, else those with an artifact of that ending."""
    if variable in os.environ:
        return os.environ[variable].split()
    return sorted(path.name.removesuffix(ending) for path in RESULTS.glob(f"{folder}/*{ending}"))


MODELS = named("CHECKED_MODELS", "activations", "_activations.npz")
ABLATED = named("CHECKED_STUDY", "ablation", "_ablation.csv")
for_each_model = pytest.mark.parametrize("model", MODELS)
for_each_ablated_model = pytest.mark.parametrize("model", ABLATED)


def load(path: str) -> dict:
    with np.load(RESULTS / path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    assert json.loads(str(arrays["provenance"]))["made_by"], f"{path} does not say what made it"
    return arrays


def table(path: str) -> list[dict]:
    with open(RESULTS / path, newline="") as file:
        return list(csv.DictReader(file))


def column(rows: list[dict], name: str) -> np.ndarray:
    return np.array([float(row[name] or "nan") for row in rows])


@for_each_model
def test_activations_are_finite_norms_with_the_declared_shape(model):
    recorded = load(f"activations/{model}_activations.npz")
    activations, n_tokens = recorded["activations"], recorded["n_tokens"]
    geometry = json.loads((RESULTS / f"prefetch/{model}.json").read_text())["geometry"]
    assert activations.dtype == np.float32
    assert activations.shape[:2] == (len(n_tokens), geometry["layers"] * geometry["heads"])
    within = np.arange(activations.shape[2]) < n_tokens[:, None]
    assert np.isfinite(activations.transpose(0, 2, 1)[within]).all()
    assert (activations.transpose(0, 2, 1)[within] >= 0).all()
    assert len(recorded["category"]) == len(n_tokens)


@for_each_model
def test_tokens_and_logits_belong_to_the_activations(model):
    n_tokens = load(f"activations/{model}_activations.npz")["n_tokens"]
    prompts = json.loads((RESULTS / f"activations/{model}_tokens.json").read_text())["prompts"]
    logits = load(f"activations/{model}_logits.npz")
    assert [len(prompt["generated_ids"]) for prompt in prompts] == n_tokens.tolist()
    assert all(0 <= prompt["natural_length"] <= len(prompt["generated_ids"]) for prompt in prompts)
    assert len({prompt["id"] for prompt in prompts}) == len(prompts)
    assert (logits["token_logprob"] <= 0).all()
    assert (logits["entropy"] >= -1e-4).all()
    assert (np.diff(logits["topk_logprobs"], axis=-1) <= 0).all()
    assert logits["topk_ids"].shape == logits["topk_logprobs"].shape


@for_each_model
def test_matrices_are_symmetric_and_finite_wherever_a_prompt_defines_the_pair(model):
    pairwise = load(f"phiid_scores/{model}_pairwise_phiid.npz")
    parameters = json.loads(str(pairwise["provenance"]))["parameters"]
    n_heads = len(pairwise["sts_matrix"])
    n_prompts, n_surrogates = len(pairwise["head_prompt_sts"]), len(pairwise["head_null_sts"])
    defined = (pairwise["n_undefined"] < n_prompts) & ~np.eye(n_heads, dtype=bool)
    assert defined.any()
    needed = {"matrix": 0, "null_mean": 1, "null_sd": 2}  # surrogates without which there is nothing
    names = [f"{atom}_{part}" for atom in ("sts", "rtr") for part in needed] + ["tdmi_matrix"]
    for name in names:
        matrix = pairwise[name]
        assert matrix.shape == (n_heads, n_heads)
        assert matrix.dtype == np.float64
        np.testing.assert_array_equal(matrix, matrix.T)
        assert np.isnan(matrix[~defined]).all()
        if n_surrogates >= needed[name.split("_", 1)[1]]:
            assert np.isfinite(matrix[defined]).all(), name
    assert (pairwise["tdmi_matrix"][defined] >= 0).all()
    if parameters["redundancy"] == "mmi":
        assert (pairwise["rtr_matrix"][defined] >= 0).all()
    if n_surrogates >= 2:
        assert (pairwise["sts_null_sd"][defined] > 0).all()


@for_each_model
def test_ranking_follows_from_the_matrices(model):
    rows = table(f"phiid_scores/{model}_head_rankings.csv")
    public = [
        "head_idx",
        "layer",
        "head_in_layer",
        "avg_synergy",
        "avg_redundancy",
        "syn_rank",
        "red_rank",
        "syn_red_score",
    ]
    assert list(rows[0])[:8] == public
    pairwise = load(f"phiid_scores/{model}_pairwise_phiid.npz")
    geometry = json.loads((RESULTS / f"prefetch/{model}.json").read_text())["geometry"]
    assert column(rows, "head_idx").tolist() == list(range(geometry["layers"] * geometry["heads"]))
    np.testing.assert_array_equal(
        column(rows, "layer") * geometry["heads"] + column(rows, "head_in_layer"), column(rows, "head_idx")
    )
    np.testing.assert_allclose(column(rows, "avg_synergy"), np.nanmean(pairwise["sts_matrix"], axis=1), rtol=1e-9)
    np.testing.assert_allclose(column(rows, "avg_redundancy"), np.nanmean(pairwise["rtr_matrix"], axis=1), rtol=1e-9)
    scores = column(rows, "syn_red_score")
    assert (scores >= 0).all()
    assert (scores <= 1).all()


@for_each_model
def test_graph_metrics_are_in_their_ranges(model):
    metrics = json.loads((RESULTS / f"phiid_scores/{model}_graph_metrics.json").read_text())
    for name in ("syn_global_efficiency", "red_global_efficiency"):
        assert 0 < metrics[name] <= 1
    for name in ("syn_modularity", "red_modularity"):
        assert -0.5 <= metrics[name] <= 1


@for_each_ablated_model
def test_ablation_starts_at_the_noise_floor_and_removes_ever_more_heads(model):
    rows = table(f"ablation/{model}_ablation.csv")
    assert list(rows[0])[:3] == ["num_heads_removed", "mean_kl_div", "order_type"]
    orders = {(row["method"], row["order_type"], row["seed"]) for row in rows}
    assert "synergistic" in {kind for _, kind, _ in orders}
    ends: dict[str, list[float]] = {}
    for order in sorted(orders):
        curve = [row for row in rows if (row["method"], row["order_type"], row["seed"]) == order]
        removed, kl = column(curve, "num_heads_removed"), column(curve, "mean_kl_div")
        assert removed[0] == 0
        assert (np.diff(removed) > 0).all()
        # No step is held against the noise floor, which compares passes of different shapes. A step compares passes of
        # one shape: a head that says nothing moves nothing, not even by rounding, and its step lies below the floor.
        assert (kl >= 0).all()
        assert kl[0] < 1e-2
        low, high = column(curve, "kl_ci_low"), column(curve, "kl_ci_high")
        assert (low <= kl + 1e-9).all()
        assert (kl <= high + 1e-9).all()
        if float(curve[-1]["fraction_removed"]) == 1:
            ends.setdefault(order[0], []).append(kl[-1])
            # A floor f moves log-probabilities by sqrt(2 f) in the mean square, and any divergence by about as much.
            assert abs(kl[-1] - ends[order[0]][0]) <= 10 * np.sqrt(kl[0]), "two orders without any head"


@for_each_ablated_model
def test_ablation_statistics_agree_with_the_table(model):
    statistics = json.loads((RESULTS / f"ablation/{model}_ablation.json").read_text())
    rows = [row for row in table(f"ablation/{model}_ablation.csv") if row["method"] == statistics["method"]]
    for kind, area in statistics["auc"].items():
        seeds = sorted({int(row["seed"]) for row in rows if row["order_type"] == kind})
        curves = [[row for row in rows if row["order_type"] == kind and int(row["seed"]) == seed] for seed in seeds]
        areas = [
            np.trapezoid(column(curve, "mean_kl_div"), fraction) / (fraction[-1] - fraction[0])
            for curve in curves
            for fraction in [column(curve, "fraction_removed")]
        ]
        np.testing.assert_allclose(area["by_seed_nats"], areas, rtol=1e-6)
        assert area["ci_low"] <= area["estimate"] <= area["ci_high"]
        assert area["n_seeds"] == len(seeds)
        assert area["estimate"] == pytest.approx(np.mean(statistics["auc_by_prompt_nats"][kind]))
    for name, ratio in statistics["ratios"].items():
        first, second = (statistics["auc"][kind]["estimate"] for kind in name.split("/"))
        assert ratio["estimate"] == pytest.approx(first / second)
        assert 0 < ratio["p_value"] <= 1
        assert 0 < ratio["paired"]["p_value"] <= 1


@for_each_ablated_model
def test_accuracy_table_counts_the_records(model):
    rows = table(f"ablation/{model}_math_perturbation.csv")
    assert list(rows[0])[:6] == ["condition", "sigma", "seed", "n_problems", "n_correct", "accuracy"]
    assert {row["condition"] for row in rows} == {"baseline", "synergistic", "redundant", "random"}
    for row in rows:
        name = row["condition"]
        if name != "baseline":
            name = f"{name}-{float(row['sigma'])}-{row['seed']}"
        lines = (RESULTS / f"ablation/math/{model}/{name}.jsonl").read_text().splitlines()
        records = [json.loads(line) for line in lines]
        assert len(records) == int(row["n_problems"])
        assert sum(record["correct"] for record in records) == int(row["n_correct"])
        assert float(row["accuracy"]) == pytest.approx(int(row["n_correct"]) / len(records))
        assert float(row["solution_nll"]) > 0
        assert float(row["accuracy_ci_low"]) <= float(row["accuracy"]) <= float(row["accuracy_ci_high"])
        assert 0 <= float(row["truncated_fraction"]) <= 1
        assert all(record["prompt"] and record["grading"] for record in records)
        made = json.loads((RESULTS / f"ablation/math/{model}/{name}.json").read_text())
        assert bool(made["heads"]) == (row["condition"] != "baseline")
        assert made["noise"]["restored_weights_sha256"] == made["noise"]["weights_sha256"]
        for matrix in made["noise"]["matrices"]:
            assert matrix["noise_sd"] == pytest.approx(made["sigma"] * matrix["weight_sd"], rel=0.2)


@for_each_ablated_model
def test_accuracies_by_subject_and_level_add_up(model):
    groups = table(f"ablation/{model}_math_groups.csv")
    for row in table(f"ablation/{model}_math_perturbation.csv"):
        for grouping in ("subject", "level"):
            own = [
                group
                for group in groups
                if group["grouping"] == grouping
                and all(group[key] == row[key] for key in ("condition", "sigma", "seed"))
            ]
            assert sum(int(group["n_problems"]) for group in own) == int(row["n_problems"])
            assert sum(int(group["n_correct"]) for group in own) == int(row["n_correct"])


@for_each_ablated_model
def test_paired_tests_agree_with_the_accuracies(model):
    rows = table(f"ablation/{model}_math_perturbation.csv")
    statistics = json.loads((RESULTS / f"ablation/{model}_math_perturbation.json").read_text())

    def accuracy(condition, sigma, seed):
        sigma, seed = (0, 0) if condition == "baseline" else (sigma, seed)
        named = [r for r in rows if (r["condition"], float(r["sigma"]), int(r["seed"])) == (condition, sigma, seed)]
        return float(named[0]["accuracy"])

    assert statistics["mcnemar"]
    for test in statistics["mcnemar"]:
        sigma, seed = test["sigma"], test["seed"]
        difference = accuracy(test["first"], sigma, seed) - accuracy(test["second"], sigma, seed)
        assert (test["only_first"] - test["only_second"]) / statistics["n_problems"] == pytest.approx(difference)
        assert 0 < test["p_value"] <= 1
    for record in statistics["pooled"]:
        assert record["ci_low"] - 1e-9 <= record["difference"] <= record["ci_high"] + 1e-9
        assert 0 < record["p_value"] <= 1


@for_each_ablated_model
def test_every_claim_has_a_verdict_that_follows_from_its_numbers(model):
    rows = table(f"claims/{model}_claims.csv")
    assert [int(row["claim"]) for row in rows] == list(range(1, 9))
    verdicts = {"supported", "not supported", "opposite", "not testable"}
    for row in rows:
        assert row["verdict"] in verdicts
        assert row["verdict_after_control"] in verdicts
        assert row["rule"]
        assert row["statement"]
        assert row["note"]
        if row["verdict"] in ("supported", "opposite"):
            assert 0 <= float(row["p_value"]) <= float(row["p_value_holm"]) <= 1
        if row["p_value"] and row["ci_low"]:
            assert float(row["ci_low"]) <= float(row["ci_high"])
    everyone = [row for row in table("claims/claims.csv") if row["model"] == model]
    assert everyone == rows


@for_each_ablated_model
def test_every_definition_of_the_score_is_tested(model):
    rows = [row for row in table("claims/score_definitions.csv") if row["model"] == model]
    definitions = {"rank_difference", "value_difference", "balance"}
    assert len(rows) == 6
    assert {row["definition"] for row in rows} == definitions
    assert sum(row["configured"] == "True" for row in rows) == 2
    for row in rows:
        if row["correlation"]:
            assert -1 <= float(row["correlation"]) <= 1
            # The contrast is the correlation in other units, so both point the same way.
            assert float(row["correlation"]) * float(row["quadratic_contrast"]) >= 0
            assert 0 < float(row["p_value"]) <= 1


def test_agreement_is_measured_in_stated_units():
    if not ABLATED:
        pytest.skip("no finished run")
    for row in table("claims/agreement.csv"):
        assert row["model"]
        assert row["published_model"].startswith(row["model"])
        assert row["figure"] in ("2b", "2c", "3c", "4a", "4b")
        assert row["unit"] or row["quantity"] == "modularity"
        if row["rank_correlation"]:
            assert -1 <= float(row["rank_correlation"]) <= 1
        if int(row["n"]):
            assert abs(float(row["mean_difference"])) <= float(row["mean_abs_difference"]) + 1e-12


@pytest.mark.parametrize("path", sorted(RESULTS.glob("robustness/*_claims.csv")), ids=lambda path: path.name)
def test_every_variant_has_verdicts_and_correlations_within_bounds(path):
    model = path.name.removesuffix("_claims.csv")
    claims, pairs = table(f"robustness/{path.name}"), table(f"robustness/{model}_agreement.csv")
    variants = list(dict.fromkeys(row["variant"] for row in claims))
    assert variants[0] == "default"
    assert {int(row["claim"]) for row in claims} == {1, 2, 3, 4, 5}
    assert len(claims) == 5 * len(variants)
    for row in claims:
        if row["variant"] == "default":
            assert row["verdict"] == row["verdict_default"]
            assert row["verdict_after_control"] == row["verdict_after_control_default"]
    assert len(pairs) == 5 * 2 * len(variants) * (len(variants) - 1) // 2
    correlations = column(pairs, "spearman")
    assert (np.abs(correlations[np.isfinite(correlations)]) <= 1 + 1e-12).all()


def test_trajectories_are_in_order_and_scaled_by_checkpoint():
    for path in sorted(RESULTS.glob("trajectory/*_training.csv")):  # a study of its own: there may be none
        check_trajectory(path)


def check_trajectory(path):
    rows = table(f"trajectory/{path.name}")
    steps = column(rows, "training_step")
    assert (np.diff(steps) >= 0).all()
    for step in np.unique(steps):
        own = [row for row in rows if float(row["training_step"]) == step]
        assert column(own, "layer").tolist() == list(range(len(own)))
        scaled = column(own, "score_scaled")
        assert np.isnan(scaled).all() or (scaled.min(), scaled.max()) == (0, 1)
    summary = json.loads(path.with_suffix(".json").read_text())
    assert [record["training_step"] for record in summary["checkpoints"]] == np.unique(steps).tolist()


FIGURES = [figure for name in ("multi_model", *MODELS) for figure in sorted(RESULTS.glob(f"figures/{name}_*.png"))]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda path: path.name)
def test_figure_is_an_image_and_vectors_that_say_what_made_them(figure):
    from PIL import Image

    with Image.open(figure) as image:
        assert min(image.size) > 300
        assert json.loads(image.text["Description"])["made_by"]
    vectors = figure.with_suffix(".pdf").read_bytes()
    assert vectors.startswith(b"%PDF-")
    assert b"made_by" in vectors
    assert len(vectors) < 8e6


def test_run_record_says_what_made_the_results_and_what_they_cost():
    path = RESULTS / "run_record.json"
    if not path.is_file():
        pytest.skip("no finished run in results/")
    record = json.loads(path.read_text())
    assert {model["key"] for model in record["models"]} >= set(record["config"]["study"])
    assert record["provenance"]["packages"]["torch"]
    assert record["provenance"]["code_version"]
    cost = {row["rule"]: row["seconds"] for row in record["cost"]}
    assert cost.keys() >= {"record_activations", "merge_pairs", "ablate_heads", "score_math", "decide_claims"}
    assert all(seconds >= 0 for seconds in cost.values())


def test_summary_names_every_model_and_claim():
    path = RESULTS / "summary.html"
    if not path.is_file():
        pytest.skip("no finished run in results/")
    page = path.read_text()
    for model in ABLATED:
        assert model in page
    for row in table("claims/claims.csv"):
        assert row["statement"] in page
