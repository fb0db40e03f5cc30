"""What the SLURM profile asks for, seen in dry runs; needs no SLURM."""

import os
import re
import subprocess
import sys

import pytest
from declarations import REPOSITORY, rules
from slurm_cluster import profile_shards


def plan(*arguments, **environment):
    """Dry run with the profile."""
    command = [sys.executable, "-m", "snakemake", "--profile", "profiles/slurm", "-n", *arguments]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert not done.returncode, done.stdout[-3000:]
    return done.stdout


def resources(text, rule):
    """Resources of the first job of a rule."""
    block = re.search(rf"^rule {rule}:\n(.*?)^\S", text, re.MULTILINE | re.DOTALL)[1]
    return dict(item.split("=", 1) for item in re.search(r"resources: (.*)", block)[1].split(", "))


@pytest.fixture(scope="module")
def default_plan(tmp_path_factory):
    return plan("all", "--directory", str(tmp_path_factory.mktemp("plan")))


def test_number_of_shards_is_the_clusters_not_the_laptops(default_plan):
    shards = {int(n) for n in re.findall(r"shard \d+-of-(\d+)", default_plan)}
    assert shards - {1} == {profile_shards()}  # variants of the robustness analysis have one
    assert profile_shards() != 2


def test_jobs_that_run_a_model_ask_for_its_memory_time_and_gpu(default_plan):
    asked = resources(default_plan, "ablate_heads")
    assert asked["gpu"] == "1"
    assert asked["slurm_partition"] == "gpu"
    assert (asked["mem_mb"], asked["runtime"]) in {("24000", "240"), ("40000", "480")}
    assert not {"gpu", "slurm_partition"} & resources(default_plan, "rank_heads").keys()


def test_cluster_is_described_by_the_environment(tmp_path):
    variables = {"ACCOUNT": "physics", "PARTITION": "batch", "GPU_PARTITION": "a100", "GPU_MODEL": "h100"}
    text = plan("--directory", str(tmp_path), **{f"SYNERGY_{name}": value for name, value in variables.items()})
    on_gpu, elsewhere = resources(text, "score_math"), resources(text, "rank_heads")
    assert (on_gpu["slurm_account"], on_gpu["slurm_partition"], on_gpu["gpu_model"]) == ("physics", "a100", "h100")
    assert (elsewhere["slurm_account"], elsewhere["slurm_partition"]) == ("physics", "batch")
    assert "gpu_model" not in elsewhere


def test_every_entry_of_the_profile_says_why():
    lines = (REPOSITORY / "profiles/slurm/config.yaml").read_text().splitlines()
    settings = [line for line in lines if re.match(r"[a-z][\w-]*: +\S", line)]
    assert len(settings) > 8
    for line in settings:
        assert re.search(r"#\s+\S+ \S+", line), line


def test_rules_that_use_the_network_run_on_the_login_node_and_rules_that_run_a_model_do_not():
    text = "".join(path.read_text() for path in (REPOSITORY / "rules").glob("*.smk"))
    blocks = re.findall(r"^localrules:.*\n((?: +\w+,\n)+)", text, re.MULTILINE)
    local = set(re.findall(r"\w+", "".join(blocks)))
    assert local >= {"prefetch_model", "prefetch_math", "record_run", "merge_ablation", "merge_math", "merge_claims"}
    for rule in rules().values():
        if rule.name in local:
            assert "gpu=" not in rule.directives.get("resources", "")
        if not rule.name.startswith("prefetch") and "envs/models.yaml" in rule.directives["conda"]:
            script = (REPOSITORY / f"workflow_scripts/{rule.name}.py").read_text()
            assert "load_model(" in script, f"{rule.name} may ask the network"


def test_without_the_profile_one_machine_is_used(tmp_path):
    command = [sys.executable, "-m", "snakemake", "-n", "--directory", str(tmp_path)]
    text = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert "shard 2-of-2" in text
