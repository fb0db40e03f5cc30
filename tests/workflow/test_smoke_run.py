"""A complete run of all rules on tiny untrained models of three architectures, and what happens afterwards."""

import pytest
from declarations import rules
from workflow_run import check_results, copy_repository, planned_jobs, snakemake

# One thread a job, so that two jobs run side by side on two cores.
SMOKE = ("--configfile", "config/smoke.yaml", "--cores", "2", "--set-threads")
THREADS = ("record_activations=1", "ablate_heads=1", "score_math=1", "decompose_pairs=1", "decompose_variant=1")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a finished run, in a copy of the repository."""
    folder = copy_repository(tmp_path_factory.mktemp("smoke"))
    targets = ("all", "training_trajectory")
    jobs = planned_jobs(snakemake(*SMOKE, *THREADS, "--", *targets, cwd=folder))
    assert jobs.keys() == rules().keys() | set(targets)
    return folder


def plan(folder, *targets):
    return planned_jobs(snakemake("-n", *SMOKE, *THREADS, "--", *targets, cwd=folder))


def test_artifacts_are_right(run):
    check_results(run)


def test_every_job_leaves_a_log_and_a_benchmark(run):
    for name in rules():
        for folder, ending in (("logs", ".log"), ("benchmarks", ".jsonl")):
            found = [*(run / folder).glob(f"{name}{ending}"), *(run / folder / name).rglob(f"*{ending}")]
            assert found, f"{name} left nothing in {folder}/"


def test_long_rules_show_progress_with_rate_and_remaining_time(run):
    for name, unit in (("record_activations", "token/s"), ("ablate_heads", "step/s"), ("score_math", "problem/s")):
        log = next((run / "logs" / name).rglob("*.log")).read_text()
        assert unit in log or unit.replace("/s", "") in log, name
        assert "<" in log


def test_a_second_run_has_nothing_to_do(run):
    assert plan(run, "all") == {}


def test_deleting_one_figure_remakes_one_figure(run):
    (run / "results/figures/tiny-qwen3_graph_cores.png").unlink()
    assert plan(run, "all") == {"plot_graph_cores": 1, "all": 1}
    snakemake(*SMOKE, *THREADS, cwd=run)
    assert (run / "results/figures/tiny-qwen3_graph_cores.png").is_file()


def test_editing_a_library_module_remakes_what_it_made(run):
    module = run / "workflow_scripts/synergy/proportions.py"
    original = module.read_text()
    module.write_text(original + "# edited\n")
    jobs = plan(run, "all")
    module.write_text(original)
    assert "test_claims" in jobs
    assert not {"record_activations", "decompose_pairs", "rank_heads", "ablate_heads"} & jobs.keys()


def test_untrained_models_differ_by_seed_and_agree_with_themselves(run, tmp_path):
    def activations(folder, model):
        return (folder / f"results/activations/{model}_tokens.json").read_text()

    assert activations(run, "tiny-gemma3") != activations(run, "tiny-gemma3-random")


def test_other_shards_give_the_same_bits(run, tmp_path):
    import numpy as np

    target = "results/phiid_scores/tiny-neox_pairwise_phiid.npz"
    other = copy_repository(tmp_path / "copy")
    source = "results/activations/tiny-neox_activations.npz"
    (other / source).parent.mkdir(parents=True)
    (other / source).write_bytes((run / source).read_bytes())
    snakemake(*SMOKE, *THREADS, "--set-scatter", "pairs=7", "--", target, cwd=other)
    with np.load(run / target) as one, np.load(other / target) as seven:
        for name in one.files:
            if name != "provenance":
                np.testing.assert_array_equal(one[name], seven[name])
