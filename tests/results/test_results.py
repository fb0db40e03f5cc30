"""Checks of finished artifacts: keys, shapes, symmetry, finiteness, head counts, noise floor, columns, units.

The rule `check_results` runs this file by itself, with the models of the study in `CHECKED_MODELS` (recorded) and
`CHECKED_STUDY` (behaviour measured too). Run by hand it looks at whatever is in the folder that `RESULTS` names
(default: results of this checkout).
"""

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
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


def table(path: str) -> pd.DataFrame:
    """A table; nothing but an empty cell is missing."""
    return pd.read_csv(RESULTS / path, keep_default_na=False, na_values=[""])


def record(path: str) -> dict:
    return json.loads((RESULTS / path).read_text())


@for_each_model
def test_activations_are_finite_norms_with_the_declared_shape(model):
    recorded = load(f"activations/{model}_activations.npz")
    activations, n_tokens = recorded["activations"], recorded["n_tokens"]
    geometry = record(f"prefetch/{model}.json")["geometry"]
    assert activations.dtype == np.float32
    assert activations.shape[:2] == (len(n_tokens), geometry["layers"] * geometry["heads"])
    within = np.arange(activations.shape[2]) < n_tokens[:, None]
    assert np.isfinite(activations.transpose(0, 2, 1)[within]).all()
    assert (activations.transpose(0, 2, 1)[within] >= 0).all()
    assert len(recorded["category"]) == len(n_tokens)


@for_each_model
def test_tokens_and_logits_belong_to_the_activations(model):
    n_tokens = load(f"activations/{model}_activations.npz")["n_tokens"]
    prompts = record(f"activations/{model}_tokens.json")["prompts"]
    logits = load(f"activations/{model}_logits.npz")
    assert [len(prompt["generated_ids"]) for prompt in prompts] == n_tokens.tolist()
    assert all(0 <= prompt["natural_length"] <= len(prompt["generated_ids"]) for prompt in prompts)
    assert all(0 <= (prompt["repeated_8grams"] or 0) < 1 for prompt in prompts)
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
    public = "head_idx layer head_in_layer avg_synergy avg_redundancy syn_rank red_rank syn_red_score"
    assert list(rows)[:8] == public.split()
    pairwise = load(f"phiid_scores/{model}_pairwise_phiid.npz")
    geometry = record(f"prefetch/{model}.json")["geometry"]
    assert rows["head_idx"].tolist() == list(range(geometry["layers"] * geometry["heads"]))
    assert (rows["layer"] * geometry["heads"] + rows["head_in_layer"]).tolist() == rows["head_idx"].tolist()
    np.testing.assert_allclose(rows["avg_synergy"], np.nanmean(pairwise["sts_matrix"], axis=1), rtol=1e-9)
    np.testing.assert_allclose(rows["avg_redundancy"], np.nanmean(pairwise["rtr_matrix"], axis=1), rtol=1e-9)
    assert rows["syn_red_score"].between(0, 1).all()


@pytest.mark.parametrize(
    "model", [model for model in MODELS if (RESULTS / f"phiid_scores/{model}_graph_metrics.json").exists()]
)
def test_graph_metrics_are_in_their_ranges(model):
    metrics = record(f"phiid_scores/{model}_graph_metrics.json")
    for name in ("syn_global_efficiency", "red_global_efficiency"):
        assert 0 < metrics[name] <= 1
    for name in ("syn_modularity", "red_modularity"):
        assert -0.5 <= metrics[name] <= 1
    for contrast in metrics["contrasts_synergy_minus_redundancy"].values():
        assert all(draw is None or -1.5 <= draw <= 1.5 for draw in contrast["surrogates"])


@for_each_ablated_model
def test_ablation_starts_at_the_noise_floor_and_removes_ever_more_heads(model):
    rows = table(f"ablation/{model}_ablation.csv")
    assert list(rows)[:3] == ["num_heads_removed", "mean_kl_div", "order_type"]
    assert "synergistic" in set(rows["order_type"])
    ends: dict[str, list[float]] = {}
    for (method, _, _), curve in rows.groupby(["method", "order_type", "seed"]):
        kl = curve["mean_kl_div"].to_numpy()
        assert curve["num_heads_removed"].iloc[0] == 0
        assert curve["num_heads_removed"].is_monotonic_increasing
        assert curve["num_heads_removed"].is_unique
        # No step is held against the noise floor, which compares passes of different shapes. A step compares passes of
        # one shape: a head that says nothing moves nothing, not even by rounding, and its step lies below the floor.
        assert (kl >= 0).all()
        assert kl[0] < 1e-2
        assert (curve["kl_ci_low"] <= kl + 1e-9).all()
        assert (kl <= curve["kl_ci_high"] + 1e-9).all()
        if curve["fraction_removed"].iloc[-1] == 1:
            ends.setdefault(method, []).append(kl[-1])
            # A floor f moves log-probabilities by sqrt(2 f) in the mean square, and any divergence by about as much.
            assert abs(kl[-1] - ends[method][0]) <= 10 * np.sqrt(kl[0]), "two orders without any head"


