"""What the workflow plans to do, without doing it."""

from collections import Counter
from pathlib import Path

import command_line
import pytest
from workflow_run import snakemake

OF_SERIES = {"decompose_variant", "merge_variant", "rank_variant", "vary_series"}  # for variants of the recorded series


def plan(folder, *arguments):
    """Job counts by rule of what is asked for in an empty folder, or one that holds some artifacts."""
    return Counter(job["rule"] for job in command_line.planned("--directory", str(folder), *arguments))


@pytest.fixture(scope="module")
def default_plan(tmp_path_factory):
    return plan(tmp_path_factory.mktemp("default"), "all", "--set-scatter", "pairs=16", "orders=5", "conditions=3")


def test_default_study_is_planned_without_model_token_or_network(default_plan):
    jobs = default_plan
    n = 2 * (1 + 3)  # two models and their untrained twins
    assert jobs["prefetch_model"] == jobs["record_activations"] == n
    assert jobs["decompose_pairs"] == n * 16
    assert jobs["ablate_heads"] == 2 * 5
    assert jobs["score_math"] == jobs["score_solutions"] == 2 * 3
    assert jobs["merge_ablation"] == jobs["merge_math"] == 2
    assert jobs["merge_pairs"] == jobs["rank_heads"] == n
    assert jobs["measure_graphs"] == 4  # of the twins one is drawn
    assert jobs["decide_claims"] == jobs["plot_ablation"] == jobs["plot_math"] == 2
    assert jobs["compare_models"] == jobs["merge_claims"] == jobs["all"] == 1
    assert jobs["compare_scores"] == jobs["compare_published"] == 1
    assert jobs["plot_head_map"] // 2 == jobs["summarise"] == jobs["check_results"] == 1
    assert jobs["decompose_variant"] == jobs["merge_variant"] == jobs["rank_variant"] == n * 9
    assert jobs["measure_variant"] == 2 * 10
    assert jobs["vary_series"] == n * 5
    assert jobs["compare_variants"] == jobs["plot_robustness"] == 2
    assert "trace_training" not in jobs


def test_a_study_of_one_model_without_a_control_is_planned_whole(tmp_path, default_plan):
    jobs = plan(tmp_path, "all", "--config", "study=[pythia-1b]")
    assert jobs.keys() == default_plan.keys()
    assert jobs["record_activations"] == jobs["compare_models"] == jobs["summarise"] == 1


@pytest.mark.parametrize(("config", "models", "unplanned"), [("demo", 2, OF_SERIES), ("smoke", 5, set())])
def test_overlays_plan_every_rule(config, models, unplanned, tmp_path, default_plan):
    jobs = plan(tmp_path, "--configfile", f"config/{config}.yaml")
    assert default_plan.keys() - jobs.keys() == unplanned
    assert jobs.keys() <= default_plan.keys()
    assert jobs["record_activations"] == models


def test_each_way_to_remove_heads_has_its_orders(tmp_path):
    config = ("--configfile", "config/smoke.yaml", "--config", "ablation={methods: [zero, mean]}")
    jobs = command_line.planned("--directory", str(tmp_path), *config, "--", "results/ablation/tiny-neox_ablation.csv")
    (merge,) = [job for job in jobs if job["rule"] == "merge_ablation"]
    orders = [Path(path).stem for path in merge["output"]["orders"]]
    assert len(orders) == 12
    assert {f"mean-{order}" for order in orders if not order.startswith("mean-")} < set(orders)


def test_one_figure_plans_just_what_it_needs(tmp_path):
    needed = {"prefetch_model", "record_activations", "merge_pairs", "rank_heads", "plot_graph_cores"}
    jobs = plan(tmp_path, "--", "results/figures/smollm2-135m_graph_cores.png")
    assert jobs == {**dict.fromkeys(needed, 1), "decompose_pairs": 2}


@pytest.mark.parametrize("model", ["pythia-1b", "pythia-1b-step1000", "qwen3-8b-base-random", "llama3.1-8b-it"])
def test_models_outside_the_study_twins_and_checkpoints_can_be_asked_for(tmp_path, model):
    assert plan(tmp_path, "--", f"results/figures/{model}_null_profile.png")["record_activations"] == 1


def test_analysis_of_given_activations_needs_no_model(tmp_path):
    activations = tmp_path / "results/activations/pythia-1b_activations.npz"
    activations.parent.mkdir(parents=True)
    activations.touch()
    jobs = plan(tmp_path, "--", "results/figures/pythia-1b_null_profile.png")
    assert jobs == {"decompose_pairs": 2, "merge_pairs": 1, "rank_heads": 1, "plot_null": 1}


@pytest.mark.parametrize(
    "path",
    [
        "math/pythia-1b/baseline/baseline.jsonl",  # a folder
        *("math/pythia-1b/lazy-1.0-0.jsonl", "math/pythia-1b/random-1..0-0.json", "math/pythia-1b/random-0.5-99.json"),
        *("orders/pythia-1b/banana-3.npz", "orders/pythia-1b/random.npz", "orders/pythia-1b/half-random-3.npz"),
        "orders/pythia-1b/random-999.npz",
    ],
)
def test_there_are_no_other_orders_and_conditions_than_the_configs(tmp_path, path):
    said = snakemake("-n", "--directory", str(tmp_path), "--", f"results/ablation/{path}", check=False)
    assert f"No rule to produce results/ablation/{path}" in said


def test_a_plan_says_in_a_line_what_each_job_does_and_stays_short(tmp_path):
    said = snakemake("-n", "all", "--directory", str(tmp_path))
    assert "Decompose the pairs of heads of gemma3-4b, shard 1-of-2." in said
    assert "Remove heads of qwen3-8b, range 1-of-2 of the orders." in said
    assert len(said) < 120_000
