"""One model's verdicts through the cluster's profile: the bits of one machine, and every job where it belongs."""

import json
import re
import shutil
from collections import Counter

import pytest
import slurm_cluster as slurm
import workflow_run
from declarations import local_rules
from places import REPOSITORY

MODEL = "tiny-neox"
# A model of the smoke study that pretends to need a GPU.
CLUSTER = f"models: {{{MODEL}: {{resources: {{mem: 2GB, runtime: 10m, gpu: 1}}}}}}\n"
CONFIG = ("--configfile", "config/smoke.yaml", "cluster.yaml")
THREADS = ("--set-threads", *workflow_run.THREADS[:4])
SCATTER = ("--set-scatter", "pairs=4", "orders=2", "conditions=2")
FETCHED = ("resources", "results/prefetch")  # on the login node, before; what a run keeps of its results is left out
COMPARED = (
    f"results/activations/{MODEL}_activations.npz",
    f"results/activations/{MODEL}_logits.npz",
    f"results/phiid_scores/{MODEL}_pairwise_phiid.npz",
    f"results/phiid_scores/{MODEL}_head_rankings.csv",
    f"results/ablation/orders/{MODEL}/synergistic-0.npz",
    f"results/ablation/{MODEL}_ablation.csv",
    f"results/ablation/{MODEL}_math_perturbation.csv",
    f"results/claims/{MODEL}_claims.csv",
)


def same(one, other):
    """Whether two artifacts hold the same bits, but for the note of what made them."""
    if one.suffix == ".npz":
        return slurm.arrays(one) == slurm.arrays(other)
    return one.read_bytes() == other.read_bytes()


def new_study(finished, folder):
    """A folder with the workflow, and the models of a finished run."""
    workflow_run.copy_repository(folder)
    for name in FETCHED:
        shutil.copytree(finished / name, folder / name, ignore=shutil.ignore_patterns("kept"))
    (folder / "cluster.yaml").write_text(CLUSTER)
    return folder


@pytest.fixture(scope="module")
def run(cluster, smoke_run, tmp_path_factory):
    """The folder of a finished run, its planned jobs, and nothing compiled before it."""
    folder = new_study(smoke_run, tmp_path_factory.mktemp("cluster") / "study")
    targets = (COMPARED[-1], f"results/figures/{MODEL}_ablation_curves.png")
    arguments = ("--profile", "profiles/slurm", *CONFIG, *THREADS, *SCATTER, "--", *targets)
    plan = workflow_run.planned_jobs(workflow_run.snakemake("-n", *arguments, cwd=folder))
    compiled = {"NUMBA_CACHE_DIR": str(folder / "compiled"), "NUMBA_DEBUG_CACHE": "1"}
    with slurm.alone(folder):
        slurm.finish(slurm.snakemake(folder, *arguments[2:], **compiled), folder)
    return folder, plan


def test_every_planned_job_was_one_job_of_slurm_but_for_local_rules(run):
    folder, plan = run
    records = slurm.jobs_of(folder)
    assert plan.keys() & local_rules() >= {"merge_ablation", "merge_math", "plot_ablation"}
    assert Counter(record.rule for record in records) == {
        rule: n for rule, n in plan.items() if rule not in local_rules()
    }
    assert {record.state for record in records} == {"COMPLETED"}
    assert "prefetch_model" not in plan, "what was fetched before is fetched again"


def test_rules_that_run_a_model_got_a_gpu_and_no_other_rule_ran_there(run):
    records = slurm.jobs_of(run[0])
    on_gpu = {record.rule for record in records if record.gpus}
    assert on_gpu == {"record_activations", "ablate_heads", "score_math", "score_solutions"}
    for record in records:
        assert (record.partition, record.gpus) == (("gpu", 1) if record.rule in on_gpu else ("cpu", 0))
        assert record.node.startswith(record.partition)


def test_shards_ran_side_by_side_on_several_nodes(run):
    shards = [record for record in slurm.jobs_of(run[0]) if record.rule == "decompose_pairs"]
    first = shards[0]
    assert {shard.node for shard in shards if shard.start < first.end and shard.end > first.start} > {first.node}


def test_kernels_were_compiled_once_for_all_shards(run):
    logs = [path.read_text() for path in (run[0] / "logs/decompose_pairs").rglob("*.log")]
    saved = Counter(file for log in logs for file in re.findall(r"data saved to '(.*?)'", log))
    assert len(logs) == 4
    assert len(saved) > 5
    assert set(saved.values()) == {1}


def test_the_clusters_results_are_the_local_runs_bit_by_bit(run, smoke_run):
    for name in COMPARED:
        assert same(run[0] / name, smoke_run / name), name


def test_job_finds_its_threads_folders_and_offline_switches(cluster, tmp_path):
    slurm.finish(slurm.snakemake(tmp_path, "-s", str(slurm.HERE / "probe.smk"), "probe.json"), tmp_path)
    found = json.loads((tmp_path / "probe.json").read_text())
    assert set(found["threads"].values()) == {"1"}
    assert found["numba_threads"] == 1
    assert found["hub_offline"]
    assert found["datasets_offline"] == "1"
    assert found["tmp"].endswith(f"/tmp/{found['node']}"), "not on the node's own disk"
    assert found["compiled"].startswith(str(REPOSITORY)), "not where all nodes see it"


def test_a_gpu_that_torch_cannot_use_stops_the_job_with_the_reason(cluster, smoke_run, tmp_path):
    folder = new_study(smoke_run, tmp_path / "study")
    with slurm.alone(folder):
        head = slurm.snakemake(folder, *CONFIG, "--retries", "0", "--", COMPARED[0], SEE_GPUS="1")
        said = slurm.finish(head, folder, 1)
    assert re.search(r"found CUDA_VISIBLE_DEVICES=\d on \w+, but torch \S+ is a build without GPUs", said)
    (record,) = slurm.jobs_of(folder)
    assert (record.state, record.gpus) == ("FAILED", 1)


@pytest.mark.slow
def test_embedded_model_is_recorded_to_the_local_runs_bits(cluster, embedded_run, tmp_path):
    folder = new_study(embedded_run, tmp_path / "study")
    config = tuple(str(embedded_run / name) for name in workflow_run.EMBEDDED)
    target = "results/activations/smollm2-135m_activations.npz"
    threads = ("--set-threads", "record_activations=1")  # as the local run on two cores
    with slurm.alone(folder):
        head = slurm.snakemake(folder, "--configfile", *config, *threads, "--", target, SYNERGY_GPU_PARTITION="cpu")
        slurm.finish(head, folder)
    assert same(folder / target, embedded_run / target)