@for_each_ablated_model
def test_ablation_statistics_agree_with_the_table(model):
    statistics = record(f"ablation/{model}_ablation.json")
    rows = table(f"ablation/{model}_ablation.csv").query("method == @statistics['method']")
    enough_prompts = statistics["n_prompts"] >= 3  # for an interval of a jackknife
    for kind, area in statistics["auc"].items():
        areas = []
        for _, curve in rows[rows["order_type"] == kind].groupby("seed"):
            curve = curve[curve["num_heads_removed"].isin(statistics["compared_at"])]
            fraction = curve["fraction_removed"].to_numpy()
            assert len(fraction) == len(statistics["compared_at"])
            areas.append(np.trapezoid(curve["mean_kl_div"], fraction) / (fraction[-1] - fraction[0]))
        np.testing.assert_allclose(area["by_seed_nats"], areas, rtol=1e-6)
        assert (area["ci_low"] is not None) == enough_prompts
        assert not enough_prompts or area["ci_low"] <= area["estimate"] <= area["ci_high"]
        assert area["n_seeds"] == len(areas)
        assert area["estimate"] == pytest.approx(np.exp(np.mean(np.log(areas))))
    for name, ratio in statistics["ratios"].items():
        first, second = (statistics["auc"][kind]["estimate"] for kind in name.split("/"))
        assert ratio["estimate"] == pytest.approx(first / second)
        if enough_prompts or ratio["p_value"] is not None:  # two prompts give no interval, and so no test over them
            assert ratio["floor"] <= ratio["p_value"] <= 1
        assert not enough_prompts or ratio["ci_low"] <= ratio["estimate"] <= ratio["ci_high"]


@for_each_ablated_model
def test_accuracy_table_counts_the_records(model):
    rows = table(f"ablation/{model}_math_perturbation.csv")
    assert list(rows)[:6] == ["condition", "sigma", "seed", "n_problems", "n_correct", "accuracy"]
    assert set(rows["condition"]) == {"baseline", "synergistic", "redundant", "random"}
    for row in rows.itertuples():
        noisy = row.condition != "baseline"
        name = f"{row.condition}-{float(row.sigma)}-{row.seed}" if noisy else row.condition
        lines = (RESULTS / f"ablation/math/{model}/{name}.jsonl").read_text().splitlines()
        answers = [json.loads(line) for line in lines]
        assert len(answers) == row.n_problems
        assert sum(answer["correct"] for answer in answers) == row.n_correct
        assert row.accuracy == pytest.approx(row.n_correct / len(answers))
        nll = [answer["solution_nll"] for answer in answers if answer["solution_nll"] is not None]
        assert all(value > 0 for value in nll)
        assert row.solution_nll == pytest.approx(np.mean(nll) if nll else np.nan, nan_ok=True)
        assert row.accuracy_ci_low <= row.accuracy <= row.accuracy_ci_high
        assert 0 <= row.truncated_fraction <= 1
        for kind in ("boxed", "stated", "fallback", "none"):
            assert getattr(row, f"n_{kind}") == sum(answer["extraction"] == kind for answer in answers)
        given = [answer["correct"] for answer in answers if answer["extraction"] in ("boxed", "stated")]
        assert row.n_correct_boxed_or_stated == sum(given)
        assert row.accuracy_boxed_or_stated == pytest.approx(np.mean(given) if given else np.nan, nan_ok=True)
        if noisy:
            assert row.accuracy_change_ci_low <= row.accuracy_change <= row.accuracy_change_ci_high
            assert row.accuracy_change_ci_low < row.accuracy_change_ci_high
        assert all(answer["prompt"] and answer["grading"] for answer in answers)
        made = record(f"ablation/math/{model}/{name}.json")
        assert bool(made["heads"]) == noisy
        assert made["noise"]["restored_weights_sha256"] == made["noise"]["weights_sha256"]
        for matrix in made["noise"]["matrices"]:
            assert matrix["noise_sd"] == pytest.approx(made["sigma"] * matrix["weight_sd"], rel=0.2)


@for_each_ablated_model
def test_accuracies_by_subject_and_level_add_up(model):
    key, counts = ["condition", "sigma", "seed"], ["n_problems", "n_correct"]
    whole = table(f"ablation/{model}_math_perturbation.csv").set_index(key)[counts].sort_index()
    groups = table(f"ablation/{model}_math_groups.csv")
    for grouping in ("subject", "level"):
        parts = groups[groups["grouping"] == grouping].groupby(key)[counts].sum()
        pd.testing.assert_frame_equal(parts, whole, check_dtype=False)


@for_each_ablated_model
def test_paired_tests_agree_with_the_accuracies(model):
    accuracy = table(f"ablation/{model}_math_perturbation.csv").set_index(["condition", "sigma", "seed"])["accuracy"]
    statistics = record(f"ablation/{model}_math_perturbation.json")
    assert statistics["mcnemar"]
    for test in statistics["mcnemar"]:
        pair = test["first"], test["second"]
        keys = [(name, 0, 0) if name == "baseline" else (name, test["sigma"], test["seed"]) for name in pair]
        difference = accuracy[keys[0]] - accuracy[keys[1]]
        assert (test["only_first"] - test["only_second"]) / statistics["n_problems"] == pytest.approx(difference)
        assert 0 < test["p_value"] <= 1
    for pooled in statistics["pooled"]:
        assert pooled["ci_low"] - 1e-9 <= pooled["difference"] <= pooled["ci_high"] + 1e-9
        assert 0 < pooled["p_value"] <= 1


