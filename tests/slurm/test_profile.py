"""What the SLURM profile asks for, seen in dry runs; needs no SLURM."""

import asyncio
import logging
import re
import time

import command_line
import pytest
import yte
from declarations import local_rules, workflow
from places import REPOSITORY
from slurm_cluster import profile_shards

STUDY = ("--profile", "profiles/slurm")


@pytest.fixture(scope="module")
def default_plan(tmp_path_factory):
    """The jobs of the default study."""
    return command_line.planned(*STUDY, "--directory", str(tmp_path_factory.mktemp("plan")), "all")


def resources(plan, rule):
    """Resources of a job of a rule."""
    return next(job["resources"] for job in plan if job["rule"] == rule)


def shards(plan):
    """How many shards a model's pairs have."""
    return {job["wildcards"]["scatteritem"].split("-of-")[1] for job in plan if job["rule"] == "decompose_pairs"}


def test_number_of_shards_is_the_clusters_not_the_laptops(default_plan, tmp_path):
    assert shards(default_plan) == {str(profile_shards())}
    one_machine = command_line.planned("--directory", str(tmp_path), "results/figures/pythia-1b_phiid_profile.png")
    assert shards(one_machine) == {"2"}


def test_jobs_that_run_a_model_ask_for_its_memory_time_and_gpu(default_plan):
    asked = resources(default_plan, "ablate_heads")
    assert asked["gpu"] == 1
    assert asked["slurm_partition"] == "gpu"
    assert (asked["mem_mb"], asked["runtime"]) in {(24000, 240), (40000, 480)}
    assert not {"gpu", "slurm_partition"} & resources(default_plan, "rank_heads").keys()


def test_every_job_of_the_cluster_asks_for_memory_and_time(default_plan):
    for job in default_plan:
        if job["rule"] not in local_rules() | {"all"}:
            assert job["resources"]["mem_mb"] >= 1000, job["rule"]
            assert job["resources"]["runtime"] >= 10, job["rule"]


def test_cluster_is_described_by_the_environment(tmp_path):
    variables = {"ACCOUNT": "physics", "PARTITION": "batch", "GPU_PARTITION": "a100", "GPU_MODEL": "h100"}
    environment = {f"SYNERGY_{name}": value for name, value in variables.items()}
    plan = command_line.planned(*STUDY, "--directory", str(tmp_path), environment=environment)
    on_gpu, elsewhere = resources(plan, "score_math"), resources(plan, "rank_heads")
    assert (on_gpu["slurm_account"], on_gpu["slurm_partition"], on_gpu["gpu_model"]) == ("physics", "a100", "h100")
    assert (elsewhere["slurm_account"], elsewhere["slurm_partition"]) == ("physics", "batch")
    assert "gpu_model" not in elsewhere


def test_what_a_site_may_ask_for_is_a_variable(tmp_path):
    given = {"QOS": "high", "CONSTRAINT": "ib&fast", "GPU_CONSTRAINT": "a100|h100", "GPU_CPUS": "4"}
    environment = {f"SYNERGY_{name}": value for name, value in given.items()}
    plan = command_line.planned(*STUDY, "--directory", str(tmp_path), "--cores", "64", environment=environment)
    on_gpu, elsewhere = resources(plan, "score_math"), resources(plan, "rank_heads")
    assert (on_gpu["qos"], on_gpu["constraint"]) == ("high", "a100|h100")
    assert (elsewhere["qos"], elsewhere["constraint"]) == ("high", "ib&fast")
    threads = {job["rule"]: job["threads"] for job in plan}
    assert threads["record_activations"] == threads["score_solutions"] == 4
    assert threads["decompose_pairs"] == 2


@pytest.mark.parametrize(
    ("variable", "option"),
    [
        (("SYNERGY_JOBS", "7"), {"jobs": 7}),
        (("SYNERGY_RESERVATION", "course"), {"slurm-reservation": "course"}),
        (("SYNERGY_MAXRSS", "rss"), {"slurm-efficiency-report": True, "slurm-efficiency-report-path": "rss"}),
    ],
)
def test_options_of_the_executor_follow_variables(variable, option, monkeypatch):
    def profile():
        return yte.process_yaml((REPOSITORY / "profiles/slurm/config.yaml").read_text(), require_use_yte=True)

    assert not option.items() <= profile().items()
    monkeypatch.setenv(*variable)
    assert option.items() <= profile().items()


@pytest.mark.parametrize(("age", "refused"), [("10 sec", True), ("29 sec", True), ("30 sec", False), ("300", False)])
def test_a_slurm_that_forgets_at_once_is_refused_at_start(age, refused, tmp_path):
    """Another scontrol says how long SLURM knows a job; no other command of SLURM is there."""
    scontrol, folder = tmp_path / "bin/scontrol", tmp_path / "study"
    for made in (scontrol.parent, folder):
        made.mkdir()
    scontrol.write_text(f"#!/bin/sh\necho 'MinJobAge               = {age}'\n")
    scontrol.chmod(0o755)
    environment = {"PATH": f"{scontrol.parent}:/usr/bin:/bin", "SYNERGY_ACCOUNT": "a", "SYNERGY_GPU_PARTITION": "b"}
    target = "results/prefetch/tiny-neox.json"  # made where Snakemake runs
    run = ("--profile", "profiles/slurm", "--configfile", "config/smoke.yaml", "--directory", str(folder), "--", target)
    code, said = command_line.run(*run, environment=environment)
    assert bool(code) == refused, said
    assert ("MinJobAge of 30 s or more" in said) == refused
    assert ("--slurm-status-command sacct" in said) == refused
    assert (folder / target).exists() != refused


def test_no_job_is_waited_for_whose_end_slurm_has_told(monkeypatch):
    answers = [
        (0, {"1": "CANCELLED by 0", "2": "PREEMPTED", "3": "NODE_FAIL", "4": "RUNNING"}),
        (20, {"2": "PENDING", "3": "NODE_FAIL", "4": "RUNNING"}),
        (31, {"2": "PREEMPTED", "3": "NODE_FAIL", "4": "COMPLETED"}),
        (32, None),
    ]
    told = [
        {"1": "CANCELLED", "2": "PREEMPTED", "3": "NODE_FAIL", "4": "RUNNING"},
        {"2": "PENDING", "3": "NODE_FAIL", "4": "RUNNING"},
        {"2": "PREEMPTED", "3": "CANCELLED", "4": "COMPLETED"},
        None,
    ]
    left = list(answers)

    async def query(command, logger):
        return left.pop(0)[1], 0.1

    look = workflow().globals["seen_to_end"](query)
    for (second, _), expected in zip(answers, told, strict=True):
        monkeypatch.setattr(time, "monotonic", lambda second=second: second)
        states, _ = asyncio.run(look("squeue", logging.getLogger()))
        assert states == expected


def test_every_entry_of_the_profile_says_why():
    lines = (REPOSITORY / "profiles/slurm/config.yaml").read_text().splitlines()
    settings = [line for line in lines if re.match(r"[a-z][\w-]*: +\S", line)]
    assert len(settings) > 8
    for line in settings:
        assert re.search(r"#\s+\S+ \S+", line), line
