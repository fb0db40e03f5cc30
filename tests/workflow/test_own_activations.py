"""Activations of a user's own: what follows from them is made, they are never made anew."""

import os
import time

import numpy as np
import pytest
from places import REPOSITORY
from workflow_run import SMOKE, planned_jobs, snakemake

ACTIVATIONS = "results/activations/tiny-qwen3_activations.npz"
RANKING = "results/phiid_scores/tiny-qwen3_head_rankings.csv"
ABLATION = "results/ablation/tiny-qwen3_ablation.csv"
CALL = ("-s", str(REPOSITORY / "Snakefile"), "--configfile", str(REPOSITORY / "config/smoke.yaml"))


@pytest.fixture
def folder(tmp_path):
    """A working directory with activations alone."""
    (tmp_path / "results/activations").mkdir(parents=True)
    series = np.random.default_rng(0).normal(size=(6, 8, 24)).astype(np.float32)
    np.savez(tmp_path / ACTIVATIONS, activations=series, n_tokens=np.full(6, 24), category=np.array(list("aabbcc")))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/models").symlink_to(REPOSITORY / "tests/models")
    return tmp_path


@pytest.mark.parametrize("age_s", [-3600, 3600 * 24 * 365], ids=["newer than the clone", "older"])
@pytest.mark.parametrize("also", [(), ("results/prefetch/tiny-qwen3.json",)], ids=["alone", "with the model"])
def test_they_are_not_planned_anew(folder, age_s, also):
    then = time.time() - age_s
    os.utime(folder / ACTIVATIONS, (then, then))
    jobs = planned_jobs(snakemake("-n", *CALL, "--", RANKING, *also, cwd=folder))
    assert "record_activations" not in jobs
    assert jobs["rank_heads"] == 1


def test_they_stay_where_something_else_of_the_recording_is_wanted(folder):
    before = (folder / ACTIVATIONS).read_bytes()
    said = snakemake(*CALL, *SMOKE[2:4], "--", ABLATION, cwd=folder, check=False)
    assert f"mv {ACTIVATIONS}" in said
    assert (folder / ACTIVATIONS).read_bytes() == before