@for_each_ablated_model
def test_every_claim_has_a_verdict_that_follows_from_its_numbers(model):
    rows = table(f"claims/{model}_claims.csv")
    assert rows["claim"].tolist() == list(range(1, 9))
    for column in ("verdict", "verdict_after_control"):
        assert set(rows[column]) <= {"supported", "undecided", "opposite", "not testable"}
    assert rows[["rule", "statement", "note"]].notna().all(axis=None)
    decided = rows[rows["verdict"].isin(["supported", "opposite"])]
    assert (decided["p_value"] >= 0).all()
    assert (decided["p_value"] <= decided["p_value_holm"]).all()
    assert (decided["p_value_holm"] <= 1).all()
    tested = rows.dropna(subset=["p_value", "ci_low"])
    assert (tested["ci_low"] <= tested["ci_high"]).all()
    whole = table("claims/claims.csv").query("model == @model").reset_index(drop=True)
    pd.testing.assert_frame_equal(whole, rows, check_dtype=False)


@for_each_ablated_model
def test_every_definition_of_the_score_is_tested(model):
    rows = table("claims/score_definitions.csv").query("model == @model")
    assert len(rows) == 10
    assert set(rows["definition"]) == {"rank_difference", "value_difference", "balance", "integration", "numit"}
    assert rows["configured"].sum() == 2
    known = rows[rows["information"] == "observed"].dropna(subset="correlation")
    assert known["correlation"].between(-1, 1).all()
    # The contrast is the correlation in other units, so both point the same way.
    assert (known["correlation"] * known["quadratic_contrast"] >= 0).all()
    assert rows["p_value"].dropna().between(0, 1, inclusive="right").all()


def test_agreement_is_measured_in_stated_units():
    if not ABLATED:
        pytest.skip("no finished run")
    rows = table("claims/agreement.csv")
    for row in rows.itertuples():
        assert row.published_model.startswith(row.model)
    assert set(rows["figure"]) <= {"2b", "2c", "3c", "4a", "4b"}
    assert (rows["unit"].notna() | (rows["quantity"] == "modularity")).all()
    assert rows["rank_correlation"].dropna().between(-1, 1).all()
    compared = rows[rows["n"] > 0]
    assert (compared["mean_difference"].abs() <= compared["mean_abs_difference"] + 1e-12).all()


@pytest.mark.parametrize("path", sorted(RESULTS.glob("robustness/*_claims.csv")), ids=lambda path: path.name)
def test_every_variant_has_verdicts_and_correlations_within_bounds(path):
    claims = table(f"robustness/{path.name}")
    variants = claims["variant"].unique()
    assert variants[0] == "default"
    assert set(claims["claim"]) == {1, 2, 3, 4, 5}
    assert len(claims) == 5 * len(variants)
    own = claims[claims["variant"] == "default"]
    assert (own["verdict"] == own["verdict_default"]).all()
    assert (own["verdict_after_control"] == own["verdict_after_control_default"]).all()
    pairs = table(f"robustness/{path.name.replace('_claims', '_agreement')}")
    assert len(pairs) == 5 * 2 * len(variants) * (len(variants) - 1) // 2
    assert (pairs["spearman"].dropna().abs() <= 1 + 1e-12).all()


def test_trajectories_are_in_order_and_scaled_by_checkpoint():
    for path in sorted(RESULTS.glob("trajectory/*_training.csv")):  # a study of its own: there may be none
        rows = table(f"trajectory/{path.name}")
        assert rows["training_step"].is_monotonic_increasing
        for _, own in rows.groupby("training_step"):
            assert own["layer"].tolist() == list(range(len(own)))
            scaled = own["score_scaled"]
            assert scaled.isna().all() or (scaled.min(), scaled.max()) == (0, 1)
        checkpoints = record(f"trajectory/{path.stem}.json")["checkpoints"]
        assert [own["training_step"] for own in checkpoints] == rows["training_step"].unique().tolist()


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
    if not (RESULTS / "run_record.json").is_file():
        pytest.skip("no finished run in results/")
    run = record("run_record.json")
    assert {model["key"] for model in run["models"]} >= set(run["config"]["study"])
    assert run["provenance"]["packages"]["torch"]
    assert run["provenance"]["code_version"]
    cost = {row["rule"]: row["seconds"] for row in run["cost"]}
    assert cost.keys() >= {"record_activations", "merge_pairs", "ablate_heads", "score_math", "decide_claims"}
    assert all(seconds >= 0 for seconds in cost.values())


def test_summary_names_every_model_and_claim():
    if not (RESULTS / "summary.html").is_file():
        pytest.skip("no finished run in results/")
    page = (RESULTS / "summary.html").read_text()
    for words in (*ABLATED, *table("claims/claims.csv")["statement"]):
        assert words in page
