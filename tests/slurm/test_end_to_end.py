"""The whole workflow through the cluster's profile: the same bits as on one machine, and every job where it belongs."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter

import pytest
import slurm_cluster as slurm
import workflow_run
from declarations import REPOSITORY

ONE_THREAD = ("--set-threads", "record_activations=1", "ablate_heads=1", "score_math=1")
CONFIG = ("--configfile", "config/smoke.yaml", "cluster.yaml")
# One of the smoke study's models and its control, which pretend to need a GPU.
CLUSTER = """
study: [tiny-gemma3]
models:
  tiny-gemma3: {resources: {mem: 2GB, runtime: 10m, gpu: 1}}
  tiny-gemma3-random: {resources: {mem: 2GB, runtime: 10m, gpu: 1}}
"""


@pytest.fixture(scope="module")
def run(cluster, tmp_path_factory):
    """The folder of a finished run, its planned jobs, and nothing compiled before it."""
    folder = workflow_run.copy_repository(tmp_path_factory.mktemp("cluster") / "study")
    (folder / "cluster.yaml").write_text(CLUSTER)
    arguments = (*CONFIG, *ONE_THREAD, "--set-scatter", "pairs=4", "problems=1", "--", "all")
    plan = workflow_run.planned_jobs(workflow_run.snakemake("-n", *arguments, cwd=folder))
    compiled = {"NUMBA_CACHE_DIR": str(folder / "compiled"), "NUMBA_DEBUG_CACHE": "1"}
    head = slurm.snakemake(folder, *arguments, **compiled)
    slurm.finish(head, folder, timeout_s=600)
    return folder, plan


def local_rules():
    text = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
    return set(re.findall(r"\w+", "".join(re.findall(r"^localrules:.*\n((?: +\w+,\n)+)", text, re.MULTILINE)))) | {
        "all"
    }


def test_every_planned_job_was_one_job_of_slurm_but_for_local_rules(run):
    folder, plan = run
    records = slurm.jobs_of(folder)
    expected = {rule: n for rule, n in plan.items() if rule not in local_rules()}
    assert Counter(record.rule for record in records) == expected
    assert {record.state for record in records} == {"COMPLETED"}


def test_rules_that_run_a_model_got_a_gpu_and_no_other_rule_ran_there(run):
    records = slurm.jobs_of(run[0])
    on_gpu = {record.rule for record in records if record.gpus}
    assert on_gpu == {"record_activations", "ablate_heads", "score_math"}
    for record in records:
        assert (record.partition, record.gpus) == (("gpu", 1) if record.rule in on_gpu else ("cpu", 0))
        assert record.node.startswith(record.partition)


def test_shards_ran_side_by_side_on_several_nodes(run):
    shards = [record for record in slurm.jobs_of(run[0]) if record.rule == "decompose_pairs"]
    first = shards[0]
    assert {shard.node for shard in shards if shard.start < first.end and shard.end > first.start} > {first.node}


def test_kernels_were_compiled_once_for_all_shards(run):
    logs = [path.read_text() for path in (run[0] / "logs").glob("decompose_*/**/*.log")]
    saved = Counter(file for log in logs for file in re.findall(r"data saved to '(.*?)'", log))
    assert len(logs) >= 8
    assert len(saved) > 5
    assert set(saved.values()) == {1}


def test_the_clusters_results_are_the_local_runs_bit_by_bit(run, smoke_run):
    compared = 0
    for path in sorted(smoke_run.glob("results/**/*tiny-gemma3*/*.npz")) + sorted(
        smoke_run.glob("results/**/tiny-gemma3*")
    ):
        if "trajectory" in path.parts:  # a study of its own, which the cluster was not asked for
            continue
        other = run[0] / path.relative_to(smoke_run)
        if path.suffix == ".npz" and "shards" not in path.parts:
            assert slurm.arrays(other) == slurm.arrays(path), path.name
        elif path.suffix == ".csv":
            assert other.read_bytes() == path.read_bytes(), path.name
        else:
            continue
        compared += 1
    assert compared > 8


def test_job_finds_its_threads_folders_and_offline_switches(cluster, tmp_path):
    command = [*slurm.QUICK, "-s", slurm.HERE / "probe.smk", "--profile", REPOSITORY / "profiles/slurm", "probe.json"]
    environment = os.environ | slurm.ENVIRONMENT
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    found = json.loads((tmp_path / "probe.json").read_text())
    assert set(found["threads"].values()) == {"1"}
    assert found["numba_threads"] == 1
    assert found["hub_offline"]
    assert found["datasets_offline"] == "1"
    assert found["tmp"].endswith(f"/tmp/{found['node']}"), "not on the node's own disk"
    assert found["compiled"].startswith(str(REPOSITORY)), "not where all nodes see it"


@pytest.mark.slow
def test_embedded_model_gives_the_local_runs_bits(cluster, embedded_run, tmp_path):
    """Answers, ranking and an ablation order of the embedded model; the model itself was fetched before."""
    folder = workflow_run.copy_repository(tmp_path / "study")
    for name in ("resources", "results/prefetch"):
        shutil.copytree(embedded_run / name, folder / name)
    config = tuple(str(embedded_run / name) for name in ("config/demo.yaml", "tests/workflow/embedded.yaml"))
    threads = ("--set-threads", "record_activations=2", "ablate_heads=2")
    targets = [
        "results/activations/smollm2-135m_activations.npz",
        "results/phiid_scores/smollm2-135m_pairwise_phiid.npz",
        "results/phiid_scores/smollm2-135m_head_rankings.csv",
        "results/ablation/orders/smollm2-135m/synergistic-0.npz",
    ]
    head = slurm.snakemake(folder, "--configfile", *config, *threads, "--", *targets, SYNERGY_GPU_PARTITION="cpu")
    slurm.finish(head, folder, timeout_s=600)
    for target in targets:
        if target.endswith(".npz"):
            assert slurm.arrays(folder / target) == slurm.arrays(embedded_run / target), target
        else:
            assert (folder / target).read_bytes() == (embedded_run / target).read_bytes()
    assert slurm.starts(folder, "prefetch_model") == {}
    assert len(slurm.starts(folder)) == slurm.profile_shards()
