"""What the workflow plans to do, without doing it."""

import pytest
from workflow_run import planned_jobs, snakemake


@pytest.fixture(scope="module")
def default_plan():
    return snakemake("-n", "all", "--set-scatter", "pairs=16", "problems=4")


def test_default_study_is_planned_without_model_token_or_network(default_plan):
    jobs = planned_jobs(default_plan)
    assert jobs["prefetch_model"] == 4  # two models and their untrained controls
    assert jobs["record_activations"] == 4
    assert jobs["decompose_pairs"] == 4 * 16
    assert jobs["ablate_heads"] == 2 * (1 + 1 + 4 * 5)
    assert jobs["merge_problems"] == 2 * (1 + 3 * 4 * 3)
    assert jobs["score_math"] == 4 * jobs["merge_problems"]
    assert jobs["merge_pairs"] == jobs["rank_heads"] == jobs["measure_graphs"] == 4
    assert jobs["decide_claims"] == jobs["plot_ablation"] == jobs["plot_math"] == 2
    assert jobs["compare_models"] == jobs["merge_claims"] == jobs["all"] == 1
    assert jobs["compare_scores"] == jobs["compare_published"] == 1
    assert jobs["record_run"] == jobs["summarise"] == jobs["check_results"] == 1
    assert jobs["decompose_variant"] == jobs["merge_variant"] == jobs["rank_variant"] == 4 * 9
    assert jobs["measure_variant"] == 2 * 9
    assert jobs["vary_series"] == 4 * 5
    assert jobs["compare_variants"] == jobs["plot_robustness"] == 2
    assert "trace_training" not in jobs


def test_a_study_of_one_model_without_a_control_is_planned_whole(tmp_path, default_plan):
    jobs = planned_jobs(snakemake("-n", "all", "--config", "study=[pythia-1b]", "--directory", str(tmp_path)))
    assert jobs.keys() == planned_jobs(default_plan).keys()
    assert jobs["record_activations"] == jobs["compare_models"] == jobs["summarise"] == 1


def test_default_plan_names_heads_and_pairs(default_plan):
    assert "Decompose pairs of gemma3-4b, shard 1-of-16: 272 heads, 36856 pairs in all." in default_plan
    assert "Decompose pairs of qwen3-8b, shard 16-of-16: 1152 heads, 662976 pairs in all." in default_plan


@pytest.mark.parametrize(("config", "models"), [("demo", 2), ("smoke", 4)])
def test_overlays_plan_every_rule(config, models, tmp_path, default_plan):
    plan = snakemake("-n", "--configfile", f"config/{config}.yaml", "--directory", str(tmp_path), "--quiet", "host")
    jobs = planned_jobs(plan)
    assert jobs.keys() == planned_jobs(default_plan).keys()
    assert jobs["record_activations"] == models


def test_one_figure_plans_just_what_it_needs(tmp_path):
    figure = "results/figures/smollm2-135m_graph_cores.png"
    jobs = planned_jobs(snakemake("-n", "--directory", str(tmp_path), "--", figure))
    needed = {"prefetch_model", "record_activations", "merge_pairs", "rank_heads", "plot_graph_cores"}
    assert jobs == {**dict.fromkeys(needed, 1), "decompose_pairs": 2}


def test_models_outside_the_study_can_be_asked_for(tmp_path):
    plan = snakemake("-n", "--directory", str(tmp_path), "--", "results/figures/pythia-1b_phiid_profile.png")
    assert "128 heads, 8128 pairs" in plan


@pytest.mark.parametrize("model", ["pythia-1b-step1000", "qwen3-8b-base-random", "llama3.1-8b-it"])
def test_twins_and_checkpoints_follow_from_a_stanza(tmp_path, model):
    plan = snakemake("-n", "--directory", str(tmp_path), "--", f"results/figures/{model}_null_profile.png")
    assert planned_jobs(plan)["record_activations"] == 1


def test_analysis_of_given_activations_needs_no_model(tmp_path):
    activations = tmp_path / "results/activations/pythia-1b_activations.npz"
    activations.parent.mkdir(parents=True)
    activations.touch()
    figure = "results/figures/pythia-1b_null_profile.png"
    jobs = planned_jobs(snakemake("-n", "--directory", str(tmp_path), "--", figure))
    assert jobs == {"decompose_pairs": 2, "merge_pairs": 1, "rank_heads": 1, "plot_null": 1}


def test_a_condition_is_no_folder(tmp_path):
    target = "results/ablation/math/pythia-1b/baseline/baseline.jsonl"
    assert "MissingRuleException" in snakemake("-n", "--directory", str(tmp_path), "--", target, check=False)


def test_rules_are_listed_with_what_they_do():
    listed = snakemake("--list-rules")
    assert "merge_pairs" in listed
